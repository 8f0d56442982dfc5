//! What a call answers or stores: for each element in order itself, or what each GET found.

use keyspace::{Edit, Event};
use resp::Writer;
use value::list::End;
use value::{Collection, Limits, List};

use super::pattern::Pattern;
use super::texts::Texts;
use crate::effect::{log_whole, remove_logged};

/// What one GET gives.
#[derive(Debug)]
pub(super) enum Column {
    /// The elements themselves.
    Elements,
    /// Nothing, for each.
    Nothing,
    /// What keys held.
    Found(Texts),
}

impl Column {
    /// What a pattern gives that makes no keys.
    pub(super) fn without_key(pattern: Pattern<'_>) -> Self {
        match pattern {
            Pattern::Element => Self::Elements,
            Pattern::Nothing | Pattern::Key { .. } => Self::Nothing,
        }
    }
}

/// The whole result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    pub(super) elements: &'a Texts,
    pub(super) order: &'a [u32],
    pub(super) columns: &'a [Column],
}

impl Table<'_> {
    fn for_each(&self, mut visit: impl FnMut(Option<&[u8]>)) {
        for (row, index) in self.order.iter().enumerate() {
            let element = self.elements.get(*index as usize);
            if self.columns.is_empty() {
                visit(element);
            }
            for column in self.columns {
                visit(match column {
                    Column::Elements => element,
                    Column::Nothing => None,
                    Column::Found(found) => found.get(row),
                });
            }
        }
    }

    pub(super) fn write(&self, reply: &mut Writer<'_>) {
        reply.array(self.order.len() * self.columns.len().max(1));
        self.for_each(|text| match text {
            Some(text) => reply.bulk(text),
            None => reply.null(),
        });
    }

    /// What a list of it holds: empty strings for what is absent.
    pub(super) fn to_texts(self) -> Texts {
        let mut texts = Texts::default();
        self.for_each(|text| texts.push(text.unwrap_or_default()));
        texts
    }
}

/// Makes the target a list of a result; no key, if that is empty. What is logged is the list: a
/// replay may find other keys by the same patterns.
pub(super) fn store(target: &mut Edit<'_>, texts: &Texts, limits: &Limits) {
    if texts.len() == 0 {
        remove_logged(target);
        return;
    }
    let mut list = List::new();
    texts.indexes().for_each(|index| list.push(End::Right, texts.at(index), limits));
    target.set_value(list.into_value());
    target.set_expiry(None);
    target.event(Event::list("sortstore"));
    log_whole(target);
    target.count(texts.len());
}
