//! The `merops` binary.
fn main() {}
