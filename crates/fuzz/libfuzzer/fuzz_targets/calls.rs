//! libFuzzer's shell around the target `calls`.
#![no_main]

fuzz_shell::shell!("calls");
