//! Many clients at once: no torn, lost or doubled state, and one order that explains it all.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use it::history::{Call, explain};
use it::invariants::{is_each_token_once, is_flag_ahead, is_torn, number};
use it::model::{Operation, State};
use testkit::{Client, Random, Reply, Server, encode, show};

use crate::load::{duration, each_server, keys, setting, words};

/// Runs `work` on one thread per client, again and again until the time is up or it complains.
fn all_at_once(
    server: &Server,
    clients: usize,
    work: impl Fn(usize, &mut Client, &mut Random) -> Result<(), String> + Sync,
) {
    let end = Instant::now() + duration();
    let failed = AtomicBool::new(false);
    let turns = AtomicU64::new(0);
    let run = |index: usize| {
        let mut client = server.connect();
        let mut random = Random::new(setting("IT_SEED", 1) * 1000 + index as u64);
        while Instant::now() < end && !failed.load(Ordering::Relaxed) {
            if let Err(problem) = work(index, &mut client, &mut random) {
                failed.store(true, Ordering::Relaxed);
                panic!("client {index}: {problem}");
            }
            turns.fetch_add(1, Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        let run = &run;
        (0..clients).for_each(|index| drop(scope.spawn(move || run(index))));
    });
    println!("{} turns", turns.into_inner());
}

fn pipeline(client: &mut Client, commands: &[Vec<String>]) -> Result<Vec<Reply>, String> {
    client.pipeline(commands).map_err(|error| format!("{error} after {commands:?}"))
}

#[test]
fn keys_written_together_are_seen_together() {
    const GROUPS: usize = 4;
    each_server(&[], |server| {
        let groups: Vec<_> = (0..GROUPS).map(|group| keys(&format!("g{group}:"), 6)).collect();
        let fresh = AtomicU64::new(0);
        all_at_once(server, 8, |_, client, random| {
            let commands: Vec<Vec<String>> = (0..1 + random.below(8))
                .map(|_| {
                    let group = random.pick(&groups);
                    let value = fresh.fetch_add(1, Ordering::Relaxed).to_string();
                    let pairs = group.iter().flat_map(|key| [key.clone(), value.clone()]);
                    match random.below(8) {
                        0 => words("DEL", group),
                        1 => words("UNLINK", group),
                        2 | 3 => words("MSETNX", pairs),
                        4 | 5 => words("MSET", pairs),
                        _ => words("MGET", group),
                    }
                })
                .collect();
            for (command, reply) in commands.iter().zip(pipeline(client, &commands)?) {
                if command[0] == "MGET" && is_torn(&reply) {
                    return Err(format!("{} shows {}", command.join(" "), show(&reply)));
                }
            }
            Ok(())
        });
    });
}

#[test]
fn what_patterns_and_bit_operations_reach_is_of_one_moment() {
    each_server(&[], |server| {
        let group = keys("sorted:", 6);
        let fresh = AtomicU64::new(0);
        server
            .connect()
            .call(&words("RPUSH", [&["names".to_owned()], &group[..]].concat()))
            .expect("6");
        let set = || {
            let value = fresh.fetch_add(1, Ordering::Relaxed).to_string();
            words("MSET", group.iter().flat_map(|key| [key.clone(), value.clone()]))
        };
        server.connect().call(&set()).expect("OK");
        // Six equal texts leave no bit.
        let xor = words("BITOP", [&["XOR".to_owned(), "bits".to_owned()], &group[..]].concat());
        all_at_once(server, 8, |_, client, random| {
            let commands: Vec<Vec<String>> = (0..1 + random.below(6))
                .map(|_| match random.below(8) {
                    0..=2 => set(),
                    3 => words("SORT_RO", ["names", "BY", "nosort", "GET", "*"]),
                    4 => words("SORT", ["names", "BY", "*", "GET", "*"]),
                    5 => words("SORT", ["names", "BY", "*", "GET", "*", "STORE", "result"]),
                    6 => words("LRANGE", ["result", "0", "-1"]),
                    _ => xor.clone(),
                })
                .chain([words("BITCOUNT", ["bits"])])
                .collect();
            for (command, reply) in commands.iter().zip(pipeline(client, &commands)?) {
                let is_torn = match (command[0].as_str(), &reply) {
                    ("BITCOUNT", bits) => *bits != Reply::Integer(0),
                    (_, Reply::Array(_)) => is_torn(&reply),
                    (_, reply) => matches!(reply, Reply::Error(_)),
                };
                if is_torn {
                    return Err(format!("{} shows {}", command.join(" "), show(&reply)));
                }
            }
            Ok(())
        });
    });
}

#[test]
fn what_is_renamed_is_in_one_place() {
    const FREE: usize = 8;
    const CLIENTS: usize = 6;
    each_server(&[], |server| {
        // Free tokens are moved by all clients to where there is room; every client also owns two
        // keys between which it moves a token of its own.
        let places = keys("free", 2 * FREE);
        let own = keys("own", 2 * CLIENTS);
        let all: Vec<&String> = places.iter().chain(&own).collect();
        let homes = places.iter().take(FREE).chain(own.iter().step_by(2));
        let set = homes.enumerate().flat_map(|(token, key)| [key.clone(), token.to_string()]);
        server.connect().call(&words("MSET", set)).expect("OK");
        all_at_once(server, CLIENTS, |index, client, random| {
            let mut commands = Vec::new();
            for _ in 0..1 + random.below(4) {
                let (from, to) = (random.pick(&places), random.pick(&places));
                commands.push(words("RENAMENX", [from, to]));
                commands.push(words("MGET", &all));
                commands.push(words("RENAME", [&own[2 * index], &own[2 * index + 1]]));
                commands.push(words("MGET", &all));
                commands.push(words("RENAME", [&own[2 * index + 1], &own[2 * index]]));
            }
            for (command, reply) in commands.iter().zip(pipeline(client, &commands)?) {
                let fine = match command[0].as_str() {
                    "MGET" => is_each_token_once(&reply, FREE + CLIENTS),
                    "RENAME" => show(&reply) == "+OK",
                    _ => true,
                };
                if !fine {
                    return Err(format!("{} shows {}", command.join(" "), show(&reply)));
                }
            }
            Ok(())
        });
    });
}

#[test]
fn a_flag_is_never_ahead_of_its_data() {
    const PAIRS: usize = 4;
    each_server(&[], |server| {
        // The keys of a pair live on different shards, both ways round.
        let data = keys("data", PAIRS);
        let mut flags = keys("flag", PAIRS);
        flags.rotate_left(1);
        let written = AtomicU64::new(0);
        all_at_once(server, 2 * PAIRS, |index, client, random| {
            let pair = index % PAIRS;
            let (data, flag) = (&data[pair], &flags[pair]);
            let most = if random.one_in(50) { 400 } else { 20 };
            let rounds = 1 + random.below(most);
            if index < PAIRS {
                let first = written.fetch_add(rounds as u64, Ordering::Relaxed);
                let commands: Vec<_> = (1..=rounds as u64)
                    .map(|number| (first + number).to_string())
                    .flat_map(|number| {
                        [words("SET", [data, &number]), words("SET", [flag, &number])]
                    })
                    .collect();
                return pipeline(client, &commands).map(drop);
            }
            let commands: Vec<_> =
                (0..rounds).flat_map(|_| [words("GET", [flag]), words("GET", [data])]).collect();
            let mut last = [Some(0), Some(0)];
            for seen in pipeline(client, &commands)?.chunks(2) {
                let now = [number(&seen[0]), number(&seen[1])];
                if is_flag_ahead(&seen[0], &seen[1]) || now < last || now[1] < last[1] {
                    return Err(format!("{flag}, {data} are {now:?} after {last:?}"));
                }
                last = now;
            }
            Ok(())
        });
    });
}

#[test]
fn one_order_explains_every_reply() {
    const CLIENTS: usize = 5;
    const KEYS: usize = 6;
    each_server(&[], |server| {
        let names = keys("k", KEYS);
        let mut random = Random::new(setting("IT_SEED", 1));
        let mut clients: Vec<Client> = (0..CLIENTS).map(|_| server.connect()).collect();
        let mut judge = server.connect();
        let clock = Instant::now();
        let mut state: State = vec![None; KEYS];
        let mut rounds = 0;
        while clock.elapsed() < duration() {
            let plans: Vec<_> = (0..CLIENTS).map(|_| plan(&mut random, KEYS)).collect();
            let start = Barrier::new(CLIENTS);
            let mut history: Vec<Vec<Call>> = thread::scope(|scope| {
                let workers: Vec<_> = clients
                    .iter_mut()
                    .zip(plans)
                    .map(|(client, plan)| {
                        let (names, start) = (&names, &start);
                        scope.spawn(move || {
                            start.wait();
                            perform(client, &plan, names, clock)
                        })
                    })
                    .collect();
                workers.into_iter().map(|worker| worker.join().expect("it was answered")).collect()
            });
            // What is there afterwards belongs to the evidence, and is where the next round begins.
            let last =
                perform(&mut judge, &[vec![Operation::Mget((0..KEYS).collect())]], &names, clock);
            let next = snapshot(&last[0].reply);
            history.push(last);
            if let Err(verdict) = explain(&history, state.clone()) {
                panic!("from {state:?}, round {rounds}:\n{}", verdict.describe(&history, &names));
            }
            state = next;
            rounds += 1;
        }
        println!("{rounds} rounds");
    });
}

/// Some pipelines of random commands. Values are unique, so that each tells where it came from.
fn plan(random: &mut Random, keys: usize) -> Vec<Vec<Operation>> {
    use Operation::*;
    let mut operation = || {
        let mut order: Vec<usize> = (0..keys).collect();
        random.shuffle(&mut order);
        let (a, b) = (order[0], order[1]);
        let some = order[..1 + random.below(keys)].to_vec();
        let value = (random.next_u64() >> 20) as i64;
        let pairs = some.iter().map(|&key| (key, value)).collect();
        match random.below(16) {
            0 => Get(a),
            1 => Set(a, value),
            2 => Swap(a, value),
            3 => Incr(a),
            4 | 5 => Mset(pairs),
            6 => Msetnx(pairs),
            7 | 8 => Rename(a, b),
            9 => Renamenx(a, b),
            10 => Copy(a, b),
            11 => CopyOver(a, b),
            12 => Del(some),
            13 => Exists(some),
            _ => Mget(some),
        }
    };
    let sizes = [1, 1, 2, 3];
    sizes.iter().map(|&size| (0..size).map(|_| operation()).collect()).collect()
}

/// Sends each pipeline in one write and notes when its replies were there.
fn perform(
    client: &mut Client,
    plan: &[Vec<Operation>],
    names: &[String],
    clock: Instant,
) -> Vec<Call> {
    let now_ns = || clock.elapsed().as_nanos() as u64;
    let mut calls = Vec::new();
    for operations in plan {
        let mut bytes = Vec::new();
        operations.iter().for_each(|operation| encode(&operation.words(names), &mut bytes));
        let start_ns = now_ns();
        client.send(&bytes).expect("it takes commands");
        for operation in operations.iter().cloned() {
            let reply = client.receive().expect("a reply");
            calls.push(Call { operation, reply, start_ns, end_ns: now_ns() });
        }
    }
    calls
}

/// The state that an MGET of all keys shows.
fn snapshot(reply: &Reply) -> State {
    let Reply::Array(items) = reply else { panic!("MGET says {}", show(reply)) };
    let value = |item: &Reply| match item {
        Reply::Null => None,
        other => {
            Some(number(other).unwrap_or_else(|| panic!("a key holds {}", show(other))) as i64)
        }
    };
    items.iter().map(value).collect()
}

/// Money moves by transactions, by transactions that watch what they read, and by scripts with and
/// without declared keys; whoever adds it up finds all of it.
#[test]
fn transfers_keep_the_sum() {
    const START: i64 = 1000;
    const MOVE: &str = "redis.call('DECRBY', KEYS[1], ARGV[1]); \
         return redis.call('INCRBY', KEYS[2], ARGV[1])";
    const MOVE_UNDECLARED: &str = "redis.call('DECRBY', ARGV[1], ARGV[3]); \
         return redis.call('INCRBY', ARGV[2], ARGV[3])";
    const SUM: &str = "local sum = 0; \
         for _, n in ipairs(redis.call('MGET', unpack(KEYS))) do sum = sum + n end; return sum";
    each_server(&[], |server| {
        let accounts = keys("account", 12);
        let mut client = server.connect();
        for account in &accounts {
            client.call(&words("SET", [account, &START.to_string()])).expect("OK");
        }
        let expected = START * accounts.len() as i64;
        all_at_once(server, 6, |_, client, random| {
            let from = random.below(accounts.len());
            let to = (from + 1 + random.below(accounts.len() - 1)) % accounts.len();
            let (from, to) = (&accounts[from], &accounts[to]);
            let amount = random.below(50).to_string();
            match random.below(6) {
                0 => {
                    let steps = [words("DECRBY", [from, &amount]), words("INCRBY", [to, &amount])];
                    transaction(client, &steps).map(drop)
                }
                1 => move_watched(client, from, to, &amount),
                2 => ask(client, words("EVAL", [MOVE, "2", from, to, &amount])).map(drop),
                3 => {
                    let call = words("EVAL", [MOVE_UNDECLARED, "0", from, to, &amount]);
                    ask(client, call).map(drop)
                }
                4 => is_sum(&transaction(client, &[words("MGET", &accounts)])?, expected),
                _ => {
                    let mut call = words("EVAL", [SUM, &accounts.len().to_string()]);
                    call.extend(accounts.iter().cloned());
                    is_sum(&ask(client, call)?, expected)
                }
            }
        });
    });
}

fn ask(client: &mut Client, call: Vec<String>) -> Result<Reply, String> {
    match client.call(&call).map_err(|error| error.to_string())? {
        Reply::Error(text) => Err(format!("{call:?}: {}", String::from_utf8_lossy(&text))),
        reply => Ok(reply),
    }
}

/// MULTI, some commands, EXEC.
fn transaction(client: &mut Client, steps: &[Vec<String>]) -> Result<Reply, String> {
    ask(client, words::<&str>("MULTI", []))?;
    for step in steps {
        ask(client, step.clone())?;
    }
    ask(client, words::<&str>("EXEC", []))
}

/// Reads two accounts and writes them, unless somebody else did in between.
fn move_watched(client: &mut Client, from: &str, to: &str, amount: &str) -> Result<(), String> {
    ask(client, words("WATCH", [from, to]))?;
    let mut balance = |account: &str, change: i64| -> Result<Vec<String>, String> {
        let held = amounts(&ask(client, words("GET", [account]))?);
        let changed = held.first().ok_or("no such account")? + change;
        Ok(words("SET", [account, &changed.to_string()]))
    };
    let amount: i64 = amount.parse().map_err(|_| "an amount")?;
    let steps = [balance(from, -amount)?, balance(to, amount)?];
    transaction(client, &steps).map(drop)
}

fn amounts(reply: &Reply) -> Vec<i64> {
    match reply {
        Reply::Integer(number) => vec![*number],
        Reply::Bulk(text) => String::from_utf8_lossy(text).parse().into_iter().collect(),
        Reply::Array(items) => items.iter().flat_map(amounts).collect(),
        _ => Vec::new(),
    }
}

fn is_sum(reply: &Reply, expected: i64) -> Result<(), String> {
    let sum: i64 = amounts(reply).into_iter().sum();
    if sum == expected { Ok(()) } else { Err(format!("the sum is {sum}, not {expected}")) }
}
