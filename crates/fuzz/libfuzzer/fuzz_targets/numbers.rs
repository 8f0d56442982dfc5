//! libFuzzer's shell around the target `numbers`.
#![no_main]

fuzz_shell::shell!("numbers");
