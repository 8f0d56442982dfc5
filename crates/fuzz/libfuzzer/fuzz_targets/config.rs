//! libFuzzer's shell around the target `config`.
#![no_main]

fuzz_shell::shell!("config");
