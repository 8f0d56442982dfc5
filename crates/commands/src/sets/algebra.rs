//! Intersections, unions and differences of sets.

use stdx::number::Decimal;
use value::{Limits, Set, listpack::Item};

/// How sets are combined. An absent key is an empty set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Intersection,
    Union,
    Difference,
}

/// A union of more sets is made in a set of its own, and not by asking the others.
const SETS_ASKED_MAX: usize = 4;

/// Visits what comes of it, each member once, until told to stop.
pub(super) fn combine(
    operation: Operation,
    sets: &[Option<&Set>],
    visit: impl FnMut(Item<'_>) -> bool,
) {
    match operation {
        Operation::Intersection => {
            if let Some(sets) = sets.iter().copied().collect::<Option<Vec<_>>>() {
                intersection(sets, visit);
            }
        }
        Operation::Union => union(sets.iter().copied().flatten().collect(), visit),
        Operation::Difference => {
            if let Some((Some(first), others)) = sets.split_first() {
                difference(first, others.iter().copied().flatten().collect(), visit);
            }
        }
    }
}

fn intersection(mut sets: Vec<&Set>, mut visit: impl FnMut(Item<'_>) -> bool) {
    sets.sort_by_key(|set| set.len());
    let Some((smallest, others)) = sets.split_first() else { return };
    for member in smallest.iter() {
        let is_in_all = others.iter().all(|set| set.contains_item(member));
        if is_in_all && !visit(member) {
            return;
        }
    }
}

fn union(mut sets: Vec<&Set>, mut visit: impl FnMut(Item<'_>) -> bool) {
    sets.sort_by_key(|set| std::cmp::Reverse(set.len()));
    if sets.len() > SETS_ASKED_MAX {
        let mut seen = scratch(sets.iter().map(|set| set.len()).sum());
        let limits = Limits::default();
        for member in sets.iter().flat_map(|set| set.iter()) {
            if seen.add_item(member, &limits) && !visit(member) {
                return;
            }
        }
        return;
    }
    for (index, set) in sets.iter().enumerate() {
        let earlier = &sets[..index];
        for member in set.iter() {
            let is_new = !earlier.iter().any(|set| set.contains_item(member));
            if is_new && !visit(member) {
                return;
            }
        }
    }
}

/// Either each member of the first set is looked for in the others, or all of the others are taken
/// out of a copy of the first: what is less work, as Redis guesses it.
fn difference(first: &Set, mut others: Vec<&Set>, mut visit: impl FnMut(Item<'_>) -> bool) {
    let asked = first.len() * (others.len() + 1) / 2;
    let taken = first.len() + others.iter().map(|set| set.len()).sum::<usize>();
    if asked <= taken {
        others.sort_by_key(|set| std::cmp::Reverse(set.len()));
        for member in first.iter() {
            let is_in_any = others.iter().any(|set| set.contains_item(member));
            if !is_in_any && !visit(member) {
                return;
            }
        }
        return;
    }
    let mut rest = first.clone();
    for member in others.iter().flat_map(|set| set.iter()) {
        if rest.is_empty() {
            return;
        }
        rest.remove(member.bytes(&mut Decimal::new()));
    }
    for member in rest.iter() {
        if !visit(member) {
            return;
        }
    }
}

/// An empty set for about so many members.
fn scratch(count: usize) -> Set {
    let mut set = Set::new();
    set.prepare(b"", count, &Limits::default());
    set
}

/// What comes of it as a set, in the encoding that Redis gives it.
pub(super) fn combined(operation: Operation, sets: &[Option<&Set>], limits: &Limits) -> Set {
    let mut result = Set::new();
    let is_intersection = operation == Operation::Intersection;
    let smallest = sets.iter().copied().flatten().min_by_key(|set| set.len());
    if is_intersection && smallest.is_some_and(|set| !set.is_ints()) {
        result.begin_as_listpack();
    }
    combine(operation, sets, |member| {
        result.add_item(member, limits);
        true
    });
    if is_intersection {
        result.compact(limits);
    }
    result
}
