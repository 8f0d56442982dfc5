//! BITOP: several strings made into one.

use command::{Args, Error, Result};
use engine::{Context, Plan, PlanFuture};
use keyspace::{Edit, Event, Key};
use resp::Writer;
use stdx::number::Decimal;
use value::Kind;
use value::bitmap::{Operation, combine};

use crate::effect::{log_whole, remove_logged};
use crate::options::is;

/// Where the first source is in a call.
const SOURCES_AT: usize = 3;

const OPERATIONS: &[(&str, Operation)] = &[
    ("AND", Operation::And),
    ("OR", Operation::Or),
    ("XOR", Operation::Xor),
    ("NOT", Operation::Not),
    ("DIFF", Operation::Diff),
    ("DIFF1", Operation::Diff1),
    ("ANDOR", Operation::AndOr),
    ("ONE", Operation::One),
];

fn operation(args: Args<'_>) -> Result<Operation> {
    let named = OPERATIONS.iter().find(|(name, _)| is(args.at(1), name));
    let (name, operation) = *named.ok_or(Error::Syntax)?;
    let sources = args.len() - SOURCES_AT;
    match operation {
        Operation::Not if sources != 1 => {
            Err(Error::new("BITOP NOT must be called with a single source key."))
        }
        Operation::Diff | Operation::Diff1 | Operation::AndOr if sources < 2 => {
            let text = format!("BITOP {name} must be called with at least two source keys.");
            Err(Error::made(text))
        }
        _ => Ok(operation),
    }
}

/// BITOP operation destkey key [key ...]
pub(super) fn bitop(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let operation = operation(args)?;
    let keys: Vec<Key<'_>> =
        (SOURCES_AT..args.len()).map(|index| context.key(args, index)).collect();
    for key in &keys {
        let string = context.read(*key).map(|entry| entry.string()).transpose();
        string?;
    }
    let mut texts = vec![Decimal::new(); keys.len()];
    let sources: Vec<&[u8]> = keys
        .iter()
        .zip(&mut texts)
        .map(|(key, text)| {
            let string = context.keyspace.peek(context.db, *key)?.string().ok()?;
            Some(string.bytes(text))
        })
        .map(Option::unwrap_or_default)
        .collect();
    let result = combine(operation, &sources);
    reply.integer(result.len() as i64);
    let mut target = context.edit(context.key(args, 2));
    if result.is_empty() {
        target.remove();
    } else {
        store(&mut target, result);
    }
    Ok(())
}

/// BITOP of keys on several shards.
pub(super) fn bitop_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(async move {
        let operation = operation(plan.args())?;
        let hops: Vec<_> =
            (SOURCES_AT..plan.args().len()).map(|index| plan.on_key(index, read)).collect();
        let mut sources = Vec::new();
        for hop in hops {
            sources.push(hop.await?);
        }
        let slices: Vec<&[u8]> = sources.iter().map(Vec::as_slice).collect();
        let result = combine(operation, &slices);
        plan.reply().integer(result.len() as i64);
        plan.on_key(2, |context, key| store_logged(&mut context.edit(key), result)).await;
        Ok(())
    })
}

fn read(context: &mut Context<'_>, key: Key<'_>) -> Result<Vec<u8>> {
    match context.read(key).map(|entry| entry.string()).transpose() {
        Ok(string) => Ok(string.map_or(Vec::new(), |string| string.to_vec())),
        Err(_) => Err(Error::WrongType),
    }
}

fn store_logged(target: &mut Edit<'_>, result: Vec<u8>) {
    if result.is_empty() {
        remove_logged(target);
    } else {
        store(target, result);
        log_whole(target);
    }
}

fn store(target: &mut Edit<'_>, result: Vec<u8>) {
    target.tell_overwritten(Kind::String);
    target.set_bits(result, None);
    target.event(Event::string("set"));
}

#[cfg(test)]
mod tests;
