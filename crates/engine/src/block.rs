//! Calls that block: tried at once, then again when one of their keys changes.
//!
//! With all keys on one shard, that shard tries, and whoever feeds the key finds it waiting there.
//! With keys on several, the calling thread tries under locks on all of them. The shards only wake
//! it, and keep what it may take from others until it has tried or given up; see [`crate::serve`].
//! It takes from the first of its keys that has something by then, which need not be the one that was
//! fed first.

use std::collections::{BTreeMap, HashMap};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll, Waker};

use command::{Args, KeySpec, Positions};
use resp::{Protocol, Span, Writer};

use crate::alone::{locked_parts, new_plan, run_plan};
use crate::command::{Block, Wait};
use crate::parcel::{Call, Outcome};
use crate::router::Router;
use crate::shard::Request;
use crate::waiters::{Named, WaiterId, watched};

/// What ends a wait that nothing came of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupt {
    /// The time is over, or somebody wants it to seem so.
    Timeout,
    /// Somebody wants the client to get an error.
    Error,
    /// The client is gone: nobody reads the answer.
    Gone,
}

/// The waiting calls of one thread that it tries itself.
#[derive(Default)]
pub(crate) struct Sleepers {
    next: u64,
    sleepers: HashMap<u64, Sleeper>,
}

#[derive(Default)]
struct Sleeper {
    /// The shards that woke it since it last tried.
    woken: Vec<usize>,
    waker: Option<Waker>,
}

impl Sleepers {
    /// A number that no call of this thread had.
    pub(crate) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn add(&mut self, number: u64) {
        self.sleepers.insert(number, Sleeper::default());
    }

    pub(crate) fn wake(&mut self, number: u64, shard: usize) {
        // It may have been served, or given up, meanwhile.
        if let Some(sleeper) = self.sleepers.get_mut(&number) {
            sleeper.woken.push(shard);
            if let Some(waker) = sleeper.waker.take() {
                waker.wake();
            }
        }
    }

    fn remove(&mut self, number: u64) {
        self.sleepers.remove(&number);
    }

    fn poll(&mut self, number: u64, task: &TaskContext<'_>) -> Poll<Vec<usize>> {
        let sleeper = self.sleepers.entry(number).or_default();
        if !sleeper.woken.is_empty() {
            return Poll::Ready(std::mem::take(&mut sleeper.woken));
        }
        sleeper.waker = Some(task.waker().clone());
        Poll::Pending
    }
}

/// What came of a call.
enum Came {
    /// It is answered.
    Reply(Vec<u8>, Outcome),
    /// Nothing, until this.
    Ended(Interrupt),
}

/// Runs a call of a `Block` row. `interrupt` makes, from how long it may wait, a future that says
/// when and how the wait ends.
///
/// It must be brought to its end even if the client vanishes: spawn it, don't drop it. Returns the
/// reply and what came of the call, without the time that it waited.
pub async fn run_blocking<F: Future<Output = Interrupt>>(
    router: Rc<Router>,
    call: Call,
    data: Vec<u8>,
    spans: Vec<Span>,
    interrupt: impl FnOnce(Wait) -> F,
) -> (Vec<u8>, Outcome) {
    let block = call.command.block().expect("a Block row");
    let came = match (block.wait)(call.args(&data, &spans)) {
        Err(error) => Came::error(error.text()),
        Ok(wait) => {
            let interrupt = pin!(interrupt(wait));
            let args = call.args(&data, &spans);
            match owner_of_all(&router, args, call.command.spec.keys) {
                Some(shard) => here(&router, shard, call, args, wait, interrupt).await,
                None => Sleep::new(router, call, block, data, spans).run(wait, interrupt).await,
            }
        }
    };
    match came {
        Came::Reply(reply, outcome) => (reply, outcome),
        Came::Ended(interrupt) => {
            let mut out = Vec::new();
            let mut reply = Writer::new(&mut out, call.protocol);
            match interrupt {
                Interrupt::Timeout | Interrupt::Gone => (block.on_timeout)(&mut reply),
                Interrupt::Error => {
                    reply.error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
                }
            }
            let outcome = outcome_of(&out);
            (out, outcome)
        }
    }
}

impl Came {
    fn reply(reply: Vec<u8>) -> Self {
        let outcome = outcome_of(&reply);
        Self::Reply(reply, outcome)
    }

    fn error(text: Vec<u8>) -> Self {
        let mut out = Vec::new();
        Writer::new(&mut out, Protocol::Resp2).error(text);
        Self::reply(out)
    }
}

fn outcome_of(reply: &[u8]) -> Outcome {
    Outcome { reply_len: reply.len(), failed: reply.first() == Some(&b'-'), ..Outcome::default() }
}

/// The shard that owns all keys of a call; for one that names none, which its handler will say,
/// any.
fn owner_of_all(router: &Router, args: Args<'_>, specs: &[KeySpec]) -> Option<usize> {
    let positions = specs.iter().filter_map(|keys| keys.resolve(args)).flat_map(Positions::iter);
    let mut owners = positions.map(|at| router.owner(args.at(at)));
    let first = owners.next().unwrap_or_else(|| router.home());
    owners.all(|owner| owner == first).then_some(first)
}

/// A call whose keys are all on one shard, which tries it.
async fn here(
    router: &Rc<Router>,
    shard: usize,
    call: Call,
    args: Args<'_>,
    wait: Wait,
    mut interrupt: Pin<&mut impl Future<Output = Interrupt>>,
) -> Came {
    let id = router.new_waiter();
    let mut parcel = router.parcel();
    parcel.push(call, args.iter());
    parcel.waiter = (wait != Wait::No).then_some(id);
    let mut flight = router.send(shard, parcel);
    let mut ended = Interrupt::Timeout;
    let landed = poll_fn(|task| {
        if let Poll::Ready(landed) = Pin::new(&mut flight).poll(task) {
            return Poll::Ready(Some(landed));
        }
        if wait == Wait::No {
            return Poll::Pending;
        }
        interrupt.as_mut().poll(task).map(|interrupt| {
            ended = interrupt;
            None
        })
    });
    let landed = match landed.await {
        Some(landed) => landed,
        None => {
            // Whatever the shard made of it, it has by then said so.
            router.unblock(&[shard], id).await;
            flight.await
        }
    };
    let parcel = landed.parts.into_iter().find_map(|part| part.parcel);
    let mut parcel = parcel.expect("a parcel comes back");
    if parcel.replies.is_empty() {
        router.recycle(parcel);
        return Came::Ended(ended);
    }
    let outcome = parcel.outcomes.first().copied().unwrap_or_default();
    let reply = std::mem::take(&mut parcel.replies);
    router.recycle(parcel);
    Came::Reply(reply, outcome)
}

/// A call with keys on several shards, which this thread tries.
struct Sleep {
    router: Rc<Router>,
    id: WaiterId,
    call: Call,
    block: &'static Block,
    data: Vec<u8>,
    spans: Vec<Span>,
    /// The shards that know that it waits.
    watching: Vec<usize>,
}

impl Sleep {
    fn new(
        router: Rc<Router>,
        call: Call,
        block: &'static Block,
        data: Vec<u8>,
        spans: Vec<Span>,
    ) -> Self {
        let id = router.new_waiter();
        // Before any shard knows of it, so that no word of theirs is missed.
        router.sleepers().add(id.number);
        Self { router, id, call, block, data, spans, watching: Vec::new() }
    }

    async fn run(
        mut self,
        wait: Wait,
        mut interrupt: Pin<&mut impl Future<Output = Interrupt>>,
    ) -> Came {
        let mut woken = Vec::new();
        loop {
            let reply = self.attempt(wait).await;
            let is_served = !reply.is_empty();
            // Others wait for word where this one was next; all, if it waits no longer.
            for shard in if is_served { &self.watching } else { &woken } {
                self.router.tell(*shard, Request::Tried { id: self.id, is_served });
            }
            if is_served {
                self.router.sleepers().remove(self.id.number);
                return Came::reply(reply);
            }
            if wait == Wait::No {
                self.router.sleepers().remove(self.id.number);
                return Came::Ended(Interrupt::Timeout);
            }
            let ended = poll_fn(|task| {
                if let Poll::Ready(woken) = self.router.sleepers().poll(self.id.number, task) {
                    return Poll::Ready(Ok(woken));
                }
                interrupt.as_mut().poll(task).map(Err)
            });
            woken = match ended.await {
                Ok(woken) => woken,
                Err(ended) => {
                    self.router.unblock(&self.watching, self.id).await;
                    self.router.sleepers().remove(self.id.number);
                    return Came::Ended(ended);
                }
            };
        }
    }

    /// Tries once, under locks on all keys. If nothing comes of the first try, the shards learn
    /// before the locks go that it waits, so that no change is missed.
    async fn attempt(&mut self, wait: Wait) -> Vec<u8> {
        let parts = locked_parts(&self.router, &self.call, &self.data, &self.spans);
        let shards: Vec<usize> = parts.iter().map(|part| part.shard).collect();
        let id = self.router.lock(parts).await.id();
        let _step = self.router.begin_step();
        let (data, spans) = (self.data.clone(), self.spans.clone());
        let mut plan = new_plan(self.router.clone(), self.call, data, spans, id);
        let reply = run_plan(self.block.across, &mut plan).await;
        if reply.is_empty() {
            if let Some(words) = plan.wait_as.take() {
                self.replace_args(&words);
            }
            if self.watching.is_empty() && wait != Wait::No {
                self.watch();
            }
        }
        if !reply.is_empty() {
            self.router.tell_reads(&self.call, self.call.args(&self.data, &self.spans));
        }
        self.router.release(id, shards.into_iter());
        reply
    }

    fn replace_args(&mut self, words: &[Vec<u8>]) {
        (self.data, self.spans) = (Vec::new(), Vec::new());
        for word in words {
            let (start, len) = (self.data.len() as u32, word.len() as u32);
            self.spans.push(Span { start, len });
            self.data.extend_from_slice(word);
        }
        (self.call.first_span, self.call.span_count) = (0, words.len() as u32);
    }

    /// Tells the shards of the keys that this call waits for them.
    fn watch(&mut self) {
        let args = self.call.args(&self.data, &self.spans);
        let on_time = (self.block.on_time)(args);
        let mut keys: BTreeMap<usize, Vec<Named>> = BTreeMap::new();
        for (key, position) in watched(args, self.call.command.spec.keys, self.call.db) {
            let name = args.at(position);
            keys.entry(self.router.owner(name)).or_default().push((key, name.into()));
        }
        self.watching = keys.keys().copied().collect();
        for (shard, keys) in keys {
            let (id, block) = (self.id, self.block);
            self.router.tell(shard, Request::Watch { id, block, on_time, keys });
        }
    }
}
