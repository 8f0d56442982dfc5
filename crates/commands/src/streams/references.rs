//! What becomes of an entry's places in pending lists when the entry goes.

use value::stream::{Stream, StreamId, Trim};

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
            Self::Acknowledged if !is_acknowledged(stream, id) => return Fate::Kept,
            Self::Keep | Self::Delete | Self::Acknowledged => {}
        }
        stream.delete(id);
        Fate::Deleted
    }

    /// Trims entry by entry; answers how many went.
    pub(super) fn trim(self, stream: &mut Stream, what: Trim, limit: usize) -> usize {
        let excess = match what {
            Trim::MaxLen(most) => stream.len().saturating_sub(most),
            Trim::MinId(_) => usize::MAX,
        };
        let wanted = if limit == 0 { excess } else { excess.min(limit) };
        let mut ids = Vec::new();
        stream.range(StreamId::MIN, StreamId::MAX, false, |entry| {
            let goes = !matches!(what, Trim::MinId(min) if entry.id >= min);
            if goes && ids.len() < wanted {
                ids.push(entry.id);
            }
            goes && ids.len() < wanted
        });
        ids.into_iter().filter(|id| self.delete(stream, *id) == Fate::Deleted).count()
    }
}

/// Takes an entry off all pending lists; answers whether it was on one.
pub(super) fn forget(stream: &mut Stream, id: StreamId) -> bool {
    stream.groups_mut().filter_map(|group| group.acknowledge(id)).count() > 0
}

/// Whether every group has read and acknowledged an entry.
fn is_acknowledged(stream: &Stream, id: StreamId) -> bool {
    let groups = stream.groups().values();
    groups.into_iter().all(|group| id <= group.last_id && !group.pending().contains_key(&id))
}
