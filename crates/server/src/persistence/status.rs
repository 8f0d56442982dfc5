//! What INFO shows of saves, and whether changes are refused because they fail.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::save::Persistence;
use super::saver::Job;
use crate::core::Core;

/// How saves went.
#[derive(Clone, Debug)]
pub(crate) struct Status {
    /// When the last one succeeded, in seconds since 1970.
    pub(crate) saved_at: i64,
    /// When the last one in the background was begun, in seconds since 1970.
    pub(crate) tried_at: i64,
    pub(crate) is_ok: bool,
    /// How many succeeded.
    pub(crate) saves: u64,
    /// Seconds that the last one in the background took.
    pub(crate) last_seconds: Option<i64>,
    /// Changes that the last one has, of all that there ever were.
    pub(crate) dirty_saved: u64,
    /// Bytes that were saved early for changes, in the last one.
    pub(crate) last_early_bytes: u64,
    /// One is to begin as soon as it can.
    pub(crate) is_scheduled: bool,
    /// The one under way.
    pub(crate) running: Option<Running>,
}

/// A save under way.
#[derive(Clone)]
pub(crate) struct Running {
    pub(crate) job: Arc<Job>,
    pub(crate) started_at_ms: i64,
}

/// Who wanted a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// SAVE, or the end of the server.
    Foreground,
    /// BGSAVE, or a save point.
    Background,
    /// The append files, for a base: what comes of it is theirs to tell.
    Base,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("started_at_ms", &self.started_at_ms).finish()
    }
}

impl Status {
    pub(crate) fn new(now_s: i64) -> Self {
        Self {
            saved_at: now_s,
            tried_at: 0,
            is_ok: true,
            saves: 0,
            last_seconds: None,
            dirty_saved: 0,
            last_early_bytes: 0,
            is_scheduled: false,
            running: None,
        }
    }
}

#[cold]
fn refusal(persistence: &config::Persistence) -> Option<&'static str> {
    let saves = !persistence.save.points.is_empty();
    (persistence.stop_writes_on_bgsave_error && saves).then_some(
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist \
         to disk. Commands that may modify the data set are disabled, because this instance is \
         configured to report errors during writes if RDB snapshotting fails \
         (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the \
         RDB error.",
    )
}

impl Persistence {
    /// Why changes are refused, if they are: the data should be saved, and cannot be. Cheap as long
    /// as all is well.
    #[inline]
    pub(crate) fn refusal(core: &Core) -> Option<&'static str> {
        let is_failing = core.server.persistence.is_failing.load(Ordering::Relaxed);
        if is_failing { refusal(&core.config().persistence) } else { None }
    }

    /// Whether keys are still being loaded.
    #[inline]
    pub(crate) fn is_loading(&self) -> bool {
        self.progress.is_loading.load(Ordering::Relaxed)
    }
}
