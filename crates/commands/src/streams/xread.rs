//! Reading what is new in streams, for oneself or as a consumer of a group.

use command::{Args, Error, Result};
use engine::{Context, Plan, PlanFuture, Wait};
use keyspace::Key;
use resp::{Protocol, Writer};
use value::stream::{Stream, StreamId};

use super::groups::no_group;
use super::ids::exact;
use super::read::{read, write_entry};
use super::reader::Reader;
use crate::options::is;
use crate::waiting;

/// A number above 0.
fn positive(args: Args<'_>, at: usize) -> Option<usize> {
    let number = args.int(at).ok().and_then(|number| usize::try_from(number).ok());
    number.filter(|number| *number > 0)
}

/// Refuses an option that is for consumers of groups only.
fn check_reader(option: &str, is_group: bool) -> Result {
    if is_group {
        return Ok(());
    }
    Err(Error::made(format!(
        "The {option} option is only supported by XREADGROUP. You called XREAD instead."
    )))
}

/// How long an entry must have been pending to be taken over, in milliseconds.
fn idle(word: &[u8]) -> Result<i64> {
    let idle = stdx::number::parse_i64(word);
    match idle.ok_or(Error::new("min-idle-time is not an integer or out of range"))? {
        ..0 => Err(Error::new("min-idle-time must be a positive integer")),
        idle => Ok(idle),
    }
}

/// Writes entries from an id on, as far as the budget goes; answers whether there were some.
fn write_after(
    reply: &mut Writer<'_>,
    stream: &Stream,
    first: StreamId,
    budget: &mut Budget,
) -> bool {
    let (mut entries, mut written) = (Vec::new(), 0);
    let mut out = Writer::new(&mut entries, reply.protocol());
    stream.range(first, StreamId::MAX, false, |entry| {
        let goes_on = budget.write(&mut out, |out| write_entry(out, entry));
        written += usize::from(goes_on);
        goes_on
    });
    reply.array(written);
    reply.raw(&entries);
    written > 0
}

/// From where on a stream is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    After(StreamId),
    /// `$`: what comes from now on.
    Now,
    /// `+`: the last entry.
    Last,
    /// `>`: what the group has not delivered.
    Undelivered,
}

/// What may be replied yet: to a call, and of one of its streams.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    of_stream: usize,
    entries: usize,
    bytes: usize,
    /// Whether there was some entry already: one is replied, however large it is.
    has_some: bool,
}

impl Budget {
    /// Writes an entry, unless that would be too much; answers whether it did.
    pub(super) fn write(
        &mut self,
        out: &mut Writer<'_>,
        write: impl FnOnce(&mut Writer<'_>),
    ) -> bool {
        if self.of_stream == 0 || self.entries == 0 {
            return false;
        }
        let start = out.len();
        write(out);
        let bytes = out.len() - start;
        if self.has_some && bytes > self.bytes {
            out.truncate(start);
            self.entries = 0;
            return false;
        }
        self.of_stream -= 1;
        self.entries -= 1;
        self.bytes = self.bytes.saturating_sub(bytes);
        self.has_some = true;
        true
    }
}

/// A call of XREAD or XREADGROUP.
#[derive(Clone, Debug)]
struct Request {
    /// 0 for any number, of one stream.
    count: usize,
    /// The same of all streams together.
    count_max: Option<usize>,
    bytes_max: Option<usize>,
    reader: Option<Reader>,
    wait: Wait,
    /// Where the keys are; as many ids follow.
    keys: std::ops::Range<usize>,
}

impl Request {
    fn parse(args: Args<'_>, is_group: bool) -> Result<Self> {
        let (mut count, mut wait, mut group, mut no_ack) = (0, Wait::No, None, false);
        let (mut count_max, mut bytes_max, mut claim_idle_ms) = (None, None, None);
        let mut at = 1;
        loop {
            let word = args.get(at).ok_or(Error::Syntax)?;
            let more = args.len() - 1 - at;
            if is(word, "BLOCK") && more > 0 {
                wait = waiting::milliseconds(args.at(at + 1))?;
                at += 2;
            } else if is(word, "COUNT") && more > 0 {
                count = usize::try_from(args.int(at + 1)?).unwrap_or(0);
                at += 2;
            } else if is(word, "MAXCOUNT") && more > 0 {
                let error = Error::new("MAXCOUNT must be a positive integer");
                count_max = Some(positive(args, at + 1).ok_or(error)?);
                at += 2;
            } else if is(word, "MAXSIZE") && more > 0 {
                let error = Error::new("MAXSIZE must be a positive integer");
                bytes_max = Some(positive(args, at + 1).ok_or(error)?);
                at += 2;
            } else if is(word, "CLAIM") && more > 0 {
                check_reader("CLAIM", is_group)?;
                claim_idle_ms = Some(idle(args.at(at + 1))?);
                at += 2;
            } else if is(word, "STREAMS") && more > 0 {
                break;
            } else if is(word, "GROUP") && more >= 2 {
                check_reader("GROUP", is_group)?;
                group = Some((args.at(at + 1).to_vec(), args.at(at + 2).to_vec()));
                at += 3;
            } else if is(word, "NOACK") {
                check_reader("NOACK", is_group)?;
                no_ack = true;
                at += 1;
            } else {
                return Err(Error::Syntax);
            }
        }
        let (first, words) = (at + 1, args.len() - at - 1);
        if !words.is_multiple_of(2) {
            let (name, ids) = match is_group {
                true => ("xreadgroup", "ID or '>'"),
                false => ("xread", "ID, '+', or '$'"),
            };
            return Err(Error::made(format!(
                "Unbalanced '{name}' list of streams: for each stream key an {ids} must be \
                 specified."
            )));
        }
        if is_group && group.is_none() {
            return Err(Error::new("Missing GROUP option for XREADGROUP"));
        }
        if count_max.is_some_and(|most| most < count) {
            return Err(Error::new("MAXCOUNT must be greater than or equal to COUNT"));
        }
        let reader =
            group.map(|(group, consumer)| Reader { group, consumer, no_ack, claim_idle_ms });
        let keys = first..first + words / 2;
        Ok(Self { count, count_max, bytes_max, reader, wait, keys })
    }

    fn budget(&self) -> Budget {
        Budget {
            of_stream: 0,
            entries: self.count_max.unwrap_or(usize::MAX),
            bytes: self.bytes_max.unwrap_or(usize::MAX),
            has_some: false,
        }
    }

    fn id_at(&self, key_at: usize) -> usize {
        key_at + self.keys.len()
    }

    /// The id of a key, as it is written.
    fn from(&self, word: &[u8]) -> Result<From> {
        let is_group = self.reader.is_some();
        match word {
            b"$" if is_group => Err(Error::new(
                "The $ ID is meaningless in the context of XREADGROUP: you want to read the \
                 history of this consumer by specifying a proper ID, or use the > ID to get new \
                 messages. The $ ID would just return an empty result set.",
            )),
            b"+" if is_group => Err(Error::new(
                "The + ID is meaningless in the context of XREADGROUP: you want to read the \
                 history of this consumer by specifying a proper ID, or use the > ID to get new \
                 messages. The + ID would just return an empty result set.",
            )),
            b">" if !is_group => Err(Error::new(
                "The > ID can be specified only when calling XREADGROUP using the GROUP <group> \
                 <consumer> option.",
            )),
            b"$" => Ok(From::Now),
            b"+" => Ok(From::Last),
            b">" => Ok(From::Undelivered),
            _ => exact(word, 0).map(From::After),
        }
    }

    /// Looks at a key before any is read, and says from where on it is.
    fn check(&self, context: &mut Context<'_>, key: Key<'_>, id: &[u8]) -> Result<From> {
        let stream = read(context, key)?;
        if let Some(reader) = &self.reader
            && stream.is_none_or(|stream| stream.group(&reader.group).is_none())
        {
            return Err(no_group(key.bytes, &reader.group, " in XREADGROUP with GROUP option"));
        }
        Ok(match self.from(id)? {
            From::Now => From::After(stream.map_or(StreamId::MIN, |stream| stream.last_id)),
            From::Last => {
                let last = stream.and_then(|stream| stream.last_entry_id().prev());
                From::After(last.unwrap_or(StreamId::MIN))
            }
            other => other,
        })
    }

    /// What a key has for the call: its name and entries; None if nothing.
    fn serve(
        &self,
        context: &mut Context<'_>,
        key: Key<'_>,
        from: From,
        protocol: Protocol,
        budget: &mut Budget,
    ) -> Result<Option<Vec<u8>>> {
        if budget.entries == 0 {
            return Ok(None);
        }
        budget.of_stream = if self.count == 0 { usize::MAX } else { self.count };
        let mut out = Vec::new();
        let mut reply = Writer::new(&mut out, protocol);
        if !reply.is_resp3() {
            reply.array(2);
        }
        reply.bulk(key.bytes);
        let has_some = match (&self.reader, from) {
            (None, From::After(id)) => match (read(context, key)?, id.next()) {
                (Some(stream), Some(first)) if stream.last_entry_id() > id => {
                    write_after(&mut reply, stream, first, budget)
                }
                _ => false,
            },
            (Some(reader), From::After(id)) => {
                reader.write_history(context, key, id, budget, &mut reply)?;
                true
            }
            (Some(reader), _) => reader.deliver(context, key, budget, &mut reply)?,
            (None, _) => false,
        };
        Ok(has_some.then_some(out))
    }

    /// Announces what so many keys have.
    fn announce(reply: &mut Writer<'_>, keys: usize) {
        match reply.protocol() {
            Protocol::Resp2 => reply.array(keys),
            Protocol::Resp3 => reply.map(keys),
        }
    }

    /// The call with ids in the place of `$`, which means another one later.
    fn to_wait(&self, args: Args<'_>, from: &[From]) -> Option<Vec<Vec<u8>>> {
        let ids = self.id_at(self.keys.start)..self.id_at(self.keys.end);
        let is_fixed = |at: usize| args.at(at) != b"$";
        if ids.clone().all(is_fixed) {
            return None;
        }
        let mut words: Vec<Vec<u8>> = args.iter().map(<[u8]>::to_vec).collect();
        for (at, from) in ids.zip(from) {
            if let From::After(id) = from
                && words[at] == b"$"
            {
                words[at] = id.to_string().into_bytes();
            }
        }
        Some(words)
    }
}

fn local(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
    is_group: bool,
) -> Result {
    let request = Request::parse(args, is_group)?;
    let mut from = Vec::with_capacity(request.keys.len());
    for at in request.keys.clone() {
        let (key, id) = (context.key(args, at), args.at(request.id_at(at)));
        from.push(request.check(context, key, id)?);
    }
    let (mut parts, mut budget) = (Vec::new(), request.budget());
    for (at, from) in request.keys.clone().zip(&from) {
        let key = context.key(args, at);
        parts.extend(request.serve(context, key, *from, reply.protocol(), &mut budget)?);
    }
    if parts.is_empty() {
        context.wait_as = request.to_wait(args, &from);
        return Ok(());
    }
    Request::announce(reply, parts.len());
    parts.iter().for_each(|part| reply.raw(part));
    Ok(())
}

async fn across(plan: &mut Plan, is_group: bool) -> Result {
    let request = Request::parse(plan.args(), is_group)?;
    let mut from = Vec::with_capacity(request.keys.len());
    for at in request.keys.clone() {
        let (asked, id) = (request.clone(), plan.args().at(request.id_at(at)).to_vec());
        let checked = plan.on_key(at, move |context, key| asked.check(context, key, &id));
        from.push(checked.await?);
    }
    let protocol = plan.reply().protocol();
    let (mut parts, mut budget) = (Vec::new(), request.budget());
    for (at, from) in request.keys.clone().zip(from.clone()) {
        let (asked, mut left) = (request.clone(), budget);
        let served = plan.on_key(at, move |context, key| {
            let part = asked.serve(context, key, from, protocol, &mut left)?;
            Result::Ok((part, left))
        });
        let (part, left) = served.await?;
        parts.extend(part);
        budget = left;
    }
    if parts.is_empty() {
        plan.wait_as = request.to_wait(plan.args(), &from);
        return Ok(());
    }
    let mut reply = plan.reply();
    Request::announce(&mut reply, parts.len());
    parts.iter().for_each(|part| reply.raw(part));
    Ok(())
}

/// Whether a call takes over what will have been pending for long enough.
pub(super) fn claims(args: Args<'_>) -> bool {
    let reader = Request::parse(args, true).ok().and_then(|request| request.reader);
    reader.is_some_and(|reader| reader.claim_idle_ms.is_some())
}

/// XREAD [COUNT count] [MAXCOUNT count] [MAXSIZE bytes] [BLOCK milliseconds]
/// STREAMS key [key ...] id [id ...]
pub(super) fn xread(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    local(context, args, reply, false)
}

/// XREAD across shards.
pub(super) fn xread_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(across(plan, false))
}

/// How long XREAD waits.
pub(super) fn xread_wait(args: Args<'_>) -> Result<Wait> {
    Request::parse(args, false).map(|request| request.wait)
}

/// XREADGROUP GROUP group consumer [COUNT count] [MAXCOUNT count] [MAXSIZE bytes]
/// [BLOCK milliseconds] [CLAIM min-idle-time] [NOACK]
/// STREAMS key [key ...] id [id ...]
pub(super) fn xreadgroup(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    local(context, args, reply, true)
}

/// XREADGROUP across shards.
pub(super) fn xreadgroup_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(across(plan, true))
}

/// How long XREADGROUP waits.
pub(super) fn xreadgroup_wait(args: Args<'_>) -> Result<Wait> {
    Request::parse(args, true).map(|request| request.wait)
}
