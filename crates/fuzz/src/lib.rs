//! Fuzz targets: nothing that a stranger sends may panic, hang, or be understood in two ways.
//!
//! A target is a plain function over bytes, so `cargo test` replays the inputs saved in `seeds/`
//! and some thousand mutations of them. libFuzzer's shells around the same functions are a
//! workspace of their own in `libfuzzer/`, as they need cargo-fuzz: from there, `RUSTC_BOOTSTRAP=1
//! cargo fuzz run --fuzz-dir . calls corpus/calls ../seeds/calls`.

mod engine;
mod mutate;
mod targets;

pub use mutate::mutate;
pub use stdx::rng::Rng;

/// Something that reads bytes from strangers.
pub struct Target {
    /// Its name, and that of its folder of seeds.
    pub name: &'static str,
    /// Panics if the input shows a fault.
    pub run: fn(&[u8]),
    /// Words that get a mutation further than random bytes do.
    pub words: fn() -> Vec<&'static [u8]>,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    targets::calls::TARGET,
    targets::config::TARGET,
    targets::functions::TARGET,
    targets::glob::TARGET,
    targets::inline::TARGET,
    targets::journal::TARGET,
    targets::keys::TARGET,
    targets::listpack::TARGET,
    targets::numbers::TARGET,
    targets::payload::TARGET,
    targets::rdb_file::TARGET,
    targets::reply::TARGET,
    targets::request::TARGET,
    targets::script::TARGET,
];

/// The target of that name.
///
/// # Panics
/// If there is none.
pub fn target(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).expect("a known target")
}

#[cfg(test)]
mod tests;
