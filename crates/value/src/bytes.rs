//! A growable byte string, which can be lent to another thread as it is.

use std::sync::Arc;

/// Freeing this many bytes counts like freeing one small block: the kernel unmaps page by page.
const BYTES_PER_EFFORT: usize = 64 * 1024;

/// Above this many bytes a string grows by an eighth and not to its double.
const DOUBLING_BYTES_MAX: usize = 1024 * 1024;

/// The bytes of a string at one moment, whatever becomes of it.
pub type SharedBytes = Arc<Vec<u8>>;

/// The bytes of a long string, with room to grow when it has been grown before.
#[derive(Clone, Debug)]
pub struct ByteString(Bytes);

#[derive(Clone, Debug)]
enum Bytes {
    Own(Vec<u8>),
    /// Somebody else may read them: they are copied before they change.
    Shared(SharedBytes),
}

impl ByteString {
    /// The bytes.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        self.vec()
    }

    #[inline]
    fn vec(&self) -> &Vec<u8> {
        match &self.0 {
            Bytes::Own(bytes) => bytes,
            Bytes::Shared(bytes) => bytes,
        }
    }

    /// The bytes, to be changed in place. O(1), but O(n) while another has them from
    /// [`Self::share`].
    #[inline]
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        self.vec_mut()
    }

    fn vec_mut(&mut self) -> &mut Vec<u8> {
        self.reserve(0)
    }

    /// Makes the bytes its own, with room for more.
    fn reserve(&mut self, additional: usize) -> &mut Vec<u8> {
        let needed = self.vec().len() + additional;
        let spare = || needed.min(DOUBLING_BYTES_MAX.max(needed / 8));
        if let Bytes::Shared(bytes) = &mut self.0 {
            let bytes = Arc::try_unwrap(std::mem::take(bytes)).unwrap_or_else(|shared| {
                let spare = if needed > shared.capacity() { spare() } else { 0 };
                let mut copy = Vec::with_capacity(needed + spare);
                copy.extend_from_slice(&shared);
                copy
            });
            self.0 = Bytes::Own(bytes);
        }
        let Bytes::Own(bytes) = &mut self.0 else { unreachable!("it has just been made its own") };
        if needed > bytes.capacity() {
            bytes.reserve_exact(additional + spare());
        }
        bytes
    }

    /// The bytes as they are, to be read by anybody. O(1).
    pub fn share(&mut self) -> SharedBytes {
        if let Bytes::Own(bytes) = &mut self.0 {
            self.0 = Bytes::Shared(Arc::new(std::mem::take(bytes)));
        }
        match &self.0 {
            Bytes::Shared(bytes) => bytes.clone(),
            Bytes::Own(_) => unreachable!("it has just been shared"),
        }
    }

    /// Sets the length; new bytes are zero. Amortised O(1) per new byte; see
    /// [`Self::as_mut_slice`].
    pub fn resize(&mut self, bytes: usize) {
        self.reserve(bytes.saturating_sub(self.vec().len())).resize(bytes, 0);
    }

    /// Adds `bytes` at the end. Amortised O(`bytes`); see [`Self::as_mut_slice`].
    pub fn append(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len()).extend_from_slice(bytes);
    }

    pub(crate) fn encoding(&self) -> &'static str {
        "raw"
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        stdx::alloc::block_bytes(self.vec().capacity())
    }

    pub(crate) fn free_effort(&self) -> usize {
        1 + self.vec().capacity() / BYTES_PER_EFFORT
    }
}

impl Default for ByteString {
    fn default() -> Self {
        Self(Bytes::Own(Vec::new()))
    }
}

impl PartialEq for ByteString {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for ByteString {}

impl From<&[u8]> for ByteString {
    /// A copy of `bytes` without room to spare.
    fn from(bytes: &[u8]) -> Self {
        Self(Bytes::Own(bytes.to_vec()))
    }
}

impl From<Vec<u8>> for ByteString {
    /// Takes the vector as it is.
    fn from(bytes: Vec<u8>) -> Self {
        Self(Bytes::Own(bytes))
    }
}

#[cfg(test)]
mod tests;
