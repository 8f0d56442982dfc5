//! Counting, across threads too.

use super::*;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// How far `action` moves the count, in MiB; the tests beside this one move it by less than one
/// half.
fn moved_mib<T>(action: impl FnOnce() -> T) -> (isize, T) {
    let before = allocated_bytes() as isize;
    let kept = action();
    (((allocated_bytes() as isize - before) as f64 / f64::from(1 << 20)).round() as isize, kept)
}

// One test, as the count is the whole process's.
#[test]
fn counts_blocks_wherever_they_are_allocated_and_freed() {
    let (moved, here) = moved_mib(|| std::hint::black_box(vec![1u8; 64 << 20]));
    assert_eq!(moved, 64);
    assert_eq!(moved_mib(|| drop(here)).0, -64);

    #[expect(clippy::disallowed_methods, reason = "a thread that never publishes")]
    let elsewhere = || std::thread::spawn(|| vec![1u8; 128 << 20]).join().expect("it ends well");
    let (moved, there) = moved_mib(elsewhere);
    assert_eq!(moved, 128);
    assert_eq!(moved_mib(|| drop(there)).0, -128);

    assert_eq!(moved_mib(|| adjust(32 << 20)).0, 32);
    assert_eq!(moved_mib(|| adjust(-(32 << 20))).0, -32);
}

#[test]
fn block_sizes_are_mimallocs() {
    for (asked, taken) in [(0, 0), (1, 8), (24, 24), (65, 80), (80, 80), (81, 96), (1000, 1024)] {
        assert_eq!(block_bytes(asked), taken, "{asked}");
    }
    assert_eq!(block_bytes(1025), 1280);
    assert_eq!(block_bytes(8193), 10240);
}

#[test]
fn the_allocator_reports_and_collects() {
    collect();
    assert!(!statistics().is_empty());
}
