//! A set of names that knows what it costs.

use std::collections::BTreeSet;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Names {
    names: BTreeSet<Vec<u8>>,
    /// The lengths of all together.
    bytes: usize,
}

impl Names {
    /// Adds a name. Answers whether it is new.
    pub(crate) fn insert(&mut self, name: &[u8]) -> bool {
        let is_new = self.names.insert(name.to_vec());
        self.bytes += if is_new { name.len() } else { 0 };
        is_new
    }

    /// Removes a name. Answers whether it was there.
    pub(crate) fn remove(&mut self, name: &[u8]) -> bool {
        let was_there = self.names.remove(name);
        self.bytes -= if was_there { name.len() } else { 0 };
        was_there
    }

    /// All, in order.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.names.iter().map(Vec::as_slice)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// What they cost, about. O(1).
    pub(crate) fn memory_bytes(&self) -> usize {
        self.bytes + self.names.len() * size_of::<Vec<u8>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cost_follows_what_is_there() {
        let mut names = Names::default();
        assert_eq!(names.memory_bytes(), 0);
        assert!(names.insert(b"some") && names.insert(b"others") && !names.insert(b"some"));
        assert_eq!(names.memory_bytes(), 10 + 2 * size_of::<Vec<u8>>());
        assert!(names.remove(b"some") && !names.remove(b"some"));
        assert_eq!(names.iter().collect::<Vec<_>>(), [b"others"]);
        assert_eq!((names.len(), names.memory_bytes()), (1, 6 + size_of::<Vec<u8>>()));
    }
}
