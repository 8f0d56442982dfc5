//! Entries in.

use command::{Args, Error, Result};
use engine::Context;
use keyspace::Event;
use resp::Writer;
use value::stream::{NotAdded, Stream, StreamId};

use super::ids::Wanted;
use super::producers::Named;
use super::remove::XTRIM;
use super::trimming::Options;

/// XADD key [NOMKSTREAM] [KEEPREF | DELREF | ACKED] [IDMPAUTO producer | IDMP producer name]
/// [MAXLEN | MINID [= | ~] threshold [LIMIT count]] * | id field value [field value ...]
pub(super) fn xadd(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let limits = context.limits.values;
    let options = Options::parse(args, true, limits.stream_node_max_entries)?;
    let first = options.at + 1;
    let words = args.len().saturating_sub(first);
    let Some(wanted) = options.wanted.filter(|_| words >= 2 && words.is_multiple_of(2)) else {
        return Err(Error::WrongArity("xadd".to_owned()));
    };
    if wanted == Wanted::Exactly(StreamId::MIN) {
        return Err(Error::new("The ID specified in XADD must be greater than 0-0"));
    }
    let now_ms = context.now_ms();
    let is_recorded = context.keyspace.changes().recording();
    let mut edit = context.edit(context.key(args, 1));
    let existed = edit.exists();
    if !options.makes_stream && !existed {
        reply.null();
        return Ok(());
    }
    let stream = edit.get_or_create::<Stream>()?;
    let pairs = (first..args.len()).step_by(2).map(|at| (args.at(at), args.at(at + 1)));
    let named = options.producer.map(|producer| Named::new(producer, pairs.clone()));
    if let Some(id) = named.as_ref().and_then(|named| named.find(stream, now_ms)) {
        reply.bulk(id.to_string().as_bytes());
        edit.unchanged();
        return Ok(());
    }
    let added = add(stream, wanted, now_ms, pairs, &limits);
    let id = match added {
        Ok(id) => id,
        Err(error) => {
            // A stream that was made for nothing.
            if !existed {
                edit.remove_untold();
            }
            edit.unchanged();
            return Err(error);
        }
    };
    let text = id.to_string();
    reply.bulk(text.as_bytes());
    if let Some(named) = &named {
        named.note(stream, id, now_ms, &limits);
    }
    let trimmed = options.trimming.map_or(0, |trimming| trimming.run(stream));
    // Without trimming, a call with a whole id says itself what it does.
    let is_exact = matches!(wanted, Wanted::Exactly(_)) && options.trimming.is_none();
    let logged_trimming = options.trimming.map(|trimming| trimming.outcome(stream));
    edit.event(Event::stream("xadd"));
    if trimmed > 0 {
        edit.event(XTRIM);
    }
    if !is_recorded || is_exact {
        return Ok(());
    }
    let mut logged: Vec<&[u8]> = Vec::with_capacity(words + 9);
    logged.extend([b"XADD", args.at(1)]);
    logged.extend(logged_trimming.iter().flatten().map(Vec::as_slice));
    logged.push(text.as_bytes());
    logged.extend(args.iter_from(first));
    edit.log(&logged);
    if let Some(named) = named {
        named.log(&mut edit, id);
    }
    Ok(())
}

fn add<'a>(
    stream: &mut Stream,
    wanted: Wanted,
    now_ms: i64,
    pairs: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone,
    limits: &value::Limits,
) -> Result<StreamId> {
    if stream.last_id == StreamId::MAX {
        return Err(Error::new(
            "The stream has exhausted the last possible ID, unable to add more items",
        ));
    }
    let too_low =
        Error::new("The ID specified in XADD is equal or smaller than the target stream top item");
    let id = wanted.resolve(stream.last_id, now_ms).ok_or(too_low.clone())?;
    match stream.append(id, pairs, limits) {
        Ok(()) => Ok(id),
        Err(NotAdded::TooLow) => Err(too_low),
        Err(NotAdded::TooLarge) => Err(Error::new("Elements are too large to be stored")),
    }
}
