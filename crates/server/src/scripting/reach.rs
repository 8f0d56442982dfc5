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
        let learned = if kept_to_keys { &self.kept } else { &self.roams };
        // Mostly known: what all threads read must not be written for nothing.
        if !learned.load(Ordering::Relaxed) {
            learned.store(true, Ordering::Relaxed);
        }
    }

    /// Whether it is known to touch none but its declared keys.
    pub(crate) fn keeps_to_keys(&self) -> bool {
        self.kept.load(Ordering::Relaxed) && !self.roams.load(Ordering::Relaxed)
    }
}
