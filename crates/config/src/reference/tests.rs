//! The checked-in file is what the rows say, and means the defaults.

use std::path::Path;

use super::*;
use crate::load::{Invocation, load};

fn path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/merops.toml")
}

#[test]
fn the_file_is_in_step() {
    let text = reference_toml();
    if std::env::var_os("MEROPS_BLESS").is_some() {
        std::fs::write(path(), &text).unwrap();
    }
    let file = std::fs::read_to_string(path()).unwrap_or_default();
    assert!(file == text, "config/merops.toml is stale: MEROPS_BLESS=1 cargo test -p config");
}

#[test]
fn the_file_means_the_defaults() {
    let Invocation::Serve(loaded) = load(&[path().into()]).unwrap() else { panic!("no server") };
    assert_eq!(loaded.config, Config::default());
    assert_eq!(loaded.warnings, []);
    let text = reference_toml();
    for row in params::rows() {
        assert!(text.contains(&format!("\n{} = ", row.name)), "{} is missing", row.name);
    }
}

#[test]
fn its_comments_are_short() {
    let text = reference_toml();
    let is_long = |line: &&str| line.starts_with('#') && line.len() > 100;
    assert_eq!(text.lines().find(is_long), None);
}
