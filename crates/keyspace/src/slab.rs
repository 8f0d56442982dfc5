//! Where the entries of one database are allocated.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;

/// Blocks of multiples of 8 bytes.
#[derive(Default)]
pub(crate) struct Arena;

impl Arena {
    fn layout(bytes: usize) -> Layout {
        Layout::from_size_align(bytes, 8).expect("entries are far smaller than memory")
    }

    /// A block of `bytes`, aligned to 8.
    pub(crate) fn allocate(&mut self, bytes: usize) -> NonNull<u8> {
        let layout = Self::layout(bytes);
        // SAFETY: no entry is empty.
        let block = unsafe { alloc(layout) };
        NonNull::new(block).unwrap_or_else(|| handle_alloc_error(layout))
    }

    /// Frees a block.
    ///
    /// # Safety
    /// `block` came from `self.allocate(bytes)` and is not used again.
    pub(crate) unsafe fn free(&mut self, block: NonNull<u8>, bytes: usize) {
        // SAFETY: the caller's contract.
        unsafe { dealloc(block.as_ptr(), Self::layout(bytes)) };
    }
}
