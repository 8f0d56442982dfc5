//! What the shells have in common.

pub use fuzz;
pub use libfuzzer_sys;

/// Hands a target to libFuzzer, with our mutations beside its own.
#[macro_export]
macro_rules! shell {
    ($name:literal) => {
        use $crate::{fuzz, libfuzzer_sys};

        libfuzzer_sys::fuzz_target!(|data: &[u8]| (fuzz::target($name).run)(data));

        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max: usize, seed: u32| {
            // libFuzzer's own mutations follow what comparisons the code makes.
            if seed % 2 == 0 {
                return libfuzzer_sys::fuzzer_mutate(data, size, max);
            }
            let words = (fuzz::target($name).words)();
            let mut mutated = data[..size].to_vec();
            fuzz::mutate(&mut mutated, &words, &mut fuzz::Rng::new(seed.into()), max);
            data[..mutated.len()].copy_from_slice(&mutated);
            mutated.len()
        });
    };
}
