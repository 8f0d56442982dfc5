//! PFADD.

use command::{Args, Result};
use engine::Context;
use resp::Writer;
use value::hyperloglog::{self, Encoding};

use super::{CORRUPT, hll_of};

/// PFADD key [element ...]
pub(super) fn pfadd(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let sparse_bytes_max = context.limits.values.hll_sparse_max_bytes;
    let elements = args.iter_from(2);
    let mut edit = context.edit(context.key(args, 1));
    let old = edit.entry().map(hll_of).transpose()?;
    let changes = if let Some((_, Encoding::Dense)) = old {
        let mut buffer = edit.string_buffer().expect("it is a string");
        let changes = hyperloglog::add_dense(buffer.bytes_mut(), elements);
        if changes > 0 {
            hyperloglog::forget_count(buffer.bytes_mut());
        }
        changes
    } else {
        let is_new = old.is_none();
        let mut hll = match old {
            None => hyperloglog::empty(),
            Some((bytes, _)) if bytes.len() > hyperloglog::BYTES_MAX => return Err(CORRUPT),
            Some((bytes, _)) => bytes.to_vec(),
        };
        let added = hyperloglog::add(&mut hll, elements, sparse_bytes_max);
        let changes = added.map_err(|_| CORRUPT)? + usize::from(is_new);
        if changes > 0 {
            hyperloglog::forget_count(&mut hll);
            edit.set_bits(hll, edit.expire_at_ms());
        }
        changes
    };
    edit.count(changes);
    reply.integer(i64::from(changes > 0));
    Ok(())
}

#[cfg(test)]
mod tests;
