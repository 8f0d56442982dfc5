//! Asking the processor for a cache line before it is needed.

/// Fetches all lines of `items`.
#[inline]
pub fn slice<T>(items: &[T]) {
    const LINE_BYTES: usize = 64;
    let first = items.as_ptr().cast::<u8>();
    for at in (0..size_of_val(items)).step_by(LINE_BYTES) {
        prefetch(first.wrapping_add(at));
    }
}

/// Fetches the line at `pointer` into the nearest cache. Any address is allowed: a prefetch never
/// faults.
#[inline(always)]
pub fn prefetch<T>(pointer: *const T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint, which does not access memory in the program's sense.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(pointer.cast()) };
    }
    #[cfg(target_arch = "aarch64")]
    {
        // SAFETY: a hint, which does not access memory in the program's sense.
        unsafe {
            std::arch::asm!("prfm pldl1keep, [{0}]", in(reg) pointer,
                options(nostack, preserves_flags, readonly));
        }
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = pointer;
}
