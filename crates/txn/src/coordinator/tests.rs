//! A coordinator's walk through every kind of transaction.

use super::*;
use crate::id::Ids;

#[test]
fn a_one_shot_runs_when_all_have_granted() {
    let id = Ids::default().draw();
    let mut transaction = Coordinator::one_shot(id, 2);
    assert_eq!(transaction.on_granted(id), Action::Wait);
    assert_eq!(transaction.on_granted(id), Action::Run);
    assert_eq!(transaction.on_done(id), Action::Wait);
    assert_eq!(transaction.on_done(id), Action::Finished);
}

#[test]
fn a_refusal_starts_over_and_old_answers_are_ignored() {
    let ids = Ids::default();
    let (first, other, second) = (ids.draw(), ids.draw(), ids.draw());
    let mut transaction = Coordinator::one_shot(first, 3);
    assert_eq!(transaction.on_granted(first), Action::Wait);
    let retry = Action::Retry(Draw { above: other, ahead: false });
    assert_eq!(transaction.on_refused(first, other), retry);
    assert_eq!(transaction.on_refused(first, other), Action::Wait, "one retry per attempt");
    transaction.restart(second);
    assert_eq!(transaction.on_granted(first), Action::Wait, "does not count for the second");
    assert_eq!(transaction.on_granted(second), Action::Wait);
    assert_eq!(transaction.on_granted(second), Action::Wait);
    assert_eq!(transaction.on_granted(second), Action::Run);
}

#[test]
fn patience_ends() {
    let ids = Ids::default();
    let mut transaction = Coordinator::one_shot(ids.draw(), 1);
    for refusals in 1..=REFUSALS_PATIENT + 1 {
        let action = transaction.on_refused(transaction.id(), ids.draw());
        let Action::Retry(draw) = action else { panic!("{action:?}") };
        assert_eq!(draw.ahead, refusals >= REFUSALS_PATIENT);
        transaction.restart(ids.redraw(draw));
    }
}

#[test]
fn a_plan_hops_until_it_says_so() {
    let id = Ids::default().draw();
    let mut plan = Coordinator::plan(id, 3);
    plan.on_granted(id);
    plan.on_granted(id);
    assert_eq!(plan.on_granted(id), Action::Held);
    plan.hop(2);
    assert_eq!(plan.on_done(id), Action::Wait);
    assert_eq!(plan.on_done(id), Action::Held);
    assert_eq!(plan.last_hop(1), Action::Wait);
    assert_eq!(plan.on_done(id), Action::Finished);
}

#[test]
fn a_plan_may_end_without_a_hop() {
    let id = Ids::default().draw();
    let mut plan = Coordinator::plan(id, 1);
    assert_eq!(plan.on_granted(id), Action::Held);
    assert_eq!(plan.last_hop(0), Action::Finished);
}

#[test]
fn a_shortcut_takes_the_own_shard_first() {
    let ids = Ids::default();
    let (first, other) = (ids.draw(), ids.draw());
    let mut transaction = Coordinator::shortcut(first);
    assert_eq!(transaction.on_granted(first), Action::RunRemote);
    let action = transaction.on_refused(first, other);
    assert_eq!(action, Action::Retry(Draw { above: other, ahead: false }));
    let second = ids.draw();
    transaction.restart(second);
    assert_eq!(transaction.on_granted(second), Action::RunRemote);
    assert_eq!(transaction.on_done(second), Action::RunLocal);
    assert_eq!(transaction.on_done(second), Action::Finished);
}

#[test]
#[should_panic(expected = "refused when")]
fn nobody_refuses_what_it_has_granted() {
    let id = Ids::default().draw();
    let mut transaction = Coordinator::one_shot(id, 1);
    assert_eq!(transaction.on_granted(id), Action::Run);
    transaction.on_refused(id, TxId::NONE);
}
