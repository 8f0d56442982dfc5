//! All tests in one go, with one line at the end that says what came of them.

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader, Read, Write, stderr, stdout};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

/// Builds the server once and runs the workspace's tests; `arguments` are for `cargo test`. Returns
/// whether everything passed.
#[expect(clippy::disallowed_methods, reason = "a tool: it may read the clock")]
pub(crate) fn run(root: &Path, arguments: &[&str]) -> bool {
    let begin = Instant::now();
    if !cargo(root).args(["build", "--package", "server"]).status().is_ok_and(|s| s.success()) {
        eprintln!("error: the server does not build");
        return false;
    }
    let mut test = cargo(root);
    test.args(["test", "--workspace", "--no-fail-fast"]).args(arguments);
    // Without it, the tests of whole servers would each ask cargo for one.
    test.env("MEROPS_BIN", target_folder(root).join("debug/merops"));
    let mut test = test
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("cargo runs, as it did a moment ago");
    let (out, err) = (test.stdout.take().expect("piped"), test.stderr.take().expect("piped"));
    let (total, skipped) = thread::scope(|scope| {
        let total = scope.spawn(|| Total::follow(out));
        let skipped = scope.spawn(|| skips(err));
        (total.join().expect("it only counts"), skipped.join().expect("it only gathers"))
    });
    let passed = test.wait().is_ok_and(|status| status.success());
    for line in total.failures.iter().chain(&skipped) {
        println!("{line}");
    }
    println!("\n{}; finished in {:.2}s", total.line(passed), begin.elapsed().as_secs_f64());
    passed
}

fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    cargo
}

fn target_folder(root: &Path) -> PathBuf {
    root.join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// What all test programs said together.
#[derive(Default)]
struct Total {
    /// Passed, failed, ignored, measured, filtered out.
    counts: [u64; 5],
    /// The lines of tests that failed.
    failures: Vec<String>,
}

impl Total {
    /// Passes the output on and counts.
    fn follow(output: impl Read) -> Total {
        let mut total = Total::default();
        copy(output, stdout(), |line| total.count(line));
        total
    }

    fn count(&mut self, line: &str) {
        if line.starts_with("test ") && line.ends_with("... FAILED") {
            self.failures.push(line.to_owned());
        }
        let Some((_, counts)) =
            line.strip_prefix("test result: ").and_then(|result| result.split_once(". "))
        else {
            return;
        };
        for (sum, part) in self.counts.iter_mut().zip(counts.split("; ")) {
            let number = part.split(' ').next().and_then(|number| number.parse::<u64>().ok());
            *sum += number.unwrap_or(0);
        }
    }

    /// The closing line, as one test program would write it.
    fn line(&self, is_ok: bool) -> String {
        let [passed, failed, ignored, measured, filtered] = self.counts;
        let verdict = if is_ok { "ok" } else { "FAILED" };
        format!(
            "test result: {verdict}. {passed} passed; {failed} failed; {ignored} ignored; \
             {measured} measured; {filtered} filtered out"
        )
    }
}

/// Passes cargo's messages on and gathers what tests said that they left out.
fn skips(messages: impl Read) -> BTreeSet<String> {
    let mut skipped = BTreeSet::new();
    copy(messages, stderr(), |line| {
        if line.starts_with("SKIPPED ") {
            skipped.insert(line.to_owned());
        }
    });
    skipped
}

/// Writes every line on as it comes, and shows it to `see`.
fn copy(from: impl Read, mut to: impl Write, mut see: impl FnMut(&str)) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|len| len > 0) {
        // Whoever stopped reading still wants the verdict.
        let _ = to.write_all(&line).and_then(|()| to.flush());
        see(String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
}

#[cfg(test)]
mod tests;
