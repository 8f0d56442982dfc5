//! Reading entries: ranges, and what is new.

use command::{Args, Error, Result};
use engine::{Context, Plan, PlanFuture, Wait};
use keyspace::Key;
use resp::{Protocol, Writer};
use value::stream::{Entry, Stream, StreamId};

use super::groups::{Reader, no_group};
use super::ids::{end, exact, start};
use crate::elements;
use crate::options::is;
use crate::waiting;

/// A key's stream, to be read.
pub(super) fn read<'a>(context: &'a mut Context<'_>, key: Key<'_>) -> Result<Option<&'a Stream>> {
    let entry = context.read(key);
    Ok(entry.map(|entry| entry.get::<Stream>()).transpose()?)
}

pub(super) fn write_id(reply: &mut Writer<'_>, id: StreamId) {
    reply.bulk(id.to_string().as_bytes());
}

/// An entry as id and fields with values.
pub(super) fn write_entry(reply: &mut Writer<'_>, entry: &Entry<'_>) {
    reply.array(2);
    write_id(reply, entry.id);
    reply.array(2 * entry.len);
    entry.each(|field, value| {
        elements::write(reply, field);
        elements::write(reply, value);
    });
}

/// Writes entries between two ids, up to `count` if that is not 0; answers how many.
pub(super) fn write_range(
    reply: &mut Writer<'_>,
    stream: &Stream,
    (start, end): (StreamId, StreamId),
    is_reverse: bool,
    count: usize,
) -> usize {
    let mut written = 0;
    let mut entries = Vec::new();
    let mut out = Writer::new(&mut entries, reply.protocol());
    stream.range(start, end, is_reverse, |entry| {
        write_entry(&mut out, entry);
        written += 1;
        written != count
    });
    reply.array(written);
    reply.raw(&entries);
    written
}

/// XLEN key
pub(super) fn xlen(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    reply.integer(read(context, context.key(args, 1))?.map_or(0, Stream::len) as i64);
    Ok(())
}

/// XRANGE key start end [COUNT count]
pub(super) fn xrange(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    range(context, args, reply, false)
}

/// XREVRANGE key end start [COUNT count]
pub(super) fn xrevrange(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    range(context, args, reply, true)
}

fn range(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
    is_reverse: bool,
) -> Result {
    let (first, last) = if is_reverse { (3, 2) } else { (2, 3) };
    let ends = (start(args.at(first))?, end(args.at(last))?);
    let mut count = None;
    let mut words = args.words_from(4);
    while let Some(word) = words.next_word() {
        if !is(word, "COUNT") || words.remaining() == 0 {
            return Err(Error::Syntax);
        }
        count = Some(usize::try_from(words.int()?).unwrap_or(0));
    }
    match read(context, context.key(args, 1))? {
        Some(_) if count == Some(0) => reply.null_array(),
        Some(stream) => {
            write_range(reply, stream, ends, is_reverse, count.unwrap_or(0));
        }
        None => reply.array(0),
    }
    Ok(())
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

/// A call of XREAD or XREADGROUP.
#[derive(Clone, Debug)]
struct Request {
    /// 0 for any number.
    count: usize,
    reader: Option<Reader>,
    wait: Wait,
    /// Where the keys are; as many ids follow.
    keys: std::ops::Range<usize>,
}

impl Request {
    fn parse(args: Args<'_>, is_group: bool) -> Result<Self> {
        let (mut count, mut wait, mut group, mut no_ack) = (0, Wait::No, None, false);
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
            } else if is(word, "STREAMS") && more > 0 {
                break;
            } else if is(word, "GROUP") && more >= 2 {
                if !is_group {
                    return Err(Error::new(
                        "The GROUP option is only supported by XREADGROUP. You called XREAD \
                         instead.",
                    ));
                }
                group = Some((args.at(at + 1).to_vec(), args.at(at + 2).to_vec()));
                at += 3;
            } else if is(word, "NOACK") {
                if !is_group {
                    return Err(Error::new(
                        "The NOACK option is only supported by XREADGROUP. You called XREAD \
                         instead.",
                    ));
                }
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
        let reader = group.map(|(group, consumer)| Reader { group, consumer, no_ack });
        Ok(Self { count, reader, wait, keys: first..first + words / 2 })
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
                let last = stream.and_then(|stream| stream.last_id.prev());
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
    ) -> Result<Option<Vec<u8>>> {
        let mut out = Vec::new();
        let mut reply = Writer::new(&mut out, protocol);
        if !reply.is_resp3() {
            reply.array(2);
        }
        reply.bulk(key.bytes);
        let has_some = match (&self.reader, from) {
            (None, From::After(id)) => match (read(context, key)?, id.next()) {
                (Some(stream), Some(first)) if stream.last_entry_id() > id => {
                    let ends = (first, StreamId::MAX);
                    write_range(&mut reply, stream, ends, false, self.count) > 0
                }
                _ => false,
            },
            (Some(reader), From::After(id)) => {
                reader.write_history(context, key, id, self.count, &mut reply)?;
                true
            }
            (Some(reader), _) => reader.deliver(context, key, self.count, &mut reply)?,
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
    let mut parts = Vec::new();
    for (at, from) in request.keys.clone().zip(&from) {
        let key = context.key(args, at);
        parts.extend(request.serve(context, key, *from, reply.protocol())?);
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
    let mut parts = Vec::new();
    for (at, from) in request.keys.clone().zip(from.clone()) {
        let asked = request.clone();
        let served = plan.on_key(at, move |context, key| asked.serve(context, key, from, protocol));
        parts.extend(served.await?);
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

/// XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]
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

/// XREADGROUP GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK]
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
