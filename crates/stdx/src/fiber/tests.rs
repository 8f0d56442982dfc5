use std::cell::RefCell;
use std::rc::Rc;

use super::Fiber;

const STACK_BYTES: usize = 64 * 1024;

#[test]
fn runs_asks_suspends_and_ends() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let inside = Rc::clone(&seen);
    let mut fiber = Fiber::new(STACK_BYTES, move |link| {
        for number in 0..3 {
            let mut message = number;
            link.ask(&mut message);
            inside.borrow_mut().push(message);
            link.suspend();
        }
    })
    .unwrap();
    for factor in [10, 20, 30] {
        // What answers lives no longer than the call.
        let mut calls = 0;
        assert!(!fiber.resume(&mut |number: &mut i32| {
            calls += 1;
            *number = (*number + 1) * factor;
        }));
        assert_eq!(calls, 1);
        assert!(!fiber.has_ended());
    }
    assert!(fiber.resume(&mut |_| {}));
    assert!(fiber.has_ended());
    assert_eq!(*seen.borrow(), [10, 40, 90]);
}

#[test]
fn two_take_turns() {
    let make = |name: &'static str| {
        Fiber::new(STACK_BYTES, move |link| {
            for _ in 0..2 {
                link.ask(&mut name.to_owned());
                link.suspend();
            }
        })
        .unwrap()
    };
    let (mut a, mut b) = (make("a"), make("b"));
    let mut order = String::new();
    while !a.has_ended() {
        a.resume(&mut |name: &mut String| order.push_str(name));
        b.resume(&mut |name: &mut String| order.push_str(name));
    }
    assert_eq!(order, "abab");
}

#[test]
fn one_runs_within_anothers_answer() {
    let mut inner = Fiber::new(STACK_BYTES, |link| {
        link.ask(&mut 1);
        link.suspend();
        link.ask(&mut 2);
    })
    .unwrap();
    let mut outer = Fiber::new(STACK_BYTES, |link| {
        link.ask(&mut 10);
        link.ask(&mut 20);
        assert!(link.is_running());
    })
    .unwrap();
    let mut seen = Vec::new();
    assert!(outer.resume(&mut |number: &mut i32| {
        seen.push(*number);
        inner.resume(&mut |number: &mut i32| seen.push(*number));
    }));
    assert_eq!(seen, [10, 1, 20, 2]);
}

#[test]
fn one_that_never_ran_frees_what_it_holds() {
    let held = Rc::new(());
    let inside = Rc::clone(&held);
    drop(Fiber::<()>::new(STACK_BYTES, move |_| drop(inside)).unwrap());
    assert_eq!(Rc::strong_count(&held), 1);
}
