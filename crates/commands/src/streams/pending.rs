//! What is pending, and who takes it over.

use command::{Args, Error, Result};
use engine::Context;
use keyspace::Edit;
use resp::Writer;
use value::stream::{Group, Pending, Stream, StreamId};

use super::groups::{NEW_CONSUMER, log_claim, log_position, no_group};
use super::ids::{end, exact, start};
use super::read::{read, write_id};
use super::reader::write_one;
use crate::options::is;

/// XPENDING key group [[IDLE min-idle-time] start end count [consumer]]
pub(super) fn xpending(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let details = match args.len() {
        3 => None,
        6..=9 => Some(Details::parse(args)?),
        _ => return Err(Error::Syntax),
    };
    let now_ms = context.now_ms();
    let (key, group) = (args.at(1), args.at(2));
    let stream = read(context, context.key(args, 1))?;
    let group =
        stream.and_then(|stream| stream.group(group)).ok_or_else(|| no_group(key, group, ""))?;
    match details {
        None => write_summary(group, reply),
        Some(details) => details.write(group, now_ms, reply),
    }
    Ok(())
}

fn write_summary(group: &Group, reply: &mut Writer<'_>) {
    let pending = group.pending();
    reply.array(4);
    reply.integer(pending.len() as i64);
    let (Some(first), Some(last)) = (pending.first_key_value(), pending.last_key_value()) else {
        reply.null();
        reply.null();
        reply.null_array();
        return;
    };
    write_id(reply, *first.0);
    write_id(reply, *last.0);
    let busy = || group.consumers().iter().filter(|(_, consumer)| !consumer.pending.is_empty());
    reply.array(busy().count());
    for (name, consumer) in busy() {
        reply.array(2);
        reply.bulk(name);
        reply.bulk_integer(consumer.pending.len() as i64);
    }
}

/// Which pending entries are wanted.
struct Details {
    idle_ms_min: i64,
    start: StreamId,
    end: StreamId,
    count: usize,
    consumer: Option<Vec<u8>>,
}

impl Details {
    fn parse(args: Args<'_>) -> Result<Self> {
        let (mut at, mut idle_ms_min) = (3, 0);
        if is(args.at(3), "IDLE") {
            idle_ms_min = args.int(4)?;
            if args.len() < 8 {
                return Err(Error::Syntax);
            }
            at = 5;
        }
        let count = usize::try_from(args.int(at + 2)?).unwrap_or(0);
        let (start, end) = (start(args.at(at))?, end(args.at(at + 1))?);
        let consumer = args.get(at + 3).map(<[u8]>::to_vec);
        Ok(Self { idle_ms_min, start, end, count, consumer })
    }

    fn write(&self, group: &Group, now_ms: i64, reply: &mut Writer<'_>) {
        let consumer = self.consumer.as_deref().map(|name| group.consumer(name));
        if matches!(consumer, Some(None)) || self.start > self.end {
            reply.array(0);
            return;
        }
        let (all, range) = (group.pending(), self.start..=self.end);
        let wanted = |(_, pending): &(&StreamId, &Pending)| {
            self.idle_ms_min == 0 || now_ms - pending.delivered_ms >= self.idle_ms_min
        };
        let found: Vec<(&StreamId, &Pending)> = match consumer.flatten() {
            Some(consumer) => {
                let own = consumer.pending.range(range).filter_map(|id| all.get_key_value(id));
                own.filter(wanted).take(self.count).collect()
            }
            None => all.range(range).filter(wanted).take(self.count).collect(),
        };
        reply.array(found.len());
        for (id, pending) in found {
            reply.array(4);
            write_id(reply, *id);
            reply.bulk(group.owner(pending));
            // Nobody's has been idle for no known time.
            reply.integer(match pending.consumer {
                Some(_) => (now_ms - pending.delivered_ms).max(0),
                None => -1,
            });
            reply.integer(pending.count as i64);
        }
    }
}

/// How XCLAIM takes entries over.
#[derive(Default)]
pub(super) struct Claim {
    pub(super) idle_ms_min: i64,
    pub(super) delivered_ms: i64,
    count: Option<u64>,
    force: bool,
    just_id: bool,
    last_id: StreamId,
}

/// The highest number of deliveries.
pub(super) const COUNT_MAX: u64 = i64::MAX as u64;

impl Claim {
    /// The options behind the ids.
    fn parse(args: Args<'_>, from: usize, idle_ms_min: i64, now_ms: i64) -> Result<Self> {
        let mut claim = Self { idle_ms_min, delivered_ms: now_ms, ..Self::default() };
        let int = |word: &[u8], error| stdx::number::parse_i64(word).ok_or(Error::new(error));
        let mut words = args.words_from(from);
        while let Some(word) = words.next_word() {
            let more = words.remaining() > 0;
            if is(word, "FORCE") {
                claim.force = true;
            } else if is(word, "JUSTID") {
                claim.just_id = true;
            } else if is(word, "IDLE") && more {
                let idle = int(words.value()?, "Invalid IDLE option argument for XCLAIM")?;
                claim.delivered_ms = now_ms.saturating_sub(idle);
            } else if is(word, "TIME") && more {
                claim.delivered_ms =
                    int(words.value()?, "Invalid TIME option argument for XCLAIM")?;
            } else if is(word, "RETRYCOUNT") && more {
                let count = int(words.value()?, "Invalid RETRYCOUNT option argument for XCLAIM")?;
                claim.count = u64::try_from(count).ok();
            } else if is(word, "LASTID") && more {
                claim.last_id = exact(words.value()?, 0)?;
            } else {
                return Err(Error::quoting("Unrecognized XCLAIM option '", word, "'"));
            }
        }
        // A time that cannot be is taken for now: clients reckon with clocks of their own.
        if !(0..=now_ms).contains(&claim.delivered_ms) {
            claim.delivered_ms = now_ms;
        }
        Ok(claim)
    }

    /// Takes an entry over; answers whether it did.
    pub(super) fn take(
        &self,
        group: &mut Group,
        id: StreamId,
        consumer: &[u8],
        now_ms: i64,
    ) -> bool {
        let old = group.pending().get(&id).copied();
        let count = match old {
            None if !self.force => return false,
            // As if delivered once.
            None => 1,
            Some(old) => {
                if self.idle_ms_min > 0 && now_ms - old.delivered_ms < self.idle_ms_min {
                    return false;
                }
                old.count
            }
        };
        let more = count.saturating_add(u64::from(!self.just_id)).min(COUNT_MAX);
        let count = self.count.unwrap_or(more);
        group.deliver(id, consumer, self.delivered_ms, count);
        if let Some(consumer) = group.consumer_mut(consumer) {
            consumer.active_ms = Some(now_ms);
        }
        true
    }
}

/// Makes sure of a consumer and notes that it was seen; answers whether it is new.
fn greet(group: &mut Group, consumer: &[u8], now_ms: i64) -> bool {
    let is_new = group.add_consumer(consumer, now_ms);
    if let Some(consumer) = group.consumer_mut(consumer) {
        consumer.seen_ms = now_ms;
    }
    is_new
}

/// The group of a call, if its key has it.
fn check_group(edit: &Edit<'_>, args: Args<'_>) -> Result {
    let stream = edit.get::<Stream>()?;
    match stream.and_then(|stream| stream.group(args.at(2))) {
        Some(_) => Ok(()),
        None => Err(no_group(args.at(1), args.at(2), "")),
    }
}

/// What a call took over, and what it found gone from the stream.
#[derive(Default)]
struct Outcome {
    taken: Vec<StreamId>,
    gone: Vec<StreamId>,
    is_new_consumer: bool,
    /// Whether the group was moved on.
    is_advanced: bool,
}

impl Outcome {
    /// Logs it: with times fixed.
    fn log(&self, edit: &mut Edit<'_>, group: &[u8], consumer: &[u8]) -> Result {
        let key = edit.key().bytes;
        // Claims themselves are no event.
        edit.silent();
        if self.is_new_consumer {
            edit.event(NEW_CONSUMER);
            edit.log(&[b"XGROUP", b"CREATECONSUMER", key, group, consumer]);
        }
        for id in &self.gone {
            edit.log(&[b"XACK", key, group, id.to_string().as_bytes()]);
        }
        if self.is_advanced && self.taken.is_empty() {
            log_position(edit, group)?;
        }
        for id in &self.taken {
            log_claim(edit, group, *id)?;
        }
        Ok(())
    }

    fn write(&self, stream: &Stream, just_id: bool, reply: &mut Writer<'_>) {
        reply.array(self.taken.len());
        for id in &self.taken {
            if just_id || !write_one(reply, stream, *id) {
                write_id(reply, *id);
            }
        }
    }
}

/// XCLAIM key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-ms]
/// [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID last-id]
pub(super) fn xclaim(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let now_ms = context.now_ms();
    let mut edit = context.edit(context.key(args, 1));
    check_group(&edit, args)?;
    let idle = stdx::number::parse_i64(args.at(4));
    let idle = idle.ok_or(Error::new("Invalid min-idle-time argument for XCLAIM"))?.max(0);
    let ids: Vec<StreamId> = args.iter_from(5).map_while(|word| exact(word, 0).ok()).collect();
    let claim = Claim::parse(args, 5 + ids.len(), idle, now_ms)?;
    let Some(stream) = edit.get_mut::<Stream>()? else { return Ok(()) };
    let mut outcome = Outcome::default();
    let exist: Vec<bool> = ids.iter().map(|id| stream.contains(*id)).collect();
    if let Some(mut group) = stream.group_mut(args.at(2)) {
        outcome.is_advanced = claim.last_id > group.last_id;
        group.last_id = group.last_id.max(claim.last_id);
        outcome.is_new_consumer = greet(&mut group, args.at(3), now_ms);
        for (id, exists) in ids.iter().zip(exist) {
            if !exists {
                if group.acknowledge(*id).is_some() {
                    outcome.gone.push(*id);
                }
            } else if claim.take(&mut group, *id, args.at(3), now_ms) {
                outcome.taken.push(*id);
            }
        }
    }
    outcome.write(stream, claim.just_id, reply);
    let changes = outcome.taken.len() + outcome.gone.len();
    edit.count(changes + usize::from(outcome.is_advanced || outcome.is_new_consumer));
    outcome.log(&mut edit, args.at(2), args.at(3))
}

/// XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]
pub(super) fn xautoclaim(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    /// Pending entries that are looked at for each one wanted.
    const ATTEMPTS: usize = 10;
    const COUNT_MAX: i64 = i64::MAX / 16;
    let now_ms = context.now_ms();
    let idle = stdx::number::parse_i64(args.at(4));
    let idle = idle.ok_or(Error::new("Invalid min-idle-time argument for XAUTOCLAIM"))?.max(0);
    let begin = start(args.at(5))?;
    let (mut count, mut just_id) = (100, false);
    let mut words = args.words_from(6);
    while let Some(word) = words.next_word() {
        if is(word, "COUNT") && words.remaining() > 0 {
            let number = stdx::number::parse_i64(words.value()?);
            let number = number.filter(|number| (1..=COUNT_MAX).contains(number));
            count = number.ok_or(Error::new("COUNT must be > 0"))? as usize;
        } else if is(word, "JUSTID") {
            just_id = true;
        } else {
            return Err(Error::Syntax);
        }
    }
    let mut edit = context.edit(context.key(args, 1));
    check_group(&edit, args)?;
    let Some(stream) = edit.get_mut::<Stream>()? else { return Ok(()) };
    let claim = Claim { idle_ms_min: idle, delivered_ms: now_ms, just_id, ..Claim::default() };
    let mut outcome = Outcome::default();
    let candidates: Vec<StreamId> = match stream.group(args.at(2)) {
        Some(group) => {
            let most = count.saturating_mul(ATTEMPTS).saturating_add(1);
            group.pending().range(begin..).take(most).map(|(id, _)| *id).collect()
        }
        None => Vec::new(),
    };
    let (mut attempts, mut next) = (count.saturating_mul(ATTEMPTS), StreamId::MIN);
    let exist: Vec<bool> = candidates.iter().map(|id| stream.contains(*id)).collect();
    if let Some(mut group) = stream.group_mut(args.at(2)) {
        outcome.is_new_consumer = greet(&mut group, args.at(3), now_ms);
        for (id, exists) in candidates.iter().zip(exist) {
            if attempts == 0 || count == 0 {
                next = *id;
                break;
            }
            attempts -= 1;
            if !exists {
                group.acknowledge(*id);
                outcome.gone.push(*id);
                count -= 1;
            } else if claim.take(&mut group, *id, args.at(3), now_ms) {
                outcome.taken.push(*id);
                count -= 1;
            }
        }
    }
    reply.array(3);
    write_id(reply, next);
    outcome.write(stream, just_id, reply);
    reply.array(outcome.gone.len());
    outcome.gone.iter().for_each(|id| write_id(reply, *id));
    let changes = outcome.taken.len() + outcome.gone.len();
    edit.count(changes + usize::from(outcome.is_new_consumer));
    outcome.log(&mut edit, args.at(2), args.at(3))
}
