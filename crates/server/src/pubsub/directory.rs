//! How many subscribers each channel and pattern has, on which threads; shared by all.

use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::{DashMap, Entry};
use stdx::glob;

use super::Kind;

/// Subscribers per thread.
type Counts = Box<[u32]>;

/// See the module.
pub(crate) struct Directory {
    threads: usize,
    channels: DashMap<Vec<u8>, Counts>,
    patterns: DashMap<Vec<u8>, Counts>,
    shard_channels: DashMap<Vec<u8>, Counts>,
    /// So that publishing costs nothing for patterns while there are none.
    pattern_count: AtomicUsize,
}

impl Directory {
    pub(crate) fn new(threads: usize) -> Self {
        Self {
            threads,
            channels: DashMap::new(),
            patterns: DashMap::new(),
            shard_channels: DashMap::new(),
            pattern_count: AtomicUsize::new(0),
        }
    }

    fn map(&self, kind: Kind) -> &DashMap<Vec<u8>, Counts> {
        match kind {
            Kind::Channel => &self.channels,
            Kind::Pattern => &self.patterns,
            Kind::Shard => &self.shard_channels,
        }
    }

    /// A client of a thread subscribes.
    pub(super) fn add(&self, kind: Kind, name: &[u8], thread: usize) {
        let none = || {
            if kind == Kind::Pattern {
                self.pattern_count.fetch_add(1, Ordering::Relaxed);
            }
            vec![0; self.threads].into_boxed_slice()
        };
        self.map(kind).entry(name.to_vec()).or_insert_with(none)[thread] += 1;
    }

    /// It does not any more.
    pub(super) fn remove(&self, kind: Kind, name: &[u8], thread: usize) {
        // In one step: somebody may subscribe to the same at the same time.
        let Entry::Occupied(mut counts) = self.map(kind).entry(name.to_vec()) else { return };
        counts.get_mut()[thread] -= 1;
        if counts.get().iter().all(|count| *count == 0) {
            if kind == Kind::Pattern {
                self.pattern_count.fetch_sub(1, Ordering::Relaxed);
            }
            counts.remove();
        }
    }

    /// Adds to `receivers`, one number per thread, who would get a message. O(patterns).
    pub(super) fn receivers(&self, kind: Kind, channel: &[u8], receivers: &mut [u32]) {
        let mut add = |counts: &Counts| {
            receivers.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        };
        if let Some(counts) = self.map(kind).get(channel) {
            add(&counts);
        }
        if kind == Kind::Channel && self.pattern_count() > 0 {
            for pattern in &self.patterns {
                if glob::matches(pattern.key(), channel, false) {
                    add(pattern.value());
                }
            }
        }
    }

    /// How many subscribers a channel has by its name.
    pub(super) fn subscribers(&self, kind: Kind, channel: &[u8]) -> u32 {
        self.map(kind).get(channel).map_or(0, |counts| counts.iter().sum())
    }

    /// The channels with subscribers whose names match, in no order. O(channels).
    pub(super) fn channels(&self, kind: Kind, pattern: Option<&[u8]>) -> Vec<Vec<u8>> {
        let all = self.map(kind).iter().map(|channel| channel.key().clone());
        let is_wanted =
            |name: &Vec<u8>| pattern.is_none_or(|pattern| glob::matches(pattern, name, false));
        all.filter(is_wanted).collect()
    }

    /// How many channels have subscribers.
    pub(crate) fn channel_count(&self, kind: Kind) -> usize {
        self.map(kind).len()
    }

    /// How many patterns have subscribers.
    pub(crate) fn pattern_count(&self) -> usize {
        self.pattern_count.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_counted_right_though_threads_subscribe_and_leave_at_once() {
        let directory = Directory::new(2);
        std::thread::scope(|scope| {
            for thread in 0..2 {
                let directory = &directory;
                scope.spawn(move || {
                    for _ in 0..20_000 {
                        directory.add(Kind::Pattern, b"p*", thread);
                        assert!(directory.pattern_count() > 0);
                        directory.remove(Kind::Pattern, b"p*", thread);
                    }
                });
            }
        });
        assert_eq!((directory.pattern_count(), directory.patterns.len()), (0, 0));
    }
}
