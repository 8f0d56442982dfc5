//! Going through all keys, and picking one at random.

use command::{Args, Error, Result};
use engine::{Context, Plan, PlanFuture};
use keyspace::{Entry, Key};
use resp::{Protocol, Writer};
use stdx::glob;
use value::Kind;

use crate::options::is;

/// Keys that KEYS visits before it looks at the cursor again.
const KEYS_STEP: usize = 1024;
/// Keys that SCAN visits when it is not told.
const SCAN_COUNT: usize = 10;
/// How often RANDOMKEY draws, while other clients remove the last keys under it.
const RANDOM_DRAWS_MAX: usize = 100;

/// Which keys are wanted.
#[derive(Clone, Default)]
struct Filter {
    pattern: Option<Vec<u8>>,
    kind: Option<Kind>,
}

/// Keys found on a shard, as the elements of a reply.
#[derive(Default)]
struct Found {
    bulks: Vec<u8>,
    count: usize,
    visited: usize,
    /// Where the shard's table goes on; 0 at its end.
    cursor: u64,
}

impl Filter {
    fn set_pattern(&mut self, pattern: &[u8]) {
        self.pattern = (pattern != b"*").then(|| pattern.to_vec());
    }

    fn wants(&self, key: &[u8], entry: Entry<'_>) -> bool {
        self.kind.is_none_or(|kind| entry.kind() == kind)
            && self.pattern.as_ref().is_none_or(|pattern| glob::matches(pattern, key, false))
    }

    /// Visits about `count` keys of this shard from a cursor of its table on. What is done with
    /// wanted keys whose time has come is left to `on_expired`.
    fn scan(
        &self,
        context: &Context<'_>,
        cursor: u64,
        count: usize,
        mut on_expired: impl FnMut(&[u8]),
    ) -> Found {
        let mut found = Found::default();
        let mut bulks = Writer::new(&mut found.bulks, Protocol::Resp2);
        let visit = |key: &[u8], entry: Entry<'_>, is_expired| {
            found.visited += 1;
            if !self.wants(key, entry) {
                return;
            }
            if is_expired {
                on_expired(key);
            } else {
                found.count += 1;
                bulks.bulk(key);
            }
        };
        found.cursor = context.keyspace.scan_with_expired(context.db, cursor, count, visit);
        found
    }

    /// The same, and removes wanted keys whose time has come.
    fn scan_and_expire(&self, context: &mut Context<'_>, cursor: u64, count: usize) -> Found {
        let mut expired = Vec::new();
        let found = self.scan(context, cursor, count, |key| expired.push(key.to_vec()));
        for key in expired {
            context.remove_expired(Key::new(&key));
        }
        found
    }
}

impl Found {
    fn add(&mut self, more: Found) {
        self.bulks.extend_from_slice(&more.bulks);
        self.count += more.count;
        self.visited += more.visited;
        self.cursor = more.cursor;
    }
}

/// A call of SCAN.
struct ScanRequest {
    cursor: u64,
    count: usize,
    filter: Filter,
}

impl ScanRequest {
    fn parse(args: Args<'_>) -> Result<Self> {
        let cursor = stdx::ascii::parse(args.at(1)).ok_or(Error::InvalidCursor)?;
        let mut request = Self { cursor, count: SCAN_COUNT, filter: Filter::default() };
        let mut words = args.words_from(2);
        while let Some(word) = words.next_word() {
            if is(word, "COUNT") {
                let count = usize::try_from(words.int()?).ok().filter(|count| *count > 0);
                request.count = count.ok_or(Error::Syntax)?;
            } else if is(word, "MATCH") {
                request.filter.set_pattern(words.value()?);
            } else if is(word, "TYPE") {
                request.filter.kind = Some(parse_kind(words.value()?)?);
            } else if is(word, "NOVALUES") {
                return Err(Error::new("NOVALUES option can only be used in HSCAN"));
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(request)
    }
}

fn parse_kind(name: &[u8]) -> Result<Kind> {
    Kind::ALL
        .into_iter()
        .find(|kind| is(name, kind.name()))
        .ok_or_else(|| Error::quoting("unknown type name '", name, "'"))
}

/// SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]
///
/// The cursor goes through the shards as well: it is the table's cursor times the number of
/// shards, plus the shard. With one shard it is the table's own.
pub(super) fn scan(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(async move {
        let ScanRequest { cursor, count, filter } = ScanRequest::parse(plan.args())?;
        let shards = plan.shard_count() as u64;
        let mut shard = cursor % shards;
        let mut found = Found { cursor: cursor / shards, ..Found::default() };
        loop {
            let (filter, cursor, wanted) = (filter.clone(), found.cursor, count - found.visited);
            let job =
                move |context: &mut Context<'_>| filter.scan_and_expire(context, cursor, wanted);
            found.add(plan.on_shard(shard as usize, job).await);
            if found.cursor == 0 {
                shard += 1;
            }
            if found.cursor != 0 || shard == shards || found.visited >= count {
                break;
            }
        }
        // Behind the last shard is the beginning.
        let next = if shard == shards { 0 } else { found.cursor * shards + shard };
        let mut reply = plan.reply();
        reply.array(2);
        reply.bulk(next.to_string().as_bytes());
        reply.array(found.count);
        reply.raw(&found.bulks);
        Ok(())
    })
}

/// KEYS pattern
pub(super) fn keys(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut filter = Filter::default();
    filter.set_pattern(args.at(1));
    let mut found = Found::default();
    loop {
        found.add(filter.scan(context, found.cursor, KEYS_STEP, |_| {}));
        if found.cursor == 0 {
            break;
        }
    }
    reply.array(found.count);
    reply.raw(&found.bulks);
    Ok(())
}

/// RANDOMKEY
pub(super) fn randomkey(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(async move {
        for _ in 0..RANDOM_DRAWS_MAX {
            let lens = lens(plan).await;
            let Some(shard) = owner_of(plan.random(), &lens) else { break };
            let key = plan.on_shard(shard, |context| {
                context.keyspace.random_key(context.db).map(|entry| entry.key().to_vec())
            });
            if let Some(key) = key.await {
                plan.reply().bulk(&key);
                return Ok(());
            }
        }
        plan.reply().null();
        Ok(())
    })
}

/// How many keys each shard has.
async fn lens(plan: &Plan) -> Vec<u64> {
    let hops: Vec<_> = (0..plan.shard_count())
        .map(|shard| plan.on_shard(shard, |context| context.keyspace.len(context.db) as u64))
        .collect();
    let mut lens = Vec::with_capacity(hops.len());
    for hop in hops {
        lens.push(hop.await);
    }
    lens
}

/// The shard of the key that a random number picks out of all; `None` if there are no keys.
fn owner_of(random: u64, lens: &[u64]) -> Option<usize> {
    let mut rank = random.checked_rem(lens.iter().sum())?;
    lens.iter().position(|len| match rank.checked_sub(*len) {
        None => true,
        Some(rest) => {
            rank = rest;
            false
        }
    })
}

#[cfg(test)]
mod tests;
