//! Resident bytes per item of big sets and hashes, time per operation, and the slowest one.
//!
//! `cargo run --release -p value --example collection_footprint`
#![expect(clippy::disallowed_methods, reason = "it measures time")]

use std::time::Instant;

use stdx::alloc::CountingAllocator;
use value::{Hash, Limits, Set};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const LENS: [usize; 4] = [1_000_000, 1_400_000, 2_000_000, 2_800_000];

fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = status.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.expect("a number of pages") * 4096
}

/// A member of 16 bytes.
fn name(number: usize) -> [u8; 16] {
    let mut text = *b"member:000000000";
    let mut rest = number;
    for digit in text[7..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    text
}

/// Runs `step` for each number; prints the mean and the worst time.
fn time(what: &str, numbers: impl ExactSizeIterator<Item = usize>, mut step: impl FnMut(usize)) {
    let (count, mut worst_ns) = (numbers.len(), 0);
    let start = Instant::now();
    let mut last = start;
    for number in numbers {
        step(number);
        let now = Instant::now();
        worst_ns = worst_ns.max((now - last).as_nanos());
        last = now;
    }
    let mean_ns = (last - start).as_nanos() / count.max(1) as u128;
    println!("  {what:12} {mean_ns:4} ns, worst {:6.1} us", worst_ns as f64 / 1000.0);
}

fn measure<T: Default>(
    what: &str,
    len: usize,
    mut insert: impl FnMut(&mut T, usize),
    mut find: impl FnMut(&T, usize),
    memory: impl Fn(&T) -> usize,
    mut remove: impl FnMut(&mut T, usize),
) -> f64 {
    stdx::alloc::collect();
    let before = resident_bytes();
    let mut collection = T::default();
    println!("{what} of {len}");
    time("insert", 0..len, |number| insert(&mut collection, number));
    stdx::alloc::collect();
    let resident = (resident_bytes() - before) as f64 / len as f64;
    let counted = memory(&collection) as f64 / len as f64;
    println!("  {resident:.1} bytes resident, {counted:.1} counted");
    time("find", 0..len, |number| find(&collection, number * 7919 % len));
    time("remove", 0..len, |number| remove(&mut collection, number));
    resident
}

fn main() {
    let limits = Limits::default();
    let lens: Vec<usize> = match std::env::args().nth(1) {
        Some(len) => vec![len.parse().expect("a number of items")],
        None => LENS.to_vec(),
    };
    let (mut sets, mut hashes) = (0.0, 0.0);
    for &len in &lens {
        sets += measure::<Set>(
            "set",
            len,
            |set, number| assert!(set.add(&name(number), &limits)),
            |set, number| assert!(set.contains(&name(number))),
            Set::memory_bytes,
            |set, number| assert!(set.remove(&name(number))),
        );
        hashes += measure::<Hash>(
            "hash",
            len,
            |hash, number| assert!(hash.set(&name(number), &name(number), None, &limits)),
            |hash, number| assert!(hash.get(&name(number), 0).is_some()),
            Hash::memory_bytes,
            |hash, number| assert!(hash.remove(&name(number))),
        );
    }
    let count = lens.len() as f64;
    println!("mean bytes per item: set {:.1}, hash {:.1}", sets / count, hashes / count);
}
