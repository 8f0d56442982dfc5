//! The scripts and functions that have run for so long that somebody may want to end them.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use engine::HeldKeys;

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
    /// What it holds.
    pub(crate) keys: HeldKeys,
    /// Whether it has held that for longer than `busy-reply-threshold`.
    pub(crate) is_late: AtomicBool,
    pub(crate) has_written: AtomicBool,
    pub(crate) is_killed: AtomicBool,
}

/// See the module. Shared by all threads.
#[derive(Default)]
pub(crate) struct Running {
    scripts: Mutex<Vec<Arc<RunningScript>>>,
    /// How many of them are late.
    late: AtomicUsize,
    /// Those that have written and wait for keys that they did not declare.
    reaching: AtomicUsize,
}

/// A script that has written and waits for keys that it did not declare, until it is dropped.
pub(crate) struct Reaching<'a> {
    count: &'a AtomicUsize,
    gave_way: Cell<bool>,
}

impl Reaching<'_> {
    /// Whether it is to give up, as another one waits so too.
    pub(crate) fn give_way(&self) -> bool {
        let one_less = |count| (count > 1).then(|| count - 1);
        let gives = self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok();
        self.gave_way.set(gives);
        gives
    }
}

impl Drop for Reaching<'_> {
    fn drop(&mut self) {
        if !self.gave_way.get() {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }
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
        if script.is_late.load(Ordering::Relaxed) {
            self.late.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// A script begins to wait for keys that it did not declare.
    pub(crate) fn reaching(&self) -> Reaching<'_> {
        self.reaching.fetch_add(1, Ordering::Relaxed);
        Reaching { count: &self.reaching, gave_way: Cell::new(false) }
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

    /// A script has held its keys for too long.
    pub(crate) fn set_late(&self, script: &RunningScript) {
        if !script.is_late.swap(true, Ordering::Relaxed) {
            self.late.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether a script is late. Asked per command.
    #[inline]
    pub(crate) fn is_busy(&self) -> bool {
        self.late.load(Ordering::Relaxed) > 0
    }

    /// The kind of a late script that hinders.
    pub(crate) fn late_kind(&self, hinders: impl Fn(&HeldKeys) -> bool) -> Option<Kind> {
        let scripts = self.scripts.lock().expect("a panic ends the process");
        let mut late = scripts.iter().filter(|script| script.is_late.load(Ordering::Relaxed));
        late.find(|script| hinders(&script.keys)).map(|script| script.kind)
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
            keys: HeldKeys::all(),
            is_late: AtomicBool::new(false),
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
