//! COPY and MOVE: values that reach another key or another database.

use command::{Args, Error, Result};
use engine::{Context, Plan, PlanFuture};
use keyspace::{Detached, Event, Key};
use resp::Writer;

use crate::effect::log_whole;
use crate::options::{int32, is};

#[derive(Clone, Copy)]
struct CopyOptions {
    target_db: usize,
    replace: bool,
}

impl CopyOptions {
    fn parse(args: Args<'_>, source_db: usize, databases: usize) -> Result<Self> {
        let mut options = Self { target_db: source_db, replace: false };
        let mut words = args.words_from(3);
        while let Some(word) = words.next_word() {
            if is(word, "REPLACE") {
                options.replace = true;
            } else if is(word, "DB") && words.remaining() > 0 {
                options.target_db = database(args, words.position(), databases)?;
                words.value()?;
            } else {
                return Err(Error::Syntax);
            }
        }
        if options.target_db == source_db && args.at(1) == args.at(2) {
            return Err(Error::SameObject);
        }
        Ok(options)
    }

    /// Puts a copy to its target. Answers whether it was put.
    fn put(self, context: &mut Context<'_>, key: Key<'_>, copy: Detached) -> bool {
        let mut target = context.keyspace.edit(self.target_db, key);
        let is_free = self.replace || !target.exists();
        if is_free {
            target.remove_untold();
            target.put(copy);
            target.event(Event::generic("copy_to"));
        }
        is_free
    }
}

/// Argument `index` as the number of a database.
fn database(args: Args<'_>, index: usize, databases: usize) -> Result<usize> {
    let number = int32(args, index)?;
    let number = usize::try_from(number).ok().filter(|number| *number < databases);
    number.ok_or(Error::DbIndexOutOfRange)
}

/// COPY source destination [DB number] [REPLACE]
pub(super) fn copy(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let options = CopyOptions::parse(args, context.db, context.keyspace.databases())?;
    let copy = copy_of(context, context.key(args, 1));
    let copied = copy.is_some_and(|copy| options.put(context, context.key(args, 2), copy));
    reply.integer(i64::from(copied));
    Ok(())
}

/// COPY from one shard to another.
pub(super) fn copy_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(async move {
        let source =
            plan.on_key(1, |context, key| (copy_of(context, key), context.keyspace.databases()));
        let (copy, databases) = source.await;
        let options = CopyOptions::parse(plan.args(), plan.db(), databases)?;
        let copied = match copy {
            None => false,
            Some(copy) => {
                let put = plan.on_key(2, move |context, key| {
                    let copied = options.put(context, key, copy);
                    if copied {
                        log_whole(&mut context.keyspace.edit(options.target_db, key));
                    }
                    copied
                });
                put.await
            }
        };
        plan.reply().integer(i64::from(copied));
        Ok(())
    })
}

fn copy_of(context: &mut Context<'_>, key: Key<'_>) -> Option<Detached> {
    context.read_to_edit(key).copy()
}

/// MOVE key db
pub(super) fn move_key(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let target_db = database(args, 2, context.keyspace.databases())?;
    if target_db == context.db {
        return Err(Error::SameObject);
    }
    let key = context.key(args, 1);
    let is_free = context.keyspace.peek(target_db, key).is_none();
    let moved = if is_free { take(context, key) } else { None };
    reply.integer(i64::from(moved.is_some()));
    if let Some(moved) = moved {
        let (source_db, keyspace) = (context.db, &mut *context.keyspace);
        let mut target = keyspace.edit(target_db, key);
        target.put(moved);
        target.silent();
        drop(target);
        keyspace.news().event(Event::generic("move_from"), source_db, key.bytes);
        keyspace.news().event(Event::generic("move_to"), target_db, key.bytes);
    }
    Ok(())
}

/// Takes a key away; it is told when it has its place.
fn take(context: &mut Context<'_>, key: Key<'_>) -> Option<Detached> {
    let mut source = context.edit(key);
    source.silent();
    source.take()
}

#[cfg(test)]
mod tests;
