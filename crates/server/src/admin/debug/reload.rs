//! DEBUG RELOAD and LOADAOF: saves, forgets and loads everything, as one step.

use command::{Error, Result};
use engine::{Held, Needs};

use crate::command::{LaterFuture, Request};
use crate::persistence::load::{self, LoadOptions};
use crate::persistence::save::{self, SaveError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wishes {
    saves: bool,
    flushes: bool,
    merges: bool,
}

/// RELOAD [MERGE] [NOFLUSH] [NOSAVE]
pub(super) fn reload(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let mut wishes = Wishes { saves: true, flushes: true, merges: false };
        for word in request.args().iter_from(2) {
            match &*word.to_ascii_lowercase() {
                b"merge" => wishes.merges = true,
                b"noflush" => wishes.flushes = false,
                b"nosave" => wishes.saves = false,
                _ => {
                    let text = "DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.";
                    return Err(Error::new(text));
                }
            }
        }
        if request.client.transaction.is_executing() {
            return Err(Error::new("DEBUG RELOAD is not for transactions"));
        }
        run(request, wishes).await?;
        tracing::warn!("DB reloaded by DEBUG RELOAD");
        request.reply().ok();
        Ok(())
    })
}

/// LOADAOF
pub(super) fn load_append_files(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        if request.client.transaction.is_executing() {
            return Err(Error::new("DEBUG LOADAOF is not for transactions"));
        }
        let core = &request.core;
        save::give_up_running(core).await;
        let held = Held::acquire(&core.router, Needs::everything(&core.router)).await;
        let loaded = core.server.append.reload().await;
        drop(held);
        if let Err(error) = loaded {
            tracing::warn!("DEBUG LOADAOF: {error}");
            return Err(Error::new("Error trying to load the AOF files, check server logs."));
        }
        tracing::warn!("Append Only File loaded by DEBUG LOADAOF");
        request.reply().ok();
        Ok(())
    })
}

async fn run(request: &Request, wishes: Wishes) -> Result {
    let core = &request.core;
    let server = core.server.clone();
    save::give_up_running(core).await;
    let held = Held::acquire(&core.router, Needs::everything(&core.router)).await;
    if wishes.saves {
        let saved = match save::start_held(core, &held).await {
            Ok(ended) => save::wait(ended).await,
            Err(error) => Err(error),
        };
        saved.map_err(|error| match error {
            SaveError::Busy => Error::new("Background save already in progress"),
            SaveError::Failed => Error::Coded("ERR".into()),
        })?;
    }
    if wishes.flushes {
        let flush = |_| {
            |context: &mut engine::Context<'_>| {
                let databases = context.keyspace.databases();
                (0..databases).for_each(|db| context.keyspace.discard_database(db));
            }
        };
        held.on_each(flush).await;
        server.libraries.flush();
        core.gather(|core| core.lua.flush()).await;
    }
    let config = server.config().clone();
    let path = save::path(&config);
    let options = LoadOptions { replaces: wishes.merges, ..LoadOptions::of(&config) };
    let loaded = {
        let server = server.clone();
        tokio::task::spawn_blocking(move || load::load_path(&server, &path, options)).await
    };
    let dirty = held.on_each(|_| |context: &mut engine::Context<'_>| context.keyspace.dirty());
    server.persistence.count_as_saved(dirty.await.iter().sum());
    drop(held);
    match loaded.expect("loading neither panics nor is cancelled") {
        Ok(_) => Ok(()),
        Err(error) => {
            tracing::warn!("DEBUG RELOAD: {error}");
            Err(Error::new("Error trying to load the RDB dump, check server logs."))
        }
    }
}
