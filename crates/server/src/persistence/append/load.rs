//! The start: from files to keys, then a journal that goes on where they end.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use config::Config;
use journal::{Base, Journal, RealDisk, Recovered, Rewrite, recover};

use super::import::{self, Source};
use super::replay::{Known, Meetings, Plan, replay_moved, replay_own};
use super::restore;
use super::{Based, Mode, Order, folder, lock, names, options};
use crate::clock;
use crate::core::{Core, Server};
use crate::persistence::load::{LoadOptions, load_paths};

/// Loads what the append files have, and has the keeper go on. Blocks: not for a core thread.
pub(crate) fn load(server: &Arc<Server>, config: &Config) -> Result<(), String> {
    let (folder, names) = (folder(config), names(config));
    let locked = lock(config)?;
    let disk = Arc::new(RealDisk::new(&folder));
    let started_ms = clock::now_ms();
    let told = || {
        let seconds = (clock::now_ms() - started_ms) as f64 / 1000.0;
        tracing::info!("DB loaded from append only file: {seconds:.3} seconds");
    };
    if let Source::Redis(mut import) = import::find(config, &names)? {
        set_replaying(server, true);
        import.load(server, server.restore_to_ms.map(|ms| ms.div_euclid(1000)))?;
        set_replaying(server, false);
        told();
        let (journal, base) = new_with_base(server, config, disk)?;
        import.begin()?;
        let journal = commit(journal, base)?;
        import.end()?;
        adopt(server, journal, locked);
        return Ok(());
    }
    let described = |error: journal::Error| describe(&folder, &error);
    let recovered = recover(&*disk, &names, config.append.aof_load_truncated);
    let options = options(config, server.network.shard_count());
    let journal = match recovered.map_err(described)? {
        None if server.restore_to_ms.is_some() => {
            return Err(format!("There are no append files in {}", folder.display()));
        }
        None => Journal::create(disk, names, options, new_number()).map_err(|error| {
            format!("Can't open the append only file in {}: {error}", folder.display())
        })?,
        Some(recovered) => {
            for cut in &recovered.cuts {
                tracing::warn!("Left out, as it did not reach the disk whole: {cut}");
            }
            clock::continue_after(recovered.last_stamp_ns);
            let until_ns = restore::until_ns(server, &recovered)?;
            let plan = replay(server, &folder, recovered, until_ns)?;
            told();
            match server.restore_to_ms {
                Some(_) => restore::go_on(server, config, disk, &plan.recovered)?,
                None => {
                    Journal::resume(disk, names, options, &plan.recovered).map_err(|error| {
                        format!("Can't open the append only file in {}: {error}", folder.display())
                    })?
                }
            }
        }
    };
    adopt(server, journal, locked);
    Ok(())
}

/// New files that begin with all that is loaded. They count once they are committed.
pub(super) fn new_with_base(
    server: &Arc<Server>,
    config: &Config,
    disk: Arc<RealDisk>,
) -> Result<(Journal, Base), String> {
    let (folder, names) = (folder(config), names(config));
    let shards = server.network.shard_count();
    let options = options(config, shards);
    let created = Journal::create_awaiting_base(disk, names.clone(), options, new_number());
    let (journal, Rewrite { generation }) = created
        .map_err(|error| format!("Can't write append files in {}: {error}", folder.display()))?;
    let paths = (0..shards).map(|shard| folder.join(names.base(generation, shard))).collect();
    let written = on_thread(server, 0, move || async move {
        super::base::write(&Core::current(), paths, || true).await
    })?;
    let Based { stamp_ns, files } = written
        .map_err(|error| format!("Can't write append files in {}: {error}", folder.display()))?;
    Ok((journal, Base { generation, stamp_ns, files }))
}

/// From now on new files count.
pub(super) fn commit(mut journal: Journal, base: Base) -> Result<Journal, String> {
    let committed = journal.commit_rewrite(base);
    committed.map(|()| journal).map_err(|error| format!("Can't write append files: {error}"))
}

/// Runs something to its end on a core thread.
pub(super) fn on_thread<T, F>(
    server: &Server,
    thread: usize,
    run: impl FnOnce() -> F + Send + 'static,
) -> Result<T, String>
where
    T: Send + 'static,
    F: Future<Output = T> + 'static,
{
    let (answer, answered) = std::sync::mpsc::channel();
    server.network.call(thread, move || {
        tokio::task::spawn_local(async move {
            // Nobody waits any more once the server stops.
            let _ = answer.send(run().await);
        });
    });
    answered.recv().map_err(|_| "the server ends".to_owned())
}

/// Forgets everything, then loads what the append files have. All keys are held. Blocks: not for a
/// core thread.
pub(super) fn reload(server: &Arc<Server>) -> Result<(), String> {
    let config = server.config().clone();
    let folder = folder(&config);
    let disk = RealDisk::new(&folder);
    let recovered = recover(&disk, &names(&config), false)
        .map_err(|error| describe(&folder, &error))?
        .ok_or_else(|| format!("there is no append only file in {}", folder.display()))?;
    let shards = server.network.shard_count();
    if recovered.increments.iter().any(|increment| increment.shards != shards) {
        // Those take locks, which are all taken.
        return Err("it was written by another number of shards: rewrite it first".to_owned());
    }
    server.libraries.flush();
    on_shards(server, |core| {
        core.lua.flush();
        if let Some(mut shard) = core.router.shard_mut() {
            (0..shard.keyspace.databases()).for_each(|db| shard.keyspace.discard_database(db));
        }
    });
    replay(server, &folder, recovered, u64::MAX).map(drop)
}

pub(super) fn describe(folder: &Path, error: &journal::Error) -> String {
    let fix = match error.is_fixable() {
        true => format!(
            "; 'merops check --fix {}' goes on with what comes before, and says what is lost",
            folder.display()
        ),
        false => String::new(),
    };
    format!("Bad append only file: {}/{error}{fix}", folder.display())
}

/// A number that no other journal has.
pub(super) fn new_number() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(clock::now_us())
}

pub(super) fn replay(
    server: &Arc<Server>,
    folder: &Path,
    recovered: Recovered,
    until_ns: u64,
) -> Result<Arc<Plan>, String> {
    let config = server.config().clone();
    let mut after_ns = 0;
    if let Some(base) = recovered.base().cloned() {
        after_ns = base.stamp_ns;
        let path = |part| folder.join(names(&config).base(base.generation, part));
        let paths: Vec<PathBuf> = (0..base.files.len()).map(path).collect();
        for (path, file) in paths.iter().zip(&base.files) {
            check_base(path, *file)?;
        }
        let is_own = base.files.len() == server.network.shard_count();
        let sharing = is_own.then_some(1);
        let options = LoadOptions { keeps_expired: true, sharing, ..LoadOptions::of(&config) };
        load_paths(server, paths, options).map_err(|(path, error)| {
            format!("Bad append only file: {}: {error}", path.display())
        })?;
    }
    let plan = Arc::new(Plan {
        recovered,
        known: Known::new(server)?,
        after_ns,
        until_ns,
        functions: Mutex::default(),
        meetings: Meetings::default(),
    });
    let shards = server.network.shard_count();
    set_replaying(server, true);
    for (index, increment) in plan.recovered.increments.iter().enumerate() {
        let is_same = increment.shards == shards;
        let (answers, answered) = std::sync::mpsc::channel();
        for thread in 0..shards {
            let (plan, answers) = (plan.clone(), answers.clone());
            server.network.call(thread, move || {
                tokio::task::spawn_local(async move {
                    let core = Core::current();
                    let replayed = match is_same {
                        true => replay_own(core, plan, index).await,
                        false => replay_moved(core, plan, index).await,
                    };
                    // Nobody waits any more once the server stops.
                    let _ = answers.send(replayed);
                });
            });
        }
        drop(answers);
        for answer in answered {
            answer.map_err(|error| format!("Bad append only file: {error}"))?;
        }
    }
    set_replaying(server, false);
    let functions = plan.functions.lock().expect("a panic ends the process").take();
    if let Some((_, words)) = functions {
        let payload = words.get(2).map_or(&[][..], Vec::as_slice);
        crate::scripting::restore_all(server, payload)
            .map_err(|error| format!("Bad append only file: libraries of functions: {error}"))?;
    }
    Ok(plan)
}

/// A base belongs to its manifest: the same length, and the same checksum at its end.
fn check_base(path: &Path, expected: journal::BaseFile) -> Result<(), String> {
    let found = crate::persistence::write::tail(path)
        .map_err(|error| format!("Bad append only file: {}: {error}", path.display()))?;
    if found != (expected.bytes, expected.checksum) {
        return Err(format!(
            "Bad append only file: {} is not the base that the manifest names",
            path.display()
        ));
    }
    Ok(())
}

pub(super) fn set_replaying(server: &Server, is_replaying: bool) {
    on_shards(server, move |core| {
        if let Some(mut shard) = core.router.shard_mut() {
            shard.set_replaying(is_replaying);
        }
    });
}

/// Runs something on the threads of all shards, and waits until it has.
pub(super) fn on_shards(server: &Server, run: impl Fn(&Core) + Clone + Send + 'static) {
    let (done, ended) = std::sync::mpsc::channel();
    for thread in 0..server.network.thread_count() {
        let (run, done) = (run.clone(), done.clone());
        server.network.call(thread, move || {
            run(&Core::current());
            let _ = done.send(());
        });
    }
    drop(done);
    while ended.recv().is_ok() {}
}

fn adopt(server: &Arc<Server>, journal: Journal, locked: std::fs::File) {
    on_shards(server, |core| core.router.set_journalled(true));
    server.append.durable_ns.store(journal.durable_ns(), Ordering::SeqCst);
    server.append.set_synced(Some(journal.synced_ns()));
    // Before anybody is served, not when the keeper comes to it.
    let fsync = server.config().append.appendfsync;
    server.append.mode.store(Mode::of(fsync) as u8, Ordering::SeqCst);
    server.append.order(Order::Adopt(Box::new(journal), locked));
}
