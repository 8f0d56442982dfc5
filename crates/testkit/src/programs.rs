//! Finding the programs that tests drive, and saying loudly when one is missing.

use std::env;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Set by `.ci/run`: what is not installed fails the test instead of skipping it.
const REQUIRE_ALL: &str = "MEROPS_REQUIRE_ALL";

/// The program `name` on the `PATH`.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_executable(file))
}

/// The program `name`, or a loud skip.
///
/// # Panics
/// When it is missing and `MEROPS_REQUIRE_ALL=1`.
pub fn require(name: &str) -> Option<PathBuf> {
    let found = find(name);
    if found.is_none() {
        skipped(&format!("what needs {name}: it is not installed"));
    }
    found
}

/// The oracle, or a loud skip; see [`require`].
pub fn redis_server() -> Option<PathBuf> {
    require("redis-server")
}

/// Says that a test, or a part of one, was left out.
///
/// # Panics
/// When `MEROPS_REQUIRE_ALL=1`: there nothing may be left out.
pub fn skipped(what: &str) {
    assert!(env::var_os(REQUIRE_ALL).is_none_or(|v| v != "1"), "SKIPPED {what} ({REQUIRE_ALL}=1)");
    // Past the test harness, which swallows what a passing test prints.
    writeln!(io::stderr(), "SKIPPED {what}").ok();
}

/// The `merops` binary: `MEROPS_BIN`, else the one beside the running test, built when missing.
///
/// # Panics
/// When it cannot be built.
pub fn merops() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match env::var_os("MEROPS_BIN") {
        Some(path) => path.into(),
        None => build(),
    })
}

/// Builds the server into the target folder and profile that the running program came from.
///
/// Cargo itself decides whether there is anything to do, so a stale binary is never tested.
fn build() -> PathBuf {
    let this = env::current_exe().expect("a running program has a path");
    let folder = this.parent().expect("a file lies in a folder");
    // Tests run from `<target>/<profile>/deps`, binaries from `<target>/<profile>`.
    let folder = if folder.ends_with("deps") { folder.parent() } else { Some(folder) };
    let folder = folder.expect("`deps` lies in a profile's folder");
    let target = folder.parent().expect("a profile's folder lies in the target folder");

    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--package", "server", "--bin", "merops", "--target-dir"]);
    cargo.arg(target).current_dir(env!("CARGO_MANIFEST_DIR"));
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.status().expect("cargo runs, as it did for this program");
    assert!(status.success(), "building merops failed: {status}");
    folder.join("merops")
}

fn is_executable(file: &Path) -> bool {
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
