//! libFuzzer's shell around the target `glob`.
#![no_main]

fuzz_shell::shell!("glob");
