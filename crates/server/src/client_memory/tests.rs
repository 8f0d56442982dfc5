use super::*;

fn candidate(id: u64, bytes: usize) -> Candidate {
    Candidate { bytes, id }
}

#[test]
fn the_largest_go_first_and_no_more_than_needed() {
    let clients = vec![candidate(1, 100), candidate(2, 500), candidate(3, 300)];
    assert!(choose(900, 900, clients.clone()).is_empty());
    assert_eq!(choose(901, 900, clients.clone()), [2]);
    assert_eq!(choose(900, 300, clients.clone()), [2, 3]);
    assert_eq!(choose(2_000, 300, clients.clone()), [2, 3, 1]);
    assert!(choose(900, 0, clients).is_empty());
}
