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

/// Makes a journal that cannot be read one that can, of what comes before the damage. Returns what
/// is gone; the files that are no longer read get names that end in `.dropped`.
pub fn fix(disk: &dyn Disk, names: &Names) -> Result<Vec<String>, Error> {
    let name = names.manifest();
    let Some(mut manifest) = read_manifest(disk, names)? else {
        return Err(Error::Missing { file: name });
    };
    let mut gone = Vec::new();
    let increments = std::mem::take(&mut manifest.increments);
    let mut is_cut = false;
    let mut dropped = Vec::new();
    for increment in increments {
        let files = (0..increment.shards)
            .map(|shard| names.increment(increment.generation, shard as usize));
        if is_cut {
            dropped.extend(files);
            continue;
        }
        let read = read_files(disk, names, manifest.journal, increment);
        let whole =
            read.as_ref().ok().map(|files| last_whole(files, increment, Planted::default()).0);
        let last = whole.unwrap_or(increment.first_round - 1);
        if let Ok(files) = &read {
            is_cut = last < known(files, increment);
            for file in files {
                let behind = file.blocks.iter().find(|block| block.header.round > last);
                let offset = behind.map_or(file.end, |block| block.offset);
                if is_cut || behind.is_some() || file.is_torn {
                    gone.push(format!(
                        "{}: {} bytes from offset {offset} on",
                        file.name,
                        file.bytes - offset
                    ));
                }
            }
        } else if let Err(error) = read {
            is_cut = true;
            gone.push(format!("all of increment {}: {error}", increment.generation));
            dropped.extend(files);
            continue;
        }
        manifest.increments.push(Increment { last_round: Some(last), ..increment });
    }
    gone.extend(dropped.iter().map(|file| format!("{file}: all of it")));
    replace(disk, &name, &manifest.write()).map_err(Error::io(&name))?;
    for file in dropped {
        // Missing files are among the reasons to be here.
        let _ = disk.rename(&file, &format!("{file}.dropped"));
    }
    Ok(gone)
}
