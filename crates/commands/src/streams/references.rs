//! What becomes of an entry's places in pending lists when the entry goes.

use std::collections::BTreeMap;

use value::stream::{Group, Groups, Stream, StreamId};

use crate::options::is;

/// What a call wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum References {
    /// They stay.
    Keep,
    /// They go, too.
    Delete,
    /// Only entries go that every group has acknowledged.
    Acknowledged,
}

/// What came of an entry, by the number that replies have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Absent = -1,
    Deleted = 1,
    Kept = 2,
}

impl References {
    pub(super) fn parse(word: &[u8]) -> Option<Self> {
        match word {
            word if is(word, "KEEPREF") => Some(Self::Keep),
            word if is(word, "DELREF") => Some(Self::Delete),
            word if is(word, "ACKED") => Some(Self::Acknowledged),
            _ => None,
        }
    }

    /// The word for it; None for what is usual.
    pub(super) fn word(self) -> Option<&'static str> {
        match self {
            Self::Keep => None,
            Self::Delete => Some("DELREF"),
            Self::Acknowledged => Some("ACKED"),
        }
    }

    /// Deletes an entry, or not. References go also where the entry has gone before.
    pub(super) fn delete(self, stream: &mut Stream, id: StreamId) -> Fate {
        if self == Self::Delete {
            forget(stream, id);
        }
        if !stream.contains(id) {
            return Fate::Absent;
        }
        match self {
            Self::Acknowledged if !is_acknowledged(stream.groups(), id) => return Fate::Kept,
            Self::Keep | Self::Delete | Self::Acknowledged => {}
        }
        stream.delete(id);
        Fate::Deleted
    }

    /// Whether an entry that is trimmed may go, of whose references this then disposes.
    pub(super) fn let_go(self, groups: &mut Groups, id: StreamId) -> bool {
        match self {
            Self::Keep => true,
            Self::Delete => {
                groups.for_each_mut(|group| {
                    group.acknowledge(id);
                });
                true
            }
            Self::Acknowledged => is_acknowledged(groups.by_name(), id),
        }
    }
}

/// Takes an entry off all pending lists; answers whether it was on one.
pub(super) fn forget(stream: &mut Stream, id: StreamId) -> bool {
    let mut was_pending = false;
    stream.for_each_group(|group| was_pending |= group.acknowledge(id).is_some());
    was_pending
}

/// Whether every group has read and acknowledged an entry.
fn is_acknowledged(groups: &BTreeMap<Vec<u8>, Group>, id: StreamId) -> bool {
    groups.values().all(|group| id <= group.last_id && !group.pending().contains_key(&id))
}
