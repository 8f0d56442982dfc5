//! The engine with its shards on one thread and a clock that stands still: a command's life from
//! its arguments to its reply, without the server around it.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use command::Args;
use engine::{
    Batch, Call, Clock, Command, Limits, Moment, Network, PipelineOrder, Router, Run, Shard,
    run_alone,
};
use keyspace::{Keyspace, Options};
use resp::{Protocol, Reply, Span};

/// Small, so that quadratic commands (LCS) stay cheap.
const STRING_BYTES_MAX: usize = 2048;
const START_MS: i64 = 1_700_000_000_000;

thread_local! {
    static NOW_MS: Cell<i64> = const { Cell::new(START_MS) };
}

const CLOCK: Clock = Clock { moment: || Moment { now_ms: NOW_MS.get(), stamp_ns: 1 }, ticks: || 0 };

/// Every row that runs: commands and subcommands, without the containers.
pub(crate) fn rows() -> impl Iterator<Item = &'static Command> {
    commands::all().flat_map(|row| match row.run {
        Run::Container => row.subcommands.iter(),
        _ => std::slice::from_ref(row).iter(),
    })
}

/// The row of a call whose arity is right.
pub(crate) fn row_of(words: &[Vec<u8>]) -> Option<&'static Command> {
    let named = |row: &&Command, word: usize| {
        words.get(word).is_some_and(|name| name.eq_ignore_ascii_case(row.spec.name.as_bytes()))
    };
    let mut row = commands::all().find(|row| named(row, 0))?;
    if matches!(row.run, Run::Container) {
        row = row.subcommands.iter().find(|row| named(row, 1))?;
    }
    row.spec.accepts(words.len()).then_some(row)
}

/// Words one after the other, as they lie in a buffer.
pub(crate) fn encode(words: &[Vec<u8>]) -> (Vec<u8>, Vec<Span>) {
    let mut data = Vec::new();
    let mut spans = Vec::new();
    for word in words {
        spans.push(Span { start: data.len() as u32, len: word.len() as u32 });
        data.extend_from_slice(word);
    }
    (data, spans)
}

/// See the module. One at a time per thread, as they share the clock.
pub(crate) struct Engine {
    routers: Vec<Rc<Router>>,
    pub(crate) protocol: Protocol,
    pub(crate) db: u16,
}

impl Engine {
    pub(crate) fn new(shards: usize) -> Self {
        NOW_MS.set(START_MS);
        let (network, inbound) = Network::new(shards, shards);
        let limits = Limits { string_bytes_max: STRING_BYTES_MAX, ..Limits::default() };
        let routers = inbound.into_iter().enumerate().map(|(thread, inbound)| {
            let keyspace = Keyspace::new(Options::default());
            let shard = Shard::new(keyspace, limits, CLOCK, thread as u64);
            Router::new(thread, network.clone(), inbound, Some(shard), CLOCK, thread as u64)
        });
        Self { routers: routers.collect(), protocol: Protocol::Resp2, db: 0 }
    }

    pub(crate) fn wait_ms(&self, ms: i64) {
        NOW_MS.set(NOW_MS.get() + ms);
    }

    /// Runs a call on the first thread.
    ///
    /// # Panics
    /// If what comes back is not exactly one reply.
    pub(crate) fn reply(&self, command: &'static Command, words: &[Vec<u8>]) -> Reply {
        let (data, spans) = encode(words);
        let bytes = self.run(command, data, spans);
        let (reply, len) = resp::parse_reply(&bytes).expect("a reply").expect("a whole one");
        assert_eq!(len, bytes.len(), "one reply: {}", bytes.escape_ascii());
        assert_eq!(resp::skip_reply(&bytes), len);
        reply
    }

    fn run(&self, command: &'static Command, data: Vec<u8>, spans: Vec<Span>) -> Vec<u8> {
        let router = &self.routers[0];
        let call =
            Call { db: self.db, protocol: self.protocol, ..Call::new(command, 0, spans.len()) };
        if !Batch::can_join(router, command, Args::new(&data, &spans)) {
            return self.finish(run_alone(router.clone(), call, data, spans));
        }
        let mut batch = Batch::default();
        batch.spans = spans;
        batch.push_call(router, &data, call, false);
        let mut out = Vec::new();
        if !batch.try_run_here(router, &data, &mut out) {
            let departed = batch.depart(router, &data, PipelineOrder::Strict);
            self.finish(departed.landed(&mut out));
        }
        out
    }

    /// Delivers mail between the threads until a future is done.
    fn finish<T>(&self, future: impl Future<Output = T>) -> T {
        const TURNS_MAX: usize = 10_000;
        let mut future = pin!(future);
        let mut task = Context::from_waker(Waker::noop());
        for _ in 0..TURNS_MAX {
            if let Poll::Ready(value) = future.as_mut().poll(&mut task) {
                return value;
            }
            for router in &self.routers {
                router.flush();
                router.read_mail();
            }
        }
        panic!("it never ends");
    }
}
