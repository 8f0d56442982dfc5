//! What others see of a key while it is offered to who waits for keys of several shards.

use engine::{HeldKeys, Interrupt};

use crate::harness::{Engine, Running};

/// More turns than anything here takes.
const TURNS: usize = 20;

/// Keys of the first shard, then of the second.
const KEYS: [&str; 4] = ["b", "d", "a", "c"];

/// Threads with a shard each, and a waiter on one of them, which all shards know.
fn waiting(thread: usize, line: &str) -> (Engine, Running) {
    let engine = Engine::new(2);
    assert_eq!(KEYS.map(|key| engine.owner(key)), [0, 0, 1, 1]);
    let waiter = behind(&engine, thread, line);
    (engine, waiter)
}

/// One more waiter.
fn behind(engine: &Engine, thread: usize, line: &str) -> Running {
    let mut waiter = engine.begin(thread, line);
    for _ in 0..TURNS {
        assert_eq!(waiter.poll(), None);
        engine.deliver();
    }
    waiter
}

/// What a line answers on the thread that owns a key, if nothing keeps it waiting.
#[track_caller]
fn at_once(engine: &Engine, key: &str, line: &str) -> String {
    let mut running = engine.begin(engine.owner(key), line);
    running.poll().unwrap_or_else(|| panic!("{line} waits"))
}

/// Begins a line on each thread, which must wait.
#[track_caller]
fn begin_waiting(engine: &Engine, line: &str) -> [Running; 2] {
    let mut both = [0, 1].map(|thread| engine.begin(thread, line));
    assert_still_waiting(engine, &mut both);
    both
}

#[track_caller]
fn assert_still_waiting(engine: &Engine, running: &mut [Running]) {
    for _ in 0..TURNS {
        assert!(running.iter_mut().all(|one| one.poll().is_none()), "it does not wait");
        engine.deliver();
    }
}

/// Delivers all mail.
fn settle(engine: &Engine) {
    (0..TURNS).for_each(|_| engine.deliver());
}

/// Lets one go on until it is done, and what it has to tell arrive.
#[track_caller]
fn finish(engine: &Engine, mut running: Running) -> String {
    for _ in 0..TURNS {
        if let Some(reply) = running.poll() {
            settle(engine);
            return reply;
        }
        engine.deliver();
    }
    panic!("it never ends");
}

/// Lets a waiter try, and go on waiting.
#[track_caller]
fn try_in_vain(engine: &Engine, waiter: &mut Running) {
    for _ in 0..TURNS {
        assert_eq!(waiter.poll(), None);
        engine.deliver();
    }
}

#[test]
fn nobody_sees_what_is_offered() {
    for thread in [0, 1] {
        for key in KEYS {
            let (engine, waiter) = waiting(thread, "BLPOP a b c d 0");
            assert_eq!(at_once(&engine, key, &format!("RPUSH {key} x")), "1");
            let lines = ["LRANGE k 0 -1", "LLEN k", "EXISTS k", "LPOP k", "TYPE k"];
            let replies = ["[]", "0", "0", "nil", "none"];
            let mut others: Vec<Running> = lines
                .iter()
                .flat_map(|line| begin_waiting(&engine, &line.replace('k', key)))
                .collect();
            assert_still_waiting(&engine, &mut others);
            assert_eq!(finish(&engine, waiter), format!("[\"{key}\" \"x\"]"));
            let wanted = replies.iter().flat_map(|reply| [reply, reply]);
            for (other, wanted) in others.into_iter().zip(wanted) {
                assert_eq!(finish(&engine, other), *wanted);
            }
            assert_eq!(at_once(&engine, key, &format!("LLEN {key}")), "0");
        }
    }
}

#[test]
fn a_try_in_vain_ends_the_offer() {
    for (thread, key) in [(0, "b"), (0, "a"), (1, "b"), (1, "a")] {
        let (engine, mut waiter) = waiting(thread, "BLPOP a b 0");
        at_once(&engine, key, &format!("RPUSH {key} x"));
        let others = begin_waiting(&engine, &format!("LLEN {key}"));
        // What needs several shards passes, and takes it.
        assert_eq!(finish(&engine, engine.begin(0, "DEL a b")), "1");
        try_in_vain(&engine, &mut waiter);
        for other in others {
            assert_eq!(finish(&engine, other), "0");
        }
        assert_eq!(at_once(&engine, key, &format!("LLEN {key}")), "0");
        at_once(&engine, key, &format!("RPUSH {key} y"));
        assert_eq!(finish(&engine, waiter), format!("[\"{key}\" \"y\"]"));
    }
}

#[test]
fn flushing_ends_the_offer() {
    let (engine, mut waiter) = waiting(1, "BLPOP a b 0");
    at_once(&engine, "b", "RPUSH b x");
    let others = begin_waiting(&engine, "EXISTS b");
    assert_eq!(finish(&engine, engine.begin(0, "FLUSHALL")), "OK");
    try_in_vain(&engine, &mut waiter);
    for other in others {
        assert_eq!(finish(&engine, other), "0");
    }
    waiter.interrupt.set(Some(Interrupt::Timeout));
    assert_eq!(finish(&engine, waiter), "nil");
}

#[test]
fn a_wait_that_ends_before_its_thread_is_told_ends_the_offer() {
    let nothing = ["nil", "-UNBLOCKED client unblocked via CLIENT UNBLOCK", "nil"];
    let ends = [Interrupt::Timeout, Interrupt::Error, Interrupt::Gone];
    for (interrupt, nothing) in ends.into_iter().zip(nothing) {
        let (engine, mut waiter) = waiting(1, "BLPOP a b 0");
        at_once(&engine, "b", "RPUSH b x");
        let mut other = engine.begin(0, "LRANGE b 0 -1");
        assert_eq!(other.poll(), None);
        waiter.interrupt.set(Some(interrupt));
        assert_eq!(waiter.poll(), None);
        assert_eq!(finish(&engine, waiter), nothing);
        assert_eq!(finish(&engine, other), "[\"x\"]");
        assert_eq!(at_once(&engine, "b", "LPOP b"), "\"x\"");
    }
}

#[test]
fn who_is_told_in_time_is_served() {
    let (engine, waiter) = waiting(1, "BLPOP a b 0");
    at_once(&engine, "b", "RPUSH b x");
    engine.deliver();
    waiter.interrupt.set(Some(Interrupt::Timeout));
    assert_eq!(finish(&engine, waiter), "[\"b\" \"x\"]");
    assert_eq!(at_once(&engine, "b", "LLEN b"), "0");
}

#[test]
fn several_keys_are_offered_at_once() {
    for thread in [0, 1] {
        let (engine, waiter) = waiting(thread, "BLPOP a b c d 0");
        for key in KEYS {
            at_once(&engine, key, &format!("RPUSH {key} {key}"));
        }
        let others = KEYS.map(|key| begin_waiting(&engine, &format!("LLEN {key}")));
        assert_eq!(finish(&engine, waiter), "[\"a\" \"a\"]");
        for (key, others) in KEYS.into_iter().zip(others) {
            for other in others {
                assert_eq!(finish(&engine, other), if key == "a" { "0" } else { "1" });
            }
        }
    }
}

#[test]
fn those_behind_are_served_before_anybody_else() {
    for key in ["a", "b"] {
        let (engine, first) = waiting(0, "BLPOP a b 0");
        let second = behind(&engine, 1, "BRPOP b a 0");
        let third = behind(&engine, 1, &format!("BLPOP {key} 0"));
        let fourth = behind(&engine, 0, &format!("BLPOP c {key} 0"));
        at_once(&engine, key, &format!("RPUSH {key} 1 2 3"));
        let others = begin_waiting(&engine, &format!("LLEN {key}"));
        let pushes = begin_waiting(&engine, &format!("RPUSH {key} 4"));
        assert_eq!(finish(&engine, first), format!("[\"{key}\" \"1\"]"));
        assert_eq!(finish(&engine, second), format!("[\"{key}\" \"3\"]"));
        assert_eq!(finish(&engine, third), format!("[\"{key}\" \"2\"]"));
        for other in others {
            assert_eq!(finish(&engine, other), "0");
        }
        let [one, other] = pushes;
        assert_eq!(finish(&engine, one), "1");
        assert_eq!(finish(&engine, fourth), format!("[\"{key}\" \"4\"]"));
        assert_eq!(finish(&engine, other), "1");
        assert_eq!(at_once(&engine, key, &format!("LLEN {key}")), "1");
    }
}

#[test]
fn nothing_is_offered_that_others_took() {
    let engine = Engine::new(2);
    let before = behind(&engine, 0, "BLPOP b 0");
    let mut waiter = behind(&engine, 1, "BLPOP a b 0");
    at_once(&engine, "b", "RPUSH b x");
    assert_eq!(at_once(&engine, "b", "LLEN b"), "0");
    assert_eq!(finish(&engine, before), "[\"b\" \"x\"]");
    // Nor what it does not wait for.
    at_once(&engine, "b", "SET b x");
    assert_eq!(at_once(&engine, "b", "GET b"), "\"x\"");
    try_in_vain(&engine, &mut waiter);
}

#[test]
fn what_is_only_read_is_not_kept_from_others() {
    let (engine, waiter) = waiting(1, "XREAD BLOCK 0 STREAMS a b $ $");
    at_once(&engine, "b", "XADD b 1-1 k v");
    assert_eq!(at_once(&engine, "b", "XLEN b"), "1");
    assert_eq!(finish(&engine, waiter), "[[\"b\" [[\"1-1\" [\"k\" \"v\"]]]]]");
}

#[test]
fn a_call_that_waits_for_an_offer_to_end_need_not_wait_for_keys() {
    let (engine, waiter) = waiting(1, "BLPOP a b 0");
    at_once(&engine, "b", "RPUSH b x");
    let mut taker = engine.begin(0, "BLPOP b 0");
    assert_eq!(taker.poll(), None);
    taker.interrupt.set(Some(Interrupt::Timeout));
    assert_still_waiting(&engine, std::slice::from_mut(&mut taker));
    assert_eq!(finish(&engine, waiter), "[\"b\" \"x\"]");
    assert_eq!(finish(&engine, taker), "nil");
    at_once(&engine, "b", "RPUSH b y");
    assert_eq!(at_once(&engine, "b", "LLEN b"), "1");
}

#[test]
fn nobody_waits_while_a_series_is_late() {
    let (engine, waiter) = waiting(1, "BLPOP a b 0");
    at_once(&engine, "b", "RPUSH b x");
    let others = begin_waiting(&engine, "LLEN b");
    let late = engine.router(1).late(&HeldKeys::these(&[b"a"], false), "BUSY");
    for other in others {
        assert_eq!(finish(&engine, other), "1");
    }
    at_once(&engine, "d", "RPUSH b y");
    engine.router(1).no_longer_late(late);
    settle(&engine);
    let others = begin_waiting(&engine, "LLEN b");
    assert_eq!(finish(&engine, waiter), "[\"b\" \"x\"]");
    for other in others {
        assert_eq!(finish(&engine, other), "1");
    }
    assert_eq!(at_once(&engine, "b", "LLEN b"), "1");
}

#[test]
fn who_moves_elements_on_is_offered_them() {
    for thread in [0, 1] {
        let (engine, waiter) = waiting(thread, "BLMOVE a b LEFT RIGHT 0");
        let taker = behind(&engine, 1, "BLPOP c b 0");
        at_once(&engine, "a", "RPUSH a x");
        let mut others = begin_waiting(&engine, "LLEN a").into_iter().collect::<Vec<_>>();
        assert_eq!(at_once(&engine, "b", "LLEN b"), "0");
        assert_eq!(finish(&engine, waiter), "\"x\"");
        others.extend(begin_waiting(&engine, "LLEN b"));
        assert_eq!(finish(&engine, taker), "[\"b\" \"x\"]");
        for other in others {
            assert_eq!(finish(&engine, other), "0");
        }
    }
}
