//! The bytes of a listpack behind one pointer: their number is written in them.
//!
//! Invariants:
//! - `start` points to a block of `block_bytes(len)` bytes, where `len` is the little-endian u32
//!   that the block begins with, and the first `len` bytes are written;
//! - `len` is at least [`BYTES_MIN`].

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
use std::ptr::NonNull;

use stdx::alloc::block_bytes;

/// The number itself.
const BYTES_MIN: usize = 4;
const ALIGN: usize = 8;

/// See the module.
pub(super) struct Buffer {
    start: NonNull<u8>,
}

// SAFETY: the block is owned by this buffer alone.
unsafe impl Send for Buffer {}
// SAFETY: shared references only read.
unsafe impl Sync for Buffer {}

/// The block for so many bytes: what the allocator would give anyway.
fn layout(len: usize) -> Layout {
    Layout::from_size_align(block_bytes(len), ALIGN).expect("listpacks are smaller than memory")
}

impl Buffer {
    /// A copy of `bytes`, of which there are at least [`BYTES_MIN`]; their number replaces the first.
    pub(super) fn new(bytes: &[u8]) -> Self {
        assert!(bytes.len() >= BYTES_MIN);
        let layout = layout(bytes.len());
        // SAFETY: the layout is not empty; the block has room for the bytes.
        unsafe {
            let Some(start) = NonNull::new(alloc(layout)) else { handle_alloc_error(layout) };
            start.copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len());
            let mut buffer = Self { start };
            buffer.set_len(bytes.len());
            buffer
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        // SAFETY: the block begins with the number, and is aligned.
        u32::from_le(unsafe { self.start.cast::<u32>().read() }) as usize
    }

    /// # Safety
    /// The block is that of `len` bytes, all of them written.
    #[inline]
    unsafe fn set_len(&mut self, len: usize) {
        // SAFETY: the block has at least that many bytes, and is aligned.
        unsafe { self.start.cast::<u32>().write((len as u32).to_le()) };
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: that many are written.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len()) }
    }

    /// The bytes behind the number.
    #[inline]
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: that many are written; the first four, which others must not change, are left
        // out by all callers, and this is a private module.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len()) }
    }

    /// Sets the number of bytes; new ones are zero. Moves only from one size of block to another.
    #[inline]
    pub(super) fn resize(&mut self, len: usize) {
        let old = self.len();
        assert!((BYTES_MIN..=super::BYTES_MAX + 1).contains(&len));
        if block_bytes(len) != block_bytes(old) {
            self.reallocate(len);
        }
        // SAFETY: the block is that of `len` bytes now, and the new ones are written first.
        unsafe {
            if len > old {
                self.start.add(old).write_bytes(0, len - old);
            }
            self.set_len(len);
        }
    }

    #[cold]
    fn reallocate(&mut self, len: usize) {
        let (old, new) = (layout(self.len()), layout(len));
        // SAFETY: the block was allocated with the old layout; the new size is not 0.
        let moved = unsafe { realloc(self.start.as_ptr(), old, new.size()) };
        self.start = NonNull::new(moved).unwrap_or_else(|| handle_alloc_error(new));
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, by the invariant.
        unsafe { dealloc(self.start.as_ptr(), layout(self.len())) };
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        Self::new(self.bytes())
    }
}
