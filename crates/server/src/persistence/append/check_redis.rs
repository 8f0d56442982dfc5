//! `merops check` for the append files that a Redis wrote.

use std::fs::File;
use std::io;
use std::path::Path;

use rdb::file::{FileError, FileReader};

use super::import::file::{Broken, Commands, Next};
use super::import::list;
use crate::check::{Checker, Report};

/// A file of commands, with what it begins with in the form of RDB.
pub(crate) struct RedisAppend;

/// A list of them.
pub(crate) struct RedisList;

impl Checker for RedisList {
    fn knows(&self, path: &Path, _: &[u8]) -> bool {
        path.extension().is_some_and(|extension| extension == "manifest")
    }

    fn check(&self, path: &Path) -> io::Result<Report> {
        let mut report = Report::default();
        match list::names(&std::fs::read(path)?) {
            Ok(names) => {
                report.lines.push(format!("list of {} append files of a Redis", names.len()));
                let missing = names.iter().filter(|name| !path.with_file_name(name).exists());
                report.faults.extend(missing.map(|name| format!("{name} is missing")));
            }
            Err((line, what)) => report.faults.push(format!("line {line}: {what}")),
        }
        Ok(report)
    }
}

impl Checker for RedisAppend {
    fn knows(&self, path: &Path, head: &[u8]) -> bool {
        path.extension().is_some_and(|extension| extension == "aof")
            || head.starts_with(b"*") && head.contains(&b'$')
    }

    fn check(&self, path: &Path) -> io::Result<Report> {
        let mut report = Report::default();
        report.lines.push("append file of a Redis".to_owned());
        let head = crate::check::head(path)?;
        let offset = match head.starts_with(b"REDIS") || head.starts_with(b"VALKEY") {
            false => 0,
            true => match preamble(path) {
                Ok(offset) => offset,
                Err(FileError::Io(error)) => return Err(error),
                Err(error) => {
                    report.faults.push(error.to_string());
                    return Ok(report);
                }
            },
        };
        if offset > 0 {
            report.lines.push(format!("{offset} bytes of it are an RDB file"));
        }
        let mut commands = Commands::open(path, offset)?;
        let mut count = 0;
        let fault = loop {
            match commands.advance() {
                Ok(Next::Command) => count += 1,
                Ok(Next::Time(_)) => {}
                Ok(Next::End) => break None,
                Err(Broken::Torn(at)) => {
                    break Some(format!("it ends in the middle of what begins at offset {at}"));
                }
                Err(Broken::Format(at, what)) => break Some(format!("offset {at}: {what}")),
                Err(Broken::Io(error)) => return Err(io::Error::other(error)),
            }
        };
        report.lines.push(format!("{count} commands"));
        report.faults.extend(fault);
        Ok(report)
    }
}

/// Reads what a file begins with; answers where that ends.
fn preamble(path: &Path) -> Result<u64, FileError> {
    let mut reader = FileReader::new(File::open(path)?)?.skip_unknown(true);
    while reader.next_item()?.is_some() {}
    Ok(reader.position())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let folder = std::env::temp_dir().join(format!("merops-check-aof-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("a.aof");
        let whole = b"*1\r\n$4\r\nPING\r\n";
        let cases: [(&[u8], &[&str]); 3] = [
            (b"", &[]),
            (b"*1\r\n$4\r\nPI", &["it ends in the middle of what begins at offset 14"]),
            (b"!", &["offset 14: there is '!' instead of '*'"]),
        ];
        for (tail, expected) in cases {
            std::fs::write(&path, [whole, tail].concat()).unwrap();
            let report = RedisAppend.check(&path).unwrap();
            assert_eq!(report.faults, expected);
            assert_eq!(report.lines, ["append file of a Redis", "1 commands"]);
        }
        let list = folder.join("a.aof.manifest");
        std::fs::write(&list, "file a.aof seq 1 type i\nfile b.aof seq 2 type i\n").unwrap();
        assert_eq!(RedisList.check(&list).unwrap().faults, ["b.aof is missing"]);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
