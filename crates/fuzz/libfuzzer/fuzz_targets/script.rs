//! libFuzzer's shell around the target `script`.
#![no_main]

fuzz_shell::shell!("script");
