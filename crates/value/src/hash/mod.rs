//! The hash.

use crate::listpack::Listpack;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Hash {
    items: Listpack,
}

impl Hash {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The name of the encoding, as `OBJECT ENCODING` answers it.
    pub fn encoding(&self) -> &'static str {
        "listpack"
    }

    /// Heap bytes behind it. O(1).
    pub fn memory_bytes(&self) -> usize {
        self.items.memory_bytes()
    }

    /// What freeing it costs, about in allocations. O(1).
    pub fn free_effort(&self) -> usize {
        1
    }
}
