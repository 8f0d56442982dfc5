//! Looking at a journal without using it, and cutting off what is broken.

use crate::bug::Planted;
use crate::disk::{Disk, replace};
use crate::error::Error;
use crate::manifest::Increment;
use crate::names::Names;
use crate::recover::{known, last_whole, lost, read_files, read_manifest};
use crate::scan::Index;

/// One thing that is worth saying.
#[derive(Debug)]
pub enum Finding {
    /// As it should be.
    Good(String),
    /// The last writes did not all arrive: what a crash leaves. The start cuts it off.
    Torn(String),
    /// Not as it was written.
    Bad(Error),
}

/// Looks at every file but those of the base, which are RDB files.
pub fn check(disk: &dyn Disk, names: &Names) -> Vec<Finding> {
    let manifest = match read_manifest(disk, names) {
        Ok(Some(manifest)) => manifest,
        Ok(None) => return vec![Finding::Bad(Error::Missing { file: names.manifest() })],
        Err(error) => return vec![Finding::Bad(error)],
    };
    let mut findings = Vec::new();
    for increment in &manifest.increments {
        let files = match read_files(disk, names, manifest.journal, *increment) {
            Ok(files) => files,
            Err(error) => {
                findings.push(Finding::Bad(error));
                continue;
            }
        };
        look_at(*increment, &files, &mut findings);
    }
    findings
}

fn look_at(increment: Increment, files: &[Index], findings: &mut Vec<Finding>) {
    let Increment { generation, shards, first_round, last_round } = increment;
    let (last, _) = last_whole(files, increment, Planted::default());
    if last < known(files, increment) {
        findings.push(Finding::Bad(lost(files, last + 1)));
    }
    for file in files {
        let behind = file.blocks.iter().find(|block| block.header.round > last);
        let offset = behind.map_or(file.end, |block| block.offset);
        if last_round.is_none() && (behind.is_some() || file.ends_badly()) {
            let name = &file.name;
            findings.push(Finding::Torn(format!("{name} ends in a torn write at offset {offset}")));
        }
    }
    let rounds = (last + 1).saturating_sub(first_round);
    let text = format!("increment {generation}: {rounds} whole rounds of {shards} shards");
    findings.push(Finding::Good(text));
}

/// Makes a journal that cannot be read one that can, of what comes before the damage. `tell` hears
/// what goes before anything does; the files that are no longer read get names that end in
/// `.dropped`.
pub fn fix(disk: &dyn Disk, names: &Names, tell: impl FnOnce(&[String])) -> Result<(), Error> {
    let name = names.manifest();
    let Some(mut manifest) = read_manifest(disk, names)? else {
        return Err(Error::Missing { file: name });
    };
    let mut fix = Fix::default();
    for increment in std::mem::take(&mut manifest.increments) {
        let read = match fix.is_cut {
            true => None,
            false => Some(read_files(disk, names, manifest.journal, increment)),
        };
        match read {
            Some(Ok(files)) => manifest.increments.push(fix.increment(increment, &files)),
            read => {
                let shards = 0..increment.shards as usize;
                let files = shards.map(|shard| names.increment(increment.generation, shard));
                fix.drop_files(increment, read.and_then(Result::err), files);
            }
        }
    }
    fix.gone.extend(fix.dropped.iter().map(|file| format!("{file}: all of it")));
    tell(&fix.gone);
    replace(disk, &name, &manifest.write()).map_err(Error::io(&name))?;
    for file in fix.dropped {
        // Missing files are among the reasons to be here.
        let _ = disk.rename(&file, &format!("{file}.dropped"));
    }
    Ok(())
}

/// What [`fix`] comes to.
#[derive(Default)]
struct Fix {
    /// In words.
    gone: Vec<String>,
    /// Whole files.
    dropped: Vec<String>,
    /// Whether everything from here on goes.
    is_cut: bool,
}

impl Fix {
    /// Drops a whole increment: it cannot be read, or comes behind what is cut.
    fn drop_files(
        &mut self,
        increment: Increment,
        error: Option<Error>,
        files: impl Iterator<Item = String>,
    ) {
        self.is_cut = true;
        self.gone.extend(
            error.map(|error| format!("all of increment {}: {error}", increment.generation)),
        );
        self.dropped.extend(files);
    }

    /// What is left of an increment that can be read.
    fn increment(&mut self, increment: Increment, files: &[Index]) -> Increment {
        let (last, _) = last_whole(files, increment, Planted::default());
        self.is_cut = last < known(files, increment);
        for file in files {
            let behind = file.blocks.iter().find(|block| block.header.round > last);
            let offset = behind.map_or(file.end, |block| block.offset);
            let (name, bytes) = (&file.name, file.bytes.saturating_sub(offset));
            if bytes > 0 && (self.is_cut || behind.is_some() || file.is_torn) {
                self.gone.push(format!("{name}: {bytes} bytes from offset {offset} on"));
            } else if self.is_cut || increment.last_round.is_none() && file.ends_badly() {
                self.gone.push(format!("{name}: what came after offset {offset}, where it ends"));
            }
        }
        Increment { last_round: Some(last), ..increment }
    }
}
