//! Tells commands that were slow or large from all others, at the price of three comparisons.

use std::cell::Cell;

use command::{Args, flag};
use config::Monitoring;
use engine::Outcome;

use crate::admin::command_log::{self, Kind};
use crate::admin::latency::Event;
use crate::client::Client;
use crate::clock;
use crate::core::Core;

/// What an argument's length and end cost on the wire at most.
const WIRE_BYTES_PER_ARG_MAX: usize = 32;

/// From where on a command is worth a look; bounds below the true ones, which [`inspect`] knows.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    ticks: Cell<u64>,
    request_bytes: Cell<usize>,
    reply_bytes: Cell<usize>,
}

impl Watch {
    /// Takes the thresholds from the configuration.
    pub(crate) fn obey(&self, monitoring: &Monitoring) {
        let threshold = |kind| command_log::threshold(monitoring, kind);
        let slow_us = threshold(Kind::Slow).unwrap_or(u64::MAX);
        let event_us = match monitoring.latency_monitor_threshold_ms {
            0 => u64::MAX,
            ms => ms.saturating_mul(1000),
        };
        let bytes = |kind| threshold(kind).map_or(usize::MAX, |bytes| bytes as usize);
        self.ticks.set(clock::us_to_ticks(slow_us.min(event_us)));
        self.request_bytes.set(bytes(Kind::LargeRequest));
        self.reply_bytes.set(bytes(Kind::LargeReply));
    }

    /// Whether a command that ran may exceed a threshold.
    #[inline]
    pub(crate) fn is_remarkable(&self, args: Args<'_>, outcome: &Outcome) -> bool {
        outcome.ticks >= self.ticks.get()
            || outcome.reply_len >= self.reply_bytes.get()
            || args.extent() + args.len() * WIRE_BYTES_PER_ARG_MAX >= self.request_bytes.get()
    }
}

/// Logs a command that ran, where it exceeds a threshold.
#[inline]
pub(crate) fn consider(core: &Core, client: &Client, row: u16, args: Args<'_>, outcome: &Outcome) {
    if core.watch.is_remarkable(args, outcome) {
        inspect(core, client, row, args, outcome);
    }
}

#[cold]
fn inspect(core: &Core, client: &Client, row: u16, args: Args<'_>, outcome: &Outcome) {
    let spec = core.server.registry.row(row).spec;
    let took_us = clock::ticks_to_ns(outcome.ticks) / 1000;
    let event = if spec.has(flag::FAST) { Event::FastCommand } else { Event::Command };
    core.latency_events.consider(event, clock::now_ms() / 1000, took_us / 1000);
    if spec.has(flag::SKIP_SLOWLOG) {
        return;
    }
    let monitoring = &core.config().monitoring;
    for (kind, measure) in [
        (Kind::Slow, took_us),
        (Kind::LargeRequest, wire_bytes(args) as u64),
        (Kind::LargeReply, outcome.reply_len as u64),
    ] {
        if command_log::threshold(monitoring, kind).is_some_and(|least| measure >= least) {
            let len_max = command_log::limits(monitoring, kind).len_max;
            core.command_logs.push(client, kind, spec, args, measure, len_max);
        }
    }
}

/// Bytes of a command as RESP.
fn wire_bytes(args: Args<'_>) -> usize {
    let header = |len: usize| "$\r\n".len() + stdx::number::decimal_len(len as i64);
    header(args.len()) + args.iter().map(|arg| header(arg.len()) + arg.len() + 2).sum::<usize>()
}
