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

/// Cuts off what is damaged, and what comes behind it, in the append files of a folder. Answers what
/// is gone; nothing where there are none.
pub(crate) fn fix(folder: &Path) -> Result<Option<Vec<String>>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
    let mut gone = None;
    for entry in entries.filter_map(Result::ok) {
        if let Some((disk, names)) = place(&entry.path()) {
            let cut = journal::fix(&disk, &names).map_err(|error| error.to_string())?;
            gone.get_or_insert_with(Vec::new).extend(cut);
        }
    }
    Ok(gone)
}
