use super::*;

fn with_room(len: usize, capacity: usize) -> Input {
    let mut own = Vec::with_capacity(capacity);
    own.resize(len, b'x');
    Input { own, ..Input::default() }
}

#[test]
fn an_idle_connection_keeps_only_what_is_pending() {
    let mut input = with_room(0, 20_000);
    input.trim(true);
    assert_eq!(input.capacity(), 0);
    let mut input = with_room(30, 1_000_000);
    input.trim(true);
    assert_eq!((input.capacity(), input.bytes().len()), (30, 30));
}

#[test]
fn a_busy_connection_keeps_what_it_used_lately() {
    let mut input = with_room(0, 400_000);
    input.peak = 300_000;
    input.trim(false);
    assert_eq!(input.capacity(), 400_000, "it has just been used");
    input.trim(false);
    assert_eq!(input.capacity(), GROWTH_BYTES);
    // In the middle of a command that announced its length.
    let mut input = with_room(30, 1_000_000);
    input.trim(false);
    assert_eq!(input.capacity(), 1_000_000);
}
