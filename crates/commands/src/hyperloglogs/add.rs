//! PFADD.

use command::{Args, Result};
use engine::Context;
use resp::Writer;
use value::hyperloglog::{self, Encoding};

use super::{CORRUPT, PFADD, hll_of};

/// PFADD key [element ...]
pub(super) fn pfadd(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let sparse_bytes_max = context.limits.values.hll_sparse_max_bytes;
    let mut edit = context.edit(context.key(args, 1));
    let old = edit.entry().map(hll_of).transpose()?;
    if let Some((_, Encoding::Dense)) = old {
        let mut buffer = edit.string_buffer().expect("it is a string");
        let changes = add_dense(buffer.bytes_mut(), args);
        edit.count_as(changes, PFADD);
        reply.integer(i64::from(changes > 0));
        return Ok(());
    }
    let is_new = old.is_none();
    let mut hll = match old {
        None => hyperloglog::empty(),
        Some((bytes, _)) if bytes.len() > hyperloglog::BYTES_MAX => return Err(CORRUPT),
        Some((bytes, _)) => bytes.to_vec(),
    };
    let (changes, result) = add(&mut hll, args, sparse_bytes_max);
    let changes = changes + usize::from(is_new);
    if changes > 0 {
        // Even if it turned out to be corrupt: what was counted before stays.
        hyperloglog::forget_count(&mut hll);
        edit.set_bits(hll, edit.expire_at_ms());
    }
    if result.is_err() {
        // Of that Redis says nothing.
        edit.count(changes);
        edit.silent();
        return result;
    }
    edit.count_as(changes, PFADD);
    reply.integer(i64::from(changes > 0));
    Ok(())
}

/// Counts the call's elements into dense registers. Answers how many of them changed one.
fn add_dense(hll: &mut [u8], args: Args<'_>) -> usize {
    let added = args.iter_from(2).filter(|element| hyperloglog::add_dense(hll, element));
    let changes = added.count();
    if changes > 0 {
        hyperloglog::forget_count(hll);
    }
    changes
}

/// Counts the call's elements in, up to where the registers turn out not to add up. Answers how
/// many of them changed one.
fn add(hll: &mut Vec<u8>, args: Args<'_>, sparse_bytes_max: usize) -> (usize, Result) {
    let mut changes = 0;
    for element in args.iter_from(2) {
        match hyperloglog::add(hll, element, sparse_bytes_max) {
            Ok(changed) => changes += usize::from(changed),
            Err(hyperloglog::Corrupt) => return (changes, Err(CORRUPT)),
        }
    }
    (changes, Ok(()))
}

#[cfg(test)]
mod tests;
