//! Producers that name what they add, so that an entry which is sent again is not added again.

use command::{Args, Error, Result};
use engine::Context;
use keyspace::Edit;
use resp::Writer;
use stdx::murmur::murmur64a;
use value::Limits;
use value::stream::{Producers, Stream, StreamId};

use super::ids::exact;
use crate::options::is;

/// An entry's name, and whose it is.
pub(super) struct Named<'a> {
    producer: &'a [u8],
    name: Vec<u8>,
}

impl<'a> Named<'a> {
    /// What XADD's options say; without a name, one is made of what is in the entry.
    pub(super) fn new(
        (producer, name): (&'a [u8], Option<&'a [u8]>),
        pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Self {
        let name = name.map_or_else(|| name_of(pairs), <[u8]>::to_vec);
        Self { producer, name }
    }

    /// The entry that was added by this name, if that is still known. It is counted.
    pub(super) fn find(&self, stream: &mut Stream, now_ms: i64) -> Option<StreamId> {
        let id = stream.producers()?.find(self.producer, &self.name, now_ms)?;
        let (duration_s, size_max) = bounds(stream, &Limits::default());
        stream.producers_or(duration_s, size_max).duplicates += 1;
        Some(id)
    }

    /// Notes the name.
    pub(super) fn note(&self, stream: &mut Stream, id: StreamId, now_ms: i64, limits: &Limits) {
        let (duration_s, size_max) = bounds(stream, limits);
        let producers = stream.producers_or(duration_s, size_max);
        producers.insert(self.producer, &self.name, id, now_ms);
        producers.added += 1;
    }

    pub(super) fn log(&self, edit: &mut Edit<'_>, id: StreamId) {
        let (key, id) = (edit.key().bytes, id.to_string());
        edit.log(&[b"XIDMPRECORD", key, self.producer, &self.name, id.as_bytes()]);
    }
}

/// The name of what is in an entry, in whatever order: 16 bytes.
fn name_of<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Vec<u8> {
    let mut sum = 0_u128;
    for (field, value) in pairs {
        let len = (field.len() as u64).to_le_bytes();
        let pair = [&len[..], field, value].concat();
        let halves = (murmur64a(&pair, 0), murmur64a(&pair, 1));
        sum = sum.wrapping_add(u128::from(halves.0) << 64 | u128::from(halves.1));
    }
    sum.to_le_bytes().to_vec()
}

/// How long and how many names a stream knows.
fn bounds(stream: &Stream, limits: &Limits) -> (u64, usize) {
    let usual = (limits.stream_idmp_duration_s, limits.stream_idmp_maxsize);
    let own = |producers: &Producers| (producers.duration_s(), producers.size_max());
    stream.producers().map_or(usual, own)
}

/// XCFGSET key [IDMP-DURATION seconds] [IDMP-MAXSIZE count]
pub(super) fn xcfgset(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let (mut duration_s, mut size_max) = (None, None);
    let mut words = args.words_from(2);
    while let Some(word) = words.next_word() {
        let (is_duration, is_size) = (is(word, "IDMP-DURATION"), is(word, "IDMP-MAXSIZE"));
        if !is_duration && !is_size || words.remaining() == 0 {
            return Err(Error::Syntax);
        }
        let number = words.int()?;
        if is_duration {
            let error = Error::new("IDMP-DURATION must be between 1 and 86400 seconds");
            duration_s = Some(in_bounds(number, 86_400).ok_or(error)?);
        } else {
            let error = Error::new("IDMP-MAXSIZE must be between 1 and 10000 entries");
            size_max = Some(in_bounds(number, 10_000).ok_or(error)? as usize);
        }
    }
    if duration_s.is_none() && size_max.is_none() {
        return Err(Error::new("At least one parameter must be specified"));
    }
    let limits = context.limits.values;
    let mut edit = context.edit(context.key(args, 1));
    let stream = edit.get_mut::<Stream>()?.ok_or(Error::NoSuchKey)?;
    let usual = bounds(stream, &limits);
    let wanted = (duration_s.unwrap_or(usual.0), size_max.unwrap_or(usual.1));
    stream.producers_or(wanted.0, wanted.1).configure(wanted.0, wanted.1);
    // Both, as the bounds that the call left as they are may be otherwise elsewhere.
    let (duration, size) = (wanted.0.to_string(), wanted.1.to_string());
    let words = [b"XCFGSET", args.at(1), b"IDMP-DURATION", duration.as_bytes()];
    edit.silent();
    edit.log(&[&words[..], &[b"IDMP-MAXSIZE", size.as_bytes()]].concat());
    reply.ok();
    Ok(())
}

fn in_bounds(number: i64, most: u64) -> Option<u64> {
    u64::try_from(number).ok().filter(|number| (1..=most).contains(number))
}

/// XIDMPRECORD key producer name id
pub(super) fn xidmprecord(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let (producer, name) = (args.at(2), args.at(3));
    if producer.is_empty() {
        return Err(Error::new("IDMP requires a non-empty producer ID"));
    }
    if name.is_empty() {
        return Err(Error::new("IDMP requires a non-empty idempotent ID"));
    }
    let id = exact(args.at(4), 0)?;
    let (limits, now_ms) = (context.limits.values, context.now_ms());
    let mut edit = context.edit(context.key(args, 1));
    let stream = edit.get::<Stream>()?.ok_or(Error::NoSuchKey)?;
    if !stream.contains(id) {
        return Err(Error::new("The specified stream ID was deleted or doesn't exist"));
    }
    let producers = stream.producers();
    match producers.and_then(|producers| producers.find(producer, name, now_ms)) {
        Some(other) if other != id => {
            return Err(Error::new("The idempotent ID is already that of another stream ID"));
        }
        Some(_) => {}
        None => {
            if let Some(stream) = edit.get_mut::<Stream>()? {
                let named = Named { producer, name: name.to_vec() };
                named.note(stream, id, now_ms, &limits);
                edit.silent();
            }
        }
    }
    reply.ok();
    Ok(())
}
