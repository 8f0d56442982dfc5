//! PFMERGE.

use command::{Args, Result};
use engine::{Context, Plan, PlanFuture};
use keyspace::{Edit, Key};
use resp::Writer;
use value::hyperloglog::{self, Encoding, REGISTERS, Registers};

use super::count::copy_of;
use super::{CORRUPT, PFADD, hll_of};
use crate::effect::log_whole;

/// What the sources, and the target, have counted together.
struct Union {
    registers: Box<Registers>,
    /// Whether one of them is dense: then the target becomes so.
    is_dense: bool,
}

impl Union {
    fn new() -> Self {
        Self { registers: Box::new([0; REGISTERS]), is_dense: false }
    }

    fn add(&mut self, hll: &[u8], encoding: Encoding) -> Result {
        self.is_dense |= encoding == Encoding::Dense;
        hyperloglog::merge(hll, &mut self.registers).map_err(|_| CORRUPT)
    }

    /// Makes the target hold it; its own registers are part of it.
    fn store(&self, target: &mut Edit<'_>, sparse_bytes_max: usize) -> Result {
        let old = target.entry().map(hll_of).transpose()?;
        let mut hll = old.map_or_else(hyperloglog::empty, |(bytes, _)| bytes.to_vec());
        hyperloglog::raise_all(&mut hll, &self.registers, self.is_dense, sparse_bytes_max)
            .map_err(|_| CORRUPT)?;
        hyperloglog::forget_count(&mut hll);
        target.set_bits(hll, target.expire_at_ms());
        target.event(PFADD);
        Ok(())
    }
}

/// PFMERGE destkey [sourcekey ...]
pub(super) fn pfmerge(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut union = Union::new();
    for index in 1..args.len() {
        if let Some(entry) = context.read(context.key(args, index)) {
            let (hll, encoding) = hll_of(entry)?;
            union.add(hll, encoding)?;
        }
    }
    store(context, context.key(args, 1), &union)?;
    reply.ok();
    Ok(())
}

/// PFMERGE of keys on several shards.
pub(super) fn pfmerge_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(async move {
        let hops: Vec<_> =
            (1..plan.args().len()).map(|index| plan.on_key(index, copy_of)).collect();
        let mut union = Union::new();
        for hop in hops {
            if let Some(hll) = hop.await? {
                let encoding = hyperloglog::encoding(&hll).expect("it was looked at there");
                union.add(&hll, encoding)?;
            }
        }
        let stored = plan.on_key(1, move |context, key| {
            store(context, key, &union)?;
            log_whole(&mut context.edit(key));
            Ok::<_, command::Error>(())
        });
        stored.await?;
        plan.reply().ok();
        Ok(())
    })
}

fn store(context: &mut Context<'_>, key: Key<'_>, union: &Union) -> Result {
    let sparse_bytes_max = context.limits.values.hll_sparse_max_bytes;
    union.store(&mut context.edit(key), sparse_bytes_max)
}

#[cfg(test)]
mod tests;
