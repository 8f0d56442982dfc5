//! Several strings at once.

use command::{Args, Error, Result, Words};
use engine::{Context, Plan, PlanFuture};
use keyspace::Key;
use resp::Writer;

use super::set::{After, SET, store, store_logged};
use super::write_string;
use crate::expiry::Expire;
use crate::options::{choose, is};

/// MGET key [key ...]
pub(super) fn mget(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    reply.array(args.len() - 1);
    for index in 1..args.len() {
        let entry = context.read(context.key(args, index));
        write_string(reply, entry.and_then(|entry| entry.string().ok()));
    }
    Ok(())
}

/// MSET key value [key value ...]
pub(super) fn mset(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    for at in Pairs::all(args, "mset")?.keys() {
        let mut edit = context.edit(context.key(args, at));
        edit.set(args.at(at + 1), None);
        edit.event(SET);
    }
    reply.ok();
    Ok(())
}

/// Where the keys and values of a call are.
#[derive(Clone, Copy)]
struct Pairs {
    first: usize,
    count: usize,
}

impl Pairs {
    /// All arguments.
    fn all(args: Args<'_>, command: &str) -> Result<Self> {
        match args.len() % 2 {
            1 => Ok(Self { first: 1, count: args.len() / 2 }),
            _ => Err(Error::WrongArity(command.into())),
        }
    }

    /// The positions of the keys; each is followed by its value.
    fn keys(self) -> impl Iterator<Item = usize> {
        (0..self.count).map(move |pair| self.first + pair * 2)
    }
}

/// What must be true of all keys before any is set.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    AllAbsent,
    AllPresent,
}

impl Condition {
    fn allows(self, exists: bool) -> bool {
        exists == (self == Self::AllPresent)
    }
}

/// A call that sets all of its keys or none.
#[derive(Clone, Copy)]
struct Request<'a> {
    pairs: Pairs,
    condition: Option<Condition>,
    expire: Option<Expire<'a>>,
    command: &'static str,
}

impl<'a> Request<'a> {
    /// MSETNX key value [key value ...]
    fn msetnx(args: Args<'a>) -> Result<Self> {
        let pairs = Pairs::all(args, "msetnx")?;
        let condition = Some(Condition::AllAbsent);
        Ok(Self { pairs, condition, expire: None, command: "msetnx" })
    }

    /// MSETEX numkeys key value [key value ...] [NX | XX]
    /// [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]
    fn msetex(args: Args<'a>) -> Result<Self> {
        let count = stdx::number::parse_i64(args.at(1))
            .filter(|count| (1..=i64::from(i32::MAX)).contains(count))
            .ok_or(Error::new("invalid numkeys value"))?;
        let pairs = Pairs { first: 2, count: count as usize };
        let options_at = pairs.first + pairs.count * 2;
        if options_at > args.len() {
            return Err(Error::new("wrong number of key-value pairs"));
        }
        let mut request = Self { pairs, condition: None, expire: None, command: "msetex" };
        request.parse_options(args.words_from(options_at))?;
        Ok(request)
    }

    fn parse_options(&mut self, mut words: Words<'a>) -> Result {
        while let Some(word) = words.next_word() {
            if is(word, "NX") {
                choose(&mut self.condition, Condition::AllAbsent)?;
            } else if is(word, "XX") {
                choose(&mut self.condition, Condition::AllPresent)?;
            } else if is(word, "KEEPTTL") {
                choose(&mut self.expire, Expire::Keep)?;
            } else if let Some(moment) = Expire::moment(word, &mut words)? {
                choose(&mut self.expire, moment)?;
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(())
    }

    fn allows(&self, exists: bool) -> bool {
        self.condition.is_none_or(|condition| condition.allows(exists))
    }

    fn after(&self, now_ms: i64) -> Result<After> {
        After::of(self.expire, now_ms, self.command)
    }
}

/// MSETNX, when one shard has all keys.
pub(super) fn msetnx(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    set_all(context, args, reply, &Request::msetnx(args)?)
}

/// MSETEX, when one shard has all keys.
pub(super) fn msetex(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    set_all(context, args, reply, &Request::msetex(args)?)
}

fn set_all(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
    request: &Request<'_>,
) -> Result {
    let after = request.after(context.now_ms())?;
    let mut keys = request.pairs.keys();
    let allowed = keys.all(|at| request.allows(exists(context, context.key(args, at))));
    if allowed {
        for at in request.pairs.keys() {
            store(&mut context.edit(context.key(args, at)), args.at(at + 1), after);
        }
    }
    reply.integer(i64::from(allowed));
    Ok(())
}

fn exists(context: &Context<'_>, key: Key<'_>) -> bool {
    context.keyspace.peek(context.db, key).is_some()
}

/// MSETNX over several shards.
pub(super) fn msetnx_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(set_all_across(plan, |args| Request::msetnx(args)))
}

/// MSETEX over several shards.
pub(super) fn msetex_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(set_all_across(plan, |args| Request::msetex(args)))
}

async fn set_all_across(
    plan: &mut Plan,
    parse: for<'a> fn(Args<'a>) -> Result<Request<'a>>,
) -> Result {
    let request = parse(plan.args())?;
    let keys = request.pairs.keys();
    let checks: Vec<_> = keys
        .map(|at| plan.on_key(at, |context, key| (exists(context, key), context.now_ms())))
        .collect();
    let mut allowed = true;
    let mut moment_ms = None;
    for check in checks {
        let (exists, now_ms) = check.await;
        allowed &= request.allows(exists);
        // One moment for all keys, whichever shard they are on.
        moment_ms.get_or_insert(now_ms);
    }
    let after = request.after(moment_ms.expect("there is at least one key"))?;
    if allowed {
        let keys = request.pairs.keys();
        let sets: Vec<_> = keys.map(|at| set_on_owner(plan, at, after)).collect();
        for set in sets {
            set.await;
        }
    }
    plan.reply().integer(i64::from(allowed));
    Ok(())
}

fn set_on_owner(plan: &Plan, at: usize, after: After) -> impl Future<Output = ()> + use<> {
    let value = plan.args().at(at + 1).to_vec();
    plan.on_key(at, move |context, key| store_logged(&mut context.edit(key), &value, after))
}

#[cfg(test)]
mod tests;
