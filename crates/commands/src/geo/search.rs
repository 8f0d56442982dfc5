//! What a search finds, shown or stored.

use std::cmp::Ordering;
use std::ops::Range;

use command::{Args, Result};
use engine::{Context, Plan};
use keyspace::{Event, Key};
use resp::Writer;
use stdx::number::Decimal;
use value::geohash::{Cell, Place, Shape};
use value::{Limits, Zset};

use super::query::{Order, Query, Store, Syntax};
use super::{write_distance, write_place};
use crate::effect::log_whole;
use crate::zsets::ranges::store;
use crate::zsets::read;

/// Finds beyond the wanted number are thrown away when there are so many.
const SURPLUS_MIN: usize = 256;

/// A member within the shape.
struct Find {
    distance: f64,
    score: f64,
    /// Where its name is; names are in the order in which they were found.
    name: Range<usize>,
}

/// Members within the shape; their names are one behind another.
struct Finds {
    names: Vec<u8>,
    finds: Vec<Find>,
}

/// A search and its result, which outlive the searched set.
struct Found {
    query: Query,
    finds: Finds,
}

impl Finds {
    /// O(log members) for each of up to nine cells, and O(1) for each member in them.
    fn search(zset: &Zset, shape: &Shape, query: &Query) -> Self {
        let mut found = Self { names: Vec::new(), finds: Vec::new() };
        let enough = query.count.filter(|_| query.any).unwrap_or(usize::MAX);
        let mut previous = None;
        for cell in shape.cells().into_iter().flatten() {
            // Around the smallest globe, there is the same cell in the west and in the east.
            if previous != Some(cell) && found.finds.len() < enough {
                found.search_cell(zset, cell, shape, query, enough);
            }
            previous = Some(cell);
        }
        found.order(query);
        found
    }

    fn search_cell(
        &mut self,
        zset: &Zset,
        cell: Cell,
        shape: &Shape,
        query: &Query,
        enough: usize,
    ) {
        let (min, max) = cell.scores();
        let mut text = Decimal::new();
        let first = zset.partition_point(|_, score| score < min);
        zset.walk(first, false, |member, score| {
            if score >= max {
                return false;
            }
            if let Some(distance) = shape.reach(Place::of_score(score)) {
                let start = self.names.len();
                self.names.extend_from_slice(member.bytes(&mut text));
                self.finds.push(Find { distance, score, name: start..self.names.len() });
                self.prune(query);
            }
            self.finds.len() < enough
        });
    }

    /// Throws away what is not among the first, once it is more than those.
    fn prune(&mut self, query: &Query) {
        let (Some(count), Some(order), false) = (query.count, query.order, query.any) else {
            return;
        };
        if self.finds.len() < count.saturating_mul(2).max(SURPLUS_MIN) {
            return;
        }
        self.finds.select_nth_unstable_by(count, |a, b| a.compare(b, order));
        self.finds.truncate(count);
        self.finds.sort_unstable_by_key(|find| (find.name.start, find.name.end));
        let mut end = 0;
        for find in &mut self.finds {
            let start = end;
            end += find.name.len();
            self.names.copy_within(find.name.clone(), start);
            find.name = start..end;
        }
        self.names.truncate(end);
    }

    fn order(&mut self, query: &Query) {
        if let Some(order) = query.order {
            self.finds.sort_unstable_by(|a, b| a.compare(b, order));
        }
        self.finds.truncate(query.count.unwrap_or(usize::MAX));
    }
}

impl Find {
    /// What is equally far stays in the order in which it was found.
    fn compare(&self, other: &Self, order: Order) -> Ordering {
        let by_distance = self.distance.total_cmp(&other.distance);
        let by_distance = match order {
            Order::Nearest => by_distance,
            Order::Farthest => by_distance.reverse(),
        };
        let found = |find: &Self| (find.name.start, find.name.end);
        by_distance.then_with(|| found(self).cmp(&found(other)))
    }
}

impl Found {
    /// Reads the call and searches.
    fn new(
        context: &mut Context<'_>,
        key: Key<'_>,
        args: Args<'_>,
        syntax: Syntax,
    ) -> Result<Self> {
        let zset = read(context, key)?;
        let query = Query::parse(args, syntax, zset)?;
        let finds = match (zset, &query.shape) {
            (Some(zset), Some(shape)) => Finds::search(zset, shape, &query),
            _ => Finds { names: Vec::new(), finds: Vec::new() },
        };
        Ok(Self { query, finds })
    }

    fn reply(&self, reply: &mut Writer<'_>) {
        let Self { query, finds: Finds { names, finds } } = self;
        let parts = [query.with_distance, query.with_hash, query.with_place];
        let parts = parts.into_iter().filter(|is_wanted| *is_wanted).count();
        reply.array(finds.len());
        for find in finds {
            if parts > 0 {
                reply.array(1 + parts);
            }
            reply.bulk(&names[find.name.clone()]);
            if query.with_distance {
                write_distance(reply, find.distance / query.unit);
            }
            if query.with_hash {
                reply.integer(find.score as i64);
            }
            if query.with_place {
                write_place(reply, Place::of_score(find.score));
            }
        }
    }

    fn to_zset(&self, by_distance: bool, limits: &Limits) -> Zset {
        let mut zset = Zset::new();
        for find in &self.finds.finds {
            let score = if by_distance { find.distance / self.query.unit } else { find.score };
            zset.insert(&self.finds.names[find.name.clone()], score, limits);
        }
        zset
    }
}

/// What storing is told as.
fn stored(syntax: Syntax) -> Event {
    let is_search = syntax.stores_always();
    Event::zset(if is_search { "geosearchstore" } else { "georadiusstore" })
}

/// Searches where one shard has all keys.
pub(super) fn search_here(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
    syntax: Syntax,
) -> Result {
    let found = Found::new(context, context.key(args, syntax.source_at), args, syntax)?;
    let Some(Store { key_at, by_distance }) = found.query.store else {
        found.reply(reply);
        return Ok(());
    };
    let limits = context.limits.values;
    reply.integer(found.finds.finds.len() as i64);
    let zset = found.to_zset(by_distance, &limits);
    store(&mut context.edit(context.key(args, key_at)), zset, stored(syntax));
    Ok(())
}

/// What the shard with the searched set has to say.
enum Outcome {
    Shown(Found),
    Stored { key_at: usize, zset: Zset },
}

/// Searches on one shard, and stores on another.
pub(super) async fn search_across(plan: &mut Plan, syntax: Syntax) -> Result {
    let call = plan.args().to_owned();
    let found = plan.on_key(syntax.source_at, move |context, key| -> Result<_> {
        let found = Found::new(context, key, call.args(), syntax)?;
        let limits = context.limits.values;
        Ok(match found.query.store {
            None => Outcome::Shown(found),
            Some(Store { key_at, by_distance }) => {
                Outcome::Stored { key_at, zset: found.to_zset(by_distance, &limits) }
            }
        })
    });
    let (key_at, zset) = match found.await? {
        Outcome::Stored { key_at, zset } => (key_at, zset),
        Outcome::Shown(found) => {
            found.reply(&mut plan.reply());
            return Ok(());
        }
    };
    let (count, event) = (zset.len(), stored(syntax));
    let stored = plan.on_key(key_at, move |context, key| {
        let mut edit = context.edit(key);
        let existed = edit.exists();
        store(&mut edit, zset, event);
        if existed || count > 0 {
            log_whole(&mut edit);
        }
    });
    stored.await;
    plan.reply().integer(count as i64);
    Ok(())
}
