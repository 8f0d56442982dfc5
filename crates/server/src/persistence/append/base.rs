//! What append files begin with: a snapshot of every shard in a file of its own, at one instant.

use std::path::PathBuf;
use std::rc::Rc;

use engine::{Held, Needs};
use journal::BaseFile;

use super::Based;
use crate::core::Core;
use crate::persistence::save::{SaveError, start_per_shard, wait};
use crate::persistence::write::tail;

/// Writes a base into these files, one for each shard, unless it is not wanted any more when its
/// instant comes.
pub(super) async fn write(
    core: &Rc<Core>,
    paths: Vec<PathBuf>,
    is_wanted: impl Fn() -> bool,
) -> Result<Based, String> {
    let failed = |error: SaveError| match error {
        SaveError::Busy => "another save is under way".to_owned(),
        _ => "the base was not written".to_owned(),
    };
    let held = Held::acquire(&core.router, Needs::everything(&core.router)).await;
    if !is_wanted() {
        return Err("it is not wanted any more".to_owned());
    }
    let stamp_ns = held.moment().stamp_ns;
    let ended = start_per_shard(core, &held, paths.clone()).await.map_err(failed)?;
    drop(held);
    wait(ended).await.map_err(failed)?;
    let look = move || paths.iter().map(|path| tail(path)).collect::<std::io::Result<Vec<_>>>();
    let looked = tokio::task::spawn_blocking(look).await;
    let tails = looked.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    let files = tails.into_iter().map(|(bytes, checksum)| BaseFile { bytes, checksum }).collect();
    Ok(Based { stamp_ns, files })
}
