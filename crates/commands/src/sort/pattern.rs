//! Patterns that make keys of elements: `weight_*`, `object_*->price`.

use super::texts::Texts;

/// The argument of BY or GET.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern<'a> {
    /// `#`: the element itself.
    Element,
    /// Without a star: no key.
    Nothing,
    /// The element between two texts is a key, or names one's field.
    Key {
        before: &'a [u8],
        behind: &'a [u8],
        /// The field of a hash, behind `->`.
        field: Option<&'a [u8]>,
    },
}

const ARROW: &[u8] = b"->";

impl<'a> Pattern<'a> {
    pub(super) fn parse(text: &'a [u8]) -> Self {
        if text == b"#" {
            return Self::Element;
        }
        let Some(star) = text.iter().position(|byte| *byte == b'*') else { return Self::Nothing };
        let (before, behind) = (&text[..star], &text[star + 1..]);
        let arrow = behind.windows(ARROW.len()).position(|word| word == ARROW);
        // With nothing behind it, the arrow is part of the key.
        match arrow.map(|at| (&behind[..at], &behind[at + ARROW.len()..])) {
            Some((behind, field)) if !field.is_empty() => {
                Self::Key { before, behind, field: Some(field) }
            }
            _ => Self::Key { before, behind, field: None },
        }
    }

    pub(super) fn is_key(&self) -> bool {
        matches!(self, Self::Key { .. })
    }
}

/// Keys to be read, and which field of each, if they are hashes.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) keys: Texts,
    pub(super) field: Option<Vec<u8>>,
}

impl Wanted {
    /// What a pattern makes of elements, if it makes keys.
    pub(super) fn new(
        pattern: Pattern<'_>,
        elements: &Texts,
        indexes: impl Iterator<Item = usize>,
    ) -> Option<Self> {
        let Pattern::Key { before, behind, field } = pattern else { return None };
        let mut keys = Texts::default();
        indexes.for_each(|index| keys.push_parts(&[before, elements.at(index), behind]));
        Some(Self { keys, field: field.map(<[u8]>::to_vec) })
    }

    /// What a pattern makes of the elements that are answered, if it makes keys.
    pub(super) fn chosen(pattern: Pattern<'_>, elements: &Texts, order: &[u32]) -> Option<Self> {
        Self::new(pattern, elements, order.iter().map(|index| *index as usize))
    }
}
