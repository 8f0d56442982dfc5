//! The rules that no compiler knows. Each is a function from a file to its faults.

mod arrows;

use std::fs;
use std::path::Path;

/// rustfmt keeps code within 100; comments that it leaves alone may hang over a little.
const COLUMNS_MAX: usize = 104;
const LINES_MAX: usize = 800;
/// No text that people wrote is longer.
const BYTES_MAX: u64 = 512 * 1024;

/// Where `unsafe` may live.
const UNSAFE_CRATES: &[&str] = &["crates/stdx/", "crates/value/", "crates/keyspace/"];
/// Where commands run or are dispatched, by their rows and never by their names.
const NAMELESS_CRATES: &[&str] = &["crates/commands/", "crates/engine/", "crates/server/"];
/// Inputs of fuzz targets may be any bytes.
const BYTES_FOLDERS: &[&str] = &["crates/fuzz/seeds/"];
/// Folders with nothing that people wrote.
const LEFT_OUT: &[&str] = &[".git", "target", "node_modules", "corpus", "artifacts", "shared"];

/// A text file of the repository.
struct File {
    /// Relative to the root, with `/`.
    path: String,
    text: String,
}

/// All breaches of the rules below `root`, one line each.
pub(crate) fn faults(root: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    let mut files = Vec::new();
    walk(root, root, &mut files, &mut faults);
    assert!(files.len() > 100, "{} holds the workspace", root.display());
    for file in &files {
        check(file, &mut faults);
    }
    arrows::check(root, &mut faults);
    faults
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<File>, faults: &mut Vec<String>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .and_then(Iterator::collect)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name();
        let shown = path.strip_prefix(root).expect("below the root").display().to_string();
        if LEFT_OUT.iter().any(|left_out| name == *left_out) {
            continue;
        }
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            walk(root, &path, files, faults);
        } else if kind.is_symlink() {
            faults.push(format!("{shown}: a link"));
        } else if entry.metadata().is_ok_and(|metadata| metadata.len() > BYTES_MAX) {
            faults.push(format!("{shown}: more than {BYTES_MAX} bytes"));
        } else if !BYTES_FOLDERS.iter().any(|folder| shown.starts_with(folder)) {
            // Whatever vanished meanwhile was a temporary file.
            let Ok(bytes) = fs::read(&path) else { continue };
            match String::from_utf8(bytes) {
                Ok(text) if !text.contains('\0') => files.push(File { path: shown, text }),
                _ => faults.push(format!("{shown}: not text")),
            }
        }
    }
}

fn check(file: &File, faults: &mut Vec<String>) {
    let is_in = |folders: &[&str]| folders.iter().any(|folder| file.path.starts_with(folder));
    let is_rust = file.path.ends_with(".rs");
    if is_rust && !is_test(&file.path) && !file.text.starts_with("//!") {
        faults.push(format!("{}: does not open with //!", file.path));
    }
    if is_rust && file.text.lines().count() > LINES_MAX {
        faults.push(format!("{}: more than {LINES_MAX} lines", file.path));
    }
    for (index, line) in file.text.lines().enumerate() {
        let mut fault = |what: &str| faults.push(format!("{}:{}: {what}", file.path, index + 1));
        if names_outside(line) {
            fault("a path outside the repository");
        }
        if !is_rust {
            continue;
        }
        if line.chars().count() > COLUMNS_MAX && !cannot_break(&file.path, line) {
            fault("more than 104 columns");
        }
        let code = line.split("//").next().unwrap_or(line);
        if !is_in(UNSAFE_CRATES) && has_unsafe(code) {
            fault("unsafe belongs into stdx, value and keyspace");
        }
        if is_in(NAMELESS_CRATES) && !is_test(&file.path) && compares_command(code) {
            fault("compares a command's name: what differs between commands belongs into rows");
        }
    }
}

/// Whether a line is one long text, part of a test's story, or a row of a table.
fn cannot_break(path: &str, line: &str) -> bool {
    let line = line.trim_start();
    let is_story = is_test(path) && !line.starts_with("//");
    is_story || ["\"", "b\"", "//! |", "/// |"].iter().any(|start| line.starts_with(start))
}

/// Homes of people and machines; assembled, as this file is checked, too.
fn names_outside(line: &str) -> bool {
    ["work", "home", "root", "Users"].iter().any(|home| {
        let path = format!("/{home}/");
        line.match_indices(&path).any(|(at, _)| !line[..at].ends_with(is_path_character))
    })
}

/// Whether a `/` behind this character goes on with a path.
fn is_path_character(character: char) -> bool {
    character.is_alphanumeric() || "._-}".contains(character)
}

/// Whether code, and not a text in it, has the word.
fn has_unsafe(code: &str) -> bool {
    let mut outside_texts = code.split('"').step_by(2);
    outside_texts.any(|code| {
        code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe")
    })
}

fn is_test(path: &str) -> bool {
    path.contains("/tests") || path.ends_with("/tests.rs") || path.ends_with("/harness.rs")
}

/// Whether code compares a command's name with one that it knows. A guess from one line: the
/// name's usual spellings, a comparison, and a literal in capitals.
fn compares_command(code: &str) -> bool {
    let subject = ["spec.name", ".at(0)", "name ", "name.", "name,", "command "];
    let comparison = ["== ", "!= ", "eq_ignore", "matches!("];
    subject.iter().any(|subject| code.contains(subject))
        && comparison.iter().any(|comparison| code.contains(comparison))
        && code
            .split('"')
            .skip(1)
            .step_by(2)
            .any(|literal| literal.len() > 1 && literal.chars().all(|c| c.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests;
