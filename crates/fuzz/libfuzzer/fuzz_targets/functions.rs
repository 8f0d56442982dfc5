//! libFuzzer's shell around the target `functions`.
#![no_main]

fuzz_shell::shell!("functions");
