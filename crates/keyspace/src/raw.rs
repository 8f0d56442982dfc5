//! The bytes of an entry: one block that holds header, key, expiry and a short value.
//!
//! ```text
//! 0      tag: content form (3 bits), has expiry, long key, long inline value, changed in place,
//!        counted as a hash with timed fields
//! 1..4   access clock, 24 bits, little-endian
//! 4      key length: 1 byte, or 4 with a long key
//!        expiry in ms since the epoch: 8 bytes, if any
//!        key
//!        content: length (1 byte, or 2) and bytes | integer of 1, 2, 3, 4, 6 or 8 bytes
//!                 | a `Value`, aligned
//! ```
//!
//! Invariants:
//! - a `RawEntry` points to a written block; only `Database` frees blocks, and it holds the only
//!   copies that outlive a call. What borrows from an entry is tied to the database by its caller.
//! - the size of a block follows from what is written in it.

use std::ptr::NonNull;

use stdx::number;
use value::Value;

use crate::slab;

/// A string is kept inline while its entry is not larger than the arena's pages have blocks.
const INLINE_BLOCK_BYTES_MAX: usize = slab::POOLED_BYTES_MAX;

/// A string this short stays inline however long its key is: its own allocation would cost more.
const INLINE_ALWAYS_BYTES_MAX: usize = 64;

/// The content form: an index into [`INT_BYTES`], or one of the other two.
const FORM: u8 = 0b111;
const FORM_INLINE: u8 = 6;
const FORM_VALUE: u8 = 7;
const HAS_EXPIRY: u8 = 1 << 3;
const LONG_KEY: u8 = 1 << 4;
const LONG_INLINE: u8 = 1 << 5;
const IN_PLACE: u8 = 1 << 6;
const TIMED: u8 = 1 << 7;

const KEY_LENGTH_AT: usize = 4;

/// The widths in which integers are kept. Odd ones, as a byte can decide about a block's size.
const INT_BYTES: [usize; 6] = [1, 2, 3, 4, 6, 8];

/// What an entry is to hold.
pub(crate) enum Content<'a> {
    Int(i64),
    /// Must satisfy [`fits_inline`].
    Inline(&'a [u8]),
    /// Zeros, to be overwritten through [`RawEntry::inline_mut`]; must satisfy [`fits_inline`].
    Blank(usize),
    Value(Value),
}

/// What an entry holds.
#[derive(Clone, Copy)]
pub(crate) enum ContentRef<'a> {
    Int(i64),
    Inline(&'a [u8]),
    Value(&'a Value),
}

/// Whether a string of `len` bytes is kept within the entry of a key of `key_len` bytes.
pub(crate) fn fits_inline(key_len: usize, has_expiry: bool, len: usize) -> bool {
    len <= INLINE_ALWAYS_BYTES_MAX
        || (len < INLINE_BLOCK_BYTES_MAX
            && Shape::new(key_len, has_expiry, inline_form(len), len).block_bytes()
                <= INLINE_BLOCK_BYTES_MAX)
}

fn inline_form(len: usize) -> u8 {
    if len > usize::from(u8::MAX) { FORM_INLINE | LONG_INLINE } else { FORM_INLINE }
}

/// The narrowest form that holds `number`.
fn int_form(number: i64) -> u8 {
    let bits = 65 - (number ^ number >> 63).leading_zeros();
    let form = INT_BYTES.iter().position(|bytes| bits as usize <= bytes * 8);
    form.expect("8 bytes hold any integer") as u8
}

impl Content<'_> {
    fn form(&self) -> u8 {
        match self {
            Self::Int(number) => int_form(*number),
            Self::Inline(bytes) => inline_form(bytes.len()),
            Self::Blank(len) => inline_form(*len),
            Self::Value(_) => FORM_VALUE,
        }
    }

    fn inline_len(&self) -> usize {
        match self {
            Self::Inline(bytes) => bytes.len(),
            Self::Blank(len) => *len,
            Self::Int(_) | Self::Value(_) => 0,
        }
    }
}

/// Where the parts of an entry lie.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    tag: u8,
    key_len: usize,
    inline_len: usize,
}

impl Shape {
    fn new(key_len: usize, has_expiry: bool, form: u8, inline_len: usize) -> Self {
        let mut tag = form;
        if has_expiry {
            tag |= HAS_EXPIRY;
        }
        if key_len > usize::from(u8::MAX) {
            tag |= LONG_KEY;
        }
        Self { tag, key_len, inline_len }
    }

    /// The shape of an entry with such a key that holds `content`.
    pub(crate) fn of(key_len: usize, has_expiry: bool, content: &Content<'_>) -> Self {
        Self::new(key_len, has_expiry, content.form(), content.inline_len())
    }

    fn expiry_at(tag: u8) -> usize {
        KEY_LENGTH_AT + if tag & LONG_KEY != 0 { 4 } else { 1 }
    }

    fn key_at(tag: u8) -> usize {
        Self::expiry_at(tag) + if tag & HAS_EXPIRY != 0 { 8 } else { 0 }
    }

    fn content_at(&self) -> usize {
        Self::key_at(self.tag) + self.key_len
    }

    pub(crate) fn key_len(&self) -> usize {
        self.key_len
    }

    /// Whether the block, or a value behind it, is not in a page of the arena.
    #[inline]
    pub(crate) fn is_outside(&self) -> bool {
        self.tag & FORM == FORM_VALUE || self.block_bytes() > slab::POOLED_BYTES_MAX
    }

    /// The size of the block; one that the arena has. Only values must be aligned to 8.
    #[inline]
    pub(crate) fn block_bytes(&self) -> usize {
        let at = self.content_at();
        match self.tag & FORM {
            FORM_INLINE if self.tag & LONG_INLINE != 0 => slab::rounded(at + 2 + self.inline_len),
            FORM_INLINE => slab::rounded(at + 1 + self.inline_len),
            FORM_VALUE => {
                let value_at = RawEntry::value_at(at);
                slab::rounded((value_at + size_of::<Value>()).next_multiple_of(align_of::<Value>()))
            }
            int => slab::rounded(at + INT_BYTES[usize::from(int)]),
        }
    }
}

/// A pointer to an entry's block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawEntry(NonNull<u8>);

impl RawEntry {
    /// Writes an entry of `shape` into `block`.
    ///
    /// # Safety
    /// `block` was allocated from the arena with `shape.block_bytes()`, and `shape` was made
    /// from this key's length, this expiry's presence and this content.
    pub(crate) unsafe fn write(
        block: NonNull<u8>,
        shape: Shape,
        key: &[u8],
        clock: u32,
        expire_at_ms: Option<i64>,
        content: Content<'_>,
    ) -> Self {
        debug_assert_eq!(shape.key_len, key.len());
        let entry = Self(block);
        // SAFETY: every offset is below the block's size by the shape's making.
        unsafe {
            block.cast::<u32>().write(u32::from(shape.tag) | clock << 8);
            if shape.tag & LONG_KEY != 0 {
                block.add(KEY_LENGTH_AT).cast::<u32>().write_unaligned(key.len() as u32);
            } else {
                block.add(KEY_LENGTH_AT).write(key.len() as u8);
            }
            if let Some(at_ms) = expire_at_ms {
                entry.at(Shape::expiry_at(shape.tag)).cast::<i64>().write_unaligned(at_ms);
            }
            entry
                .at(Shape::key_at(shape.tag))
                .copy_from_nonoverlapping(NonNull::from(key).cast(), key.len());
            entry.write_content(shape, content);
        }
        entry
    }

    /// Replaces the content of an entry whose expiry stays as it is. The old content must not be
    /// a `Value`, or have been taken.
    ///
    /// # Safety
    /// `shape` is this entry's key and expiry with `content`, and not larger than the block.
    pub(crate) unsafe fn overwrite(self, shape: Shape, content: Content<'_>) {
        // SAFETY: the block is large enough; the caller's contract.
        unsafe {
            self.0.write(shape.tag);
            self.write_content(shape, content);
        }
    }

    /// # Safety
    /// As for [`Self::overwrite`].
    unsafe fn write_content(self, shape: Shape, content: Content<'_>) {
        let at = shape.content_at();
        // SAFETY: the shape leaves room for the content at its place.
        unsafe {
            match content {
                Content::Int(number) => {
                    let bytes = number.to_le_bytes();
                    let width = INT_BYTES[usize::from(shape.tag & FORM)];
                    self.at(at).copy_from_nonoverlapping(NonNull::from(&bytes).cast(), width);
                }
                Content::Inline(bytes) => {
                    let to = self.write_inline_len(shape);
                    to.copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len());
                }
                Content::Blank(len) => self.write_inline_len(shape).write_bytes(0, len),
                Content::Value(value) => {
                    self.at(Self::value_at(at)).cast::<Value>().write(value);
                }
            }
        }
    }

    /// # Safety
    /// As for [`Self::overwrite`], with an inline form.
    unsafe fn write_inline_len(self, shape: Shape) -> NonNull<u8> {
        let at = shape.content_at();
        // SAFETY: the shape leaves room for the length.
        unsafe {
            if shape.tag & LONG_INLINE != 0 {
                self.at(at).cast::<u16>().write_unaligned(shape.inline_len as u16);
                self.at(at + 2)
            } else {
                self.at(at).write(shape.inline_len as u8);
                self.at(at + 1)
            }
        }
    }

    /// The entry at an address that [`Self::address`] gave.
    ///
    /// # Safety
    /// The entry has not been freed.
    #[inline]
    pub(crate) unsafe fn from_address(address: u64) -> Self {
        // SAFETY: it came from a NonNull.
        Self(unsafe { NonNull::new_unchecked(address as *mut u8) })
    }

    /// The block's address.
    #[inline]
    pub(crate) fn address(self) -> u64 {
        self.0.as_ptr() as u64
    }

    /// The block, to be freed.
    pub(crate) fn block(self) -> NonNull<u8> {
        self.0
    }

    #[inline]
    fn at(self, offset: usize) -> NonNull<u8> {
        // SAFETY: offsets come from this entry's shape and lie within its block.
        unsafe { self.0.add(offset) }
    }

    #[inline]
    fn tag(self) -> u8 {
        // SAFETY: the block is written.
        unsafe { self.0.read() }
    }

    #[inline]
    fn key_len(self, tag: u8) -> usize {
        // SAFETY: the block is written.
        unsafe {
            if tag & LONG_KEY != 0 {
                self.at(KEY_LENGTH_AT).cast::<u32>().read_unaligned() as usize
            } else {
                usize::from(self.at(KEY_LENGTH_AT).read())
            }
        }
    }

    /// The key.
    #[inline]
    pub(crate) fn key<'a>(self) -> &'a [u8] {
        let tag = self.tag();
        let len = self.key_len(tag);
        // SAFETY: the block holds `len` bytes there; callers bind the lifetime.
        unsafe { std::slice::from_raw_parts(self.at(Shape::key_at(tag)).as_ptr(), len) }
    }

    /// The 24 bits of access clock.
    #[inline]
    pub(crate) fn clock(self) -> u32 {
        // SAFETY: the block is written and aligned.
        unsafe { self.0.cast::<u32>().read() >> 8 }
    }

    /// Sets the access clock; writes only when it changes, to leave the line clean.
    #[inline]
    pub(crate) fn set_clock(self, clock: u32) {
        // SAFETY: the block is written and aligned.
        unsafe {
            let word = self.0.cast::<u32>();
            let new = word.read() & 0xff | clock << 8;
            if word.read() != new {
                word.write(new);
            }
        }
    }

    /// The deadline in ms since the epoch.
    #[inline]
    pub(crate) fn expire_at_ms(self) -> Option<i64> {
        let tag = self.tag();
        // SAFETY: the tag says that the block holds it.
        (tag & HAS_EXPIRY != 0)
            .then(|| unsafe { self.at(Shape::expiry_at(tag)).cast::<i64>().read_unaligned() })
    }

    /// Changes the deadline of an entry that has one.
    pub(crate) fn set_expire_at_ms(self, at_ms: i64) {
        let tag = self.tag();
        assert!(tag & HAS_EXPIRY != 0);
        // SAFETY: the tag says that the block holds it.
        unsafe { self.at(Shape::expiry_at(tag)).cast::<i64>().write_unaligned(at_ms) };
    }

    /// Whether the string has been changed in place since it was set.
    pub(crate) fn is_changed_in_place(self) -> bool {
        self.tag() & IN_PLACE != 0
    }

    /// Marks the string as changed in place; setting new content clears the mark.
    pub(crate) fn mark_changed_in_place(self) {
        // SAFETY: the block is written.
        unsafe { self.0.write(self.tag() | IN_PLACE) };
    }

    /// Whether it is counted as a hash with fields that have a deadline.
    #[inline]
    pub(crate) fn is_timed(self) -> bool {
        self.tag() & TIMED != 0
    }

    /// Notes whether it is counted so; setting new content clears the note.
    pub(crate) fn set_timed(self, is_timed: bool) {
        let tag = if is_timed { self.tag() | TIMED } else { self.tag() & !TIMED };
        // SAFETY: the block is written.
        unsafe { self.0.write(tag) };
    }

    /// The content.
    #[inline]
    pub(crate) fn content<'a>(self) -> ContentRef<'a> {
        let tag = self.tag();
        let at = Shape::key_at(tag) + self.key_len(tag);
        // SAFETY: the tag says what the block holds there; callers bind the lifetime.
        unsafe {
            match tag & FORM {
                FORM_INLINE => {
                    let (at, len) = self.inline_place(tag, at);
                    ContentRef::Inline(std::slice::from_raw_parts(self.at(at).as_ptr(), len))
                }
                FORM_VALUE => ContentRef::Value(self.at(Self::value_at(at)).cast().as_ref()),
                int => ContentRef::Int(self.int(at, INT_BYTES[usize::from(int)])),
            }
        }
    }

    /// An integer of `width` bytes.
    ///
    /// # Safety
    /// The content, at `at`, is one.
    #[inline]
    unsafe fn int(self, at: usize, width: usize) -> i64 {
        let mut bytes = [0; 8];
        // SAFETY: the caller's contract; no width is above 8.
        unsafe { NonNull::from(&mut bytes).cast().copy_from_nonoverlapping(self.at(at), width) };
        let unused_bits = 64 - 8 * width as u32;
        i64::from_le_bytes(bytes) << unused_bits >> unused_bits
    }

    /// Where the value lies in an entry whose content begins at `at`.
    #[inline]
    fn value_at(at: usize) -> usize {
        at.next_multiple_of(align_of::<Value>())
    }

    /// Where inline bytes begin, and how many they are.
    ///
    /// # Safety
    /// The content, at `at`, is inline.
    unsafe fn inline_place(self, tag: u8, at: usize) -> (usize, usize) {
        // SAFETY: the content begins with its length.
        unsafe {
            if tag & LONG_INLINE != 0 {
                (at + 2, usize::from(self.at(at).cast::<u16>().read_unaligned()))
            } else {
                (at + 1, usize::from(self.at(at).read()))
            }
        }
    }

    /// The bytes of an inline string, to be changed.
    pub(crate) fn inline_mut<'a>(self) -> &'a mut [u8] {
        let tag = self.tag();
        assert_eq!(tag & FORM, FORM_INLINE);
        // SAFETY: the content is inline; callers hold the database exclusively.
        unsafe {
            let (at, len) = self.inline_place(tag, Shape::key_at(tag) + self.key_len(tag));
            std::slice::from_raw_parts_mut(self.at(at).as_ptr(), len)
        }
    }

    /// Sets the length of an inline string where its block has room for it and the length is
    /// written as before; new bytes are zero. Else changes nothing and answers false.
    pub(crate) fn resize_inline(self, len: usize) -> bool {
        let old = self.shape();
        let tag = old.tag & !LONG_INLINE | inline_form(len);
        let new = Shape { tag, inline_len: len, ..old };
        if new.tag != old.tag || new.block_bytes() != old.block_bytes() {
            return false;
        }
        // SAFETY: the block has the new shape's size.
        unsafe {
            let bytes = self.write_inline_len(new);
            if len > old.inline_len {
                bytes.add(old.inline_len).write_bytes(0, len - old.inline_len);
            }
        }
        true
    }

    /// The out-of-line value, if there is one.
    pub(crate) fn value_mut<'a>(self) -> Option<&'a mut Value> {
        let tag = self.tag();
        if tag & FORM != FORM_VALUE {
            return None;
        }
        let at = Self::value_at(Shape::key_at(tag) + self.key_len(tag));
        // SAFETY: the content is a value; callers hold the database exclusively.
        Some(unsafe { self.at(at).cast().as_mut() })
    }

    /// Moves the out-of-line value out, if there is one.
    ///
    /// # Safety
    /// The content is overwritten or the block freed before anyone reads it again.
    pub(crate) unsafe fn take_value(self) -> Option<Value> {
        // SAFETY: read once, by the caller's contract.
        self.value_mut().map(|value| unsafe { std::ptr::read(value) })
    }

    /// Whether it holds a collection without elements, of a type that does not exist empty.
    #[inline]
    pub(crate) fn is_void(self) -> bool {
        self.tag() & FORM == FORM_VALUE && self.value_mut().is_some_and(|value| value.is_void())
    }

    /// See [`Keyspace::prefetch_element`](crate::Keyspace::prefetch_element).
    #[inline]
    pub(crate) fn prefetch_element(self, element: &[u8], score: &[u8], level: usize) {
        if let ContentRef::Value(value) = self.content() {
            value.prefetch(element, score, level);
        }
    }

    /// The shape that is written in the block.
    #[inline]
    pub(crate) fn shape(self) -> Shape {
        let tag = self.tag();
        let inline_len = match self.content() {
            ContentRef::Inline(bytes) => bytes.len(),
            ContentRef::Int(_) | ContentRef::Value(_) => 0,
        };
        Shape { tag, key_len: self.key_len(tag), inline_len }
    }

    /// The size of the block.
    pub(crate) fn block_bytes(self) -> usize {
        self.shape().block_bytes()
    }
}

/// `bytes` as entry content: an integer if they are one's text, inline if short, else a value.
pub(crate) fn string_content(key_len: usize, has_expiry: bool, bytes: &[u8]) -> Content<'_> {
    // No i64 has a longer text than 20 bytes.
    if bytes.len() <= 20
        && let Some(number) = number::parse_i64(bytes)
    {
        return Content::Int(number);
    }
    bytes_content(key_len, has_expiry, bytes)
}

/// `bytes` as entry content: inline if short, else a value.
pub(crate) fn bytes_content(key_len: usize, has_expiry: bool, bytes: &[u8]) -> Content<'_> {
    if fits_inline(key_len, has_expiry, bytes.len()) {
        Content::Inline(bytes)
    } else {
        Content::Value(Value::Bytes(bytes.into()))
    }
}

#[cfg(test)]
mod tests;
