//! Which crate may use which: the arrows of `crates/ARCHITECTURE.md`, downward only.

use std::fs;
use std::path::Path;

/// A crate and the crates of ours that it may use.
struct Arrows(&'static str, &'static [&'static str]);

/// Bottom up; whoever is not listed here is no crate of ours yet.
const ARROWS: &[Arrows] = &[
    Arrows("stdx", &[]),
    Arrows("txn", &[]),
    Arrows("journal", &["stdx"]),
    Arrows("resp", &["stdx"]),
    Arrows("value", &["stdx"]),
    Arrows("command", &["resp", "stdx", "value"]),
    Arrows("config", &["resp", "stdx"]),
    Arrows("script", &["resp", "stdx"]),
    Arrows("rdb", &["stdx", "value"]),
    Arrows("keyspace", &["stdx", "value"]),
    Arrows("engine", &["command", "journal", "keyspace", "resp", "stdx", "txn", "value"]),
    Arrows("commands", &["command", "engine", "keyspace", "rdb", "resp", "stdx", "value"]),
    Arrows(
        "server",
        &[
            "command", "commands", "config", "engine", "journal", "keyspace", "rdb", "resp",
            "script", "stdx", "value",
        ],
    ),
    Arrows("testkit", &["resp"]),
    Arrows("it", &["resp", "testkit"]),
    Arrows("differential", &["resp", "testkit"]),
    Arrows("sim", &["journal", "testkit", "txn"]),
    Arrows(
        "fuzz",
        &[
            "command", "commands", "config", "engine", "journal", "keyspace", "rdb", "resp",
            "script", "stdx", "value",
        ],
    ),
    Arrows("xtask", &[]),
];

/// Tests may also use these; that adds no arrow to what is built.
const FOR_TESTS: &[&str] = &["resp", "stdx", "testkit"];

pub(super) fn check(root: &Path, faults: &mut Vec<String>) {
    let folders = fs::read_dir(root.join("crates")).expect("crates/ is there");
    let mut names: Vec<String> = folders
        .map(|folder| folder.expect("crates/ can be read").path())
        .filter(|folder| folder.join("Cargo.toml").is_file())
        .map(|folder| folder.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    names.sort();
    for name in &names {
        let manifest = root.join("crates").join(name).join("Cargo.toml");
        let manifest = fs::read_to_string(&manifest).expect("a manifest is text");
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        faults.extend(check_one(name, &manifest, &known));
    }
}

/// The faults of one crate's manifest; `known` are all crates of ours.
pub(super) fn check_one(name: &str, manifest: &str, known: &[&str]) -> Vec<String> {
    let Some(Arrows(_, allowed)) = ARROWS.iter().find(|arrows| arrows.0 == name) else {
        return vec![format!("crates/{name}: has no place among the arrows of xtask")];
    };
    let mut faults = Vec::new();
    for (section, used) in dependencies(manifest).filter(|(_, used)| known.contains(used)) {
        let for_tests = section == "[dev-dependencies]" && FOR_TESTS.contains(&used);
        if !allowed.contains(&used) && !for_tests {
            faults.push(format!("crates/{name}: must not use {used}"));
        }
    }
    faults
}

/// Pairs of section and crate.
fn dependencies(manifest: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut section = "";
    manifest.lines().filter_map(move |line| {
        if line.starts_with('[') {
            section = line.trim();
            return None;
        }
        let name = line.split(['.', ' ', '=']).next()?;
        section.ends_with("dependencies]").then_some((section, name))
    })
}
