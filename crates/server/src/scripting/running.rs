//! The scripts that have run for so long that somebody may want to end them.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A script that was suspended at least once.
pub(crate) struct RunningScript {
    pub(crate) has_written: AtomicBool,
    pub(crate) is_killed: AtomicBool,
}

/// See the module. Shared by all threads.
#[derive(Default)]
pub(crate) struct Running {
    scripts: Mutex<Vec<Arc<RunningScript>>>,
    /// Those that hold every key, and have for longer than `busy-reply-threshold`.
    busy: AtomicUsize,
}

/// Why SCRIPT KILL ends nothing.
pub(crate) enum NotKilled {
    /// Nothing runs.
    NotBusy,
    /// It would leave half its work.
    HasWritten,
}

impl Running {
    pub(crate) fn begin(&self) -> Arc<RunningScript> {
        let script = Arc::new(RunningScript {
            has_written: AtomicBool::new(false),
            is_killed: AtomicBool::new(false),
        });
        self.scripts.lock().expect("a panic ends the process").push(script.clone());
        script
    }

    pub(crate) fn end(&self, script: &Arc<RunningScript>) {
        let mut scripts = self.scripts.lock().expect("a panic ends the process");
        scripts.retain(|other| !Arc::ptr_eq(other, script));
    }

    /// Tells all scripts to end that have written nothing.
    pub(crate) fn kill(&self) -> Result<(), NotKilled> {
        let scripts = self.scripts.lock().expect("a panic ends the process");
        let mut found = Err(NotKilled::NotBusy);
        for script in scripts.iter() {
            if script.has_written.load(Ordering::Relaxed) {
                found = found.or(Err(NotKilled::HasWritten));
            } else {
                script.is_killed.store(true, Ordering::Relaxed);
                found = Ok(());
            }
        }
        found
    }

    /// A script that holds every key is late, or (`false`) no longer.
    pub(crate) fn set_busy(&self, is_busy: bool) {
        match is_busy {
            true => self.busy.fetch_add(1, Ordering::Relaxed),
            false => self.busy.fetch_sub(1, Ordering::Relaxed),
        };
    }

    /// Whether whoever touches keys is to hear that a script is busy. Asked per command.
    #[inline]
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed) > 0
    }
}
