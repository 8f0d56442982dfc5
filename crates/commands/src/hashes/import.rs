//! HIMPORT SET, once the session has put the names of fields to the values.

use command::{Args, Result};
use engine::Context;
use resp::Writer;
use value::{Hash, Value};

use super::HSET;
use crate::effect::log_whole;

/// key field value [field value ...]: makes the key a hash of these, whatever it was. No field
/// comes twice.
pub(super) fn import(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let limits = context.limits.values;
    let fields = || (2..args.len()).step_by(2);
    let mut hash = Hash::new();
    hash.prepare(args.iter_from(2), &limits);
    for at in fields() {
        hash.set(args.at(at), args.at(at + 1), None, &limits);
    }
    let mut edit = context.edit(context.key(args, 1));
    edit.set_value(Value::Hash(hash));
    edit.set_expiry(None);
    edit.count(fields().len());
    edit.event_of(HSET, fields().map(|at| args.at(at)));
    // The names are the session's: a replay has none.
    log_whole(&mut edit);
    reply.ok();
    Ok(())
}
