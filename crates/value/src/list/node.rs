//! One block of a large list.

use super::Stretch;
use crate::listpack::{Item, Listpack};

/// Blocks below this many bytes, and those that hardly become smaller, are not compressed.
const COMPRESSED_BYTES_MIN: usize = 48;
const GAIN_BYTES_MIN: usize = 8;

/// A block. It has at least one element.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) body: Body,
    /// How many elements.
    pub(super) len: usize,
    /// Its number in the walk that is under way; 0 if it is not as it was when that began.
    pub(super) number: u64,
}

#[derive(Clone, Debug)]
pub(super) enum Body {
    Pack(Listpack),
    /// One large element.
    Plain(Box<[u8]>),
    /// A listpack, by LZ4 after its length.
    Compressed(Box<[u8]>),
}

impl Node {
    pub(super) fn pack(pack: Listpack) -> Self {
        Self { len: pack.len(), body: Body::Pack(pack), number: 0 }
    }

    pub(super) fn one(item: &[u8], is_plain: bool) -> Self {
        if is_plain {
            return Self { body: Body::Plain(item.into()), len: 1, number: 0 };
        }
        let mut pack = Listpack::new();
        pack.push(item);
        Self::pack(pack)
    }

    pub(super) fn memory_bytes(&self) -> usize {
        match &self.body {
            Body::Pack(pack) => pack.memory_bytes(),
            Body::Plain(bytes) | Body::Compressed(bytes) => stdx::alloc::block_bytes(bytes.len()),
        }
    }

    /// Bytes of its listpack, compressed or not; none if the block is one large element.
    pub(super) fn pack_bytes(&self) -> Option<usize> {
        match &self.body {
            Body::Pack(pack) => Some(pack.byte_len()),
            Body::Compressed(bytes) => {
                bytes.first_chunk().map(|len| u32::from_le_bytes(*len) as usize)
            }
            Body::Plain(_) => None,
        }
    }

    /// The block's stretch of the list.
    pub(super) fn with<R>(&self, see: impl FnOnce(Stretch<'_>) -> R) -> R {
        match &self.body {
            Body::Pack(pack) => see(Stretch::Pack(pack)),
            Body::Plain(item) => see(Stretch::Plain(item)),
            Body::Compressed(bytes) => see(Stretch::Pack(&decompressed(bytes))),
        }
    }

    /// The only element, or the first or last one, of a block that is not compressed.
    pub(super) fn end(&self, is_last: bool) -> Option<Item<'_>> {
        match &self.body {
            Body::Pack(pack) => {
                let at = if is_last { pack.last() } else { pack.first() };
                at.map(|at| pack.get(at))
            }
            // Integers never have a block of their own, unless a test wants it so.
            Body::Plain(item) => Some(Item::of(item)),
            Body::Compressed(_) => None,
        }
    }

    /// The listpack, to be changed; none if the block is one large element.
    pub(super) fn pack_mut(&mut self) -> Option<&mut Listpack> {
        if let Body::Compressed(bytes) = &self.body {
            self.body = Body::Pack(decompressed(bytes));
        }
        match &mut self.body {
            Body::Pack(pack) => Some(pack),
            Body::Plain(_) | Body::Compressed(_) => None,
        }
    }

    /// Makes a listpack smaller, if that is worth it.
    pub(super) fn compress(&mut self) {
        let Body::Pack(pack) = &self.body else { return };
        if pack.byte_len() < COMPRESSED_BYTES_MIN {
            return;
        }
        let compressed = lz4_flex::compress_prepend_size(pack.as_bytes());
        if compressed.len() + GAIN_BYTES_MIN <= pack.byte_len() {
            self.body = Body::Compressed(compressed.into_boxed_slice());
        }
    }

    pub(super) fn decompress(&mut self) {
        self.pack_mut();
    }
}

fn decompressed(bytes: &[u8]) -> Listpack {
    let bytes = lz4_flex::decompress_size_prepended(bytes).expect("compressed by `compress`");
    Listpack::from_trusted(&bytes)
}
