//! SLOWLOG and COMMANDLOG: commands that were slow, or had a large request or reply.
//!
//! Each thread keeps the entries of its own clients; ids are the process's, so that the entries of
//! all threads have one order. Who reads takes the newest of all.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

use command::{Args, Error, Group, Result, Spec, flag};
use config::{CommandLog as Limits, Monitoring};
use resp::Writer;

use crate::client::Client;
use crate::clock;
use crate::command::{Request, SessionCommand};
use crate::core::Core;
use crate::help;

/// Arguments of an entry beyond this many are only counted. Redis's value.
const ARGS_MAX: usize = 32;
/// Bytes of an argument beyond this many are only counted. Redis's value.
const ARG_BYTES_MAX: usize = 128;
/// Entries that GET answers where it is not told how many. Redis's value.
const COUNT_DEFAULT: i64 = 10;

const READ: u32 = flag::ADMIN | flag::LOADING | flag::STALE;
/// Every node has a log of its own; nothing in it is the same twice.
const GET_TIPS: &[&str] = &["request_policy:all_nodes", "nondeterministic_output"];
const LEN_TIPS: &[&str] =
    &["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"];
const RESET_TIPS: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

pub(crate) const COMMANDS: &[SessionCommand] = &[
    SessionCommand::container(
        Spec::new(Group::Server, "SLOWLOG", -2, 0).doc("2.2.12", "O(1)", "The slow log."),
        &[
            SessionCommand::later(
                Spec::new(Group::Server, "GET [count:int]", -2, READ).tips(GET_TIPS).doc(
                    "2.2.12",
                    "O(N) in the number of entries",
                    "GET [count]: the newest entries, 10 if not told; -1 for all.",
                ),
                |request| {
                    Box::pin(get(request, |args| match args.len() {
                        2 | 3 => Ok(Kind::Slow),
                        _ => Err(Error::wrong_shape(args)),
                    }))
                },
            ),
            SessionCommand::later(
                Spec::new(Group::Server, "LEN", 2, READ).tips(LEN_TIPS).doc(
                    "2.2.12",
                    "O(1)",
                    "The number of entries.",
                ),
                |request| Box::pin(len(request, |_| Ok(Kind::Slow))),
            ),
            SessionCommand::later(
                Spec::new(Group::Server, "RESET", 2, READ).tips(RESET_TIPS).doc(
                    "2.2.12",
                    "O(N) in the number of entries",
                    "Empties the log.",
                ),
                |request| Box::pin(reset(request, |_| Ok(Kind::Slow))),
            ),
            help::row(Group::Server, "6.2.0"),
        ],
    ),
    SessionCommand::container(
        Spec::new(Group::Server, "COMMANDLOG", -2, 0).doc(
            "8.1.0",
            "O(1)",
            "The logs of slow commands, large requests and large replies.",
        ),
        &[
            SessionCommand::later(
                Spec::new(
                    Group::Server,
                    "GET count:int (type: SLOW|LARGE-REQUEST|LARGE-REPLY)",
                    4,
                    READ,
                )
                .tips(GET_TIPS)
                .doc(
                    "8.1.0",
                    "O(N) in the number of entries",
                    "GET <count> <type>: the newest entries of a log; -1 for all.",
                ),
                |request| Box::pin(get(request, |args| kind(args.at(3)))),
            ),
            SessionCommand::later(
                Spec::new(Group::Server, "LEN (type: SLOW|LARGE-REQUEST|LARGE-REPLY)", 3, READ)
                    .tips(LEN_TIPS)
                    .doc("8.1.0", "O(1)", "LEN <type>: the number of entries of a log."),
                |request| Box::pin(len(request, |args| kind(args.at(2)))),
            ),
            SessionCommand::later(
                Spec::new(Group::Server, "RESET (type: SLOW|LARGE-REQUEST|LARGE-REPLY)", 3, READ)
                    .tips(RESET_TIPS)
                    .doc(
                        "8.1.0",
                        "O(N) in the number of entries",
                        "RESET <type>: empties a log: slow, large-request or large-reply.",
                    ),
                |request| Box::pin(reset(request, |args| kind(args.at(2)))),
            ),
            help::row(Group::Server, "8.1.0"),
        ],
    ),
];

/// Which log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Slow,
    LargeRequest,
    LargeReply,
}

/// The next entry's id, per log.
static NEXT_ID: [AtomicU64; 3] = [const { AtomicU64::new(0) }; 3];

/// One logged command.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    id: u64,
    at_seconds: i64,
    /// Microseconds or bytes, after the log's kind.
    measure: u64,
    args: Vec<Vec<u8>>,
    address: String,
    name: Vec<u8>,
}

/// One thread's logs.
#[derive(Default)]
pub(crate) struct CommandLogs {
    entries: [RefCell<VecDeque<Entry>>; 3],
}

impl CommandLogs {
    /// Adds an entry, and drops the oldest beyond `len_max`: other threads may have entries too, so
    /// each keeps as many as all together may.
    pub(crate) fn push(
        &self,
        client: &Client,
        kind: Kind,
        spec: &Spec,
        args: Args<'_>,
        measure: u64,
        len_max: u64,
    ) {
        let entry = Entry {
            id: NEXT_ID[kind as usize].fetch_add(1, Ordering::Relaxed),
            at_seconds: clock::now_ms() / 1000,
            measure,
            args: shown_args(spec, args),
            address: client.address.clone(),
            name: client.name.borrow().clone(),
        };
        let mut entries = self.entries[kind as usize].borrow_mut();
        entries.push_back(entry);
        while entries.len() as u64 > len_max {
            entries.pop_front();
        }
    }

    fn entries(&self, kind: Kind) -> Vec<Entry> {
        self.entries[kind as usize].borrow().iter().cloned().collect()
    }

    fn len(&self, kind: Kind) -> usize {
        self.entries[kind as usize].borrow().len()
    }

    fn reset(&self, kind: Kind) {
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

/// What a command must reach to be logged; `None` where nothing is logged.
pub(crate) fn threshold(monitoring: &Monitoring, kind: Kind) -> Option<u64> {
    let Limits { threshold, len_max } = limits(monitoring, kind);
    u64::try_from(threshold).ok().filter(|_| len_max > 0)
}

/// The arguments as Redis shows them: the first ones, the first bytes of each, and no secrets.
fn shown_args(spec: &Spec, args: Args<'_>) -> Vec<Vec<u8>> {
    let shown = if args.len() > ARGS_MAX { ARGS_MAX - 1 } else { args.len() };
    let mut words: Vec<Vec<u8>> = (0..shown)
        .map(
            |at| if spec.hides(args, at) { b"(redacted)".to_vec() } else { shown_arg(args.at(at)) },
        )
        .collect();
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

fn kind(word: &[u8]) -> Result<Kind> {
    let kinds: [(&[u8], Kind); 3] = [
        (b"slow", Kind::Slow),
        (b"large-request", Kind::LargeRequest),
        (b"large-reply", Kind::LargeReply),
    ];
    let found = kinds.iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
    found
        .map(|(_, kind)| *kind)
        .ok_or(Error::new("type should be one of the following: slow, large-request, large-reply"))
}

fn len_max(core: &Core, kind: Kind) -> usize {
    limits(&core.config().monitoring, kind).len_max as usize
}

async fn get(request: &mut Request, kind: fn(Args<'_>) -> Result<Kind>) -> Result {
    let kind = kind(request.args())?;
    let count = match request.args().get(2).map(stdx::number::parse_i64) {
        None => COUNT_DEFAULT,
        Some(Some(count)) if count >= -1 => count,
        Some(_) => return Err(Error::new("count should be greater than or equal to -1")),
    };
    let logs = request.core.gather(move |core| core.command_logs.entries(kind)).await;
    let mut entries: Vec<Entry> = logs.into_iter().flatten().collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.id));
    entries.truncate(len_max(&request.core, kind));
    // -1 is all.
    entries.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    let mut reply = request.reply();
    reply.array(entries.len());
    for entry in &entries {
        write_entry(&mut reply, entry);
    }
    Ok(())
}

fn write_entry(reply: &mut Writer<'_>, entry: &Entry) {
    reply.array(6);
    reply.integer(entry.id as i64);
    reply.integer(entry.at_seconds);
    reply.integer(entry.measure as i64);
    reply.array(entry.args.len());
    for arg in &entry.args {
        reply.bulk(arg);
    }
    reply.bulk(entry.address.as_bytes());
    reply.bulk(&entry.name);
}

async fn len(request: &mut Request, kind: fn(Args<'_>) -> Result<Kind>) -> Result {
    let kind = kind(request.args())?;
    let lens = request.core.gather(move |core| core.command_logs.len(kind)).await;
    let len = lens.into_iter().sum::<usize>().min(len_max(&request.core, kind));
    request.reply().integer(len as i64);
    Ok(())
}

async fn reset(request: &mut Request, kind: fn(Args<'_>) -> Result<Kind>) -> Result {
    let kind = kind(request.args())?;
    request.core.gather(move |core| core.command_logs.reset(kind)).await;
    request.reply().ok();
    Ok(())
}

#[cfg(test)]
mod tests;
