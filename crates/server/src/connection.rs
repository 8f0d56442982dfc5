//! One connection: bytes in, batches through the engine, bytes out.
//!
//! A task per connection. While it has nothing to do it holds no buffer: see `Input` and
//! `Core::take_output`.
//!
//! Invariant: at most one batch of a connection is under way, so its replies keep their order.

use std::future::{Future, poll_fn};
use std::io;
use std::ops::Range;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use command::Args;
use config::{OutputLimit, PipelineOrder as ConfiguredOrder};
use engine::{Batch, Call, Interrupt, Item, Outcome, PipelineOrder, Run, run_alone, run_blocking};
use resp::{Decoder, Limits, Protocol, Writer, write_command};
use tokio::io::AsyncWrite;

use crate::blocked;
use crate::client::{Client, Closing};
use crate::command::{Later, OwnedArgs, Prompt, Request};
use crate::core::Core;
use crate::dispatch::{Next, Rest, begin, dispatch, is_cross_protocol, take_mute};
use crate::input::Input;
use crate::persistence::append::Holds;
use crate::stats::add;
use crate::stream::Stream;

/// Commands of one read that run as one batch.
const BATCH_COMMANDS_MAX: usize = 256;
/// Replies beyond this many bytes leave before the next batch.
const OUTPUT_FLUSH_BYTES: usize = 256 * 1024;
/// Less than this never exceeds the output limit: in Redis it has a buffer of its own, and even the
/// tightest limit lets the reply to CONFIG SET through.
const OUTPUT_FREE_BYTES: u64 = 16 * 1024;

/// Less is not worth to be noted before it is accounted for.
const OUTPUT_NOTED_BYTES: usize = 64 * 1024;

/// After so long without input, in milliseconds, an input buffer goes.
const TRIM_IDLE_MS: i64 = 2_000;

/// See the module.
pub(crate) struct Connection {
    core: Rc<Core>,
    client: Rc<Client>,
    stream: Stream,
    decoder: Decoder,
    input: Input,
    output: Vec<u8>,
    /// Bytes of `output` that are sent.
    sent: usize,
    /// What of it waits for the disk.
    holds: Holds,
    /// Whether the input begins with a command that CLIENT PAUSE held back.
    put_back: bool,
    /// Since when more than the soft limit waits, in milliseconds since 1970.
    soft_limit_since_ms: Option<i64>,
}

/// What decoding stopped at.
enum Stop {
    /// All complete commands are in the batch.
    NeedInput,
    /// The batch is full.
    Full,
    /// This is to run after the batch.
    Alone(Call, OwnedArgs),
    /// So is this.
    Later(u16, Later, OwnedArgs),
    /// So does this, which may not have to wait.
    Prompt(u16, Prompt, OwnedArgs),
    /// This has begun and must wait.
    Rest(Rest),
    /// This goes back into the input, until CLIENT PAUSE ends.
    Held(Vec<u8>),
}

impl Connection {
    pub(crate) fn new(core: Rc<Core>, client: Rc<Client>, stream: Stream) -> Self {
        Self {
            core,
            client,
            stream,
            decoder: Decoder::default(),
            input: Input::default(),
            output: Vec::new(),
            sent: 0,
            holds: Holds::default(),
            put_back: false,
            soft_limit_since_ms: None,
        }
    }

    /// Serves the client until it leaves or is closed.
    pub(crate) async fn serve(mut self) {
        while let Ok(received) = self.receive().await {
            self.note_received(received);
            self.hold_to_query_limit();
            let flushes = self.core.server.persistence.flushes();
            self.process().await;
            if self.core.server.persistence.flushes() != flushes {
                self.settle_input();
                crate::persistence::flush::save(&self.core).await;
            }
            self.settle_input();
            // The limit comes first: what exceeds it is not sent, even if the client would read it.
            if self.is_over() || self.exceeds_output_limit() || self.send_now().is_err() {
                break;
            }
            if self.is_over() {
                break;
            }
            self.publish_usage();
        }
        self.settle_input();
    }

    /// Leaves the thread's input buffer to others.
    fn settle_input(&mut self) {
        let missing = self.decoder.bytes_missing(self.input.pending());
        self.input.settle(&self.core, missing);
    }

    /// Waits for input, sending meanwhile what has to leave; returns how much came. An error when
    /// the connection is over.
    async fn receive(&mut self) -> io::Result<usize> {
        poll_fn(|task| {
            self.client.set_waker(task.waker());
            self.client.take_pushed(&mut self.output);
            self.poll_send(task)?;
            self.publish_output_room();
            if self.is_over() || self.exceeds_output_limit() {
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            }
            if self.client.closing().is_some() {
                return Poll::Pending;
            }
            if self.put_back {
                if self.client.held.get() {
                    return Poll::Pending;
                }
                self.put_back = false;
                return Poll::Ready(Ok(0));
            }
            if self.client.wants_trim.take() {
                let now_ms = self.core.turn_ms.get();
                self.input.trim(self.client.idle_ms(now_ms) >= TRIM_IDLE_MS);
                self.publish_usage();
            }
            match self.input.poll_fill(&self.core, &mut self.stream, task) {
                Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                other => other,
            }
        })
        .await
    }

    /// Whether the connection ends now.
    fn is_over(&self) -> bool {
        match self.client.closing() {
            Some(Closing::Now) => true,
            Some(Closing::AfterReply) => self.unsent() == 0,
            None => false,
        }
    }

    fn unsent(&self) -> usize {
        self.output.len() - self.sent
    }

    /// Handles all complete commands of the input.
    async fn process(&mut self) {
        self.holds.begin(&self.core.server.append);
        if self.output.capacity() == 0 {
            self.output = self.core.take_output();
        }
        if self.client.tracking.is_on() {
            // What changed before it sent this, it hears before the answer.
            self.core.router.read_mail();
            if crate::pressure::relieve_before(&self.core) {
                self.settle_input();
                crate::pressure::relieve_everywhere(&self.core).await;
            }
            self.client.take_pushed(&mut self.output);
        }
        let mut batch = self.core.take_batch();
        loop {
            let stop = self.decode(&mut batch);
            let reply_start = self.output.len();
            let router = &self.core.router;
            if !batch.is_empty()
                && !batch.try_run_here(router, self.input.bytes(), &mut self.output)
            {
                let order = match self.core.config().threads.pipeline_order {
                    ConfiguredOrder::Strict => PipelineOrder::Strict,
                    ConfiguredOrder::Relaxed => PipelineOrder::Relaxed,
                };
                let data = self.input.bytes();
                let departed = match self.may_be_delivered(&batch) {
                    true => batch.depart_beside(router, data, order, self.stream.outlet()),
                    false => batch.depart(router, data, order),
                };
                self.settle_input();
                batch = departed.landed(&mut self.output).await;
                self.note_delivered(batch.delivered());
            }
            if self.output.len() > OUTPUT_NOTED_BYTES {
                self.client.note_passing(self.output.capacity());
            }
            // What was delivered is counted.
            if batch.delivered() == 0 {
                let replies = &self.output[reply_start..];
                count(&self.core, &self.client, &batch, self.input.bytes(), replies);
            }
            add(&self.client.usage.commands, batch.len() as u64);
            batch.clear();
            match stop {
                Stop::NeedInput => break,
                Stop::Full => {}
                Stop::Alone(call, args) => match call.command.run {
                    Run::Block(_) => self.run_blocking(call, args).await,
                    _ => self.run_alone(call, args).await,
                },
                Stop::Later(row, run, args) => self.run_later(row, run, args).await,
                Stop::Prompt(row, run, args) => self.run_prompt(row, run, args).await,
                Stop::Rest(rest) => self.run_rest(rest).await,
                Stop::Held(command) => {
                    self.input.put_back(&self.core, &command);
                    self.put_back = true;
                    self.client.held.set(true);
                    break;
                }
            }
            if self.client.closing().is_some() || self.relieve_output() {
                break;
            }
        }
        self.core.return_batch(batch);
    }

    /// Decodes and dispatches up to one batch.
    fn decode(&mut self, batch: &mut Batch) -> Stop {
        let limits = Limits {
            bulk_bytes_max: self.core.bulk_bytes_max.get() as i64,
            authenticated: self.client.authenticated.get() || !self.core.needs_password.get(),
        };
        while self.client.closing().is_none() {
            if batch.len() >= BATCH_COMMANDS_MAX {
                return Stop::Full;
            }
            let first_span = batch.spans.len();
            let (data, at) = self.input.parts();
            match self.decoder.next(data, *at, limits, &mut batch.spans) {
                Ok(None) => break,
                Ok(Some(next)) => *at = next,
                Err(error) => {
                    let text = format!("ERR Protocol error: {error}");
                    batch.push_ready(|ready| Writer::new(ready, Protocol::Resp2).error(&text));
                    self.client.close(Closing::AfterReply);
                    tracing::debug!(
                        client = self.client.id,
                        "Protocol error ({error}) from client"
                    );
                    break;
                }
            }
            if batch.spans.len() == first_span {
                continue;
            }
            let args = Args::new(data, &batch.spans[first_span..]);
            if is_cross_protocol(args) {
                tracing::warn!(
                    address = self.client.address,
                    "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or \
                     Host: commands to this server, to compromise it through a web browser. \
                     Connection aborted."
                );
                self.client.close(Closing::Now);
                break;
            }
            match dispatch(&self.core, &self.client, batch, data, first_span) {
                Next::Joined => {}
                Next::Alone(call) => {
                    let args = OwnedArgs::new(Args::new(data, &batch.spans[first_span..]));
                    batch.spans.truncate(first_span);
                    return Stop::Alone(Call { first_span: 0, ..call }, args);
                }
                Next::Later(row, run) => {
                    let args = OwnedArgs::new(Args::new(data, &batch.spans[first_span..]));
                    batch.spans.truncate(first_span);
                    return Stop::Later(row, run, args);
                }
                Next::Prompt(row, run) => {
                    let args = OwnedArgs::new(Args::new(data, &batch.spans[first_span..]));
                    batch.spans.truncate(first_span);
                    return Stop::Prompt(row, run, args);
                }
                Next::Rest(rest) => return Stop::Rest(rest),
                Next::Held => {
                    let mut command = Vec::new();
                    let args = Args::new(data, &batch.spans[first_span..]);
                    write_command(&mut command, &args.iter().collect::<Vec<_>>());
                    batch.spans.truncate(first_span);
                    return Stop::Held(command);
                }
            }
        }
        Stop::NeedInput
    }

    async fn run_alone(&mut self, call: Call, args: OwnedArgs) {
        self.settle_input();
        let muted = take_mute(&self.client);
        let started = (self.core.router.clock().ticks)();
        let (router, shown) = (self.core.router.clone(), args.clone());
        // A task of its own: what has begun must end, even if this client goes away.
        let task = tokio::task::spawn_local(run_alone(router, call, args.data, args.spans));
        let reply = task.await.expect("tasks neither panic nor are cancelled");
        let outcome = Outcome {
            reply_len: reply.len(),
            failed: reply.first() == Some(&b'-'),
            refused: false,
            is_overlong: false,
            ticks: self.core.router.clock().ticks_since(started),
        };
        self.finish(call.row, shown.args(), &outcome, &reply, muted);
    }

    /// Runs a command that may wait for keys. Meanwhile input is kept, and a client that leaves is
    /// noticed.
    async fn run_blocking(&mut self, call: Call, args: OwnedArgs) {
        self.settle_input();
        let muted = take_mute(&self.client);
        let (router, shown) = (self.core.router.clone(), args.clone());
        let interrupted = self.client.blocked.begin();
        let end = |wait| blocked::ended(wait, interrupted);
        // A task of its own: what has begun must end, even if this client goes away.
        let mut task =
            tokio::task::spawn_local(run_blocking(router, call, args.data, args.spans, end));
        let (reply, outcome) = poll_fn(|context| {
            let done = Pin::new(&mut task).poll(context);
            if done.is_pending() {
                self.poll_while_blocked(context);
            }
            done
        })
        .await
        .expect("tasks neither panic nor are cancelled");
        self.client.blocked.end();
        self.finish(call.row, shown.args(), &outcome, &reply, muted);
    }

    fn poll_while_blocked(&mut self, task: &mut Context<'_>) {
        self.client.set_waker(task.waker());
        self.client.take_pushed(&mut self.output);
        let is_broken = self.poll_send(task).is_err();
        self.publish_output_room();
        let mut gone = is_broken || self.exceeds_output_limit() || self.client.closing().is_some();
        while !gone {
            match self.input.poll_fill(&self.core, &mut self.stream, task) {
                Poll::Pending => return,
                Poll::Ready(Ok(0) | Err(_)) => {
                    self.client.close(Closing::Now);
                    gone = true;
                }
                Poll::Ready(Ok(received)) => {
                    self.note_received(received);
                    self.settle_input();
                    self.hold_to_query_limit();
                    gone = self.client.closing().is_some();
                }
            }
        }
        self.client.blocked.interrupt(Interrupt::Gone);
    }

    fn note_received(&self, bytes: usize) {
        add(&self.core.stats.counters.reads_processed, 1);
        add(&self.core.stats.counters.bytes_received, bytes as u64);
        add(&self.client.usage.received, bytes as u64);
        self.client.last_active_ms.set(self.core.turn_ms.get());
        self.publish_input();
    }

    /// As in Redis, what is understood of a command is no longer in the query buffer.
    fn publish_input(&self) {
        let usage = &self.client.usage;
        let understood = self.decoder.scanned();
        usage.arguments.set(understood);
        usage.query_buffer.set(self.input.pending().saturating_sub(understood));
    }

    async fn run_later(&mut self, row: u16, run: Later, args: OwnedArgs) {
        self.settle_input();
        let muted = take_mute(&self.client);
        let mut request = Request::new(&self.core, &self.client, row, args);
        let outcome = {
            let mut run = pin!(request.run(run));
            poll_fn(|context| {
                let done = run.as_mut().poll(context);
                if done.is_pending() && self.client.blocked.is_waiting() {
                    self.poll_while_blocked(context);
                }
                done
            })
            .await
        };
        self.client.tracking.end_caching();
        let muted = muted && !request.is_push;
        self.finish(row, request.args(), &outcome, &request.out, muted);
        // What it published to itself comes right behind the reply.
        self.client.take_pushed(&mut self.output);
    }

    async fn run_prompt(&mut self, row: u16, run: Prompt, args: OwnedArgs) {
        let start = self.output.len();
        let rest = begin(&self.core, &self.client, row, args.args(), run, &mut self.output);
        self.client.tracking.end_caching();
        match rest {
            Some(rest) => self.run_rest(rest).await,
            None => {
                add(&self.client.usage.commands, 1);
                if take_mute(&self.client) {
                    self.output.truncate(start);
                }
                self.client.take_pushed(&mut self.output);
            }
        }
    }

    async fn run_rest(&mut self, rest: Rest) {
        self.settle_input();
        let muted = take_mute(&self.client);
        let row = rest.row;
        let (reply, args, outcome) = rest.end(&self.core).await;
        self.finish(row, args.args(), &outcome, &reply, muted);
        self.client.take_pushed(&mut self.output);
    }

    fn finish(&mut self, row: u16, args: Args<'_>, outcome: &Outcome, reply: &[u8], muted: bool) {
        self.core.stats.ended(row, outcome, reply);
        crate::admin::watch::consider(&self.core, &self.client, row, args, outcome);
        add(&self.client.usage.commands, 1);
        if !muted {
            self.output.extend_from_slice(reply);
        }
    }

    /// Sends what can leave at once; buffers that are empty then go back to the thread.
    fn send_now(&mut self) -> io::Result<()> {
        while let Some(part) = self.cleared_part() {
            match self.stream.try_write(&self.output[part]) {
                Ok(written) => self.note_sent(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        if self.unsent() == 0 {
            self.release_output();
        }
        Ok(())
    }

    /// The part of the output that may leave now, if there is one. Sending moves what is left.
    fn cleared_part(&mut self) -> Option<Range<usize>> {
        let cleared = self.holds.cleared(&self.core, self.client.id, self.output.len());
        (self.sent < cleared).then_some(self.sent..cleared)
    }

    fn poll_send(&mut self, task: &mut Context<'_>) -> io::Result<()> {
        while let Some(part) = self.cleared_part() {
            match Pin::new(&mut self.stream).poll_write(task, &self.output[part]) {
                Poll::Ready(Ok(written)) => self.note_sent(written),
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => return Ok(()),
            }
        }
        if self.unsent() == 0 {
            self.release_output();
        }
        Ok(())
    }

    /// Whether the thread that answers a batch may send the reply: it is the only one, nothing is
    /// before it, and nothing else is sent meanwhile.
    fn may_be_delivered(&self, batch: &Batch) -> bool {
        batch.items() == [Item::Call]
            && self.output.is_empty()
            && !self.client.tracking.is_on()
            && self.client.subscriptions.is_empty()
    }

    /// So much of the output has left already, from where it was made.
    fn note_delivered(&mut self, written: usize) {
        self.sent += written;
        add(&self.client.usage.sent, written as u64);
    }

    fn note_sent(&mut self, written: usize) {
        self.sent += written;
        add(&self.core.stats.counters.writes_processed, 1);
        add(&self.core.stats.counters.bytes_sent, written as u64);
        add(&self.client.usage.sent, written as u64);
        // What was sent must not cost memory for long, nor the rest be moved too often.
        if self.sent > OUTPUT_FLUSH_BYTES && self.sent >= self.unsent() {
            self.output.drain(..self.sent);
            self.holds.shift(self.sent);
            self.output.shrink_to(2 * self.output.len());
            self.sent = 0;
        }
    }

    fn release_output(&mut self) {
        if self.output.capacity() > 0 {
            self.core.return_output(std::mem::take(&mut self.output));
        }
        self.sent = 0;
        self.holds.clear();
        self.client.usage.output.set(0);
    }

    /// Between batches: lets replies leave when they are many. Returns whether the connection must
    /// end, because the client does not read them.
    fn relieve_output(&mut self) -> bool {
        if self.unsent() < OUTPUT_FLUSH_BYTES {
            return false;
        }
        if self.exceeds_output_limit() {
            return true;
        }
        if self.send_now().is_err() {
            self.client.close(Closing::Now);
            return true;
        }
        false
    }

    /// Holds the client against its output limit and closes it if it exceeds that.
    fn exceeds_output_limit(&mut self) -> bool {
        self.client.usage.output.set(self.unsent());
        let unsent = self.unsent() as u64;
        if unsent <= OUTPUT_FREE_BYTES {
            self.soft_limit_since_ms = None;
            return false;
        }
        let config = self.core.config();
        let limits = &config.clients.output_buffer_limit;
        let limit = match self.client.subscriptions.is_empty() {
            true => limits.normal,
            false => limits.pubsub,
        };
        let now_ms = self.core.router.clock().moment().now_ms;
        let over_soft = limit.soft_bytes > 0 && unsent > limit.soft_bytes;
        let since_ms = over_soft.then(|| *self.soft_limit_since_ms.get_or_insert(now_ms));
        self.soft_limit_since_ms = since_ms;
        if !is_exceeded(limit, unsent, since_ms.map(|since_ms| now_ms - since_ms)) {
            return false;
        }
        close_for_output(&self.core, &self.client, unsent);
        true
    }

    fn publish_usage(&self) {
        let usage = &self.client.usage;
        self.publish_input();
        usage.query_buffer_free.set(self.input.capacity().saturating_sub(self.input.pending()));
        usage.output.set(self.unsent());
        usage.output_room.set(self.output.capacity());
        self.core.account(&self.client);
        self.client.note_passing(self.output.capacity());
    }

    /// Where output took or left room that is not published.
    fn publish_output_room(&self) {
        if self.output.capacity() != self.client.usage.output_room.get() {
            self.publish_usage();
        }
    }

    /// Closes a client that sent more than may wait, before any of that is looked at.
    fn hold_to_query_limit(&self) {
        let limit = self.core.config().clients.query_buffer_limit_bytes;
        if self.input.pending() as u64 > limit {
            tracing::warn!(
                client = self.client.id,
                address = self.client.address,
                "Closing client that reached max query buffer length"
            );
            add(&self.core.stats.counters.query_limit_disconnections, 1);
            self.client.close(Closing::Now);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.core.forget(&self.client);
    }
}

/// Counts what the calls of a batch did. `data` is what it was decoded from.
pub(crate) fn count(core: &Core, client: &Client, batch: &Batch, data: &[u8], replies: &[u8]) {
    let mut at = 0;
    let mut calls = batch.calls().iter().zip(batch.outcomes());
    // The bundle that the next calls belong to, how many are left of it, and what they took.
    let mut bundle = (0, 0, Outcome::default());
    for item in batch.items() {
        let muted = match item {
            Item::Ready(len) => {
                at += len;
                continue;
            }
            Item::Bundle(begun) => {
                at += begun.head_len;
                bundle = (begun.row, begun.calls, Outcome::default());
                if begun.calls == 0 {
                    core.stats.ended(begun.row, &Outcome::default(), b"");
                }
                continue;
            }
            Item::Call => false,
            Item::MutedCall => true,
        };
        let Some((call, outcome)) = calls.next() else { break };
        core.stats.ended(call.row, outcome, if muted { b"" } else { &replies[at..] });
        if outcome.is_overlong {
            end_overlong(core, client);
        }
        let args = batch.args(call, data);
        crate::admin::watch::consider(core, client, call.row, args, outcome);
        at += if muted { 0 } else { outcome.reply_len };
        if bundle.1 > 0 {
            bundle.1 -= 1;
            bundle.2.ticks += outcome.ticks;
            if bundle.1 == 0 {
                core.stats.ended(bundle.0, &bundle.2, b"");
            }
        }
    }
}

/// A reply was given up that was to exceed its client's output limit, if there is one: as if it had
/// been made, that ends the connection.
#[cold]
fn end_overlong(core: &Core, client: &Client) {
    let limit = core.config().clients.output_buffer_limit.normal;
    if limit.hard_bytes > 0 && client.subscriptions.is_empty() {
        close_for_output(core, client, limit.hard_bytes);
    }
}

fn close_for_output(core: &Core, client: &Client, output_bytes: u64) {
    tracing::warn!(
        client = client.id,
        address = client.address,
        output_bytes,
        "Client closed for overcoming of output buffer limits."
    );
    add(&core.stats.counters.output_limit_disconnections, 1);
    client.close(Closing::Now);
}

/// Whether a reply alone may exceed the output limit of a client that listens to nothing. Such a
/// reply is judged where its client is, before any of it is sent.
pub(crate) fn is_too_long_to_deliver(core: &Core, reply_bytes: usize) -> bool {
    let bytes = reply_bytes as u64;
    bytes > OUTPUT_FREE_BYTES && {
        let OutputLimit { hard_bytes, soft_bytes, .. } =
            core.config().clients.output_buffer_limit.normal;
        [hard_bytes, soft_bytes].iter().any(|limit| *limit > 0 && bytes > *limit)
    }
}

fn is_exceeded(limit: OutputLimit, unsent: u64, over_soft_ms: Option<i64>) -> bool {
    let hard = limit.hard_bytes > 0 && unsent > limit.hard_bytes;
    let soft = over_soft_ms.is_some_and(|ms| ms > limit.soft_seconds as i64 * 1000);
    hard || soft
}
