//! Scripts that touch keys which they did not declare, after they had been seen to keep to those
//! that they did.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use testkit::{Client, Kind, Layout, Reply, Server, slots};

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
/// thing. Others are served meanwhile.
#[test]
fn one_of_two_that_wait_for_each_others_keys_ends() {
    if merops().is_empty() {
        return;
    }
    let server = Server::start(Kind::Merops(Layout::TWO), &[]);
    for (round, shards) in [[0, 1], [1, 1]].into_iter().enumerate() {
        let keys = [0, 1].map(|at| slots::key_on(["k", "l"][at], shards[at], 2));
        let bodies = [0, 1].map(|at| body(2 * round + at, 30_000_000));
        let run = |at: usize, others: &[String]| {
            eval(&mut server.connect(), &bodies[at], &keys[at], others)
        };
        assert_eq!([run(0, &[]), run(1, &[])], ["0", "0"]);
        let ends = thread::scope(|scope| {
            let one = scope.spawn(|| run(0, &keys[1..]));
            let other = scope.spawn(|| run(1, &keys[..1]));
            [one, other].map(|thread| thread.join().expect("it ends"))
        });
        let failed = ends.iter().filter(|end| end.contains("did not declare")).count();
        let went_well = ends.iter().filter(|end| *end == "1").count();
        assert_eq!((failed, went_well), (1, 1), "{shards:?}: {ends:?}");
    }
}

/// Writes its key, and answers what is there.
const COUNT: &str = "redis.call('APPEND', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])";

fn text(reply: &Reply) -> String {
    plain(reply).trim_matches('"').to_owned()
}

#[test]
fn calls_of_scripts_stay_in_order_wherever_they_run() {
    on_every_server(&[], |server| {
        let mut client = server.connect();
        let keys: Vec<String> = (0..2).map(|shard| slots::key_on("key", shard, 2)).collect();
        // Known to keep to its key from now on.
        eval(&mut client, COUNT, "first", &["0".to_owned()]);
        let mut sent = Vec::new();
        for round in 0..40 {
            let (key, digit) = (&keys[round % 2], (round % 10).to_string());
            testkit::encode(&["EVAL", COUNT, "1", key, &digit], &mut sent);
            testkit::encode(&["STRLEN", key], &mut sent);
        }
        client.send(&sent).expect("a connection");
        for round in 0..40_usize {
            let value: String =
                (0..=round).filter(|n| n % 2 == round % 2).map(|n| (n % 10).to_string()).collect();
            assert_eq!(text(&client.receive().expect("a reply")), value);
            let len = text(&client.receive().expect("a reply"));
            assert_eq!(len, value.len().to_string());
        }
    });
}

#[test]
fn a_script_that_is_forgotten_is_so_on_every_thread() {
    on_every_server(&[], |server| {
        let mut clients: Vec<Client> = (0..6).map(|_| server.connect()).collect();
        for _ in 0..3 {
            let digest = text(&clients[0].call(&["SCRIPT", "LOAD", COUNT]).expect("a reply"));
            for (client, key) in clients.iter_mut().zip(["a", "b", "c", "d", "e", "f"]) {
                let reply = text(&client.ask(&format!("EVALSHA {digest} 1 {key} x")));
                assert!(reply.starts_with('x'), "{reply}");
                let upper = digest.to_uppercase();
                let reply = text(&client.ask(&format!("EVALSHA {upper} 1 {key} x")));
                assert!(reply.starts_with('x'), "{reply}");
            }
            assert_eq!(plain(&clients[1].ask("SCRIPT FLUSH")), "OK");
            for (client, key) in clients.iter_mut().zip(["a", "b", "c", "d", "e", "f"]) {
                let reply = text(&client.ask(&format!("EVALSHA {digest} 1 {key} x")));
                assert!(reply.contains("NOSCRIPT"), "{reply}");
            }
        }
    });
}

#[test]
fn what_a_script_changes_is_told_behind_its_reply() {
    on_every_server(&[], |server| {
        let mut client = server.connect();
        assert!(!plain(&client.ask("HELLO 3")).starts_with('-'));
        assert_eq!(plain(&client.ask("CLIENT TRACKING ON")), "OK");
        // Known to keep to its key from now on.
        eval(&mut client, COUNT, "first", &["0".to_owned()]);
        for shard in 0..2 {
            let key = slots::key_on("told", shard, 2);
            client.ask(&format!("GET {key}"));
            let reply = eval(&mut client, COUNT, &key, &["y".to_owned()]);
            assert_eq!(reply, "\"y\"");
            let told = plain(&client.receive().expect("what changed"));
            assert!(told.contains("invalidate") && told.contains(&key), "{told}");
        }
    });
}

#[test]
fn a_script_that_has_written_may_still_need_everything() {
    let body = "redis.call('SET', KEYS[1], ARGV[1]) \
                if ARGV[2] == 'sort' then \
                  return redis.call('SORT', KEYS[2], 'BY', 'weight_*', 'GET', 'name_*') \
                elseif ARGV[2] == 'flush' then \
                  redis.call('FLUSHALL') return redis.call('DBSIZE') \
                end return 0";
    for layout in [Layout::ONE, THREE] {
        let server = Server::start(Kind::Merops(layout), &[]);
        let mut client = server.connect();
        for shard in 0..layout.shards {
            let (key, list) = (slots::key_on("k", shard, layout.shards), "list");
            let mut call = |what: &str| {
                let round = format!("{what} {shard}");
                let body = format!("-- {round}\n{body}");
                // Known to keep to its keys.
                let words = ["EVAL", &body, "2", &key, list, "1", "none"];
                assert_eq!(plain(&client.call(&words).expect("a reply")), "0");
                client.ask("RPUSH list 1 2 3");
                client.ask("MSET weight_1 3 weight_2 2 weight_3 1 name_1 a name_2 b name_3 c");
                let words = ["EVAL", &body, "2", &key, list, "1", what];
                let reply = plain(&client.call(&words).expect("a reply"));
                client.ask("DEL list");
                reply
            };
            assert_eq!(call("sort"), r#"["c" "b" "a"]"#);
            assert_eq!(call("flush"), "0");
        }
        assert_eq!(plain(&client.ask("DBSIZE")), "0");
    }
}

#[test]
fn nobody_comes_between_when_a_script_begins_to_wait() {
    // Two reads of a key, and between them a key of another thread that was not declared.
    let body = "local first = redis.call('INCR', KEYS[1]) \
                if #ARGV > 0 then redis.call('GET', ARGV[1]) end \
                return redis.call('GET', KEYS[1]) - first";
    let layout = Layout::TWO;
    let server = Server::start(Kind::Merops(layout), &[]);
    let keys: Vec<String> = (0..2).map(|shard| slots::key_on("k", shard, 2)).collect();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for key in [&keys[0], &keys[1], &keys[0], &keys[1]] {
            let (server, over) = (&server, &over);
            scope.spawn(move || {
                let mut client = server.connect();
                while !over.load(Ordering::Relaxed) {
                    client.ask(&format!("INCR {key}"));
                }
            });
        }
        let _over = Over(&over);
        let mut client = server.connect();
        for round in 0..300 {
            let body = format!("-- {round}\n{body}");
            let (key, other) = (&keys[round % 2], &keys[(round + 1) % 2]);
            // Known to keep to its key from now on.
            assert_eq!(eval(&mut client, &body, key, &[]), "0");
            assert_eq!(eval(&mut client, &body, key, &[format!("{{{other}}}x")]), "0");
        }
    });
}
