//! Transaction ids and the counter they are drawn from.

use std::sync::atomic::{AtomicU64, Ordering};

/// How many draws ahead of everyone else an id drawn ahead is: more than are drawn while a message
/// travels, and few enough that waiting for all of them takes milliseconds.
const AHEAD: u64 = 1 << 13;

/// A transaction's number. Unique; lower goes first where two conflict.
///
/// The lowest bit tells ids that were drawn ahead, so that no later draw repeats them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TxId(u64);

impl TxId {
    /// Below every id that is drawn.
    pub const NONE: TxId = TxId(0);

    /// The number, for journals and logs.
    pub fn get(self) -> u64 {
        self.0
    }

    fn in_turn(count: u64) -> TxId {
        TxId(count << 1)
    }

    fn ahead(count: u64) -> TxId {
        TxId((count + AHEAD) << 1 | 1)
    }

    fn count(self) -> u64 {
        self.0 >> 1
    }
}

/// How to draw the id of a new attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The watermark that the attempt before fell short of; the new id is above it.
    pub above: TxId,
    /// Whether to jump the queue of draws.
    pub ahead: bool,
}

/// The one counter that all threads draw ids from.
#[derive(Debug)]
pub struct Ids {
    next: AtomicU64,
}

impl Default for Ids {
    fn default() -> Ids {
        Ids { next: AtomicU64::new(1) }
    }
}

impl Ids {
    /// The next id.
    pub fn draw(&self) -> TxId {
        // Relaxed: uniqueness is all that is asked of the counter; order comes from the locks.
        TxId::in_turn(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// The id of a new attempt after a refusal.
    ///
    /// Whoever meets an id drawn ahead pulls the counter past it, so it is met only once.
    pub fn redraw(&self, draw: Draw) -> TxId {
        self.next.fetch_max(draw.above.count() + 1, Ordering::Relaxed);
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        if draw.ahead { TxId::ahead(count) } else { TxId::in_turn(count) }
    }
}

#[cfg(test)]
mod tests;
