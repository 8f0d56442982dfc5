//! The `merops` binary: `merops [CONFIG] [--directive value …]`.

mod admin;
mod boot;
mod client;
mod clock;
mod command;
mod connection;
mod core;
mod cron;
mod dispatch;
mod input;
mod net;
mod registry;
mod session;
mod stats;
mod stream;
mod tuning;

use std::process::ExitCode;

/// Counts what the process allocates: `used_memory` and `maxmemory` go by it.
#[global_allocator]
static ALLOCATOR: stdx::alloc::CountingAllocator = stdx::alloc::CountingAllocator;

fn main() -> ExitCode {
    let config = config::Config::default();
    match boot::run(config, None) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
