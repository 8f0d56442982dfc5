//! ZUNION, ZINTER and ZDIFF, what they count, and what they store.

use std::collections::HashMap;

use command::{Args, Error, Result, Words};
use engine::{Context, Plan, PlanFuture};
use keyspace::{Entry, Event, Key};
use resp::Writer;
use stdx::number::{Decimal, parse_f64, parse_i64};
use value::listpack::Item;
use value::{Limits, Set, Zset};

use super::ranges::store;
use super::write_pair;
use crate::effect::log_whole;
use crate::options::is;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Union,
    Inter,
    Diff,
}

impl Operation {
    /// What storing its result is told as.
    fn event(self) -> Event {
        Event::zset(match self {
            Self::Union => "zunionstore",
            Self::Inter => "zinterstore",
            Self::Diff => "zdiffstore",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Members,
    Stored,
    Count,
}

/// How the scores of a member in several sets become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aggregate {
    Sum,
    Min,
    Max,
    /// Every set counts its weight, whatever the score there.
    Count,
}

impl Aggregate {
    fn weighted(self, weight: f64, score: f64) -> f64 {
        if self == Self::Count {
            return weight;
        }
        // 0 times infinity is nothing.
        let product = weight * score;
        if product.is_nan() { 0.0 } else { product }
    }

    fn join(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Sum | Self::Count => {
                // Infinities of both signs cancel out.
                let sum = a + b;
                if sum.is_nan() { 0.0 } else { sum }
            }
            Self::Min => {
                if b < a {
                    b
                } else {
                    a
                }
            }
            Self::Max => {
                if b > a {
                    b
                } else {
                    a
                }
            }
        }
    }
}

/// A call, understood.
#[derive(Clone, Debug)]
struct Request {
    operation: Operation,
    answer: Answer,
    keys: std::ops::Range<usize>,
    /// Empty for 1 each.
    weights: Vec<f64>,
    aggregate: Aggregate,
    with_scores: bool,
    /// Where to stop counting.
    limit: usize,
}

impl Request {
    /// `numkeys key [key ...]`; for the errors, the command's name.
    fn keys(args: Args<'_>, operation: Operation, answer: Answer, name: &str) -> Result<Self> {
        let at = if answer == Answer::Stored { 2 } else { 1 };
        let count = parse_i64(args.at(at)).ok_or(Error::NotInteger)?;
        if count < 1 {
            return Err(Error::made(format!(
                "at least 1 input key is needed for '{name}' command"
            )));
        }
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count > args.len() - (at + 1) {
            return Err(Error::Syntax);
        }
        Ok(Self {
            operation,
            answer,
            keys: at + 1..at + 1 + count,
            weights: Vec::new(),
            aggregate: Aggregate::Sum,
            with_scores: false,
            limit: usize::MAX,
        })
    }

    /// What follows the keys; Redis looks at it after the keys' types.
    fn options(&mut self, args: Args<'_>) -> Result {
        let mut words = args.words_from(self.keys.end);
        let combines = self.answer != Answer::Count && self.operation != Operation::Diff;
        while let Some(word) = words.next_word() {
            if combines && is(word, "WEIGHTS") && words.remaining() >= self.keys.len() {
                self.weights = weights(&mut words, self.keys.len())?;
            } else if combines && is(word, "AGGREGATE") && words.remaining() > 0 {
                self.aggregate = match words.value()? {
                    word if is(word, "SUM") => Aggregate::Sum,
                    word if is(word, "MIN") => Aggregate::Min,
                    word if is(word, "MAX") => Aggregate::Max,
                    word if is(word, "COUNT") => Aggregate::Count,
                    _ => return Err(Error::Syntax),
                };
            } else if self.answer == Answer::Members && is(word, "WITHSCORES") {
                self.with_scores = true;
            } else if self.answer == Answer::Count && is(word, "LIMIT") && words.remaining() > 0 {
                let limit = parse_i64(words.value()?).and_then(|limit| usize::try_from(limit).ok());
                self.limit = match limit.ok_or(Error::new("LIMIT can't be negative"))? {
                    0 => usize::MAX,
                    limit => limit,
                };
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(())
    }

    fn weight(&self, set: usize) -> f64 {
        self.weights.get(set).copied().unwrap_or(1.0)
    }

    /// The result; of sets in the order of the keys, None for keys that do not exist.
    fn result(&self, sets: &[Option<Input<'_>>], limits: &Limits) -> Zset {
        let mut result = match self.operation {
            Operation::Union => self.union(sets),
            Operation::Inter => self.inter(sets),
            Operation::Diff => self.diff(sets),
        };
        result.settle(limits);
        result
    }

    /// The sets that exist with their weights, the smallest first.
    fn by_size<'a>(&self, sets: &[Option<Input<'a>>]) -> Vec<(f64, Input<'a>)> {
        let sets = sets.iter().enumerate();
        let mut sets: Vec<(f64, Input<'a>)> =
            sets.filter_map(|(at, set)| Some((self.weight(at), (*set)?))).collect();
        sets.sort_by_key(|(_, set)| set.len());
        sets
    }

    fn union(&self, sets: &[Option<Input<'_>>]) -> Zset {
        let mut scores: HashMap<Vec<u8>, f64> = HashMap::new();
        for (weight, set) in self.by_size(sets) {
            set.for_each(|member, score| {
                let score = self.aggregate.weighted(weight, score);
                scores
                    .entry(member.to_vec())
                    .and_modify(|old| *old = self.aggregate.join(*old, score))
                    .or_insert(score);
                true
            });
        }
        let mut result = Zset::new();
        for (member, score) in scores {
            result.insert(&member, score, &BIG);
        }
        result
    }

    fn inter(&self, sets: &[Option<Input<'_>>]) -> Zset {
        let mut result = Zset::new();
        self.each_common(sets, |member, score| {
            result.insert(member, score, &BIG);
            true
        });
        result
    }

    /// Visits the members of all sets, while the visitor wants more.
    fn each_common(&self, sets: &[Option<Input<'_>>], mut visit: impl FnMut(&[u8], f64) -> bool) {
        if sets.iter().any(Option::is_none) {
            return;
        }
        let sets = self.by_size(sets);
        let Some(((weight, smallest), others)) = sets.split_first() else { return };
        let mut text = Decimal::new();
        smallest.for_each(|member, score| {
            let member = member.bytes(&mut text);
            let mut joined = self.aggregate.weighted(*weight, score);
            for (weight, other) in others {
                let Some(score) = other.score(member) else { return true };
                joined = self.aggregate.join(joined, self.aggregate.weighted(*weight, score));
            }
            visit(member, joined)
        });
    }

    fn diff(&self, sets: &[Option<Input<'_>>]) -> Zset {
        let mut result = Zset::new();
        let Some((Some(first), others)) = sets.split_first() else { return result };
        let mut text = Decimal::new();
        first.for_each(|member, score| {
            let member = member.bytes(&mut text);
            if others.iter().flatten().all(|other| other.score(member).is_none()) {
                result.insert(member, score, &BIG);
            }
            true
        });
        result
    }

    fn count(&self, sets: &[Option<Input<'_>>]) -> usize {
        let mut count = 0;
        self.each_common(sets, |_, _| {
            count += 1;
            count < self.limit
        });
        count
    }

    /// Answers what is not stored.
    fn reply(&self, sets: &[Option<Input<'_>>], limits: &Limits, reply: &mut Writer<'_>) {
        if self.answer == Answer::Count {
            reply.integer(self.count(sets) as i64);
            return;
        }
        let result = self.result(sets, limits);
        let is_flat = self.with_scores && !reply.is_resp3();
        reply.array(if is_flat { 2 * result.len() } else { result.len() });
        result.for_each(|member, score| {
            write_pair(reply, member, self.with_scores.then_some(score));
        });
    }
}

/// Results are made large at once; [`Zset::settle`] has the last word.
const BIG: Limits = Limits {
    hash_max_listpack_entries: 0,
    hash_max_listpack_value_bytes: 0,
    list_max_listpack_size: 0,
    list_compress_depth: 0,
    list_plain_bytes_min: 0,
    set_max_intset_entries: 0,
    set_max_listpack_entries: 0,
    set_max_listpack_value_bytes: 0,
    zset_max_listpack_entries: 16,
    zset_max_listpack_value_bytes: 64,
    stream_node_max_bytes: 0,
    stream_node_max_entries: 0,
    stream_idmp_duration_s: 0,
    stream_idmp_maxsize: 0,
    hll_sparse_max_bytes: 0,
};

fn weights(words: &mut Words<'_>, count: usize) -> Result<Vec<f64>> {
    let weight = |word: &[u8]| parse_f64(word).ok_or(Error::new("weight value is not a float"));
    (0..count).map(|_| weight(words.value()?)).collect()
}

/// A set that is combined: sets count as sorted sets with scores of 1.
#[derive(Clone, Copy)]
enum Input<'a> {
    Sorted(&'a Zset),
    Plain(&'a Set),
}

impl<'a> Input<'a> {
    fn of(entry: &Entry<'a>) -> Result<Self> {
        match entry.get::<Zset>() {
            Ok(zset) => Ok(Self::Sorted(zset)),
            Err(_) => Ok(Self::Plain(entry.get::<Set>()?)),
        }
    }

    fn len(self) -> usize {
        match self {
            Self::Sorted(zset) => zset.len(),
            Self::Plain(set) => set.len(),
        }
    }

    fn score(self, member: &[u8]) -> Option<f64> {
        match self {
            Self::Sorted(zset) => zset.score(member),
            Self::Plain(set) => set.contains(member).then_some(1.0),
        }
    }

    fn for_each(self, mut visit: impl FnMut(Item<'_>, f64) -> bool) {
        match self {
            Self::Sorted(zset) => zset.walk(0, false, visit),
            Self::Plain(set) => {
                let _ = set.iter().all(|member| visit(member, 1.0));
            }
        }
    }
}

/// A set on its way to the shard that combines.
#[derive(Clone)]
enum Copied {
    Sorted(Zset),
    Plain(Set),
}

impl Copied {
    fn input(&self) -> Input<'_> {
        match self {
            Self::Sorted(zset) => Input::Sorted(zset),
            Self::Plain(set) => Input::Plain(set),
        }
    }
}

fn run(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
    mut request: Request,
) -> Result {
    let keys: Vec<Key<'_>> = request.keys.clone().map(|at| context.key(args, at)).collect();
    for key in &keys {
        if let Some(entry) = context.read(*key) {
            Input::of(&entry)?;
        }
    }
    request.options(args)?;
    let limits = context.limits.values;
    let keyspace = &*context.keyspace;
    let input = |key: &Key<'_>| Input::of(&keyspace.peek(context.db, *key)?).ok();
    let sets: Vec<Option<Input<'_>>> = keys.iter().map(input).collect();
    if request.answer != Answer::Stored {
        request.reply(&sets, &limits, reply);
        return Ok(());
    }
    let result = request.result(&sets, &limits);
    reply.integer(result.len() as i64);
    store(&mut context.edit(context.key(args, 1)), result, request.operation.event());
    Ok(())
}

async fn run_across(plan: &mut Plan, mut request: Request) -> Result {
    let mut copies = Vec::with_capacity(request.keys.len());
    let mut limits = Limits::default();
    for at in request.keys.clone() {
        let copy = plan.on_key(at, |context, key| {
            let limits = context.limits.values;
            let copy = match context.read(key) {
                None => None,
                Some(entry) => Some(match Input::of(&entry)? {
                    Input::Sorted(zset) => Copied::Sorted(zset.clone()),
                    Input::Plain(set) => Copied::Plain(set.clone()),
                }),
            };
            Ok::<_, Error>((copy, limits))
        });
        let (copy, own_limits) = copy.await?;
        copies.push(copy);
        limits = own_limits;
    }
    request.options(plan.args())?;
    let sets: Vec<Option<Input<'_>>> =
        copies.iter().map(|copy| copy.as_ref().map(Copied::input)).collect();
    if request.answer != Answer::Stored {
        request.reply(&sets, &limits, &mut plan.reply());
        return Ok(());
    }
    let result = request.result(&sets, &limits);
    let (count, event) = (result.len(), request.operation.event());
    let stored = plan.on_key(1, move |context, key| {
        let mut edit = context.edit(key);
        let existed = edit.exists();
        store(&mut edit, result, event);
        if existed || count > 0 {
            log_whole(&mut edit);
        }
    });
    stored.await;
    plan.reply().integer(count as i64);
    Ok(())
}

/// The two ways of running a command.
macro_rules! command {
    ($local:ident, $across:ident, $operation:ident, $answer:ident, $name:literal) => {
        #[doc = concat!(stringify!($local), " where one shard has all keys.")]
        pub(super) fn $local(
            context: &mut Context<'_>,
            args: Args<'_>,
            reply: &mut Writer<'_>,
        ) -> Result {
            let request = Request::keys(args, Operation::$operation, Answer::$answer, $name)?;
            run(context, args, reply, request)
        }

        #[doc = concat!(stringify!($local), " across shards.")]
        pub(super) fn $across(plan: &mut Plan) -> PlanFuture<'_> {
            Box::pin(async move {
                let request =
                    Request::keys(plan.args(), Operation::$operation, Answer::$answer, $name)?;
                run_across(plan, request).await
            })
        }
    };
}

command!(zunion, zunion_across, Union, Members, "zunion");
command!(zinter, zinter_across, Inter, Members, "zinter");
command!(zdiff, zdiff_across, Diff, Members, "zdiff");
command!(zunionstore, zunionstore_across, Union, Stored, "zunionstore");
command!(zinterstore, zinterstore_across, Inter, Stored, "zinterstore");
command!(zdiffstore, zdiffstore_across, Diff, Stored, "zdiffstore");
command!(zintercard, zintercard_across, Inter, Count, "zintercard");
