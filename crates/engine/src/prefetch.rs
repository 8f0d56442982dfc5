//! Loading ahead: what the calls of a batch will touch, so that they do not wait for memory one after
//! the other.

use command::{Args, Group, flag};
use keyspace::Key;
use value::PREFETCH_LEVELS;

use crate::parcel::{Call, Work};
use crate::shard::Shard;

impl Shard {
    /// Passes, so that the cache misses of a batch overlap: first all buckets, then all entries,
    /// then, level by level, where big collections have what a call is about.
    #[inline]
    pub(crate) fn prefetch(&self, work: Work<'_>) {
        if work.calls.len() < 2 {
            return;
        }
        for call in work.calls {
            if let Some((_, hash)) = call.key {
                self.keyspace.prefetch_bucket(usize::from(call.db), hash);
            }
        }
        for call in work.calls {
            if let Some((_, hash)) = call.key {
                self.keyspace.prefetch_entry(usize::from(call.db), hash);
            }
        }
        for level in 0..PREFETCH_LEVELS {
            let mut goes_on = false;
            for call in work.calls {
                if let Some((at, hash)) = call.key
                    && let Some(about) = about(call, work.args(call), at as usize, level)
                {
                    let key = Key { bytes: work.args(call).at(at as usize), hash };
                    self.keyspace.prefetch_element(usize::from(call.db), key, about, level);
                    goes_on = true;
                }
            }
            if !goes_on {
                break;
            }
        }
    }
}

/// Which element of its key a call is about, and which score that gets, if something is to be loaded
/// for it on this level.
#[inline]
fn about<'a>(
    call: &Call,
    args: Args<'a>,
    key_at: usize,
    level: usize,
) -> Option<(&'a [u8], &'a [u8])> {
    /// For hashes and sets: the page, and the item in it.
    const TABLE_LEVELS: usize = 2;
    let spec = &call.command.spec;
    match spec.group {
        Group::Hash | Group::Set if level < TABLE_LEVELS => Some((args.get(key_at + 1)?, b"")),
        // Those that take no time are about one member, which comes last.
        Group::SortedSet if spec.has(flag::FAST) && args.len() > key_at + 1 => {
            Some((args.at(args.len() - 1), args.at(args.len() - 2)))
        }
        _ => None,
    }
}
