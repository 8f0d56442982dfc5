//! What a batch of 16 costs on the own shard, on another, and over both as one transaction: the
//! work of both threads, without the wake-ups, as both run on this one.

use std::hint::black_box;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use engine::{Batch, Call, Clock, Command, Limits, Moment, Network, PipelineOrder, Router, Shard};
use keyspace::{Keyspace, Options};
use resp::Span;

const CALLS: usize = 16;
const CLOCK: Clock = Clock { moment: || Moment { now_ms: 0, stamp_ns: 1 }, ticks: || 0 };

fn routers(shards: usize) -> Vec<Rc<Router>> {
    let (network, inbound) = Network::new(shards, shards);
    let routers = inbound.into_iter().enumerate().map(|(thread, inbound)| {
        let keyspace = Keyspace::new(Options::default());
        let shard = Shard::new(keyspace, Limits::default(), CLOCK, 0);
        Router::new(thread, network.clone(), inbound, Some(shard), CLOCK, 0)
    });
    routers.collect()
}

/// Keys of shard 0 and of shard 1, so many of each.
fn keys(router: &Router, own: usize, other: usize) -> Vec<Vec<u8>> {
    let key = |number: u32| format!("key:{number:012}").into_bytes();
    let on = |shard: usize| (0..).map(key).filter(move |key| router.owner(key) == shard);
    on(0).take(own).chain(on(1).take(other)).collect()
}

fn get() -> &'static Command {
    commands::all().find(|row| row.spec.name == "GET").expect("there is GET")
}

fn run(routers: &[Rc<Router>], batch: &mut Batch, data: &[u8], spans: &[Span], out: &mut Vec<u8>) {
    let router = &routers[0];
    batch.clear();
    for (number, pair) in spans.chunks(2).enumerate() {
        batch.spans.extend_from_slice(pair);
        let first_span = number as u32 * 2;
        let call = Call { first_span, ..Call::new(get(), 0, 2) };
        batch.push_call(router, data, call, false);
    }
    if batch.try_run_here(router, data, out) {
        return;
    }
    let departed = batch.depart(router, data, PipelineOrder::Strict);
    let mut landed = pin!(departed.landed(out));
    let mut task = Context::from_waker(Waker::noop());
    *batch = loop {
        if let Poll::Ready(batch) = landed.as_mut().poll(&mut task) {
            break batch;
        }
        for router in routers {
            router.flush();
            router.read_mail();
        }
    };
}

fn hop(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hop");
    group.throughput(Throughput::Elements(CALLS as u64));
    for (name, own, other) in [("own", CALLS, 0), ("other", 0, CALLS), ("both", 8, 8)] {
        let routers = routers(2);
        let (mut data, mut spans) = (Vec::new(), Vec::new());
        for key in keys(&routers[0], own, other) {
            for word in [b"GET".as_slice(), &key] {
                spans.push(Span { start: data.len() as u32, len: word.len() as u32 });
                data.extend_from_slice(word);
            }
        }
        let (mut batch, mut out) = (Batch::default(), Vec::new());
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                out.clear();
                run(&routers, &mut batch, &data, &spans, &mut out);
                black_box(&out);
            });
        });
    }
    group.finish();
}

criterion_group!(hops, hop);
criterion_main!(hops);
