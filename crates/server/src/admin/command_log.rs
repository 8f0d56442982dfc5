//! SLOWLOG and COMMANDLOG: commands that were slow, or had a large request or reply.
//!
//! Each thread keeps the entries of its own clients; ids are the process's, so that the entries of
//! all threads have one order.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

use command::{Args, flag};
use config::{CommandLog as Limits, Monitoring};
use engine::Outcome;

use crate::client::Client;
use crate::clock;
use crate::core::Core;

/// Arguments of an entry beyond this many are only counted. Redis's value.
const ARGS_MAX: usize = 32;
/// Bytes of an argument beyond this many are only counted. Redis's value.
const ARG_BYTES_MAX: usize = 128;

/// Which log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Slow,
    LargeRequest,
    LargeReply,
}

const KINDS: [Kind; 3] = [Kind::Slow, Kind::LargeRequest, Kind::LargeReply];

/// The next entry's id, per log.
static NEXT_ID: [AtomicU64; 3] = [const { AtomicU64::new(0) }; 3];

/// One logged command.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) id: u64,
    pub(crate) at_seconds: i64,
    /// Microseconds or bytes, after the log's kind.
    pub(crate) measure: i64,
    pub(crate) args: Vec<Vec<u8>>,
    pub(crate) address: String,
    pub(crate) name: Vec<u8>,
}

/// One thread's logs.
#[derive(Default)]
pub(crate) struct CommandLogs {
    entries: [RefCell<VecDeque<Entry>>; 3],
}

impl CommandLogs {
    /// The entries of a log, oldest first.
    pub(crate) fn entries(&self, kind: Kind) -> Vec<Entry> {
        self.entries[kind as usize].borrow().iter().cloned().collect()
    }

    /// Empties a log.
    pub(crate) fn reset(&self, kind: Kind) {
        self.entries[kind as usize].borrow_mut().clear();
    }
}

/// The limits of a log.
pub(crate) fn limits(monitoring: &Monitoring, kind: Kind) -> Limits {
    match kind {
        Kind::Slow => monitoring.slow_execution,
        Kind::LargeRequest => monitoring.large_request,
        Kind::LargeReply => monitoring.large_reply,
    }
}

/// Logs a command that ran, where it exceeds a threshold.
#[inline]
pub(crate) fn consider(
    core: &Core,
    client: &Client,
    row: u16,
    args: Args<'_>,
    outcome: &Outcome,
) {
    let config = core.config();
    for kind in KINDS {
        let limits = limits(&config.monitoring, kind);
        if limits.threshold < 0 {
            continue;
        }
        let measure = match kind {
            Kind::Slow => (clock::ticks_to_ns(outcome.ticks) / 1000) as i64,
            Kind::LargeRequest => args.iter().map(<[u8]>::len).sum::<usize>() as i64,
            Kind::LargeReply => outcome.reply_len as i64,
        };
        if measure >= limits.threshold
            && !core.server.registry.row(row).spec.has(flag::SKIP_SLOWLOG)
        {
            push(core, client, kind, args, measure, limits.len_max);
        }
    }
}

#[cold]
fn push(core: &Core, client: &Client, kind: Kind, args: Args<'_>, measure: i64, len_max: u64) {
    let entry = Entry {
        id: NEXT_ID[kind as usize].fetch_add(1, Ordering::Relaxed),
        at_seconds: clock::now_ms() / 1000,
        measure,
        args: shown_args(args),
        address: client.address.clone(),
        name: client.name.borrow().clone(),
    };
    let mut entries = core.command_logs.entries[kind as usize].borrow_mut();
    entries.push_back(entry);
    // A limit is the process's; a thread cannot know what the others have, so each keeps so many,
    // and who reads takes the newest of all.
    while entries.len() as u64 > len_max {
        entries.pop_front();
    }
}

/// The arguments as Redis shows them: the first ones, and the first bytes of each.
fn shown_args(args: Args<'_>) -> Vec<Vec<u8>> {
    let shown = if args.len() > ARGS_MAX { ARGS_MAX - 1 } else { args.len() };
    let mut words: Vec<Vec<u8>> = args.iter().take(shown).map(shown_arg).collect();
    if shown < args.len() {
        words.push(format!("... ({} more arguments)", args.len() - shown).into_bytes());
    }
    words
}

fn shown_arg(arg: &[u8]) -> Vec<u8> {
    let Some(more) = arg.len().checked_sub(ARG_BYTES_MAX).filter(|more| *more > 0) else {
        return arg.to_vec();
    };
    let mut shown = arg[..ARG_BYTES_MAX].to_vec();
    shown.extend_from_slice(format!("... ({more} more bytes)").as_bytes());
    shown
}
