//! The threads that write and sync for the keeper.

use crossbeam_channel::{Receiver, Sender};
use journal::{Job, SyncJob};

/// Threads that write and sync side by side.
pub(super) struct Lanes {
    jobs: Sender<Job>,
    done: Receiver<Job>,
}

impl Lanes {
    /// One thread less than there are shards, as the keeper does a share itself.
    pub(super) fn new(shards: usize) -> Self {
        let (jobs, waiting) = crossbeam_channel::unbounded::<Job>();
        let (ended, done) = crossbeam_channel::unbounded();
        for lane in 1..shards {
            let (waiting, ended) = (waiting.clone(), ended.clone());
            let body = move || {
                for mut job in waiting {
                    job.run();
                    if ended.send(job).is_err() {
                        break;
                    }
                }
            };
            if let Err(error) = crate::boot::spawn(&format!("append-{lane}"), body) {
                tracing::warn!("{error}");
            }
        }
        Self { jobs, done }
    }

    pub(super) fn run(&self, mut jobs: Vec<Job>) -> Vec<Job> {
        let Some(mut own) = jobs.pop() else { return jobs };
        let mut ended = Vec::with_capacity(jobs.len() + 1);
        let mut missing = 0;
        for job in jobs {
            match self.jobs.send(job) {
                Ok(()) => missing += 1,
                // No lane is there.
                Err(unsent) => {
                    let mut job = unsent.into_inner();
                    job.run();
                    ended.push(job);
                }
            }
        }
        own.run();
        ended.push(own);
        ended.extend(self.done.iter().take(missing));
        ended
    }
}

/// A thread that syncs while the keeper goes on writing.
pub(super) struct Syncer {
    jobs: Sender<SyncJob>,
    done: Receiver<SyncJob>,
}

impl Syncer {
    /// Calls `ended` after each job.
    pub(super) fn new(ended: impl Fn() + Send + 'static) -> Self {
        let (jobs, waiting) = crossbeam_channel::unbounded::<SyncJob>();
        let (results, done) = crossbeam_channel::unbounded();
        let body = move || {
            for mut job in waiting {
                job.run();
                if results.send(job).is_err() {
                    break;
                }
                ended();
            }
        };
        if let Err(error) = crate::boot::spawn("append-sync", body) {
            tracing::warn!("{error}");
        }
        Self { jobs, done }
    }

    /// Has a job done; gives it back, done, if there is no thread.
    pub(super) fn begin(&self, job: SyncJob) -> Option<SyncJob> {
        let mut job = self.jobs.send(job).err()?.into_inner();
        job.run();
        Some(job)
    }

    /// The job, if it is done, or once it is.
    pub(super) fn end(&self, waits: bool) -> Option<SyncJob> {
        if waits { self.done.recv().ok() } else { self.done.try_recv().ok() }
    }
}
