//! Entries in and out.

use command::{Args, Error, Result};
use engine::Context;
use keyspace::{Edit, Event};
use resp::Writer;
use value::stream::{NotAdded, Stream, StreamId, Trim};

use super::ids::{Wanted, exact};
use super::references::{Fate, References, forget};
use crate::options::is;

/// How XADD and XTRIM trim.
#[derive(Clone, Copy, Debug)]
struct Trimming {
    what: Trim,
    is_approximate: bool,
    /// The most entries that may go; 0 for any number.
    limit: usize,
    references: References,
}

/// The options before an entry's id, or all of XTRIM's.
struct Options {
    trimming: Option<Trimming>,
    makes_stream: bool,
    wanted: Option<Wanted>,
    /// Where the id is, or the end.
    at: usize,
}

impl Options {
    fn parse(args: Args<'_>, is_add: bool, entries_per_block: usize) -> Result<Self> {
        let (mut what, mut is_approximate, mut limit) = (None, false, None);
        let (mut makes_stream, mut wanted, mut references) = (true, None, References::Keep);
        let mut at = 2;
        while let Some(word) = args.get(at) {
            let more = args.len() - 1 - at;
            let is_trim = more > 0 && (is(word, "MAXLEN") || is(word, "MINID"));
            if is_add && word == b"*" {
                wanted = Some(Wanted::New);
                break;
            } else if is_trim {
                if what.is_some() {
                    return Err(Error::new(
                        "syntax error, MAXLEN and MINID options at the same time are not compatible",
                    ));
                }
                is_approximate = more >= 2 && args.at(at + 1) == b"~";
                at += usize::from(more >= 2 && matches!(args.at(at + 1), b"~" | b"="));
                what = Some(parse_trim(word, args, at + 1)?);
                at += 1;
            } else if more > 0 && is(word, "LIMIT") {
                let number = args.int(at + 1)?;
                let error = Error::new("The LIMIT argument must be >= 0.");
                limit = Some(usize::try_from(number).map_err(|_| error)?);
                at += 1;
            } else if is_add && is(word, "NOMKSTREAM") {
                makes_stream = false;
            } else if let Some(choice) = References::parse(word) {
                references = choice;
            } else if is_add {
                wanted = Some(Wanted::parse(word)?);
                break;
            } else {
                return Err(Error::Syntax);
            }
            at += 1;
        }
        let trimming = check(what, is_approximate, limit, is_add, entries_per_block)?;
        let trimming = trimming.map(|trimming| Trimming { references, ..trimming });
        Ok(Self { trimming, makes_stream, wanted, at })
    }
}

fn parse_trim(word: &[u8], args: Args<'_>, at: usize) -> Result<Trim> {
    if is(word, "MINID") {
        return exact(args.at(at), 0).map(Trim::MinId);
    }
    let most = usize::try_from(args.int(at)?);
    Ok(Trim::MaxLen(most.map_err(|_| Error::new("The MAXLEN argument must be >= 0."))?))
}

fn check(
    what: Option<Trim>,
    is_approximate: bool,
    limit: Option<usize>,
    is_add: bool,
    entries_per_block: usize,
) -> Result<Option<Trimming>> {
    if what.is_none() && limit.is_some_and(|limit| limit > 0) {
        return Err(Error::new(
            "syntax error, LIMIT cannot be used without specifying a trimming strategy",
        ));
    }
    let Some(what) = what else {
        return match is_add {
            true => Ok(None),
            false => Err(Error::new("syntax error, XTRIM must be called with a trimming strategy")),
        };
    };
    if limit.is_some() && !is_approximate {
        return Err(Error::new("syntax error, LIMIT cannot be used without the special ~ option"));
    }
    // A hundred blocks, unless the call says otherwise.
    let usual = match entries_per_block {
        0 => 10_000,
        entries => entries.saturating_mul(100).min(1_000_000),
    };
    let limit = if is_approximate { limit.unwrap_or(usual) } else { 0 };
    Ok(Some(Trimming { what, is_approximate, limit, references: References::Keep }))
}

impl Trimming {
    fn run(self, stream: &mut Stream) -> usize {
        match self.references {
            References::Keep => stream.trim(self.what, self.is_approximate, self.limit),
            references => references.trim(stream, self.what, self.limit),
        }
    }

    /// The options by which a replay trims the same: an approximation could come out otherwise
    /// there. One that minds references goes by entries, and so is repeated as it was.
    fn outcome(self, stream: &Stream) -> Vec<Vec<u8>> {
        if let Some(references) = self.references.word() {
            let (option, bound) = match self.what {
                Trim::MaxLen(most) => ("MAXLEN", most.to_string()),
                Trim::MinId(min) => ("MINID", min.to_string()),
            };
            let limit = self.limit.to_string();
            let words: &[&str] = match self.is_approximate {
                true => &[option, "~", &bound, "LIMIT", &limit, references],
                false => &[option, "=", &bound, references],
            };
            return words.iter().map(|word| word.as_bytes().to_vec()).collect();
        }
        let (option, bound) = match self.what {
            Trim::MaxLen(_) => ("MAXLEN", stream.len().to_string()),
            Trim::MinId(_) => ("MINID", stream.first_id().to_string()),
        };
        vec![option.into(), b"=".to_vec(), bound.into_bytes()]
    }
}

/// Entries went because the stream was too long.
const XTRIM: Event = Event::stream("xtrim");
/// Entries were deleted.
const XDEL: Event = Event::stream("xdel");

/// XADD key [NOMKSTREAM] [KEEPREF | DELREF | ACKED]
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

/// XTRIM key MAXLEN | MINID [= | ~] threshold [LIMIT count] [KEEPREF | DELREF | ACKED]
pub(super) fn xtrim(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let limits = context.limits.values;
    let options = Options::parse(args, false, limits.stream_node_max_entries)?;
    let mut edit = context.edit(context.key(args, 1));
    let (Some(stream), Some(trimming)) = (edit.get_mut::<Stream>()?, options.trimming) else {
        reply.integer(0);
        return Ok(());
    };
    let removed = trimming.run(stream);
    reply.integer(removed as i64);
    if removed > 0 {
        let outcome = trimming.outcome(stream);
        let mut logged: Vec<&[u8]> = vec![b"XTRIM", args.at(1)];
        logged.extend(outcome.iter().map(Vec::as_slice));
        edit.log(&logged);
    }
    edit.count_as(removed, XTRIM);
    Ok(())
}

/// Ids from an argument on.
pub(super) fn ids(args: Args<'_>, from: usize) -> Result<Vec<StreamId>> {
    args.iter_from(from).map(|word| exact(word, 0)).collect()
}

/// XDEL key id [id ...]
pub(super) fn xdel(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut edit = context.edit(context.key(args, 1));
    if edit.get::<Stream>()?.is_none() {
        reply.integer(0);
        return Ok(());
    }
    let ids = ids(args, 2)?;
    let deleted = match edit.get_mut::<Stream>()? {
        Some(stream) => ids.into_iter().filter(|id| stream.delete(*id)).count(),
        None => 0,
    };
    edit.count_as(deleted, XDEL);
    reply.integer(deleted as i64);
    Ok(())
}

/// `[KEEPREF | DELREF | ACKED] IDS numids id [id ...]` from an argument on.
pub(super) fn chosen(args: Args<'_>, from: usize) -> Result<(References, Vec<StreamId>)> {
    let (mut references, mut found) = (References::Keep, None);
    let mut at = from;
    while let Some(word) = args.get(at) {
        if let Some(choice) = References::parse(word) {
            references = choice;
            at += 1;
        } else if is(word, "IDS") && found.is_none() && at + 1 < args.len() {
            let count = args.int(at + 1).ok().and_then(|count| usize::try_from(count).ok());
            let count = count.filter(|count| *count > 0);
            let count = count.ok_or(Error::new("Number of IDs must be a positive integer"))?;
            if count > args.len() - (at + 2) {
                return Err(Error::new(
                    "The `numids` parameter must match the number of arguments",
                ));
            }
            let words = args.iter_from(at + 2).take(count);
            found = Some(words.map(|word| exact(word, 0)).collect::<Result<Vec<_>>>()?);
            at += 2 + count;
        } else {
            return Err(Error::Syntax);
        }
    }
    Ok((references, found.ok_or(Error::Syntax)?))
}

/// XDELEX key [KEEPREF | DELREF | ACKED] IDS numids id [id ...]
pub(super) fn xdelex(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let (references, ids) = chosen(args, 2)?;
    let mut edit = context.edit(context.key(args, 1));
    let (mut changes, mut deleted) = (0, 0);
    reply.array(ids.len());
    let mut stream = edit.get_mut::<Stream>()?;
    for id in ids {
        let mut fate = Fate::Absent;
        if let Some(stream) = &mut stream {
            let was_pending = references == References::Delete && forget(stream, id);
            fate = references.delete(stream, id);
            changes += usize::from(was_pending || fate == Fate::Deleted);
            deleted += usize::from(fate == Fate::Deleted);
        }
        reply.integer(fate as i64);
    }
    tell_deleted(&mut edit, deleted);
    edit.count(changes);
    Ok(())
}

/// Tells that so many entries were deleted, if any.
pub(super) fn tell_deleted(edit: &mut Edit<'_>, entries: usize) {
    match entries {
        0 => edit.silent(),
        _ => edit.event(XDEL),
    }
}

/// XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]
pub(super) fn xsetid(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let id = exact(args.at(2), 0)?;
    let (mut entries_added, mut max_deleted) = (None, StreamId::MIN);
    let mut words = args.words_from(3);
    while let Some(word) = words.next_word() {
        if is(word, "ENTRIESADDED") && words.remaining() > 0 {
            let added = words.int()?;
            let added = u64::try_from(added);
            entries_added = Some(added.map_err(|_| Error::new("entries_added must be positive"))?);
        } else if is(word, "MAXDELETEDID") && words.remaining() > 0 {
            max_deleted = exact(words.value()?, 0)?;
            if id < max_deleted {
                return Err(Error::new(
                    "The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
                ));
            }
        } else {
            return Err(Error::Syntax);
        }
    }
    let mut edit = context.edit(context.key(args, 1));
    check_last_id(edit.get::<Stream>()?.ok_or(Error::NoSuchKey)?, id, entries_added)?;
    set_last_id(&mut edit, id, entries_added, max_deleted)?;
    reply.ok();
    Ok(())
}

fn check_last_id(stream: &Stream, id: StreamId, entries_added: Option<u64>) -> Result {
    if id < stream.max_deleted_id {
        return Err(Error::new(
            "The ID specified in XSETID is smaller than current max_deleted_entry_id",
        ));
    }
    if !stream.is_empty() && id < stream.last_entry_id() {
        return Err(Error::new(
            "The ID specified in XSETID is smaller than the target stream top item",
        ));
    }
    if !stream.is_empty() && entries_added.is_some_and(|added| (stream.len() as u64) > added) {
        return Err(Error::new(
            "The entries_added specified in XSETID is smaller than the target stream length",
        ));
    }
    Ok(())
}

fn set_last_id(
    edit: &mut Edit<'_>,
    id: StreamId,
    entries_added: Option<u64>,
    max_deleted: StreamId,
) -> Result {
    if let Some(stream) = edit.get_mut::<Stream>()? {
        stream.last_id = id;
        stream.entries_added = entries_added.unwrap_or(stream.entries_added);
        if max_deleted != StreamId::MIN {
            stream.max_deleted_id = max_deleted;
        }
        edit.event(Event::stream("xsetid"));
    }
    Ok(())
}
