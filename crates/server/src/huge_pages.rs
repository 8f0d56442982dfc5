//! Huge pages. A large table is reached faster through them, but each is two megabytes, be there one
//! byte in it, and takes as long to clear: so they are for those who have much data.

use std::sync::atomic::{AtomicBool, Ordering};

use config::Config;

/// With so much memory in use, what huge pages waste is a small part of it.
const USED_BYTES_MIN: usize = 64 << 20;

/// Whether the process uses them, which the system asks of it as a whole.
static ARE_ALLOWED: AtomicBool = AtomicBool::new(false);

/// Begins without; as early as possible, as what is allocated is not looked at again.
pub(crate) fn forbid() {
    // A kernel that cannot uses them as it likes.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

/// Allows them from now on, if so much memory is used and the configuration does not forbid it.
pub(crate) fn consider(config: &Config, used_bytes: usize) {
    if used_bytes >= USED_BYTES_MIN
        && !config.process.disable_thp
        && !ARE_ALLOWED.swap(true, Ordering::Relaxed)
        && let Err(error) = rustix::thread::disable_transparent_huge_pages(false)
    {
        tracing::debug!("Can't allow huge pages: {error}");
    }
}
