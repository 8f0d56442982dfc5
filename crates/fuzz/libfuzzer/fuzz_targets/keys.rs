//! libFuzzer's shell around the target `keys`.
#![no_main]

fuzz_shell::shell!("keys");
