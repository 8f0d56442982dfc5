//! libFuzzer's shell around the target `inline`.
#![no_main]

fuzz_shell::shell!("inline");
