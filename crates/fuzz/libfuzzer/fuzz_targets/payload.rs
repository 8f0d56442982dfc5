//! libFuzzer's shell around the target `payload`.
#![no_main]

fuzz_shell::shell!("payload");
