//! Order and removal.

use super::*;
use crate::command::Wait;

static LIST: Block = Block {
    local: |_, _, _| Ok(()),
    across: |_| Box::pin(std::future::ready(Ok(()))),
    wait: |_| Ok(Wait::Forever),
    on_timeout: |reply| reply.null_array(),
    on_nothing: |reply| reply.null_array(),
    kind: Kind::List,
    ends_without_key: false,
    on_time: |_| false,
};

fn waiter(number: u64, keys: &[Watched]) -> Waiter {
    Waiter {
        id: WaiterId { thread: 0, number },
        block: &LIST,
        on_time: number == 6,
        keys: keys.to_vec(),
        how: How::Across { state: Across::Asleep, names: Vec::new(), offered: Vec::new() },
    }
}

#[test]
fn each_key_has_its_queue_in_the_order_of_arrival() {
    let mut waiters = Waiters::default();
    waiters.add(waiter(7, &[(0, 1), (0, 2)]));
    waiters.add(waiter(5, &[(0, 2)]));
    waiters.add(waiter(6, &[(1, 2)]));
    assert_eq!(waiters.keys_in(0), [(0, 1), (0, 2)]);
    let first = waiters.next((0, 2), 0).unwrap();
    assert_eq!(waiters.get_mut(first).unwrap().id.number, 7);
    let second = waiters.next((0, 2), first + 1).unwrap();
    assert_eq!(waiters.get_mut(second).unwrap().id.number, 5);
    assert_eq!(waiters.next((0, 2), second + 1), None);
    assert_eq!(waiters.turn_of(WaiterId { thread: 0, number: 5 }), Some(second));

    assert_eq!(waiters.on_time().len(), 1);
    assert_eq!(waiters.remove(first).unwrap().id.number, 7);
    assert!(!waiters.has((0, 1)));
    assert_eq!(waiters.next((0, 2), 0), Some(second));
    assert!(waiters.remove(first).is_none());
    waiters.remove(second);
    assert!(!waiters.has((0, 2)) && !waiters.is_empty());
    assert!(waiters.has((1, 2)));
}
