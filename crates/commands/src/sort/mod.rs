//! SORT: the elements of a list, set or sorted set in another order, and what belongs to them.

use command::flag::{DENYOOM, MOVABLEKEYS, READONLY, WRITE, category};
use command::{Args, Group, KeySpec, Result, Spec, access};
use engine::{Command, Context, Plan, PlanFuture, Run};
use resp::Writer;

mod order;
mod pattern;
mod query;
mod read;
mod result;
mod texts;

use order::order;
use pattern::Wanted;
use query::{Query, reaches};
use read::{fetch, fetch_across, load};
use result::{Column, Table, store};
use texts::Texts;

const fn sorting(usage: &'static str, flags: u32) -> Spec {
    Spec::new(Group::Generic, usage, -2, flags | MOVABLEKEYS)
        .without(category::KEYSPACE)
        .also(category::LIST | category::SET | category::SORTEDSET | category::DANGEROUS)
}

const SORTED: KeySpec = KeySpec::first(access::READ_VALUE);
const REACHED: KeySpec = KeySpec::unknown(access::READ_VALUE);
const OTHER_OPTIONS: &[(&str, usize)] = &[("LIMIT", 2), ("GET", 1), ("BY", 1)];
const STORED: KeySpec = KeySpec::option("STORE", 2, OTHER_OPTIONS, access::OVERWRITE);

/// The rows.
pub(crate) const COMMANDS: &[Command] = &[
    Command::new(
        sorting(
            "SORT key [BY pattern@1] [LIMIT (offset:int count:int)] [GET pattern@1]... \
             [order: ASC|DESC] [sorting:'ALPHA'] [STORE destination:key@2]",
            WRITE | DENYOOM,
        )
        .key_specs(&[SORTED, REACHED, STORED])
        .doc(
            "1.0.0",
            "O(N+M*log(M)) for M of N elements, O(N) where they keep their order",
            "Orders elements, by themselves or by other keys, and gives or stores them, or others.",
        ),
        Run::Plan { local: sort, across: sort_across },
    )
    .reaching(reaches),
    Command::new(
        sorting(
            "SORT_RO key [BY pattern@1] [LIMIT (offset:int count:int)] [GET pattern@1]... \
             [order: ASC|DESC] [sorting:'ALPHA']",
            READONLY,
        )
        .key_specs(&[SORTED, REACHED])
        .doc(
            "7.0.0",
            "O(N+M*log(M)) for M of N elements, O(N) where they keep their order",
            "Orders elements, by themselves or by other keys, and gives them, or others.",
        ),
        Run::Plan { local: sort_ro, across: sort_ro_across },
    )
    .reaching(reaches),
];

/// SORT key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC|DESC] [ALPHA] [STORE key]
fn sort(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    sort_here(context, args, true, reply)
}

/// SORT_RO key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC|DESC] [ALPHA]
fn sort_ro(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    sort_here(context, args, false, reply)
}

fn sort_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(sort_everywhere(plan, true))
}

fn sort_ro_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(sort_everywhere(plan, false))
}

fn sort_here(
    context: &mut Context<'_>,
    args: Args<'_>,
    may_store: bool,
    reply: &mut Writer<'_>,
) -> Result {
    let query = Query::parse(args, may_store, context.in_script)?;
    let elements = load(context, context.key(args, 1), query.window)?;
    let weights = weights_wanted(&query, &elements.texts).map(|wanted| fetch(context, &wanted));
    let order = order(&elements, weights.as_ref(), &query)?;
    let mut columns = Vec::with_capacity(query.gets.len());
    for pattern in &query.gets {
        columns.push(match Wanted::chosen(*pattern, &elements.texts, &order) {
            Some(wanted) => Column::Found(fetch(context, &wanted)),
            None => Column::without_key(*pattern),
        });
    }
    let table = Table { elements: &elements.texts, order: &order, columns: &columns };
    match query.store_at {
        None => table.write(reply),
        Some(at) => {
            let texts = table.to_texts();
            reply.integer(texts.len() as i64);
            let limits = context.limits;
            store(&mut context.edit(context.key(args, at)), &texts, &limits.values);
        }
    }
    Ok(())
}

async fn sort_everywhere(plan: &mut Plan, may_store: bool) -> Result {
    let query = Query::parse(plan.args(), may_store, plan.in_script)?;
    let (window, store_at) = (query.window, query.store_at);
    let loaded = plan.on_key(1, move |context, key| load(context, key, window));
    let elements = loaded.await?;
    let weights = match weights_wanted(&query, &elements.texts) {
        Some(wanted) => Some(fetch_across(plan, wanted).await),
        None => None,
    };
    let order = order(&elements, weights.as_ref(), &query)?;
    let mut columns = Vec::with_capacity(query.gets.len());
    for pattern in &query.gets {
        columns.push(match Wanted::chosen(*pattern, &elements.texts, &order) {
            Some(wanted) => Column::Found(fetch_across(plan, wanted).await),
            None => Column::without_key(*pattern),
        });
    }
    let table = Table { elements: &elements.texts, order: &order, columns: &columns };
    match store_at {
        None => table.write(&mut plan.reply()),
        Some(at) => {
            let texts = table.to_texts();
            plan.reply().integer(texts.len() as i64);
            let stored = plan.on_key(at, move |context, key| {
                let limits = context.limits;
                store(&mut context.edit(key), &texts, &limits.values);
            });
            stored.await;
        }
    }
    Ok(())
}

fn weights_wanted(query: &Query<'_>, elements: &Texts) -> Option<Wanted> {
    Wanted::new(query.weighed_by()?, elements, elements.indexes())
}

#[cfg(test)]
mod tests;
