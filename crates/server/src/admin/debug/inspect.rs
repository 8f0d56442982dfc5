//! DEBUG OBJECT, LISTPACK, HTSTATS and HTSTATS-KEY: how keys and tables are kept.

use std::fmt::Write;

use command::{Error, Result};
use engine::{Context, Limits};
use keyspace::{ClockKind, Entry, Key};
use value::list::Stretch;
use value::{Hash, List, Listpack, Set, Zset};

use super::at_key;
use crate::command::{LaterFuture, Request};

/// Bytes of a payload that are not the value's: the form before it, version and checksum behind.
const PAYLOAD_FRAME_BYTES: usize = 11;

/// OBJECT key
pub(super) fn object(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let shown = see(request, |context, entry| {
            let (kind, now_seconds) = (context.keyspace.clock_kind(), context.now_ms() / 1000);
            describe(&entry, kind, now_seconds, context.limits)
        });
        let shown = shown.await?;
        request.reply().simple(&shown);
        Ok(())
    })
}

/// LISTPACK key
pub(super) fn listpack(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let shown = see(request, |_, entry| pack_of(&entry).map(show_pack)).await?;
        let shown = shown.ok_or(Error::new("Not a listpack encoded object."))?;
        tracing::warn!("DEBUG LISTPACK: {shown}");
        request.reply().simple("Listpack structure written to the log");
        Ok(())
    })
}

/// HTSTATS db [FULL]
pub(super) fn table(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let db = request.args().int(2)?;
        let databases = request.core.config().process.databases as usize;
        let db = usize::try_from(db).ok().filter(|db| *db < databases);
        let db = db.ok_or(Error::new("Out of range database"))?;
        let router = &request.core.router;
        let hops: Vec<_> = (0..router.shard_count())
            .map(|shard| {
                router.hop(shard, db, |Context { keyspace, db, .. }| {
                    [keyspace.slots(*db), keyspace.len(*db), keyspace.expires_len(*db)]
                })
            })
            .collect();
        let mut sums = [0; 3];
        for hop in hops {
            for (sum, number) in sums.iter_mut().zip(hop.await) {
                *sum += number;
            }
        }
        let [slots, keys, expires] = sums;
        let shown = format!(
            "[Dictionary HT]\nHash table 0 stats (main hash table):\n table size: {slots}\n \
             number of elements: {keys}\n[Expires HT]\n number of elements: {expires}\n"
        );
        request.reply().verbatim("txt", shown.as_bytes());
        Ok(())
    })
}

/// HTSTATS-KEY key [FULL]
pub(super) fn table_at_key(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let shown = see(request, |_, entry| {
            let is_table = matches!(entry.encoding(), "hashtable" | "skiplist");
            is_table.then(|| {
                let (len, bytes) = (elements(&entry), entry.memory_bytes());
                format!(
                    "Hash table 0 stats (main hash table):\n number of elements: {len}\n \
                     bytes: {bytes}\n"
                )
            })
        });
        let shown = shown.await?.ok_or(Error::new(
            "The value stored at the specified key is not represented using an hash table",
        ))?;
        request.reply().verbatim("txt", shown.as_bytes());
        Ok(())
    })
}

/// What `job` says of the entry of the key that is the subcommand's first argument.
async fn see<R: Send + 'static>(
    request: &Request,
    job: impl FnOnce(&Context<'_>, Entry<'_>) -> R + Send + 'static,
) -> Result<R> {
    let key = request.args().at(2).to_vec();
    let seen = at_key(request, key, |context, key: Key<'_>| {
        context.keyspace.peek_kept(context.db, key).map(|entry| job(context, entry))
    });
    seen.await.ok_or(Error::NoSuchKey)
}

fn elements(entry: &Entry<'_>) -> usize {
    let set = entry.get::<Set>().map(Set::len);
    set.or_else(|_| entry.get::<Hash>().map(Hash::len))
        .or_else(|_| entry.get::<Zset>().map(Zset::len))
        .unwrap_or_default()
}

fn pack_of<'a>(entry: &Entry<'a>) -> Option<&'a Listpack> {
    let list = entry.get::<List>().map(List::as_listpack);
    list.or_else(|_| entry.get::<Set>().map(Set::as_listpack))
        .or_else(|_| entry.get::<Hash>().map(Hash::as_listpack))
        .or_else(|_| entry.get::<Zset>().map(Zset::as_listpack))
        .ok()
        .flatten()
}

fn show_pack(pack: &Listpack) -> String {
    let mut shown = format!("{{total bytes {}}} {{num entries {}}}", pack.byte_len(), pack.len());
    for item in pack.iter() {
        let text = item.to_vec();
        let _ = write!(shown, " [{}]", text.escape_ascii());
    }
    shown
}

/// Redis's line on an object, as far as it means something here: `at` is where the entry is.
fn describe(entry: &Entry<'_>, kind: ClockKind, now_seconds: i64, limits: &Limits) -> String {
    /// Redis's access clocks have 24 bits.
    const CLOCK_MASK: i64 = (1 << 24) - 1;
    let clock = match kind {
        ClockKind::Lfu => format!("freq:{}", entry.frequency()),
        ClockKind::Lru => {
            let idle_seconds = entry.idle_seconds();
            let accessed = (now_seconds - i64::from(idle_seconds)) & CLOCK_MASK;
            format!("lru:{accessed} lru_seconds_idle:{idle_seconds}")
        }
    };
    let (at, encoding) = (entry.key().as_ptr(), entry.encoding());
    let bytes = commands::payload_of(entry).len().saturating_sub(PAYLOAD_FRAME_BYTES);
    let blocks = match entry.get::<List>() {
        Ok(list) if list.as_listpack().is_none() => describe_blocks(list, &limits.values),
        _ => String::new(),
    };
    format!(
        "Value at:{at:p} refcount:1 encoding:{encoding} serializedlength:{bytes} {clock}{blocks}"
    )
}

fn describe_blocks(list: &List, limits: &value::Limits) -> String {
    let mut bytes = 0;
    list.stretches(|stretch| {
        bytes += match stretch {
            Stretch::Pack(pack) => pack.byte_len(),
            Stretch::Plain(item) => item.len(),
        }
    });
    let blocks = list.block_count();
    let mean_len = list.len() as f64 / blocks.max(1) as f64;
    let (most, compressed) = (limits.list_max_listpack_size, limits.list_compress_depth != 0);
    format!(
        " ql_nodes:{blocks} ql_avg_node:{mean_len:.2} ql_listpack_max:{most} \
         ql_compressed:{} ql_uncompressed_size:{bytes}",
        u8::from(compressed)
    )
}

#[cfg(test)]
mod tests {
    use keyspace::{Keyspace, Options};
    use value::list::End;

    use super::*;

    #[test]
    fn an_entry_is_described_by_redis_fields() {
        let mut keyspace = Keyspace::new(Options::default());
        keyspace.begin(1_000_000);
        let key = Key::new(b"k");
        keyspace.edit(0, key).set(b"abc", None);
        let entry = keyspace.peek(0, key).unwrap();
        let shown = describe(&entry, ClockKind::Lru, 1_000, &Limits::default());
        assert!(shown.starts_with("Value at:0x"), "{shown}");
        let rest = " refcount:1 encoding:embstr serializedlength:4 lru:1000 lru_seconds_idle:0";
        assert!(shown.ends_with(rest), "{shown}");
    }

    #[test]
    fn blocks_are_counted() {
        let limits = value::Limits { list_max_listpack_size: 2, ..value::Limits::default() };
        let mut list = List::new();
        for _ in 0..6 {
            list.expect(1, 1, &limits);
            list.push(End::Right, b"x", &limits);
        }
        let shown = describe_blocks(&list, &limits);
        assert!(shown.starts_with(" ql_nodes:3 ql_avg_node:2.00 ql_listpack_max:2 "), "{shown}");
        assert!(shown.ends_with(" ql_compressed:0 ql_uncompressed_size:39"), "{shown}");
    }

    #[test]
    fn a_listpack_is_shown_by_its_elements() {
        let mut pack = Listpack::new();
        pack.push(b"a");
        pack.push(b"12");
        assert_eq!(show_pack(&pack), "{total bytes 12} {num entries 2} [a] [12]");
    }
}
