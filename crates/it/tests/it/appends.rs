//! Strict serialisability under load: transactions, scripts, functions, pipelines, commands that
//! move what they find, and clients that vanish at any moment; the judge is `it::appends`.

mod ask;
mod worker;

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use it::appends::{Fate, Key, Step, Transaction, check, check_with_refusals};
use testkit::{Random, Reply, Server, encode};

use crate::load::{duration, each_server, setting, words};
use ask::{Names, Planned};
use worker::{LIBRARY, Worker};

const CLIENTS: usize = 8;
/// How long clients work before a history is judged.
const ROUND: Duration = Duration::from_millis(1000);
/// Lists that are written to at a time.
const WINDOW: usize = 6;
/// How long lists become, more or less.
const LENGTH: u64 = 30;
/// Enough for a round.
const LISTS: usize = 4000;

/// What the clients of a round share.
struct Round<'a> {
    server: &'a Server,
    names: Names,
    clock: Instant,
    elements: AtomicU64,
    sessions: AtomicU64,
    /// Whether somebody ends scripts all the time.
    kills: bool,
}

impl Round<'_> {
    fn now_ns(&self) -> u64 {
        self.clock.elapsed().as_nanos() as u64
    }

    fn draw_key(&self, random: &mut Random) -> Key {
        let first = self.elements.load(Ordering::Relaxed) / LENGTH;
        (first as Key + random.below(WINDOW) as Key) % self.names.count()
    }

    fn draw_element(&self) -> u64 {
        self.elements.fetch_add(1, Ordering::Relaxed)
    }

    fn draw_session(&self) -> usize {
        self.sessions.fetch_add(1, Ordering::Relaxed) as usize
    }

    /// Lets all clients work; answers what they did, with what is there in the end.
    fn play(&self, seed: u64) -> Vec<Transaction> {
        let run = |index: u64| {
            let mut worker = Worker::new(self, Random::new(seed * 100 + index));
            while self.clock.elapsed() < ROUND {
                if let Err(problem) = worker.turn() {
                    panic!("client {index}: {problem}");
                }
            }
            worker.log
        };
        let run = &run;
        let mut history: Vec<Transaction> = thread::scope(|scope| {
            let killer = self.kills.then(|| scope.spawn(|| self.kill_scripts()));
            let workers: Vec<_> =
                (0..CLIENTS as u64).map(|index| scope.spawn(move || run(index))).collect();
            let logs = workers.into_iter().map(|worker| worker.join().expect("it ends"));
            let history = logs.flatten().collect();
            if let Some(killer) = killer {
                killer.join().expect("it ends");
            }
            history
        });
        history.push(self.last_read());
        history
    }

    /// All lists at one moment.
    fn last_read(&self) -> Transaction {
        let used = self.elements.load(Ordering::Relaxed) / LENGTH + WINDOW as u64;
        assert!(used < LISTS as u64, "more lists are needed");
        let lines: Vec<_> =
            (0..used).map(|key| self.names.plain(Planned::Read(key as Key))).collect();
        let mut bytes = Vec::new();
        encode(&["MULTI"], &mut bytes);
        lines.iter().for_each(|line| encode(&line.commands[0], &mut bytes));
        encode(&["EXEC"], &mut bytes);
        let start_ns = self.now_ns();
        let mut client = self.server.connect();
        let replies = loop {
            client.send(&bytes).expect("it takes commands");
            for _ in 0..=lines.len() {
                client.receive().expect("a reply");
            }
            match client.receive().expect("a reply") {
                Reply::Array(replies) => break replies,
                // A script still runs whose client has left.
                Reply::Error(error)
                    if error.starts_with(b"BUSY") || error.starts_with(b"EXECABORT") =>
                {
                    thread::sleep(Duration::from_millis(1));
                }
                other => panic!("{other:?}"),
            }
        };
        let steps: Vec<Step> = lines
            .iter()
            .zip(&replies)
            .flat_map(|(line, reply)| line.read(reply).expect("a list"))
            .collect();
        let (session, fate, end_ns) = (self.draw_session(), Fate::Done, self.now_ns());
        Transaction { session, means: "the end", steps, fate, start_ns, end_ns }
    }

    fn kill_scripts(&self) {
        let mut client = self.server.connect();
        while self.clock.elapsed() < ROUND {
            let reply = client.call(&words("SCRIPT", ["KILL"])).expect("a reply");
            // Redis answers so while a script is busy that has written.
            assert!(matches!(reply, Reply::Simple(_) | Reply::Error(_)));
            thread::sleep(Duration::from_micros(300));
        }
    }
}

fn judge(server: &Server, kills: bool) {
    let begin = Instant::now();
    let mut number = setting("IT_SEED", 1) * 1000;
    let (mut transactions, mut unknown, mut never) = (0, 0, 0);
    let mut client = server.connect();
    client.call(&words("FUNCTION", ["LOAD", "REPLACE", LIBRARY])).expect("a reply");
    while begin.elapsed() < duration() {
        let events = if number.is_multiple_of(2) { "KEA" } else { "" };
        client.call(&words("CONFIG", ["SET", "notify-keyspace-events", events])).expect("OK");
        let round = Round {
            server,
            names: Names::new(number, LISTS),
            clock: Instant::now(),
            elements: AtomicU64::new(0),
            sessions: AtomicU64::new(0),
            kills,
        };
        let history = round.play(number);
        let judged = if kills { check_with_refusals(&history) } else { check(&history) };
        if let Err(fault) = judged {
            panic!("round {number}: {}", fault.describe(&history));
        }
        let count = |fate| history.iter().filter(|one| one.fate == fate).count();
        transactions += history.len();
        unknown += count(Fate::Unknown);
        never += count(Fate::Never);
        client.call(&words::<&str>("FLUSHALL", [])).expect("OK");
        number += 1;
    }
    println!("{transactions} transactions, {unknown} of vanished clients, {never} that are not");
}

#[test]
fn a_serial_order_explains_all_transactions() {
    each_server(&[], |server| judge(server, false));
}

/// A script that is killed has done nothing; one that has written is not killed.
#[test]
fn killed_scripts_have_done_nothing() {
    each_server(&["--busy-reply-threshold", "1"], |server| judge(server, true));
}
