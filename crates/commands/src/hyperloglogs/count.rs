//! PFCOUNT.

use command::{Args, Result};
use engine::{Context, Plan, PlanFuture};
use keyspace::Key;
use resp::Writer;
use value::hyperloglog::{self, REGISTERS, Registers};

use super::{CORRUPT, hll_of};

/// PFCOUNT key [key ...]
pub(super) fn pfcount(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let count = match args.len() {
        2 => count_one(context, context.key(args, 1))?,
        _ => {
            let mut registers = Box::new([0; REGISTERS]);
            for index in 1..args.len() {
                merge_key(context, context.key(args, index), &mut registers)?;
            }
            hyperloglog::count_registers(&registers)
        }
    };
    reply.integer(count as i64);
    Ok(())
}

/// PFCOUNT of keys on several shards.
pub(super) fn pfcount_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(async move {
        let hops: Vec<_> =
            (1..plan.args().len()).map(|index| plan.on_key(index, copy_of)).collect();
        let mut registers = Box::new([0; REGISTERS]);
        for hop in hops {
            if let Some(hll) = hop.await? {
                hyperloglog::merge(&hll, &mut registers).map_err(|_| CORRUPT)?;
            }
        }
        plan.reply().integer(hyperloglog::count_registers(&registers) as i64);
        Ok(())
    })
}

/// The cardinality of one key, which is kept with it until an element is added.
fn count_one(context: &mut Context<'_>, key: Key<'_>) -> Result<u64> {
    let Some(entry) = context.read(key) else { return Ok(0) };
    let (hll, _) = hll_of(entry)?;
    if let Some(count) = hyperloglog::cached_count(hll) {
        return Ok(count);
    }
    let count = hyperloglog::count(hll).map_err(|_| CORRUPT)?;
    let mut edit = context.edit(key);
    let mut buffer = edit.string_buffer().expect("it is a string");
    hyperloglog::cache_count(buffer.bytes_mut(), count);
    edit.silent();
    Ok(count)
}

/// Raises registers to those of a key, if it exists.
fn merge_key(context: &mut Context<'_>, key: Key<'_>, registers: &mut Registers) -> Result {
    let Some(entry) = context.read(key) else { return Ok(()) };
    let (hll, _) = hll_of(entry)?;
    hyperloglog::merge(hll, registers).map_err(|_| CORRUPT)
}

/// A key's HyperLogLog, for another shard.
pub(super) fn copy_of(context: &mut Context<'_>, key: Key<'_>) -> Result<Option<Vec<u8>>> {
    let Some(entry) = context.read(key) else { return Ok(None) };
    let (hll, _) = hll_of(entry)?;
    if hll.len() > hyperloglog::BYTES_MAX { Err(CORRUPT) } else { Ok(Some(hll.to_vec())) }
}

#[cfg(test)]
mod tests;
