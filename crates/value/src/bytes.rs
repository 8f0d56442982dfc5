//! A growable byte string.

/// Freeing this many bytes counts like freeing one small block: the kernel unmaps page by page.
const BYTES_PER_EFFORT: usize = 64 * 1024;

/// Above this many bytes a string grows by an eighth and not to its double.
const DOUBLING_BYTES_MAX: usize = 1024 * 1024;

/// The bytes of a long string, with room to grow when it has been grown before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByteString(Vec<u8>);

impl ByteString {
    /// The bytes.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, to be changed in place.
    #[inline]
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// Sets the length; new bytes are zero. Amortised O(1) per new byte.
    pub fn resize(&mut self, bytes: usize) {
        self.reserve(bytes.saturating_sub(self.0.len()));
        self.0.resize(bytes, 0);
    }

    /// Adds `bytes` at the end. Amortised O(`bytes`).
    pub fn append(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    fn reserve(&mut self, additional: usize) {
        let needed = self.0.len() + additional;
        if needed > self.0.capacity() {
            let spare = needed.min(DOUBLING_BYTES_MAX.max(needed / 8));
            self.0.reserve_exact(additional + spare);
        }
    }

    pub(crate) fn encoding(&self) -> &'static str {
        "raw"
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        stdx::alloc::block_bytes(self.0.capacity())
    }

    pub(crate) fn free_effort(&self) -> usize {
        1 + self.0.capacity() / BYTES_PER_EFFORT
    }
}

impl From<&[u8]> for ByteString {
    /// A copy of `bytes` without room to spare.
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl From<Vec<u8>> for ByteString {
    /// Takes the vector as it is.
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

#[cfg(test)]
mod tests;
