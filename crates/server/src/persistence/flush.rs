//! FLUSHALL and snapshots, as in Redis: a save under way is given up, as what it is about is gone;
//! and where data is saved at all, that there is none is saved before the answer leaves.

use std::rc::Rc;
use std::sync::atomic::Ordering;

use keyspace::{News, What};

use super::save::{self, Persistence, SaveError, WRITER_WAIT};
use super::status::Kind;
use crate::core::Core;

/// Hears what the shard of this thread tells; one shard's word is enough.
pub(crate) fn hear(core: &Core, news: &News) {
    let persistence = &core.server.persistence;
    let is_flushed = || news.iter().any(|told| told.what == What::AllFlushed);
    if core.router.thread() != 0 || persistence.is_loading() || !is_flushed() {
        return;
    }
    persistence.cancel();
    if !core.config().persistence.save.points.is_empty() {
        persistence.flushes.fetch_add(1, Ordering::Release);
    }
}

impl Persistence {
    /// How often everything was forgotten, and that was to be saved.
    #[inline]
    pub(crate) fn flushes(&self) -> u64 {
        self.flushes.load(Ordering::Acquire)
    }

    fn is_writing_base(&self) -> bool {
        self.status().running.as_ref().is_some_and(|running| running.job.kind == Kind::Base)
    }
}

/// Saves that everything was forgotten.
pub(crate) async fn save(core: &Rc<Core>) {
    let persistence = &core.server.persistence;
    loop {
        persistence.cancel();
        match save::start(core, false).await {
            // If it fails, the log says so.
            Ok(ended) => {
                let _ = save::wait(ended).await;
                return;
            }
            Err(SaveError::Failed) => return,
            // A base of the append files may take its time, and keeps the data as well.
            Err(SaveError::Busy) if persistence.is_writing_base() => {
                persistence.status().is_scheduled = true;
                return;
            }
            Err(SaveError::Busy) => tokio::time::sleep(WRITER_WAIT).await,
        }
    }
}
