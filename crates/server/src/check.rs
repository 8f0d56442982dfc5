//! `merops check FILE|DIR`: what files hold, and what is wrong with them and where.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::persistence::append::{check as append, check_redis};
use rdb::Object;
use rdb::file::{FileError, FileReader, Item};
use value::Limits;

/// Prints a line; whoever has closed the pipe wants no more of them.
macro_rules! say {
    ($($part:tt)*) => {
        drop(writeln!(io::stdout(), $($part)*))
    };
}

/// Lines about what is wrong, of one file.
const FAULTS_SHOWN_MAX: usize = 10;

/// What was found out about a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// What it is and holds.
    pub(crate) lines: Vec<String>,
    /// What is wrong, each with its place.
    pub(crate) faults: Vec<String>,
}

/// Knows one kind of files.
pub(crate) trait Checker {
    /// Whether a file that begins like this is of its kind.
    fn knows(&self, path: &Path, head: &[u8]) -> bool;

    /// Looks at all of it.
    fn check(&self, path: &Path) -> io::Result<Report>;
}

/// All kinds.
const CHECKERS: &[&dyn Checker] =
    &[&append::Append, &check_redis::RedisList, &check_redis::RedisAppend, &Rdb];

/// Runs `merops check` with what follows it on the command line.
pub(crate) fn run(arguments: &[OsString]) -> ExitCode {
    let path = match arguments {
        [flag, folder] | [folder, flag] if flag == "--fix" => return fix(Path::new(folder)),
        [path] => path,
        _ => {
            eprintln!("Usage: merops check FILE|DIR\n       merops check --fix DIR");
            return ExitCode::FAILURE;
        }
    };
    match check(Path::new(path)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{}: {error}", Path::new(path).display());
            ExitCode::FAILURE
        }
    }
}

/// Says what is damaged in a folder's append files, and cuts it off.
fn fix(folder: &Path) -> ExitCode {
    let failed = |error: &str| {
        eprintln!("{}: {error}", folder.display());
        ExitCode::FAILURE
    };
    match append::fix(folder, |gone| gone.iter().for_each(|line| say!("    goes: {line}"))) {
        Ok(true) => {
            say!("{}: can be read", folder.display());
            ExitCode::SUCCESS
        }
        Ok(false) => failed("no append files"),
        Err(error) => failed(&error),
    }
}

/// Prints what is to be said about a file, or about all in a folder that are of a known kind;
/// whether nothing is wrong.
fn check(path: &Path) -> io::Result<bool> {
    let mut paths = vec![path.to_owned()];
    let is_folder = fs::metadata(path)?.is_dir();
    if is_folder {
        let entries = fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
        paths = entries.into_iter().map(|entry| entry.path()).collect();
        paths.retain(|path| path.is_file());
        paths.sort();
    }
    let (mut is_sound, mut known) = (true, 0);
    for path in &paths {
        let Some(checker) = checker_of(path)? else { continue };
        known += 1;
        let report = checker.check(path)?;
        is_sound &= report.faults.is_empty();
        print(path, &report);
    }
    if known == 0 {
        say!("{}: nothing of a known kind", path.display());
        return Ok(false);
    }
    Ok(is_sound)
}

fn checker_of(path: &Path) -> io::Result<Option<&'static dyn Checker>> {
    let head = head(path)?;
    Ok(CHECKERS.iter().copied().find(|checker| checker.knows(path, &head)))
}

/// What a file begins with.
pub(crate) fn head(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(16).read_to_end(&mut head)?;
    Ok(head)
}

fn print(path: &Path, report: &Report) {
    let verdict = if report.faults.is_empty() { "sound" } else { "DAMAGED" };
    say!("{}: {verdict}", path.display());
    for line in &report.lines {
        say!("    {line}");
    }
    for fault in report.faults.iter().take(FAULTS_SHOWN_MAX) {
        say!("    ! {fault}");
    }
    if report.faults.len() > FAULTS_SHOWN_MAX {
        say!("    ! and {} more", report.faults.len() - FAULTS_SHOWN_MAX);
    }
}

/// RDB files.
struct Rdb;

/// What an RDB file holds.
#[derive(Default)]
struct Counts {
    /// By database.
    keys: BTreeMap<usize, u64>,
    /// By type.
    types: BTreeMap<&'static str, u64>,
    expires: u64,
    functions: u64,
}

impl Checker for Rdb {
    fn knows(&self, path: &Path, head: &[u8]) -> bool {
        let is_named_so = path.extension().is_some_and(|extension| extension == "rdb");
        is_named_so || head.starts_with(b"REDIS0") || head.starts_with(b"VALKEY")
    }

    fn check(&self, path: &Path) -> io::Result<Report> {
        let mut report = Report::default();
        let mut counts = Counts::default();
        let read = FileReader::new(File::open(path)?)
            .map(|reader| reader.skip_unknown(true))
            .and_then(|mut reader| {
                let version = reader.version();
                report.lines.push(format!("RDB file of version {version}"));
                while let Some(item) = reader.next_item()? {
                    note(item, &mut counts, &mut report);
                }
                reader.expect_end()
            });
        match read {
            Ok(()) => {}
            Err(FileError::Io(error)) => return Err(error),
            Err(error) => report.faults.push(error.to_string()),
        }
        let Counts { keys, types, expires, functions } = counts;
        for (db, keys) in keys {
            report.lines.push(format!("database {db}: {keys} keys"));
        }
        let types = types.iter().map(|(kind, count)| format!("{kind} {count}"));
        report.lines.push(format!("types: {}", types.collect::<Vec<_>>().join(", ")));
        report.lines.push(format!("{expires} keys expire; {functions} libraries of functions"));
        Ok(report)
    }
}

fn note(item: Item<'_>, counts: &mut Counts, report: &mut Report) {
    match item {
        Item::Record(record) => {
            *counts.keys.entry(record.db).or_default() += 1;
            counts.expires += u64::from(record.expire_at_ms.is_some());
            match record.load(&Limits::default()) {
                Ok(Object::String(_)) => *counts.types.entry("string").or_default() += 1,
                Ok(Object::Value(value)) => {
                    *counts.types.entry(value.kind().name()).or_default() += 1;
                }
                Err(error) => report.faults.push(error.to_string()),
            }
        }
        Item::Function(_) => counts.functions += 1,
        Item::Aux(name, value) => {
            let shown = |bytes: &[u8]| bytes.escape_ascii().to_string();
            report.lines.push(format!("{}: {}", shown(&name), shown(&value)));
        }
        Item::Skipped(what) => report.lines.push(format!("not known here: {what}")),
        Item::Sizes { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_described_and_damage_is_named() {
        let folder = std::env::temp_dir().join(format!("merops-check-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("a.rdb");
        let mut writer = rdb::file::FileWriter::new(Vec::new(), None, true).unwrap();
        let mut out = rdb::Output::new();
        let clock = rdb::file::Clock::None;
        let head = rdb::file::EntryHead { key: b"k", expire_at_ms: Some(1), clock };
        rdb::file::put_entry(&mut out, head, rdb::file::Content::Bytes(b"value"));
        writer
            .chunk(&rdb::file::Chunk { bytes: out.bytes, keys: 1, ..Default::default() })
            .unwrap();
        let (bytes, _) = writer.finish().unwrap();
        fs::write(&path, &bytes).unwrap();
        let report = Rdb.check(&path).unwrap();
        let expected = [
            "RDB file of version 10",
            "database 0: 1 keys",
            "types: string 1",
            "1 keys expire; 0 libraries of functions",
        ];
        assert_eq!(report.lines, expected);
        assert!(report.faults.is_empty() && check(&folder).unwrap());
        fs::write(&path, &bytes[..bytes.len() - 9]).unwrap();
        let report = Rdb.check(&path).unwrap();
        assert_eq!(report.faults.len(), 1);
        assert!(report.faults[0].starts_with("byte "), "{}", report.faults[0]);
        assert!(!check(&folder).unwrap());
        fs::remove_dir_all(&folder).unwrap();
    }
}
