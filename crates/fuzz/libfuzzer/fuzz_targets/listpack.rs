//! libFuzzer's shell around the target `listpack`.
#![no_main]

fuzz_shell::shell!("listpack");
