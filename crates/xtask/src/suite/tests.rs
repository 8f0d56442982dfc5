//! Counting.

use super::*;

#[test]
fn results_add_up() {
    let mut total = Total::default();
    for line in [
        "running 3 tests",
        "test a ... ok",
        "test b::c ... FAILED",
        "test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; \
         finished in 0.01s",
        "test result: ok. 20 passed; 0 failed; 0 ignored; 0 measured; 4 filtered out; \
         finished in 2.00s",
    ] {
        total.count(line);
    }
    assert_eq!(total.failures, ["test b::c ... FAILED"]);
    assert_eq!(
        total.line(false),
        "test result: FAILED. 21 passed; 1 failed; 1 ignored; 0 measured; 4 filtered out"
    );
}

#[test]
fn what_is_left_out_is_told_once() {
    let messages = "Compiling x\nSKIPPED what needs y\nSKIPPED what needs y\n";
    assert_eq!(skips(messages.as_bytes()).len(), 1);
}
