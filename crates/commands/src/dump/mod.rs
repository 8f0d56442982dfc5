//! DUMP and RESTORE: values as bytes that other servers take, and back.

use command::flag::{DENYOOM, READONLY, WRITE, category};
use command::{Args, Error, Group, Result, Spec, access};
use engine::{Command, Context, Run};
use keyspace::{ClockKind, Detached, Entry, Event, ValueRef};
use rdb::Object;
use resp::Writer;
use stdx::number::Decimal;

use crate::options::{is, once};

/// The rows, by name.
pub(crate) const COMMANDS: &[Command] = &[
    Command::new(
        Spec::new(Group::Generic, "DUMP key", 2, READONLY)
            .key(access::READ_VALUE)
            .tips(&["nondeterministic_output"])
            .doc("2.6.0", "O(size of the value)", "Gives a value as bytes for RESTORE."),
        Run::Shard(dump),
    ),
    Command::new(
        Spec::new(
            Group::Generic,
            "RESTORE key ttl:int serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds:int] \
             [FREQ frequency:int]",
            -4,
            WRITE | DENYOOM,
        )
        .also(category::DANGEROUS)
        .key(access::OVERWRITE)
        .doc("2.6.0", "O(size of the value)", "Makes a key of bytes that DUMP gave."),
        Run::Shard(restore),
    ),
];

/// DUMP key
fn dump(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let key = context.key(args, 1);
    match context.keyspace.look(context.db, key) {
        Some(entry) => reply.bulk(&payload_of(&entry)),
        None => reply.null(),
    }
    Ok(())
}

/// A value as a payload.
pub fn payload_of(entry: &Entry<'_>) -> Vec<u8> {
    match entry.value() {
        ValueRef::Int(number) => rdb::dump_int(number),
        ValueRef::Bytes(bytes) => rdb::dump_string(bytes),
        ValueRef::Other(value) => rdb::dump_value(value),
    }
}

#[derive(Default)]
struct RestoreOptions {
    replace: bool,
    is_absolute: bool,
    idle_seconds: Option<i64>,
    frequency: Option<i64>,
}

impl RestoreOptions {
    fn parse(args: Args<'_>) -> Result<Self> {
        let mut options = Self::default();
        let mut words = args.words_from(4);
        while let Some(word) = words.next_word() {
            let is_last = words.remaining() == 0;
            if is(word, "REPLACE") {
                options.replace = true;
            } else if is(word, "ABSTTL") {
                options.is_absolute = true;
            } else if is(word, "IDLETIME") && !is_last && options.frequency.is_none() {
                let seconds = words.int()?;
                if seconds < 0 {
                    return Err(Error::new("Invalid IDLETIME value, must be >= 0"));
                }
                once(&mut options.idle_seconds, seconds)?;
            } else if is(word, "FREQ") && !is_last && options.idle_seconds.is_none() {
                let frequency = words.int()?;
                if !(0..=255).contains(&frequency) {
                    return Err(Error::new("Invalid FREQ value, must be >= 0 and <= 255"));
                }
                once(&mut options.frequency, frequency)?;
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(options)
    }
}

/// RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]
fn restore(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let options = RestoreOptions::parse(args)?;
    let (now_ms, clock) = (context.now_ms(), context.keyspace.clock_kind());
    let (limits, sums) = (context.limits.values, !context.limits.skips_checksums);
    let key = context.key(args, 1);
    let mut edit = context.edit(key);
    if edit.exists() && !options.replace {
        return Err(Error::Coded("BUSYKEY Target key name already exists.".into()));
    }
    let ttl_ms = args.int(2)?;
    if ttl_ms < 0 {
        return Err(Error::new("Invalid TTL value, must be >= 0"));
    }
    let object =
        rdb::load_payload_with(args.at(3), &limits, sums).map_err(|error| match error {
            rdb::Error::BadVersionOrChecksum => {
                Error::new("DUMP payload version or checksum are wrong")
            }
            _ => {
                let what = rdb::describe_payload(args.at(3));
                tracing::warn!("RESTORE: {what} integrity check failed: {error}");
                Error::new("Bad data format")
            }
        })?;
    let deadline_ms = match (ttl_ms, options.is_absolute) {
        (0, _) => None,
        (at_ms, true) => Some(at_ms),
        (ttl_ms, false) => Some(now_ms.saturating_add(ttl_ms)),
    };
    reply.ok();
    if deadline_ms.is_some_and(|deadline_ms| deadline_ms <= now_ms) {
        crate::effect::remove_logged(&mut edit);
        return Ok(());
    }
    edit.remove_untold();
    match object {
        Object::String(bytes) => edit.set(&bytes, deadline_ms),
        Object::Value(value) => edit.put(Detached::new(value, deadline_ms)),
    }
    match (clock, options.idle_seconds, options.frequency) {
        (ClockKind::Lru, Some(seconds), _) => {
            edit.set_idle_seconds(seconds.min(i64::from(u32::MAX)) as u32);
        }
        (ClockKind::Lfu, _, Some(frequency)) => edit.set_frequency(frequency as u8),
        _ => {}
    }
    edit.event(Event::generic("restore"));
    if let Some(deadline_ms) = deadline_ms {
        let mut text = Decimal::new();
        let at = text.format(deadline_ms);
        edit.log(&[b"RESTORE", key.bytes, at, args.at(3), b"REPLACE", b"ABSTTL"]);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
