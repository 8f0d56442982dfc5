//! libFuzzer's shell around the target `reply`.
#![no_main]

fuzz_shell::shell!("reply");
