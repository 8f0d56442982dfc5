//! What was seen of the keys that a script or a function touches.

use std::sync::atomic::{AtomicBool, Ordering};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    /// Whether a run has been seen that kept to its declared keys.
    kept: AtomicBool,
    /// Whether a run was seen that did not.
    roams: AtomicBool,
}

impl Reach {
    /// A run is over, which touched none but its declared keys, or others as well.
    pub(crate) fn learn(&self, kept_to_keys: bool) {
        match kept_to_keys {
            true => self.kept.store(true, Ordering::Relaxed),
            false => self.roams.store(true, Ordering::Relaxed),
        }
    }

    /// Whether it is known to touch none but its declared keys.
    pub(crate) fn keeps_to_keys(&self) -> bool {
        self.kept.load(Ordering::Relaxed) && !self.roams.load(Ordering::Relaxed)
    }
}
