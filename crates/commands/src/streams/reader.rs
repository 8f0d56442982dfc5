//! What a consumer of a group gets.

use command::Result;
use engine::Context;
use keyspace::{Edit, Key};
use resp::Writer;
use value::stream::{Entry, Stream, StreamId};

use super::groups::{NEW_CONSUMER, log_claim, log_position};
use super::pending::COUNT_MAX;
use super::read::{write_entry, write_fields, write_id};
use super::xread::Budget;

/// A consumer of a group.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pub(super) group: Vec<u8>,
    pub(super) consumer: Vec<u8>,
    /// Whether what is delivered counts as acknowledged.
    pub(super) no_ack: bool,
    /// What was pending for so long is taken over.
    pub(super) claim_idle_ms: Option<i64>,
}

/// What a call took over, and what it found gone from the stream.
#[derive(Default)]
struct Claimed {
    ids: Vec<StreamId>,
    gone: Vec<StreamId>,
}

/// An entry with how long it was idle and how often it was delivered before.
fn write_claimed(reply: &mut Writer<'_>, entry: &Entry<'_>, idle_ms: i64, count: u64) {
    reply.array(4);
    write_fields(reply, entry);
    reply.integer(idle_ms);
    reply.integer(count as i64);
}

impl Reader {
    /// Notes that the consumer reads; answers whether it is new.
    fn greet(&self, stream: &mut Stream, now_ms: i64) -> bool {
        let Some(mut group) = stream.group_mut(&self.group) else { return false };
        let is_new = group.add_consumer(&self.consumer, now_ms);
        if let Some(consumer) = group.consumer_mut(&self.consumer) {
            consumer.seen_ms = now_ms;
        }
        is_new
    }

    fn log_new_consumer(&self, edit: &mut Edit<'_>) {
        let key = edit.key().bytes;
        edit.event(NEW_CONSUMER);
        edit.log(&[b"XGROUP", b"CREATECONSUMER", key, &self.group, &self.consumer]);
    }

    /// Replies entries that were pending for long, if the call claims them, and those that the
    /// group has not delivered, and delivers them. Answers whether there were some; else nothing
    /// is replied.
    pub(super) fn deliver(
        &self,
        context: &mut Context<'_>,
        key: Key<'_>,
        budget: &mut Budget,
        reply: &mut Writer<'_>,
    ) -> Result<bool> {
        let now_ms = context.now_ms();
        let mut edit = context.edit(key);
        let Some(stream) = edit.get_mut::<Stream>()? else { return Ok(false) };
        let is_new = self.greet(stream, now_ms);
        let mut entries = Vec::new();
        let mut out = Writer::new(&mut entries, reply.protocol());
        let claimed = match self.claim_idle_ms {
            Some(idle_ms) => self.claim(stream, idle_ms, now_ms, budget, &mut out),
            None => Claimed::default(),
        };
        let delivered = self.read_new(stream, budget, &mut out);
        for id in &delivered {
            stream.advance(&self.group, *id);
        }
        if let Some(mut group) = stream.group_mut(&self.group) {
            if !self.no_ack {
                for id in &delivered {
                    group.deliver(*id, &self.consumer, now_ms, 1);
                }
            }
            let got_some = !claimed.ids.is_empty() || !delivered.is_empty() && !self.no_ack;
            if got_some && let Some(consumer) = group.consumer_mut(&self.consumer) {
                consumer.active_ms = Some(now_ms);
            }
        }
        let (written, gone) = (claimed.ids.len() + delivered.len(), claimed.gone.len());
        edit.count(usize::from(is_new || written + gone > 0));
        // Deliveries themselves are no event.
        edit.silent();
        if is_new {
            self.log_new_consumer(&mut edit);
        }
        for id in &claimed.gone {
            edit.log(&[b"XACK", key.bytes, &self.group, id.to_string().as_bytes()]);
        }
        let own = if self.no_ack { &[] } else { delivered.as_slice() };
        for id in claimed.ids.iter().chain(own) {
            log_claim(&mut edit, &self.group, *id)?;
        }
        if !delivered.is_empty() {
            log_position(&mut edit, &self.group)?;
        }
        if written == 0 {
            return Ok(false);
        }
        reply.array(written);
        reply.raw(&entries);
        Ok(true)
    }

    /// Takes over what has been pending for long, beginning with what was released.
    fn claim(
        &self,
        stream: &mut Stream,
        idle_ms: i64,
        now_ms: i64,
        budget: &mut Budget,
        out: &mut Writer<'_>,
    ) -> Claimed {
        let Some(group) = stream.group(&self.group) else { return Claimed::default() };
        let (mut claimed, mut counts) = (Claimed::default(), Vec::new());
        for (id, pending) in group.by_time() {
            let is_free = pending.consumer.is_none();
            if !is_free && now_ms.saturating_sub(pending.delivered_ms) < idle_ms {
                break;
            }
            if !stream.contains(id) {
                claimed.gone.push(id);
                continue;
            }
            let idle_ms = if is_free { -1 } else { now_ms - pending.delivered_ms };
            let write = |out: &mut Writer<'_>| {
                stream.range(id, id, false, |entry| {
                    write_claimed(out, entry, idle_ms, pending.count);
                    false
                });
            };
            if !budget.write(out, write) {
                break;
            }
            counts.push(pending.count.saturating_add(1).min(COUNT_MAX));
            claimed.ids.push(id);
        }
        if let Some(mut group) = stream.group_mut(&self.group) {
            for id in &claimed.gone {
                group.acknowledge(*id);
            }
            for (id, count) in claimed.ids.iter().zip(counts) {
                group.deliver(*id, &self.consumer, now_ms, count);
            }
        }
        claimed
    }

    /// Writes what the group has not delivered, as far as the budget goes.
    fn read_new(
        &self,
        stream: &Stream,
        budget: &mut Budget,
        out: &mut Writer<'_>,
    ) -> Vec<StreamId> {
        let mut delivered = Vec::new();
        let after = stream.group(&self.group).and_then(|group| group.last_id.next());
        let Some(first) = after else { return delivered };
        stream.range(first, StreamId::MAX, false, |entry| {
            let goes_on = budget.write(out, |out| match self.claim_idle_ms {
                Some(_) => write_claimed(out, entry, 0, 0),
                None => write_entry(out, entry),
            });
            if goes_on {
                delivered.push(entry.id);
            }
            goes_on
        });
        delivered
    }

    /// Replies what the consumer has pending behind an id; deleted entries come without fields.
    pub(super) fn write_history(
        &self,
        context: &mut Context<'_>,
        key: Key<'_>,
        after: StreamId,
        budget: &mut Budget,
        reply: &mut Writer<'_>,
    ) -> Result {
        let now_ms = context.now_ms();
        let mut edit = context.edit(key);
        let Some(stream) = edit.get_mut::<Stream>()? else { return Ok(()) };
        let is_new = self.greet(stream, now_ms);
        let consumer = stream.group(&self.group).and_then(|group| group.consumer(&self.consumer));
        let ids = consumer.zip(after.next()).map(|(own, first)| own.pending.range(first..));
        let (mut found, mut written, mut entries) = (Vec::new(), 0, Vec::new());
        let mut out = Writer::new(&mut entries, reply.protocol());
        for id in ids.into_iter().flatten() {
            let mut is_there = false;
            let write = |out: &mut Writer<'_>| {
                is_there = write_one(out, stream, *id);
                if !is_there {
                    out.array(2);
                    write_id(out, *id);
                    out.null_array();
                }
            };
            if !budget.write(&mut out, write) {
                break;
            }
            written += 1;
            found.extend(is_there.then_some(*id));
        }
        reply.array(written);
        reply.raw(&entries);
        if let Some(mut group) = stream.group_mut(&self.group) {
            for id in &found {
                if let Some(pending) = group.pending().get(id).copied() {
                    let (count, at_ms) = (pending.count + 1, now_ms);
                    group.deliver(*id, &self.consumer, at_ms, count);
                }
            }
        }
        if is_new {
            self.log_new_consumer(&mut edit);
        }
        // Looking at what one has is no change, though it is noted when and how often.
        edit.count(usize::from(is_new));
        Ok(())
    }
}

/// Writes an entry; answers whether it is there.
pub(super) fn write_one(reply: &mut Writer<'_>, stream: &Stream, id: StreamId) -> bool {
    let mut found = false;
    stream.range(id, id, false, |entry| {
        write_entry(reply, entry);
        found = true;
        false
    });
    found
}
