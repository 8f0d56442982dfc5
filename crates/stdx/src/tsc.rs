//! The processor's tick counter: a clock that costs a few nanoseconds, for those who know how long
//! a tick is.

/// Whether this machine has a counter that [`ticks`] reads. Where it has none, the caller supplies
/// ticks from a clock of its own.
pub const HAS_TICKS: bool = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));

/// The counter now; 0 where [`HAS_TICKS`] is false.
#[inline(always)]
pub fn ticks() -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: every x86-64 processor has the instruction.
        unsafe { std::arch::x86_64::_rdtsc() }
    }
    #[cfg(target_arch = "aarch64")]
    {
        let ticks: u64;
        // SAFETY: the virtual counter is readable from user space under every supported system.
        unsafe {
            std::arch::asm!("mrs {0}, cntvct_el0", out(reg) ticks, options(nomem, nostack));
        }
        ticks
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    0
}

/// Turns ticks into nanoseconds by a calibration that its maker measured.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Nanoseconds per tick in units of 2^-32.
    ns_per_tick: u64,
}

impl Scale {
    /// A scale from two readings of the counter and the nanoseconds between them.
    pub fn measured(ticks: u64, elapsed_ns: u64) -> Self {
        assert!(ticks > 0, "the counter must advance");
        Self { ns_per_tick: ((u128::from(elapsed_ns) << 32) / u128::from(ticks)) as u64 }
    }

    /// `ticks` in nanoseconds.
    #[inline]
    pub fn ns(self, ticks: u64) -> u64 {
        ((u128::from(ticks) * u128::from(self.ns_per_tick)) >> 32) as u64
    }
}

#[cfg(test)]
mod tests;
