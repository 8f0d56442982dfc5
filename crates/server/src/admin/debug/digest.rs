//! DEBUG DIGEST: whether two servers hold the same.
//!
//! Each key has a digest of its own and all are combined by exclusive or, so that neither order nor
//! shards matter. Not proof against those who look for collisions.

use std::fmt;

use engine::Context;
use keyspace::Entry;
use value::stream::StreamId;
use value::{Hash, List, Set, Stream, Zset};
use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::at_key;
use crate::command::{LaterFuture, Request};

/// 160 bits, as Redis's digests have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Digest {
    high: u128,
    low: u32,
}

impl Digest {
    /// Of parts, which are told apart: `ab`, `c` is not `a`, `bc`.
    fn of<const N: usize>(parts: [&[u8]; N]) -> Self {
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part);
        }
        Self { high: xxh3_128_with_seed(&bytes, 0), low: xxh3_128_with_seed(&bytes, 1) as u32 }
    }

    /// Of this and what comes behind it.
    fn then(self, next: &[u8]) -> Self {
        Self::of([self.to_string().as_bytes(), next])
    }

    fn combine(&mut self, other: Self) {
        self.high ^= other.high;
        self.low ^= other.low;
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}{:08x}", self.high, self.low)
    }
}

/// DIGEST
pub(super) fn digest(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let router = &request.core.router;
        let shards = 0..router.shard_count();
        let hops: Vec<_> = shards.map(|shard| router.hop(shard, 0, of_shard)).collect();
        let mut digest = Digest::default();
        for hop in hops {
            digest.combine(hop.await);
        }
        request.reply().simple(&digest.to_string());
        Ok(())
    })
}

/// DIGEST-VALUE key [key …]
pub(super) fn digest_value(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let keys: Vec<Vec<u8>> = request.args().iter_from(2).map(<[u8]>::to_vec).collect();
        let mut digests = Vec::new();
        for key in keys {
            let digest = at_key(request, key, |context, key| {
                let entry = context.keyspace.peek(context.db, key);
                entry.map_or_else(Digest::default, |entry| of_value(&entry))
            });
            digests.push(digest.await);
        }
        let mut reply = request.reply();
        reply.array(digests.len());
        for digest in &digests {
            reply.bulk(digest.to_string().as_bytes());
        }
        Ok(())
    })
}

fn of_shard(context: &mut Context<'_>) -> Digest {
    /// Keys per call of the scan; any number will do.
    const COUNT: usize = 1000;
    let mut digest = Digest::default();
    for db in 0..context.keyspace.databases() {
        let mut cursor = 0;
        loop {
            cursor = context.keyspace.scan(db, cursor, COUNT, |key, entry| {
                let value = of_value(&entry).to_string();
                digest.combine(Digest::of([&db.to_le_bytes(), key, value.as_bytes()]));
            });
            if cursor == 0 {
                break;
            }
        }
    }
    digest
}

/// Of type and value, and whether it expires; when is left out, as in Redis's.
fn of_value(entry: &Entry<'_>) -> Digest {
    let expires: &[u8] = if entry.expire_at_ms().is_some() { b"expires" } else { b"" };
    let content = match entry.string() {
        Ok(string) => string.to_vec(),
        Err(_) => of_collection(entry).to_string().into_bytes(),
    };
    Digest::of([entry.kind().name().as_bytes(), &content, expires])
}

/// Of the elements, in their order where they have one.
fn of_collection(entry: &Entry<'_>) -> Digest {
    let mut digest = Digest::default();
    if let Ok(list) = entry.get::<List>() {
        list.for_each(|item| digest = digest.then(&item.to_vec()));
    }
    if let Ok(set) = entry.get::<Set>() {
        set.iter().for_each(|member| digest.combine(Digest::of([&member.to_vec()])));
    }
    if let Ok(hash) = entry.get::<Hash>() {
        for field in hash.iter(i64::MIN) {
            let expires: &[u8] = if field.deadline_ms.is_some() { b"expires" } else { b"" };
            let (name, value) = (field.name.to_vec(), field.value.to_vec());
            digest.combine(Digest::of([&name, &value, expires]));
        }
    }
    if let Ok(zset) = entry.get::<Zset>() {
        zset.for_each(|member, score| {
            digest.combine(Digest::of([&member.to_vec(), &score.to_bits().to_le_bytes()]));
        });
    }
    if let Ok(stream) = entry.get::<Stream>() {
        stream.range(StreamId::MIN, StreamId::MAX, false, |entry| {
            digest = digest.then(&entry.id.to_bytes());
            entry.each(|field, value| digest = digest.then(&field.to_vec()).then(&value.to_vec()));
            true
        });
    }
    digest
}

#[cfg(test)]
mod tests {
    use keyspace::{Key, Keyspace, Options};

    use super::*;

    #[test]
    fn parts_are_told_apart() {
        assert_ne!(Digest::of([b"ab", b"c"]), Digest::of([b"a", b"bc"]));
        assert_eq!(Digest::default().to_string(), "0".repeat(40));
        assert_eq!(Digest::of([b"x"]).to_string().len(), 40);
    }

    fn value_digest(value: &[u8], expire_at_ms: Option<i64>) -> Digest {
        let mut keyspace = Keyspace::new(Options::default());
        let key = Key::new(b"k");
        keyspace.edit(0, key).set(value, expire_at_ms);
        of_value(&keyspace.peek(0, key).unwrap())
    }

    #[test]
    fn a_value_is_its_bytes_and_whether_it_expires() {
        let plain = value_digest(b"12", None);
        assert_ne!(plain, value_digest(b"13", None));
        assert_ne!(plain, value_digest(b"12", Some(1000)));
        assert_eq!(value_digest(b"12", Some(2000)), value_digest(b"12", Some(1000)));
    }
}
