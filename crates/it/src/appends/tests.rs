//! The judge on fabricated histories: it must acquit the innocent and convict the guilty.

use super::*;

/// Transactions of sessions of their own, with reads of both lists at the end.
struct Story(Vec<Transaction>);

fn read(key: Key, list: &[Element]) -> Step {
    Step::Read(key, list.to_vec())
}

fn append(key: Key, element: Element) -> Step {
    Step::Append(key, element, None)
}

impl Story {
    fn new() -> Story {
        Story(Vec::new())
    }

    fn of(mut self, fate: Fate, start_ns: u64, end_ns: u64, steps: &[Step]) -> Story {
        let (session, steps) = (self.0.len(), steps.to_vec());
        self.0.push(Transaction { session, means: "MULTI", steps, fate, start_ns, end_ns });
        self
    }

    /// All at once.
    fn then(self, steps: &[Step]) -> Story {
        self.of(Fate::Done, 0, 100, steps)
    }

    fn during(self, start_ns: u64, end_ns: u64, steps: &[Step]) -> Story {
        self.of(Fate::Done, start_ns, end_ns, steps)
    }

    /// All but the last are one session's.
    fn in_one_session(mut self) -> Story {
        self.0.iter_mut().for_each(|transaction| transaction.session = 0);
        self
    }

    /// What is found, given what the lists are in the end.
    fn verdict(self, lists: [&[Element]; 2]) -> Option<Kind> {
        let story = self.of(Fate::Done, 200, 201, &[read(0, lists[0]), read(1, lists[1])]);
        let mut history = story.0;
        history.last_mut().expect("just added").session = usize::MAX;
        check(&history).err().map(|fault| {
            assert!(!fault.describe(&history).is_empty());
            fault.kind
        })
    }
}

#[test]
fn a_serial_history_is_innocent() {
    let story = || {
        Story::new()
            .during(1, 2, &[append(0, 1), append(1, 2)])
            .during(3, 4, &[read(0, &[1]), append(0, 3), read(0, &[1, 3]), append(1, 4)])
            .during(5, 6, &[read(1, &[2, 4])])
    };
    assert_eq!(story().verdict([&[1, 3], &[2, 4]]), None);
    // At the same time, too.
    let overlapping = Story::new().then(&[append(0, 1)]).then(&[read(0, &[])]);
    assert_eq!(overlapping.verdict([&[1], &[]]), None);
}

#[test]
fn half_a_transaction_seen_is_found() {
    let story = |a: &[Element], b: &[Element]| {
        Story::new().then(&[append(0, 1), append(1, 2)]).then(&[read(0, a), read(1, b)])
    };
    assert_eq!(story(&[1], &[2]).verdict([&[1], &[2]]), None);
    assert_eq!(story(&[], &[]).verdict([&[1], &[2]]), None);
    assert_eq!(story(&[1], &[]).verdict([&[1], &[2]]), Some(Kind::Cycle), "read skew");
    assert_eq!(story(&[], &[2]).verdict([&[1], &[2]]), Some(Kind::Cycle));
    // Between two writes of one list, too.
    let between = Story::new().then(&[append(0, 1), append(0, 2)]).then(&[read(0, &[1])]);
    assert_eq!(between.verdict([&[1, 2], &[]]), Some(Kind::Cycle));
    let wedged = Story::new().then(&[append(0, 1), append(0, 2)]).then(&[append(0, 3)]);
    assert_eq!(wedged.verdict([&[1, 3, 2], &[]]), Some(Kind::Cycle));
}

#[test]
fn a_lost_update_is_found() {
    let story =
        Story::new().then(&[read(0, &[]), append(0, 1)]).then(&[read(0, &[]), append(0, 2)]);
    assert_eq!(story.verdict([&[1, 2], &[]]), Some(Kind::Cycle));
    let lost = Story::new().then(&[append(0, 1)]).then(&[append(0, 2)]);
    assert_eq!(lost.verdict([&[2], &[]]), Some(Kind::Lost));
    let misplaced = Story::new().then(&[append(0, 1)]).then(&[Step::Append(0, 2, Some(1))]);
    assert_eq!(misplaced.verdict([&[1, 2], &[]]), Some(Kind::Misplaced));
}

#[test]
fn write_skew_is_found() {
    let both = |key, element| [read(0, &[]), read(1, &[]), append(key, element)];
    let story = Story::new().then(&both(0, 1)).then(&both(1, 2));
    assert_eq!(story.verdict([&[1], &[2]]), Some(Kind::Cycle));
    // One after the other it is none.
    let serial = Story::new().then(&both(0, 1)).then(&[read(0, &[1]), read(1, &[]), append(1, 2)]);
    assert_eq!(serial.verdict([&[1], &[2]]), None);
}

#[test]
fn a_write_order_that_differs_between_lists_is_found() {
    let story =
        Story::new().then(&[append(0, 1), append(1, 2)]).then(&[append(0, 3), append(1, 4)]);
    assert_eq!(story.verdict([&[1, 3], &[4, 2]]), Some(Kind::Cycle));
}

#[test]
fn readers_must_agree_on_the_order_of_writers() {
    let story = Story::new()
        .then(&[append(0, 1)])
        .then(&[append(1, 2)])
        .then(&[read(0, &[1]), read(1, &[])])
        .then(&[read(0, &[]), read(1, &[2])]);
    assert_eq!(story.verdict([&[1], &[2]]), Some(Kind::Cycle), "a long fork");
}

#[test]
fn a_stale_read_is_found() {
    let story = Story::new().during(1, 2, &[append(0, 1)]).during(3, 4, &[read(0, &[])]);
    assert_eq!(story.verdict([&[1], &[]]), Some(Kind::Cycle));
    let early = Story::new().during(3, 4, &[append(0, 1)]).during(1, 2, &[read(0, &[1])]);
    assert_eq!(early.verdict([&[1], &[]]), Some(Kind::Cycle));
    // Two writes, too, of which the second began when the first had ended.
    let swapped = Story::new().during(1, 2, &[append(0, 1)]).during(3, 4, &[append(0, 2)]);
    assert_eq!(swapped.verdict([&[2, 1], &[]]), Some(Kind::Cycle));
}

#[test]
fn a_session_keeps_its_order() {
    let story = || Story::new().then(&[append(0, 1)]).then(&[append(1, 2)]).in_one_session();
    let reader = |a: &[Element], b: &[Element]| {
        let mut story = story().then(&[read(0, a), read(1, b)]);
        story.0.last_mut().expect("just added").session = 7;
        story.verdict([&[1], &[2]])
    };
    assert_eq!(reader(&[1], &[]), None);
    assert_eq!(reader(&[], &[2]), Some(Kind::Cycle));
}

#[test]
fn reads_of_what_nobody_wrote_are_found() {
    assert_eq!(Story::new().then(&[read(0, &[9])]).verdict([&[9], &[]]), Some(Kind::Ghost));
    let refused = Story::new().of(Fate::Never, 0, 100, &[append(0, 1)]);
    assert_eq!(refused.verdict([&[1], &[]]), Some(Kind::Ghost));
    let twice = Story::new().then(&[append(0, 1)]);
    assert_eq!(twice.verdict([&[1, 1], &[]]), Some(Kind::Doubled), "a script that began again");
    let forked = Story::new().then(&[append(0, 1)]).then(&[append(0, 2)]).then(&[read(0, &[2])]);
    assert_eq!(forked.verdict([&[1, 2], &[]]), Some(Kind::Forked));
}

#[test]
fn whoever_vanished_has_done_all_or_nothing() {
    let story = || Story::new().of(Fate::Unknown, 0, 100, &[append(0, 1), append(1, 2)]);
    assert_eq!(story().verdict([&[1], &[2]]), None);
    assert_eq!(story().verdict([&[], &[]]), None);
    assert_eq!(story().verdict([&[1], &[]]), Some(Kind::Torn));
    // It may happen long afterwards.
    let late = Story::new().of(Fate::Unknown, 0, 1, &[append(0, 1)]).during(5, 6, &[read(0, &[])]);
    assert_eq!(late.verdict([&[1], &[]]), None);
    // But not out of its order.
    let overtaken = Story::new()
        .of(Fate::Unknown, 0, 1, &[append(0, 1)])
        .of(Fate::Unknown, 0, 1, &[append(1, 2)])
        .in_one_session();
    assert_eq!(overtaken.verdict([&[], &[2]]), Some(Kind::Overtaken));
}

#[test]
fn a_transaction_sees_its_own_writes() {
    let blind = Story::new().then(&[append(0, 1), read(0, &[])]);
    assert_eq!(blind.verdict([&[1], &[]]), Some(Kind::Torn));
    let prophetic = Story::new().then(&[read(0, &[1]), append(0, 1)]);
    assert_eq!(prophetic.verdict([&[1], &[]]), Some(Kind::Torn));
}
