//! Measures the worst time that one operation takes while a table grows and shrinks.
//!
//! `cargo run --release -p keyspace --example worst_step [keys]`, 10 million by default. The same
//! keys are added and removed several times over, and of each step the shortest time counts: what
//! neighbours and the kernel (page faults, interrupts) add is not the same each time.

use std::error::Error;

use keyspace::{Key, Keyspace, Options};
use rustix::time::{ClockId, clock_gettime};

#[global_allocator]
static ALLOCATOR: stdx::alloc::CountingAllocator = stdx::alloc::CountingAllocator;

const ROUNDS: usize = 4;

/// The shortest time of each step over all rounds.
struct Steps(Vec<u32>);

impl Steps {
    fn new(count: u64) -> Self {
        Self(vec![u32::MAX; count as usize])
    }

    fn time(&mut self, step: u64, run: impl FnOnce()) {
        let start_ns = cpu_ns();
        run();
        let shortest_ns = &mut self.0[step as usize];
        *shortest_ns = (*shortest_ns).min((cpu_ns() - start_ns) as u32);
    }

    fn print(mut self, name: &str) {
        let mean_ns = self.0.iter().map(|&ns| u64::from(ns)).sum::<u64>() / self.0.len() as u64;
        self.0.sort_unstable_by(|a, b| b.cmp(a));
        let at = |share: usize| self.0[self.0.len() / share];
        let (worst, rare, common) = (self.0[0], at(10_000), at(100));
        println!("{name}: {mean_ns} ns on average, p99 {common}, p99.99 {rare}, worst {worst}");
    }
}

/// CPU time of this thread.
fn cpu_ns() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

fn main() -> Result<(), Box<dyn Error>> {
    let keys: u64 = std::env::args().nth(1).map_or(Ok(10_000_000), |keys| keys.parse())?;
    let mut keyspace = Keyspace::new(Options::default());
    keyspace.begin(1_700_000_000_000);
    let (mut insert, mut remove) = (Steps::new(keys), Steps::new(keys));
    for _ in 0..ROUNDS {
        for n in 0..keys {
            let key = format!("key:{n:012}");
            let key = Key::new(key.as_bytes());
            insert.time(n, || keyspace.edit(0, key).set(b"sixteen byte val", None));
        }
        for n in 0..keys {
            let key = format!("key:{n:012}");
            let key = Key::new(key.as_bytes());
            remove.time(n, || assert!(keyspace.edit(0, key).remove()));
        }
    }
    insert.print("insert");
    remove.print("remove");
    Ok(())
}
