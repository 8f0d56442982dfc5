//! Measures what a key costs: resident memory of this process, everything included.
//!
//! `cargo run --release -p keyspace --example footprint` measures four data sets at four sizes,
//! each in a process of its own, so that none profits from memory another has left.

use std::error::Error;
use std::process::Command;

use keyspace::{Key, Keyspace, Options};
use stdx::rng::Rng;

#[global_allocator]
static ALLOCATOR: stdx::alloc::CountingAllocator = stdx::alloc::CountingAllocator;

const SETS: [&str; 4] = ["16-byte values", "with deadline", "integers", "64-byte values"];
const SIZES: [u64; 4] = [1_000_000, 1_400_000, 2_000_000, 2_800_000];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, set, keys] = &arguments[..] {
        return measure(set, keys.parse()?);
    }
    println!("{:>16} {:>9} {:>10} {:>10}", "values", "keys", "resident", "counted");
    for set in SETS {
        for keys in SIZES {
            let child = [set, &keys.to_string()].map(String::from);
            let output = Command::new(std::env::current_exe()?).args(child).output()?;
            print!("{}", String::from_utf8(output.stdout)?);
        }
    }
    Ok(())
}

/// Prints bytes per key of `keys` keys of 16 bytes.
fn measure(set: &str, keys: u64) -> Result<(), Box<dyn Error>> {
    let mut keyspace = Keyspace::new(Options::default());
    keyspace.begin(1_700_000_000_000);
    let mut rng = Rng::new(1);
    let (resident, counted) = (resident_bytes()?, stdx::alloc::allocated_bytes());
    for n in 0..keys {
        let key = format!("key:{n:012}");
        let mut edit = keyspace.edit(0, Key::new(key.as_bytes()));
        match set {
            "integers" => edit.set_int((rng.next_u64() >> 34) as i64),
            "64-byte values" => edit.set(&[b'v'; 64], None),
            "with deadline" => edit.set(&[b'v'; 16], Some(1_800_000_000_000)),
            _ => edit.set(&[b'v'; 16], None),
        }
    }
    let per_key = |bytes: usize| bytes as f64 / keys as f64;
    let resident = per_key(resident_bytes()? - resident);
    let counted = per_key(stdx::alloc::allocated_bytes() - counted);
    println!("{set:>16} {keys:>9} {resident:>10.2} {counted:>10.2}");
    Ok(())
}

fn resident_bytes() -> Result<usize, Box<dyn Error>> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: usize = statm.split(' ').nth(1).ok_or("statm has seven fields")?.parse()?;
    Ok(pages * 4096)
}
