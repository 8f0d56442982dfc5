//! Append files that Redis wrote: they are loaded, a base of our own takes their place, and they are
//! set aside under other names.
//!
//! Until our list of files is there, theirs counts, and the start begins again after a crash. So
//! that never both count, theirs is renamed before ours comes.

mod feed;
pub(super) mod file;
pub(super) mod list;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use config::Config;
use journal::Names;

use self::feed::{End, Found, Part, feed};
use self::list::{Left, both};
use super::folder;
use super::load::on_thread;
use super::replay::Known;
use crate::core::{Core, Server};
use crate::persistence::load::{LoadOptions, load, load_path};

/// What the names of files say that there is to be loaded.
pub(super) enum Source {
    /// Our files, or none.
    Own,
    /// Redis's.
    Redis(Import),
}

/// Files that are on their way to become ours.
pub(super) struct Import {
    left: Left,
}

/// Finds out whose files there are. The error says why that cannot be known.
pub(super) fn find(config: &Config, names: &Names) -> Result<Source, String> {
    let own = folder(config).join(names.manifest());
    let left = Left::find(config)?;
    match (own.exists(), left) {
        (_, None) => Ok(Source::Own),
        (false, Some(left)) => Ok(Source::Redis(Import { left })),
        // Ours had just come.
        (true, Some(left)) if left.is_under_way() => {
            Import { left }.end()?;
            Ok(Source::Own)
        }
        (true, Some(left)) => Err(both(&left.head, &own)),
    }
}

impl Import {
    /// Loads all of them; what was written after `until_s` is left out. Blocks: not for a core thread.
    pub(super) fn load(&self, server: &Arc<Server>, until_s: Option<i64>) -> Result<(), String> {
        let known = Arc::new(Known::new(server)?);
        let mut has_times = false;
        let Left { head, files, .. } = &self.left;
        tracing::info!("Importing the append only files that {} names", head.display());
        for (at, path) in files.iter().enumerate() {
            let offset = load_preamble(server, path)?;
            let Some(offset) = offset else { continue };
            let (known, path_there) = (known.clone(), path.clone());
            let part = Part { path: path_there, offset, until_s };
            let found = on_thread(server, 0, move || feed(Core::current(), known, part));
            let Found { end, commands, has_times: has_some } = found??;
            has_times |= has_some;
            tracing::info!("{}: {commands} commands", path.display());
            match end {
                End::Whole => {}
                End::Torn(offset) => self.bear_torn(server, path, offset, at + 1 == files.len())?,
                End::Later(offset) => {
                    let path = path.display();
                    tracing::warn!("{path}: left out from offset {offset} on, as it is later");
                    return Ok(());
                }
            }
        }
        match (until_s, has_times) {
            (Some(_), false) => Err(format!(
                "The append only files that {} names do not say when they were written, so what \
                 was there at some moment cannot be known",
                head.display()
            )),
            _ => Ok(()),
        }
    }

    /// A file ends in the middle of something: only a crash leaves that, and only in the last.
    fn bear_torn(
        &self,
        server: &Server,
        path: &Path,
        offset: u64,
        is_last: bool,
    ) -> Result<(), String> {
        let path = path.display();
        let text = format!("Unexpected end of file reading the append only file {path}");
        if !is_last {
            return Err(format!("{text}, which is not the last, at offset {offset}"));
        }
        if !server.config().append.aof_load_truncated {
            return Err(format!(
                "{text}: what begins at offset {offset} is not whole. With aof-load-truncated yes \
                 the server starts without it"
            ));
        }
        tracing::warn!("{text}: what begins at offset {offset} is not whole, and is left out");
        tracing::warn!("AOF loaded anyway because aof-load-truncated is enabled");
        Ok(())
    }

    /// Theirs does not count any more; what has been loaded is in a base of ours, which is to count
    /// next.
    pub(super) fn begin(&mut self) -> Result<(), String> {
        self.left.begin().map_err(|error| self.aside(&error))
    }

    /// Ours counts.
    pub(super) fn end(self) -> Result<(), String> {
        let head = self.left.head.clone();
        let ending = self.left.end().map_err(|error| {
            format!("Can't set aside the imported files of {}: {error}", head.display())
        })?;
        tracing::warn!(
            "The append only files that were imported are kept; their names end in '{ending}' now, \
             and nothing needs them"
        );
        Ok(())
    }

    fn aside(&self, error: &std::io::Error) -> String {
        format!("Can't rename {}: {error}", self.left.head.display())
    }
}

/// Loads what a file begins with in the form of RDB; answers where its commands begin, if there
/// can be any.
fn load_preamble(server: &Arc<Server>, path: &Path) -> Result<Option<u64>, String> {
    let failed = |error: &dyn std::fmt::Display| {
        format!("The append only file {} can't be read: {error}", path.display())
    };
    let mut file = File::open(path).map_err(|error| failed(&error))?;
    let bytes = file.metadata().map_err(|error| failed(&error))?.len();
    let mut head = Vec::new();
    file.by_ref().take(5).read_to_end(&mut head).map_err(|error| failed(&error))?;
    let options = LoadOptions { keeps_expired: true, ..LoadOptions::of(&server.config().clone()) };
    let is_rdb = path.extension().is_some_and(|extension| extension == "rdb");
    if is_rdb {
        load_path(server, path, options).map_err(|error| failed(&error))?;
        return Ok(None);
    }
    let progress = &server.persistence.progress;
    progress.total_bytes.store(bytes, std::sync::atomic::Ordering::Relaxed);
    if head != *b"REDIS" && head != *b"VALKE" {
        return Ok(Some(0));
    }
    let file = File::open(path).map_err(|error| failed(&error))?;
    let reader = load(server, file, options).map_err(|error| failed(&error))?;
    Ok(Some(reader.position()))
}
