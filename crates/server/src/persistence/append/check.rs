//! `merops check` for append files: all that a manifest names.

use std::io;
use std::path::Path;

use journal::{Finding, Names, RealDisk};

use crate::check::{Checker, Report};

const ENDING: &str = ".merops-manifest";

/// See the module.
pub(crate) struct Append;

/// The folder of a manifest, and the names of its files.
fn place(path: &Path) -> Option<(RealDisk, Names)> {
    let prefix = path.file_name()?.to_str()?.strip_suffix(ENDING)?;
    Some((RealDisk::new(path.parent()?), Names::new(prefix)))
}

impl Checker for Append {
    fn knows(&self, path: &Path, _: &[u8]) -> bool {
        place(path).is_some()
    }

    fn check(&self, path: &Path) -> io::Result<Report> {
        let mut report = Report::default();
        let Some((disk, names)) = place(path) else { return Ok(report) };
        report.lines.push("list of append files".to_owned());
        for finding in journal::check(&disk, &names) {
            match finding {
                Finding::Good(line) => report.lines.push(line),
                Finding::Torn(line) => {
                    report.lines.push(format!("{line}; the next start leaves that out"));
                }
                Finding::Bad(error) => report.faults.push(error.to_string()),
            }
        }
        Ok(report)
    }
}

/// Cuts off what is damaged, and what comes behind it, in the append files of a folder, which `tell`
/// hears before. Answers whether there are such files.
pub(crate) fn fix(folder: &Path, tell: impl Fn(&[String])) -> Result<bool, String> {
    let told = |error: io::Error| error.to_string();
    // No server may be writing there.
    let Some(_locked) = RealDisk::lock(folder).map_err(told)? else {
        return Err("in use by another process".to_owned());
    };
    let mut is_there = false;
    for entry in std::fs::read_dir(folder).map_err(told)?.filter_map(Result::ok) {
        if let Some((disk, names)) = place(&entry.path()) {
            journal::fix(&disk, &names, &tell).map_err(|error| error.to_string())?;
            is_there = true;
        }
    }
    Ok(is_there)
}
