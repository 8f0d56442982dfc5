//! The scripts and functions that have run for so long that somebody may want to end them.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What a client asked to run, and so who may end it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Script,
    Function,
}

impl Kind {
    /// What a client hears that touches keys, or wants to end another kind, while one of these
    /// runs.
    pub(crate) fn busy(self) -> &'static str {
        match self {
            Self::Script => {
                "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN \
                 NOSAVE."
            }
            Self::Function => {
                "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN \
                 NOSAVE."
            }
        }
    }
}

/// A script or a function that was suspended at least once.
pub(crate) struct RunningScript {
    pub(crate) kind: Kind,
    /// A function's name.
    pub(crate) name: Vec<u8>,
    /// The call that it answers, word by word.
    pub(crate) command: Vec<Vec<u8>>,
    pub(crate) begun_ticks: u64,
    pub(crate) has_written: AtomicBool,
    pub(crate) is_killed: AtomicBool,
}

/// See the module. Shared by all threads.
#[derive(Default)]
pub(crate) struct Running {
    scripts: Mutex<Vec<Arc<RunningScript>>>,
    /// Those that hold every key, and have for longer than `busy-reply-threshold`.
    busy: AtomicUsize,
    /// The functions among them.
    busy_functions: AtomicUsize,
}

/// Why SCRIPT KILL or FUNCTION KILL ends nothing.
pub(crate) enum NotKilled {
    /// Nothing runs.
    NotBusy,
    /// It would leave half its work.
    HasWritten,
    /// What runs is of this kind.
    Other(Kind),
}

impl Running {
    pub(crate) fn begin(&self, script: RunningScript) -> Arc<RunningScript> {
        let script = Arc::new(script);
        self.scripts.lock().expect("a panic ends the process").push(script.clone());
        script
    }

    pub(crate) fn end(&self, script: &Arc<RunningScript>) {
        let mut scripts = self.scripts.lock().expect("a panic ends the process");
        scripts.retain(|other| !Arc::ptr_eq(other, script));
    }

    /// The function that has run for longest.
    pub(crate) fn function(&self) -> Option<Arc<RunningScript>> {
        let scripts = self.scripts.lock().expect("a panic ends the process");
        let functions = scripts.iter().filter(|script| script.kind == Kind::Function);
        functions.min_by_key(|script| script.begun_ticks).cloned()
    }

    /// Tells all scripts of a kind to end that have written nothing.
    pub(crate) fn kill(&self, kind: Kind) -> Result<(), NotKilled> {
        let scripts = self.scripts.lock().expect("a panic ends the process");
        let mut found = Err(NotKilled::NotBusy);
        for script in scripts.iter() {
            if script.has_written.load(Ordering::Relaxed) {
                found = found.or(Err(NotKilled::HasWritten));
            } else if script.kind == kind {
                script.is_killed.store(true, Ordering::Relaxed);
                found = Ok(());
            } else if matches!(found, Err(NotKilled::NotBusy)) {
                found = Err(NotKilled::Other(script.kind));
            }
        }
        found
    }

    /// One that holds every key is late, or (`false`) no longer.
    pub(crate) fn set_busy(&self, kind: Kind, is_busy: bool) {
        let functions = (kind == Kind::Function).then_some(&self.busy_functions);
        for count in [&self.busy].into_iter().chain(functions) {
            match is_busy {
                true => count.fetch_add(1, Ordering::Relaxed),
                false => count.fetch_sub(1, Ordering::Relaxed),
            };
        }
    }

    /// Whether whoever touches keys is to hear that a script is busy. Asked per command.
    #[inline]
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed) > 0
    }

    /// The kind of one that is busy.
    pub(crate) fn busy_kind(&self) -> Kind {
        match self.busy_functions.load(Ordering::Relaxed) {
            0 => Kind::Script,
            _ => Kind::Function,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(running: &Running, kind: Kind, has_written: bool) -> Arc<RunningScript> {
        running.begin(RunningScript {
            kind,
            name: Vec::new(),
            command: Vec::new(),
            begun_ticks: 0,
            has_written: AtomicBool::new(has_written),
            is_killed: AtomicBool::new(false),
        })
    }

    #[test]
    fn each_kind_is_killed_by_its_own_command() {
        let running = Running::default();
        assert!(matches!(running.kill(Kind::Script), Err(NotKilled::NotBusy)));
        let function = begin(&running, Kind::Function, false);
        let other = running.kill(Kind::Script);
        assert!(matches!(other, Err(NotKilled::Other(Kind::Function))));
        assert!(!function.is_killed.load(Ordering::Relaxed));
        assert!(running.kill(Kind::Function).is_ok());
        assert!(function.is_killed.load(Ordering::Relaxed));
        running.end(&function);
        let _script = begin(&running, Kind::Script, true);
        assert!(matches!(running.kill(Kind::Script), Err(NotKilled::HasWritten)));
        assert!(running.function().is_none());
    }
}
