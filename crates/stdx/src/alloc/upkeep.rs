//! What operators ask of the allocator.

use std::ffi::{CStr, c_char, c_void};

/// Gives free pages of the calling thread's heap back to the system.
pub fn collect() {
    // SAFETY: it may be called at any time; live blocks are not touched.
    unsafe { libmimalloc_sys::mi_collect(true) }
}

/// The allocator's statistics, as it prints them.
pub fn statistics() -> String {
    let mut text = String::new();
    let into: *mut c_void = (&raw mut text).cast();
    // SAFETY: `append` is called with `into` before this returns, and never after.
    unsafe { libmimalloc_sys::mi_stats_print_out(Some(append), into) };
    text
}

/// Appends `message` to the `String` that `into` points to.
unsafe extern "C" fn append(message: *const c_char, into: *mut c_void) {
    // SAFETY: `statistics` passes its string, which nothing else uses meanwhile.
    let text = unsafe { &mut *into.cast::<String>() };
    // SAFETY: mimalloc passes texts that end in a zero byte.
    let message = unsafe { CStr::from_ptr(message) };
    text.push_str(&message.to_string_lossy());
}
