//! An engine of any number of shards, all on the test's thread, with a clock that stands still.

use std::cell::Cell;
use std::fmt::Write;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll, Waker};

use command::Args;
use engine::{
    Batch, Call, Clock, Command, Context, Handler, Interrupt, Limits, Moment, Network,
    PipelineOrder, Router, Run, Shard, run_alone, run_blocking,
};
use keyspace::{Keyspace, Options};
use resp::{Protocol, Reply, Span, Writer};

/// When every engine starts, in milliseconds since 1970.
pub(crate) const START_MS: i64 = 1_700_000_000_000;
/// No string grows beyond this.
pub(crate) const STRING_BYTES_MAX: usize = 1 << 20;

thread_local! {
    static NOW_MS: Cell<i64> = const { Cell::new(START_MS) };
    static TICKS: Cell<u64> = const { Cell::new(u64::MAX) };
}

const CLOCK: Clock = Clock { moment, ticks };

/// A counter that goes back, as it may for a thread that changes cores: nothing may take less than
/// no time.
fn ticks() -> u64 {
    TICKS.set(TICKS.get() - 1);
    TICKS.get()
}

fn moment() -> Moment {
    Moment { now_ms: NOW_MS.get(), stamp_ns: 1 }
}

pub(crate) struct Engine {
    routers: Vec<Rc<Router>>,
    protocol: Protocol,
    db: u16,
}

impl Engine {
    pub(crate) fn new(shards: usize) -> Self {
        Self::with(shards, &Options::default())
    }

    pub(crate) fn with(shards: usize, options: &Options) -> Self {
        NOW_MS.set(START_MS);
        let (network, inbound) = Network::new(shards, shards);
        let limits = Limits { string_bytes_max: STRING_BYTES_MAX, ..Limits::default() };
        let routers = inbound.into_iter().enumerate().map(|(thread, inbound)| {
            let shard = Shard::new(Keyspace::new(options.clone()), limits, CLOCK, thread as u64);
            Router::new(thread, network.clone(), inbound, Some(shard), CLOCK, thread as u64)
        });
        Self { routers: routers.collect(), protocol: Protocol::Resp2, db: 0 }
    }

    /// Speaks RESP3 from now on.
    pub(crate) fn resp3(&mut self) {
        self.protocol = Protocol::Resp3;
    }

    pub(crate) fn select(&mut self, db: u16) {
        self.db = db;
    }

    pub(crate) fn wait_ms(&self, ms: i64) {
        NOW_MS.set(NOW_MS.get() + ms);
    }

    /// Runs a line as a connection on the first thread would; the reply as text, see [`text_of`].
    pub(crate) fn call(&self, line: &str) -> String {
        let words = resp::split_args(line.as_bytes()).expect("balanced quotes");
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        text_of(&self.reply(&words))
    }

    pub(crate) fn reply(&self, words: &[&[u8]]) -> Reply {
        let (data, spans) = encode(words);
        let bytes = self.run(row(words), data, spans);
        let (reply, len) = resp::parse_reply(&bytes).expect("a reply").expect("a whole one");
        assert_eq!(len, bytes.len(), "one reply: {}", bytes.escape_ascii());
        reply
    }

    /// How many reads found their key since the start, and how many did not.
    pub(crate) fn hits_and_misses(&self) -> (u64, u64) {
        let shards = self.routers.iter().filter_map(|router| router.shard());
        shards.fold((0, 0), |(hits, misses), shard| {
            let stats = shard.keyspace.stats();
            (hits + stats.hits, misses + stats.misses)
        })
    }

    /// Runs lines; each is followed by `=>` and its reply.
    #[track_caller]
    pub(crate) fn check(&self, story: &str) {
        for line in story.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (call, expected) = line.split_once(" => ").expect("a call and a reply");
            assert_eq!(self.call(call), expected, "{call}");
        }
    }

    /// Runs a line on the only shard; what it logs in place of the call, one effect a line.
    pub(crate) fn effects(&self, line: &str) -> Vec<String> {
        assert_eq!(self.routers.len(), 1, "handlers run on the first shard");
        let words = resp::split_args(line.as_bytes()).expect("balanced quotes");
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let (handler, (data, spans)) = (handler(row(&words)), encode(&words));
        let job = move |context: &mut Context<'_>| {
            context.keyspace.changes().set_recording(true);
            let mut out = Vec::new();
            let mut reply = Writer::new(&mut out, Protocol::Resp2);
            handler(context, Args::new(&data, &spans), &mut reply).expect("no error");
            let effects = context.keyspace.changes().effects().map(|effect| {
                let args = effect.args().map(|arg| arg.escape_ascii().to_string());
                args.collect::<Vec<_>>().join(" ")
            });
            let effects = effects.collect();
            context.keyspace.changes().clear();
            context.keyspace.changes().set_recording(false);
            effects
        };
        self.finish(self.routers[0].hop(0, usize::from(self.db), job))
    }

    /// The thread whose shard has a key.
    pub(crate) fn owner(&self, key: &str) -> usize {
        self.routers[0].owner(key.as_bytes())
    }

    pub(crate) fn router(&self, thread: usize) -> &Rc<Router> {
        &self.routers[thread]
    }

    /// Begins a line as a connection on a thread would. It goes on as the test lets it, by
    /// [`Running::poll`] and [`Engine::deliver`].
    pub(crate) fn begin(&self, thread: usize, line: &str) -> Running {
        let words = resp::split_args(line.as_bytes()).expect("balanced quotes");
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let (data, spans) = encode(&words);
        self.start(thread, row(&words), data, spans)
    }

    /// Delivers the mail that the threads have for each other.
    pub(crate) fn deliver(&self) {
        for router in &self.routers {
            router.flush();
            router.read_mail();
        }
    }

    fn start(
        &self,
        thread: usize,
        command: &'static Command,
        data: Vec<u8>,
        spans: Vec<Span>,
    ) -> Running {
        let router = self.routers[thread].clone();
        let call =
            Call { db: self.db, protocol: self.protocol, ..Call::new(command, 0, spans.len()) };
        let interrupt: Rc<Cell<Option<Interrupt>>> = Rc::default();
        let future: Pin<Box<dyn Future<Output = Vec<u8>>>> = match command.run {
            Run::Block(_) => {
                let interrupt = interrupt.clone();
                let ended =
                    |_| poll_fn(move |_| interrupt.get().map_or(Poll::Pending, Poll::Ready));
                Box::pin(async move { run_blocking(router, call, data, spans, ended).await.0 })
            }
            _ if !Batch::can_join(&router, command, Args::new(&data, &spans)) => {
                Box::pin(run_alone(router, call, data, spans))
            }
            _ => Box::pin(async move {
                let mut batch = Batch::default();
                batch.spans = spans;
                batch.push_call(&router, &data, call, false);
                let mut out = Vec::new();
                if !batch.try_run_here(&router, &data, &mut out) {
                    batch.depart(&router, &data, PipelineOrder::Strict).landed(&mut out).await;
                }
                out
            }),
        };
        Running { future, interrupt }
    }

    /// Runs a call to its end; one that would wait does not.
    fn run(&self, command: &'static Command, data: Vec<u8>, spans: Vec<Span>) -> Vec<u8> {
        let running = self.start(0, command, data, spans);
        running.interrupt.set(Some(Interrupt::Timeout));
        self.finish(running.future)
    }

    /// Delivers mail between the threads until a future is done.
    fn finish<T>(&self, future: impl Future<Output = T>) -> T {
        const TURNS_MAX: usize = 1000;
        let mut future = pin!(future);
        let mut task = TaskContext::from_waker(Waker::noop());
        for _ in 0..TURNS_MAX {
            if let Poll::Ready(value) = future.as_mut().poll(&mut task) {
                return value;
            }
            self.deliver();
        }
        panic!("it never ends");
    }
}

/// A call that has begun.
pub(crate) struct Running {
    future: Pin<Box<dyn Future<Output = Vec<u8>>>>,
    /// What ends its wait, if it blocks.
    pub(crate) interrupt: Rc<Cell<Option<Interrupt>>>,
}

impl Running {
    /// Lets it go on. Its reply, if it has come to its end; then it must not be polled again.
    pub(crate) fn poll(&mut self) -> Option<String> {
        let mut task = TaskContext::from_waker(Waker::noop());
        let Poll::Ready(bytes) = self.future.as_mut().poll(&mut task) else { return None };
        let (reply, _) = resp::parse_reply(&bytes).expect("a reply").expect("a whole one");
        Some(text_of(&reply))
    }
}

/// Words as they lie in a buffer.
fn encode(words: &[&[u8]]) -> (Vec<u8>, Vec<Span>) {
    let mut spans = Vec::new();
    let mut data = Vec::new();
    for word in words {
        spans.push(Span { start: data.len() as u32, len: word.len() as u32 });
        data.extend_from_slice(word);
    }
    (data, spans)
}

/// The row of a call; a test that names none, or breaks the arity, is wrong.
fn row(words: &[&[u8]]) -> &'static Command {
    let named = |rows: &'static [Command], name: &[u8]| {
        rows.iter().find(|row| row.spec.name.as_bytes().eq_ignore_ascii_case(name))
    };
    let mut families = crate::FAMILIES.iter();
    let mut row = families.find_map(|rows| named(rows, words[0])).expect("a known command");
    if matches!(row.run, Run::Container) {
        row = named(row.subcommands, words[1]).expect("a known subcommand");
    }
    assert!(row.spec.accepts(words.len()), "wrong number of arguments for {}", row.spec.name);
    row
}

fn handler(command: &Command) -> Handler {
    match command.run {
        Run::Shard(handler)
        | Run::Scatter { part: handler, .. }
        | Run::Plan { local: handler, .. }
        | Run::Everywhere { part: handler, .. } => handler,
        Run::Block(block) => block.local,
        Run::Roam(_) | Run::Container => panic!("{} has no handler", command.spec.name),
    }
}

/// A reply on one line: `OK`, `-ERR ...`, `1`, `"bulk"`, `nil`, `[1 2]`, `{"a": 1}`.
pub(crate) fn text_of(reply: &Reply) -> String {
    let list = |items: &[Reply]| items.iter().map(text_of).collect::<Vec<_>>().join(" ");
    match reply {
        Reply::Simple(text) => String::from_utf8_lossy(text).into_owned(),
        Reply::Error(text) => format!("-{}", String::from_utf8_lossy(text)),
        Reply::Integer(number) => number.to_string(),
        Reply::Bulk(bytes) => format!("\"{}\"", bytes.escape_ascii()),
        Reply::Null | Reply::NullArray => "nil".to_owned(),
        Reply::Array(items) => format!("[{}]", list(items)),
        Reply::Double(number) => format!("{number:?}f"),
        Reply::Map(pairs) => {
            let mut text = String::from("{");
            for (index, (key, value)) in pairs.iter().enumerate() {
                let comma = if index == 0 { "" } else { ", " };
                write!(text, "{comma}{}: {}", text_of(key), text_of(value)).expect("a string");
            }
            text + "}"
        }
        other => format!("{other:?}"),
    }
}
