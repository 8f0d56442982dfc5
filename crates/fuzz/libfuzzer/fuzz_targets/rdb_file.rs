//! libFuzzer's shell around the target `rdb_file`.
#![no_main]

fuzz_shell::shell!("rdb_file");
