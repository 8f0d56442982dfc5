//! LATENCY HISTOGRAM: how many calls of a command took at most so many microseconds.

use std::collections::{BTreeMap, BTreeSet};

use resp::Writer;

use crate::clock;
use crate::command::{LaterFuture, Request};
use crate::histogram::Histogram;
use crate::registry::Registry;

/// The first bound; each further one doubles it. Redis's values.
const BOUND_NS_MIN: u64 = 1024;
/// Bounds up to a second, beyond which Redis's histograms do not go.
const BOUNDS: u32 = 21;

/// HISTOGRAM [command …]
pub(super) fn histogram(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let registry = &request.core.server.registry;
        let wanted = match request.args().len() {
            2 => None,
            _ => Some(rows(registry, request.args().iter_from(2))),
        };
        let gathered = request
            .core
            .gather(move |core| {
                let is_wanted = |row| wanted.as_ref().is_none_or(|wanted| wanted.contains(&row));
                core.stats.histograms(is_wanted)
            })
            .await;
        let mut histograms: BTreeMap<u16, Histogram> = BTreeMap::new();
        for (row, histogram) in gathered.into_iter().flatten() {
            histograms.entry(row).or_default().merge(&histogram);
        }
        let core = request.core.clone();
        let mut reply = request.reply();
        reply.map(histograms.len());
        for (row, histogram) in &histograms {
            reply.bulk(core.server.registry.row(*row).name.as_bytes());
            write(&mut reply, histogram);
        }
        Ok(())
    })
}

/// The rows that `names` mean: a container stands for its subcommands too. Others mean nothing.
fn rows<'a>(registry: &Registry, names: impl Iterator<Item = &'a [u8]>) -> BTreeSet<u16> {
    let found = names.filter_map(|name| registry.find_full(name));
    found.flat_map(|row| row.subcommands.iter().copied().chain([row.id])).collect()
}

fn write(reply: &mut Writer<'_>, histogram: &Histogram) {
    let buckets = histogram.buckets().map(|(ticks, count)| (clock::ticks_to_ns(ticks), count));
    let steps = cumulative(buckets);
    reply.map(2);
    reply.bulk(b"calls");
    reply.integer(histogram.total() as i64);
    reply.bulk(b"histogram_usec");
    reply.map(steps.len());
    for (bound_us, count) in steps {
        reply.integer(bound_us as i64);
        reply.integer(count as i64);
    }
}

/// Bounds in microseconds with how many values do not exceed them, where that grows.
fn cumulative(buckets: impl Iterator<Item = (u64, u64)>) -> Vec<(u64, u64)> {
    let mut steps: Vec<(u64, u64)> = Vec::new();
    let mut seen = 0;
    for (largest_ns, count) in buckets {
        seen += count;
        let bound_us = (0..BOUNDS)
            .map(bound_ns)
            .find(|bound_ns| largest_ns <= *bound_ns)
            .unwrap_or_else(|| bound_ns(BOUNDS - 1))
            / 1000;
        match steps.last_mut() {
            Some((last_us, total)) if *last_us == bound_us => *total = seen,
            _ => steps.push((bound_us, seen)),
        }
    }
    steps
}

/// A bound: the end of the bucket of a power of two, of which Redis's histograms have 128 per
/// doubling.
fn bound_ns(number: u32) -> u64 {
    let power = BOUND_NS_MIN << number;
    power + power / 128 - 1
}

#[cfg(test)]
mod tests;
