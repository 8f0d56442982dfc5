//! Access clocks: the 24 bits per entry by which LRU and LFU eviction choose.
//!
//! LRU: seconds, modulo 2^24 (194 days). LFU: minutes modulo 2^16, then a logarithmic counter of 8
//! bits that decays with time. The semantics are Redis's, so that its parameters mean the same.

use stdx::rng::Rng;

const LRU_MASK: u32 = (1 << 24) - 1;

/// A new key's counter: it must survive until it had a chance to be used.
const LFU_INITIAL: u8 = 5;

/// Which of the two an entry's clock is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockKind {
    /// The time of the last access.
    #[default]
    Lru,
    /// How often the key is accessed.
    Lfu,
}

/// The present, as entry clocks see it.
#[derive(Clone, Debug)]
pub(crate) struct AccessClock {
    pub(crate) kind: ClockKind,
    pub(crate) lfu_log_factor: u32,
    pub(crate) lfu_decay_minutes: u32,
    now_seconds: u32,
    now_minutes: u32,
}

impl AccessClock {
    pub(crate) fn new(kind: ClockKind, lfu_log_factor: u32, lfu_decay_minutes: u32) -> Self {
        Self { kind, lfu_log_factor, lfu_decay_minutes, now_seconds: 0, now_minutes: 0 }
    }

    pub(crate) fn set_now(&mut self, now_ms: i64) {
        self.now_seconds = (now_ms / 1000) as u32 & LRU_MASK;
        self.now_minutes = (now_ms / 60_000) as u32 & 0xffff;
    }

    /// The clock of a key made now.
    #[inline]
    pub(crate) fn fresh(&self) -> u32 {
        match self.kind {
            ClockKind::Lru => self.now_seconds,
            ClockKind::Lfu => self.with_counter(LFU_INITIAL),
        }
    }

    /// The clock `old` after an access now.
    #[inline]
    pub(crate) fn touched(&self, old: u32, rng: &mut Rng) -> u32 {
        match self.kind {
            ClockKind::Lru => self.now_seconds,
            ClockKind::Lfu => self.with_counter(self.counted(self.frequency(old), rng)),
        }
    }

    /// The LFU counter, decayed to now.
    pub(crate) fn frequency(&self, clock: u32) -> u8 {
        let elapsed_minutes = self.now_minutes.wrapping_sub(clock >> 8) & 0xffff;
        let periods = elapsed_minutes.checked_div(self.lfu_decay_minutes).unwrap_or(0);
        (clock as u8).saturating_sub(periods.min(255) as u8)
    }

    /// Seconds since the last access by LRU.
    pub(crate) fn idle_seconds(&self, clock: u32) -> u32 {
        self.now_seconds.wrapping_sub(clock) & LRU_MASK
    }

    /// The LRU clock of a key not used for `seconds`.
    pub(crate) fn idle_since(&self, seconds: u32) -> u32 {
        self.now_seconds.wrapping_sub(seconds.min(LRU_MASK)) & LRU_MASK
    }

    /// The LFU clock with the counter set, dated now.
    pub(crate) fn with_counter(&self, counter: u8) -> u32 {
        self.now_minutes << 8 | u32::from(counter)
    }

    /// The counter after one more access: the higher, the less likely it rises.
    fn counted(&self, counter: u8, rng: &mut Rng) -> u8 {
        let base = u64::from(counter.saturating_sub(LFU_INITIAL));
        let one_in = base * u64::from(self.lfu_log_factor) + 1;
        counter.saturating_add(u8::from(rng.below(one_in) == 0))
    }
}

#[cfg(test)]
mod tests;
