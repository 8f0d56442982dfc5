//! DEBUG POPULATE: many keys at once.

use std::ops::Range;

use command::{Error, Result};
use engine::Context;
use keyspace::Key;

use crate::command::{LaterFuture, Request};
use crate::core::Core;

/// Keys per step, between which others run.
const STEP: u64 = 4096;

/// What is to be made.
#[derive(Clone, Debug)]
struct Plan {
    prefix: Vec<u8>,
    /// Length of the values; `None`: as they come.
    value_bytes: Option<usize>,
}

impl Plan {
    fn key(&self, number: u64) -> Vec<u8> {
        [&self.prefix[..], b":", number.to_string().as_bytes()].concat()
    }

    fn value(&self, number: u64) -> Vec<u8> {
        let mut value = format!("value:{number}").into_bytes();
        if let Some(bytes) = self.value_bytes {
            value.resize(bytes, 0);
        }
        value
    }
}

/// POPULATE count [prefix [size]]
pub(super) fn populate(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let args = request.args();
        let count = positive(args.int(2)?)?;
        let value_bytes = match args.get(4) {
            Some(_) => Some(positive(args.int(4)?)? as usize),
            None => None,
        };
        let bytes_max = request.core.config().clients.proto_max_bulk_len_bytes;
        if value_bytes.is_some_and(|bytes| bytes as u64 > bytes_max) {
            return Err(Error::StringTooLong);
        }
        let plan = Plan { prefix: args.get(3).unwrap_or(b"key").to_vec(), value_bytes };
        let db = usize::from(request.client.db.get());
        let mut start = 0;
        while start < count {
            let end = count.min(start + STEP);
            step(&request.core, db, &plan, start..end).await;
            start = end;
            request.core.let_others_go_on().await;
        }
        request.reply().ok();
        Ok(())
    })
}

fn positive(number: i64) -> Result<u64> {
    u64::try_from(number).map_err(|_| Error::new("value is out of range, must be positive"))
}

async fn step(core: &Core, db: usize, plan: &Plan, numbers: Range<u64>) {
    let mut of_shard = vec![Vec::new(); core.router.shard_count()];
    for number in numbers {
        of_shard[core.router.owner(&plan.key(number))].push(number);
    }
    // All are sent before the first is awaited, so that the shards work side by side.
    let hops: Vec<_> = of_shard
        .into_iter()
        .enumerate()
        .map(|(shard, numbers)| {
            let plan = plan.clone();
            core.router.hop(shard, db, move |context| make(context, &plan, &numbers))
        })
        .collect();
    for hop in hops {
        hop.await;
    }
}

/// Makes the keys that are not there.
fn make(context: &mut Context<'_>, plan: &Plan, numbers: &[u64]) {
    for &number in numbers {
        let key = plan.key(number);
        let mut edit = context.edit(Key::new(&key));
        if !edit.exists() {
            edit.set(&plan.value(number), None);
            edit.silent();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_are_those_of_redis() {
        let mut plan = Plan { prefix: b"key".to_vec(), value_bytes: None };
        assert_eq!(plan.key(7), b"key:7");
        assert_eq!(plan.value(7), b"value:7");
        plan.value_bytes = Some(9);
        assert_eq!(plan.value(7), b"value:7\0\0");
        plan.value_bytes = Some(3);
        assert_eq!(plan.value(7), b"val");
    }

    #[test]
    fn counts_are_not_negative() {
        assert_eq!(positive(5), Ok(5));
        assert!(positive(-1).is_err());
    }
}
