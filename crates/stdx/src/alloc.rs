//! The counting allocator: mimalloc, plus how many bytes the process has handed out.
//!
//! Every thread counts in a cell of its own, without atomics, and publishes the sum now and then.
//! A block freed on another thread than it was allocated on makes one cell negative and another
//! too large; only their sum means anything.
//!
//! Invariants:
//! - the sum of the published cells and of all unpublished deltas is the number of live bytes;
//! - no unpublished delta exceeds [`PUBLISH_BYTES`] in either direction. What a thread leaves
//!   unpublished when it ends is lost to the count; a thread that ends should [`publish`] first.

mod upkeep;

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};

use mimalloc::MiMalloc;

pub use upkeep::{collect, statistics};

/// A thread publishes by itself when it is off by this many bytes, so that threads that never
/// call [`publish`] count too.
const PUBLISH_BYTES: usize = 64 * 1024;

/// Threads beyond this number share cells.
const CELLS: usize = 256;

/// Two lines, as processors fetch lines in pairs.
#[repr(align(128))]
struct Padded(AtomicIsize);

static PUBLISHED: [Padded; CELLS] = [const { Padded(AtomicIsize::new(0)) }; CELLS];
static THREADS: AtomicUsize = AtomicUsize::new(0);

const NO_CELL: usize = usize::MAX;

thread_local! {
    // Const and without a destructor: reachable from within the allocator at any time.
    static UNPUBLISHED: Cell<isize> = const { Cell::new(0) };
    static CELL: Cell<usize> = const { Cell::new(NO_CELL) };
}

/// The allocator to declare as `#[global_allocator]`.
pub struct CountingAllocator;

// SAFETY: forwards every call to mimalloc unchanged; counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        adjust(block_bytes(layout.size()) as isize);
        // SAFETY: the caller's contract is `GlobalAlloc::alloc`'s.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        adjust(block_bytes(layout.size()) as isize);
        // SAFETY: the caller's contract is `GlobalAlloc::alloc_zeroed`'s.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        adjust(-(block_bytes(layout.size()) as isize));
        // SAFETY: the caller's contract is `GlobalAlloc::dealloc`'s.
        unsafe { MiMalloc.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        adjust(block_bytes(size) as isize - block_bytes(layout.size()) as isize);
        // SAFETY: the caller's contract is `GlobalAlloc::realloc`'s.
        unsafe { MiMalloc.realloc(pointer, layout, size) }
    }
}

/// The allocator below, uncounted: for pools that report the blocks they hand out by [`adjust`],
/// not the pages they take.
pub const UNCOUNTED: MiMalloc = MiMalloc;

/// Bytes that a request of `size` really takes: mimalloc has four block sizes per doubling.
#[inline]
pub const fn block_bytes(size: usize) -> usize {
    if size <= 64 {
        return (size + 7) & !7;
    }
    let step = 1 << (usize::BITS - 3 - (size - 1).leading_zeros());
    (size + step - 1) & !(step - 1)
}

/// Counts `delta` bytes as allocated (or freed) by this thread.
#[inline]
pub fn adjust(delta: isize) {
    UNPUBLISHED.with(|unpublished| {
        let sum = unpublished.get() + delta;
        unpublished.set(sum);
        if sum.unsigned_abs() > PUBLISH_BYTES {
            publish();
        }
    });
}

/// Makes this thread's count visible to the others; for core threads, once a turn.
#[cold]
pub fn publish() {
    let delta = UNPUBLISHED.replace(0);
    if delta == 0 {
        return;
    }
    let mut cell = CELL.get();
    if cell == NO_CELL {
        cell = THREADS.fetch_add(1, Ordering::Relaxed) % CELLS;
        CELL.set(cell);
    }
    PUBLISHED[cell].0.fetch_add(delta, Ordering::Relaxed);
}

/// Live bytes of the process as far as published, and this thread's own exactly.
pub fn allocated_bytes() -> usize {
    let cells = THREADS.load(Ordering::Relaxed).min(CELLS);
    let published: isize = PUBLISHED[..cells].iter().map(|c| c.0.load(Ordering::Relaxed)).sum();
    (published + UNPUBLISHED.get()).max(0) as usize
}

static DOOMED: AtomicUsize = AtomicUsize::new(0);

/// Bytes that are as good as free, for as long as this exists: they wait to be freed, or are taken
/// by what comes of freeing others, and go with that.
#[derive(Debug, Default)]
pub struct Doomed(usize);

impl Doomed {
    /// So many bytes.
    pub fn new(bytes: usize) -> Self {
        DOOMED.fetch_add(bytes, Ordering::Relaxed);
        Self(bytes)
    }

    /// How many.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.0
    }

    /// From now on so many.
    #[inline]
    pub fn resize(&mut self, bytes: usize) {
        if bytes != self.0 {
            *self = Self::new(bytes);
        }
    }
}

impl Drop for Doomed {
    fn drop(&mut self) {
        DOOMED.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// How many bytes are [`Doomed`].
pub fn doomed_bytes() -> usize {
    DOOMED.load(Ordering::Relaxed)
}

/// [`allocated_bytes`] without those that are [`Doomed`].
pub fn kept_bytes() -> usize {
    allocated_bytes().saturating_sub(doomed_bytes())
}

#[cfg(test)]
mod tests;
