//! A thread's background work, `hz` times a second: expiry, idle clients, counters.

use std::rc::Rc;
use std::time::Duration;

use config::Config;
use config::limits::HZ_MAX;

use crate::admin::latency::Event;
use crate::client::Closing;
use crate::clock;
use crate::core::Core;
use crate::huge_pages;
use crate::stats::add;

/// Entries that active expiry visits between two looks at the clock.
const EXPIRY_VISITS: usize = 256;
/// Microseconds per second that active expiry may take at effort 1; Redis's quarter of a core.
const EXPIRY_US_PER_SECOND: u64 = 250_000;
/// And per step of `active-expire-effort` more.
const EXPIRY_US_PER_EFFORT: u64 = 20_000;
/// A step never holds the thread longer, so that commands in between stay fast.
const EXPIRY_STEP_US_MAX: u64 = 1_000;

/// Runs for ever.
pub(crate) async fn run(core: Rc<Core>) {
    let mut turn: u64 = 0;
    let mut next_client = 0;
    loop {
        let config = core.config();
        let hz = hz(&core, &config);
        tokio::time::sleep(Duration::from_micros(1_000_000 / hz)).await;
        let started = (core.router.clock().ticks)();
        turn += 1;
        if !core.switches.no_active_expiry.get() {
            expire(&core, &config, hz);
        }
        if let Some(mut shard) = core.router.shard_mut() {
            shard.serve_on_time();
        }
        if !core.switches.no_cron.get() {
            next_client = look_after_clients(&core, next_client, hz);
            if turn.is_multiple_of(hz) {
                close_idle(&core, &config);
            }
        }
        crate::pressure::relieve(&core);
        crate::persistence::save::on_turn(&core);
        clock::follow_wall();
        stdx::alloc::publish();
        huge_pages::consider(&config, core.server.used_memory());
        let counters = &core.stats.counters;
        add(&counters.cron_turns, 1);
        add(&counters.cron_ticks, core.router.clock().ticks_since(started));
        core.rates.sample(clock::now_us(), counters.get());
    }
}

/// Turns per second: with `dynamic-hz` doubled while there are many clients per turn, as in Redis.
fn hz(core: &Core, config: &Config) -> u64 {
    /// Clients of one thread that a turn looks after.
    const CLIENTS_PER_TURN_MAX: usize = 200;
    let clients = core.clients.borrow().len();
    let mut hz = config.process.hz.max(1);
    while config.process.dynamic_hz
        && hz < HZ_MAX
        && clients / usize::from(hz) > CLIENTS_PER_TURN_MAX
    {
        hz = (hz * 2).min(HZ_MAX);
    }
    hz.into()
}

/// Removes keys whose time has come, within a time budget.
fn expire(core: &Core, config: &Config, hz: u64) {
    let Some(mut shard) = core.router.shard_mut() else { return };
    let effort = u64::from(config.memory.active_expire_effort.max(1)) - 1;
    let budget_us = (EXPIRY_US_PER_SECOND + effort * EXPIRY_US_PER_EFFORT) / hz;
    let budget_us = budget_us.min(EXPIRY_STEP_US_MAX * (effort + 1));
    let clock = core.router.clock();
    let started = (clock.ticks)();
    loop {
        let expired = shard.expire_some(EXPIRY_VISITS);
        // Where few of those visited had expired, the rest can wait for the next turn.
        let worth_more = expired.removed * 10 > expired.visited;
        if !worth_more {
            break;
        }
        if clock::ticks_to_ns(clock.ticks_since(started)) / 1000 > budget_us {
            add(&core.stats.counters.expiry_cut_short, 1);
            break;
        }
    }
    let took = clock.ticks_since(started);
    add(&core.stats.counters.expiry_ticks, took);
    let took_ms = clock::ticks_to_ns(took) / 1_000_000;
    core.latency_events.consider(Event::ExpireCycle, clock::now_ms() / 1000, took_ms);
}

/// Looks after some clients, all within a second, beginning with the first that is not below
/// `next`; returns where to go on.
fn look_after_clients(core: &Core, next: u64, hz: u64) -> u64 {
    /// So many each time, even if there are few.
    const CLIENTS_MIN: usize = 5;
    let clients = core.clients.borrow();
    let count = clients.len().div_ceil(hz as usize).max(CLIENTS_MIN);
    let mut last = None;
    for (id, client) in clients.range(next..).take(count) {
        client.look_after();
        last = Some(*id);
    }
    last.map_or(0, |last| last + 1)
}

/// Closes clients that have been silent for longer than `timeout`.
fn close_idle(core: &Core, config: &Config) {
    let timeout_seconds = i64::from(config.clients.timeout_seconds);
    if timeout_seconds == 0 {
        return;
    }
    let now_ms = clock::now_ms();
    for client in core.clients.borrow().values() {
        let idle_ms = now_ms - client.last_active_ms.get();
        let exempt = client.monitor.get() || client.is_blocked();
        if idle_ms > timeout_seconds * 1000 && !exempt {
            tracing::debug!(client = client.id, "Closing idle client");
            client.close(Closing::Now);
        }
    }
}
