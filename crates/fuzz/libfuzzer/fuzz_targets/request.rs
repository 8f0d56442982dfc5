//! libFuzzer's shell around the target `request`.
#![no_main]

fuzz_shell::shell!("request");
