//! Scripts that touch keys which they did not declare, after they had been seen to keep to those
//! that they did.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use testkit::{Client, Kind, Layout, Server, slots};

use crate::servers::{merops, on_every_server, plain};

const THREE: Layout = Layout { threads: 3, shards: 3 };
const ROUNDS: usize = 150;
const PATIENCE: Duration = Duration::from_secs(20);

/// Writes the declared key, works for a while, and then on every key among its arguments, twice.
fn body(round: usize, spin: usize) -> String {
    format!(
        "-- {round}\n\
         redis.call('INCR', KEYS[1])\n\
         if #ARGV > 0 then for _ = 1, {spin} do end end\n\
         for _, key in ipairs(ARGV) do\n\
           redis.call('GET', key)\n\
           redis.call('INCR', key)\n\
           redis.call('INCR', key)\n\
         end\n\
         return #ARGV"
    )
}

fn eval(client: &mut Client, body: &str, key: &str, others: &[String]) -> String {
    let mut words = vec!["EVAL", body, "1", key];
    words.extend(others.iter().map(String::as_str));
    plain(&client.call(&words).expect("a reply"))
}

fn keys() -> Vec<String> {
    let on = |shard| ["a", "b"].map(|name| slots::key_on(name, shard, THREE.shards));
    (0..THREE.shards).flat_map(on).collect()
}

fn total(client: &mut Client, keys: &[String]) -> i64 {
    let values = plain(&client.ask(&format!("MGET {}", keys.join(" "))));
    let digits = |c: char| c.is_ascii_digit();
    let numbers = values.split(|c| !digits(c)).filter(|word| !word.is_empty());
    numbers.map(|number| number.parse::<i64>().expect("digits")).sum()
}

/// Says so when it is dropped, be it by a panic.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Whether nobody waits for a lock for good: others that want several of the script's keys come
/// between it and those.
fn goes_on(server: &Server) {
    let keys = keys();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let disturb = |command: String| {
            let mut client = server.connect();
            while !over.load(Ordering::Relaxed) {
                let reply = plain(&client.ask(&command));
                assert!(!reply.starts_with('-'), "{command}: {reply}");
            }
        };
        let reversed: Vec<_> = keys.iter().rev().cloned().collect();
        scope.spawn(move || disturb(format!("TOUCH {}", reversed.join(" "))));
        let touching = format!("DEL {} {}", keys[1].repeat(2), keys[5].repeat(2));
        scope.spawn(move || disturb(touching));
        let copying = format!("SUNIONSTORE sum {}sum {}sum", keys[0], keys[4]);
        scope.spawn(move || disturb(copying));
        let undeclared = format!(
            "EVAL \"return redis.call('EXISTS', '{}') + redis.call('EXISTS', '{}')\" 0",
            keys[2], keys[3]
        );
        scope.spawn(move || disturb(undeclared));
        let over = Over(&over);
        let mut client = server.connect();
        let begin = Instant::now();
        for round in 0..ROUNDS {
            let (body, first) = (body(round, 3_000), &keys[round % keys.len()]);
            assert_eq!(eval(&mut client, &body, first, &[]), "0");
            assert_eq!(eval(&mut client, &body, first, &keys), "6");
            assert!(begin.elapsed() < PATIENCE, "in round {round}");
        }
        drop(over);
        assert_eq!(total(&mut client, &keys), (ROUNDS * (2 + 2 * keys.len())) as i64);
    });
}

#[test]
fn undeclared_keys_are_had_after_a_write() {
    on_every_server(&[], goes_on);
    goes_on(&Server::start(Kind::Merops(THREE), &[]));
}

/// Neither can be undone, so one must end with an error; redis-server has one thread, and no such
/// thing.
#[test]
fn one_of_two_that_wait_for_each_others_keys_ends() {
    if merops().is_empty() {
        return;
    }
    let server = Server::start(Kind::Merops(Layout::TWO), &[]);
    let keys = [0, 1].map(|shard| slots::key_on("k", shard, 2));
    let bodies = [0, 1].map(|round| body(round, 30_000_000));
    let run =
        |at: usize, others: &[String]| eval(&mut server.connect(), &bodies[at], &keys[at], others);
    assert_eq!([run(0, &[]), run(1, &[])], ["0", "0"]);
    let ends = thread::scope(|scope| {
        let one = scope.spawn(|| run(0, &keys[1..]));
        let other = scope.spawn(|| run(1, &keys[..1]));
        [one, other].map(|thread| thread.join().expect("it ends"))
    });
    let failed = ends.iter().filter(|end| end.contains("did not declare")).count();
    let went_well = ends.iter().filter(|end| *end == "1").count();
    assert_eq!((failed, went_well), (1, 1), "{ends:?}");
}
