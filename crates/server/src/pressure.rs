//! `maxmemory` among the threads: each evicts from its own shard, and has the one with the most keys
//! do so when it has none left itself.

use std::sync::atomic::Ordering;

use engine::{Pressure, Shard};

use crate::clock;
use crate::core::Core;

/// How long a thread goes on evicting, in microseconds, before it serves its clients again; as in
/// Redis.
fn eviction_us_max(tenacity: u8) -> u64 {
    match tenacity {
        0..=10 => 50 * u64::from(tenacity),
        11..=99 => (500.0 * 1.15_f64.powi(i32::from(tenacity) - 10)) as u64,
        _ => u64::MAX,
    }
}

/// Evicts keys of this thread's shard until memory is below its limit, whatever has filled it. If
/// that takes longer than a turn, the thread goes on at once in its next one.
pub(crate) fn relieve(core: &Core) {
    let Some(mut shard) = core.router.shard_mut() else { return };
    if shard.memory.is_limited() && evict(core, &mut shard) == Pressure::Easing {
        wake(core, core.router.thread());
    }
}

/// Evicts what the next commands would else evict, so that what goes is told before their answers.
/// Whether other threads are needed for it: then [`relieve_everywhere`] does the rest.
pub(crate) fn relieve_before(core: &Core) -> bool {
    relieve(core);
    core.router.tell_due();
    let limit_bytes = core.config().memory.maxmemory_bytes as usize;
    let is_exceeded = limit_bytes > 0 && stdx::alloc::kept_bytes() > limit_bytes;
    is_exceeded && richest_other(core).is_some()
}

/// Evicts on all threads; when this returns, what went is told.
pub(crate) async fn relieve_everywhere(core: &Core) {
    core.gather(|core| {
        relieve(core);
        core.router.tell_due();
    })
    .await;
    core.router.read_mail();
}

/// Whether memory is above its limit and stays there: commands that need more are refused.
pub(crate) fn is_exceeded(core: &Core) -> bool {
    let Some(mut shard) = core.router.shard_mut() else { return false };
    shard.memory.is_limited()
        && evict(core, &mut shard) == Pressure::Exceeded
        && shard.memory.refuses()
}

/// At the end of a turn: tells the others what this shard has to give, and asks the one that has
/// most if this one needs it.
pub(crate) fn balance(core: &Core) {
    let thread = core.router.thread();
    let Some(mut shard) = core.router.shard_mut() else { return };
    if !shard.memory.is_limited() {
        return;
    }
    let evictable = &core.server.evictable;
    evictable[thread].store(shard.evictable(), Ordering::Relaxed);
    let helper = richest_other(core);
    shard.memory.others_can_evict = helper.is_some();
    let wants_help = std::mem::take(&mut shard.memory.wants_help);
    if let Some(helper) = helper.filter(|_| wants_help) {
        wake(core, helper);
    }
}

/// At the start of a turn: looks what the others have to give, which may have come while this
/// thread slept.
pub(crate) fn look_around(core: &Core) {
    let Some(mut shard) = core.router.shard_mut() else { return };
    if shard.memory.is_limited() {
        shard.memory.others_can_evict = richest_other(core).is_some();
    }
}

/// The other thread that has most keys that may go.
fn richest_other(core: &Core) -> Option<usize> {
    let others = core.server.evictable.iter().enumerate();
    let others = others.filter(|(other, _)| *other != core.router.thread());
    let counts = others.map(|(other, count)| (count.load(Ordering::Relaxed), other));
    counts.max().filter(|(count, _)| *count > 0).map(|(_, other)| other)
}

fn wake(core: &Core, thread: usize) {
    core.server.network.call(thread, || relieve(&Core::current()));
}

fn evict(core: &Core, shard: &mut Shard) -> Pressure {
    let clock = core.router.clock();
    let us_max = eviction_us_max(core.config().memory.maxmemory_eviction_tenacity);
    let started = (clock.ticks)();
    loop {
        let pressure = shard.make_room();
        let is_late = clock::ticks_to_ns(clock.ticks_since(started)) / 1000 > us_max;
        if pressure != Pressure::Easing || is_late {
            return pressure;
        }
    }
}
