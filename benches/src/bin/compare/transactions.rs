//! Transactions, which no load generator sends: a closed loop of our own over many connections.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use rustix::thread::{CpuSet, sched_setaffinity};
use testkit::{Random, encode};

use crate::contestants::Running;
use crate::load::{Load, Sample, VALUE_BYTES};
use crate::numbers::percentile;

/// Different requests that are made in advance.
const REQUESTS: usize = 500;

/// `total` transactions of five SETs, all on one key or each on another, `load.pipeline` of them
/// per write on each connection. The calling thread stays on `core` from then on.
pub(crate) fn run(
    total: usize,
    load: Load,
    keys: usize,
    is_one_key: bool,
    running: &Running,
    core: Option<u16>,
) -> Sample {
    std::thread::scope(|scope| {
        let work = || closed_loop(total, load, keys, is_one_key, running, core);
        scope.spawn(work).join().expect("every transaction is answered")
    })
}

fn closed_loop(
    total: usize,
    load: Load,
    keys: usize,
    is_one_key: bool,
    running: &Running,
    core: Option<u16>,
) -> Sample {
    if let Some(core) = core {
        let mut set = CpuSet::new();
        set.set(usize::from(core));
        // Where there is only one core, it is there already.
        sched_setaffinity(None, &set).ok();
    }
    let requests = requests(load.pipeline, keys, is_one_key);
    let connect = || {
        let stream = TcpStream::connect(running.address()).expect("the server listens");
        stream.set_nodelay(true).expect("a TCP stream");
        stream
    };
    let mut streams: Vec<TcpStream> = (0..load.connections).map(|_| connect()).collect();
    let reply = format!("+OK\r\n{}*5\r\n{}", "+QUEUED\r\n".repeat(5), "+OK\r\n".repeat(5));
    let wanted = reply.repeat(load.pipeline).into_bytes();
    let mut replies = vec![0; wanted.len()];
    let mut random = Random::new(3);
    let mut times_ms = Vec::new();
    let rounds = total.div_ceil(load.connections * load.pipeline);
    let cpu_before_s = running.cpu_s();
    let begin = Instant::now();
    for _ in 0..rounds {
        let sent = Instant::now();
        for stream in &mut streams {
            let request = &requests[random.below(requests.len())];
            stream.write_all(request).expect("the server takes commands");
        }
        for stream in &mut streams {
            stream.read_exact(&mut replies).expect("every command is answered");
            assert!(replies == wanted, "{}: a transaction failed", running.contestant.name);
            times_ms.push(sent.elapsed().as_secs_f64() * 1e3);
        }
    }
    let elapsed_s = begin.elapsed().as_secs_f64();
    let count = (rounds * load.connections * load.pipeline) as f64;
    Sample {
        commands_per_s: count / elapsed_s,
        p50_ms: percentile(&mut times_ms, 0.5),
        p99_ms: percentile(&mut times_ms, 0.99),
        p999_ms: Some(percentile(&mut times_ms, 0.999)),
        cpu_us_per_command: (running.cpu_s() - cpu_before_s) * 1e6 / count,
    }
}

fn requests(pipeline: usize, keys: usize, is_one_key: bool) -> Vec<Vec<u8>> {
    let mut random = Random::new(4);
    let value = "x".repeat(VALUE_BYTES);
    let make = |_| {
        let mut bytes = Vec::new();
        for _ in 0..pipeline {
            let mut key = format!("key:{:012}", random.below(keys));
            encode(&["MULTI"], &mut bytes);
            for _ in 0..5 {
                if !is_one_key {
                    key = format!("key:{:012}", random.below(keys));
                }
                encode(&["SET", &key, &value], &mut bytes);
            }
            encode(&["EXEC"], &mut bytes);
        }
        bytes
    };
    (0..REQUESTS).map(make).collect()
}
