//! libFuzzer's shell around the target `journal`.
#![no_main]

fuzz_shell::shell!("journal");
