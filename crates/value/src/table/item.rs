//! How one item is written: a member of a set, or a field with its value and deadline.
//!
//! ```text
//! member: length (0 to 253), bytes
//! field:  length (0 to 253), the value's length, bytes, the value's bytes
//!         | 254, length, the value's length, deadline, bytes, the value's bytes
//! long:   255, address of a block of its own: `Head`, bytes, the value's bytes
//! ```
//!
//! Numbers are unaligned and in the processor's order.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;
use std::slice::from_raw_parts;

use stdx::alloc::block_bytes;

/// Longer ones get a block of their own.
const INLINE_BYTES_MAX: usize = 256;
const KEY_BYTES_MAX: usize = 253;
const EXPIRING: u8 = 254;
const LONG: u8 = 255;
/// Bytes in the page of an item with a block of its own.
const LONG_BYTES: usize = 1 + size_of::<usize>();
const NO_DEADLINE: i64 = i64::MAX;

/// One item of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item<'a> {
    /// The member, or the field.
    pub(crate) key: &'a [u8],
    /// The field's value.
    pub(crate) value: &'a [u8],
    /// When the field goes, in ms since the epoch.
    pub(crate) deadline_ms: Option<i64>,
}

/// What a block outside of pages begins with.
#[repr(C)]
struct Head {
    key_len: usize,
    value_len: usize,
    deadline_ms: i64,
}

impl Head {
    fn layout(&self) -> Layout {
        let bytes = block_bytes(size_of::<Self>() + self.key_len + self.value_len);
        Layout::from_size_align(bytes, align_of::<Self>()).expect("items are smaller than memory")
    }
}

/// Bytes that an item takes in its page.
#[inline]
pub(super) fn page_bytes<const MAP: bool>(item: &Item<'_>) -> usize {
    let (key, value) = (item.key.len(), item.value.len());
    if key > KEY_BYTES_MAX || value > 255 || key + value > INLINE_BYTES_MAX {
        return LONG_BYTES;
    }
    match (MAP, item.deadline_ms) {
        (false, _) => 1 + key,
        (true, None) => 2 + key + value,
        (true, Some(_)) => 11 + key + value,
    }
}

/// Writes an item. Answers how many bytes of a block of its own it took.
///
/// # Safety
/// At `to` there is room for [`page_bytes`].
#[inline]
pub(super) unsafe fn write<const MAP: bool>(item: &Item<'_>, to: *mut u8) -> usize {
    let (key, value) = (item.key.len(), item.value.len());
    // SAFETY: what is written is as long as `page_bytes` says, in each of its cases.
    unsafe {
        if key > KEY_BYTES_MAX || value > 255 || key + value > INLINE_BYTES_MAX {
            return write_long(item, to);
        }
        let bytes = match (MAP, item.deadline_ms) {
            (false, _) => {
                to.write(key as u8);
                to.add(1)
            }
            (true, None) => {
                to.cast::<[u8; 2]>().write([key as u8, value as u8]);
                to.add(2)
            }
            (true, Some(deadline_ms)) => {
                to.cast::<[u8; 3]>().write([EXPIRING, key as u8, value as u8]);
                to.add(3).cast::<i64>().write_unaligned(deadline_ms);
                to.add(11)
            }
        };
        bytes.copy_from_nonoverlapping(item.key.as_ptr(), key);
        bytes.add(key).copy_from_nonoverlapping(item.value.as_ptr(), value);
    }
    0
}

/// # Safety
/// At `to` there is room for [`LONG_BYTES`].
unsafe fn write_long(item: &Item<'_>, to: *mut u8) -> usize {
    let head = Head {
        key_len: item.key.len(),
        value_len: item.value.len(),
        deadline_ms: item.deadline_ms.unwrap_or(NO_DEADLINE),
    };
    let layout = head.layout();
    // SAFETY: the layout is not empty, and has room for the head and what it counts.
    unsafe {
        let Some(block) = NonNull::new(alloc(layout)) else { handle_alloc_error(layout) };
        let bytes = block.cast::<Head>().add(1).cast::<u8>();
        bytes.as_ptr().copy_from_nonoverlapping(item.key.as_ptr(), item.key.len());
        let value = bytes.add(item.key.len()).as_ptr();
        value.copy_from_nonoverlapping(item.value.as_ptr(), item.value.len());
        block.cast::<Head>().write(head);
        to.write(LONG);
        to.add(1).cast::<NonNull<u8>>().write_unaligned(block);
    }
    layout.size()
}

/// # Safety
/// At `at` there is an item with a block of its own, and the lifetime ends before it does.
#[inline]
unsafe fn block<'a>(at: *const u8) -> (&'a Head, *const u8) {
    // SAFETY: the caller's contract; the block begins with a head.
    unsafe {
        let block = at.add(1).cast::<NonNull<Head>>().read_unaligned();
        (block.as_ref(), block.add(1).as_ptr().cast::<u8>().cast_const())
    }
}

/// The key of the item at `at`.
///
/// # Safety
/// There is a written item, and the lifetime ends before it is changed.
#[inline]
pub(super) unsafe fn key<'a, const MAP: bool>(at: *const u8) -> &'a [u8] {
    // SAFETY: the caller's contract, and the layouts of the module.
    unsafe {
        match at.read() {
            LONG => {
                let (head, bytes) = block(at);
                from_raw_parts(bytes, head.key_len)
            }
            EXPIRING => from_raw_parts(at.add(11), usize::from(at.add(1).read())),
            len => from_raw_parts(at.add(if MAP { 2 } else { 1 }), usize::from(len)),
        }
    }
}

/// The item at `at`.
///
/// # Safety
/// As of [`key`].
#[inline]
pub(super) unsafe fn read<'a, const MAP: bool>(at: *const u8) -> Item<'a> {
    // SAFETY: the caller's contract, and the layouts of the module.
    unsafe {
        let (bytes, key_len, value_len, deadline_ms) = match at.read() {
            LONG => {
                let (head, bytes) = block(at);
                let deadline_ms = Some(head.deadline_ms).filter(|at_ms| *at_ms != NO_DEADLINE);
                (bytes, head.key_len, head.value_len, deadline_ms)
            }
            EXPIRING => {
                let [key_len, value_len] = at.add(1).cast::<[u8; 2]>().read();
                let deadline_ms = at.add(3).cast::<i64>().read_unaligned();
                (at.add(11), key_len.into(), value_len.into(), Some(deadline_ms))
            }
            key_len if MAP => (at.add(2), key_len.into(), at.add(1).read().into(), None),
            key_len => (at.add(1), key_len.into(), 0, None),
        };
        Item {
            key: from_raw_parts(bytes, key_len),
            value: from_raw_parts(bytes.add(key_len), value_len),
            deadline_ms,
        }
    }
}

/// Bytes that the item at `at` takes in its page.
///
/// # Safety
/// There is a written item.
#[inline]
pub(super) unsafe fn written_bytes<const MAP: bool>(at: *const u8) -> usize {
    // SAFETY: the caller's contract, and the layouts of the module.
    unsafe {
        match at.read() {
            LONG => LONG_BYTES,
            EXPIRING => 11 + usize::from(at.add(1).read()) + usize::from(at.add(2).read()),
            key if MAP => 2 + usize::from(key) + usize::from(at.add(1).read()),
            key => 1 + usize::from(key),
        }
    }
}

/// Whether the item at `at` has a block of its own.
///
/// # Safety
/// There is a written item.
#[inline]
pub(super) unsafe fn is_long(at: *const u8) -> bool {
    // SAFETY: the caller's contract.
    unsafe { at.read() == LONG }
}

/// Frees the block of an item that has one. Answers how many bytes that were.
///
/// # Safety
/// There is a written item, and nobody reads it afterwards.
pub(super) unsafe fn free(at: *const u8) -> usize {
    // SAFETY: the caller's contract; the block was allocated with its head's layout.
    unsafe {
        if !is_long(at) {
            return 0;
        }
        let block = at.add(1).cast::<NonNull<Head>>().read_unaligned();
        let layout = block.as_ref().layout();
        dealloc(block.as_ptr().cast(), layout);
        layout.size()
    }
}
