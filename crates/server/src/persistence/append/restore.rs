//! `--restore-to`: the data of an earlier moment, and what happens to all that came later.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use config::Config;
use journal::{Journal, RealDisk, Recovered};

use super::load::{commit, new_with_base};
use super::{folder, names};
use crate::clock;
use crate::core::Server;

/// Up to which stamp records count. The error says why that moment cannot be had.
pub(super) fn until_ns(server: &Server, recovered: &Recovered) -> Result<u64, String> {
    let Some(ms) = server.restore_to_ms else { return Ok(u64::MAX) };
    let until_ns = u64::try_from(ms).unwrap_or(0).saturating_mul(1_000_000);
    match recovered.base() {
        Some(base) if base.stamp_ns > until_ns => Err(format!(
            "Can't restore to {ms}: the append files begin with what was there at {}, in \
             milliseconds since 1970. If that is because it was restored already, start without \
             --restore-to",
            base.stamp_ns.div_ceil(1_000_000)
        )),
        _ => Ok(until_ns),
    }
}

/// New files that begin with what was restored. The others are kept beside them.
pub(super) fn go_on(
    server: &Arc<Server>,
    config: &Config,
    disk: Arc<RealDisk>,
    recovered: &Recovered,
) -> Result<Journal, String> {
    let (journal, base) = new_with_base(server, config, disk)?;
    let folder = folder(config);
    let mut kept = folder.clone().into_os_string();
    kept.push(format!(".before-restore-{}", clock::now_ms()));
    let kept = Path::new(&kept);
    keep(config, recovered, kept).map_err(|error| {
        format!("Can't keep the files of {} in {}: {error}", folder.display(), kept.display())
    })?;
    let journal = commit(journal, base)?;
    tracing::warn!(
        "Restored as asked for by --restore-to. New append files begin here; those that were found, \
         with all that came later, are in {}",
        kept.display()
    );
    Ok(journal)
}

/// Gives all files that count second names in another folder, so that removing the first ones
/// removes nothing.
fn keep(config: &Config, recovered: &Recovered, kept: &Path) -> io::Result<()> {
    let (folder, names) = (folder(config), names(config));
    fs::create_dir(kept)?;
    let manifest = &recovered.manifest;
    let bases = manifest.base.iter().flat_map(|base| {
        (0..base.files.len()).map(|shard| names.base(base.generation, shard)).collect::<Vec<_>>()
    });
    let increments = manifest.increments.iter().flat_map(|increment| {
        (0..increment.shards as usize).map(|shard| names.increment(increment.generation, shard))
    });
    for name in bases.chain(increments).chain([names.manifest()]) {
        fs::hard_link(folder.join(&name), kept.join(&name))?;
    }
    fs::File::open(kept)?.sync_all()?;
    kept.parent().map_or(Ok(()), |parent| fs::File::open(parent)?.sync_all())
}
