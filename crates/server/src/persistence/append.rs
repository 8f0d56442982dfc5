//! The append files of a running server: what all threads know of them.
//!
//! One side thread keeps them (`keeper`): it closes rounds, has them written and synced, rewrites,
//! and repairs. Core threads hand over what their shards recorded, and hold replies back where those
//! must not leave before what they show is durable (`gate`).

mod base;
pub(crate) mod check;
pub(crate) mod check_redis;
pub(crate) mod commands;
mod gate;
mod import;
mod keeper;
mod lanes;
mod load;
mod replay;
mod restore;
mod status;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use command::Error;
use config::{AppendFsync, Config};
use crossbeam_channel::{Receiver, Sender};
use journal::{BaseFile, Journal, Names, RealDisk, Report};
use tokio::sync::{oneshot, watch};

pub(crate) use gate::Holds;
pub(crate) use load::load;
pub(crate) use status::Status;

use crate::clock;
use crate::core::Server;

/// Rounds up to this are written to one file: for so few bytes a second write takes longer than it
/// saves, and above all a second sync, which waits for the disk as the first does.
const JOINT_BYTES_MAX: usize = 128 * 1024;
/// With `always`, zeros are written ahead of so many bytes of rounds at once.
const ZEROS_AHEAD: usize = 256 * 1024;

/// What the keeper is asked for.
enum Order {
    /// A round: somebody waits for it.
    Round,
    /// What was loaded goes on here.
    Adopt(Box<Journal>, std::fs::File),
    /// `appendonly yes`.
    Enable,
    /// `appendonly no`.
    Disable,
    /// BGREWRITEAOF.
    Rewrite,
    /// The base of this number was written, or not.
    Based(u64, Result<Based, String>),
    /// DEBUG LOADAOF, from somebody who holds all keys.
    Reload(oneshot::Sender<Result<(), String>>),
    /// The process ends.
    Stop,
}

/// A base that is durable.
struct Based {
    stamp_ns: u64,
    files: Vec<BaseFile>,
}

/// When replies may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Mode {
    /// There are no append files.
    Off,
    /// At once.
    Never,
    /// At once, unless the disk is behind for long.
    EverySecond,
    /// When everything that they show is durable.
    Always,
}

impl Mode {
    fn of(fsync: AppendFsync) -> Self {
        match fsync {
            AppendFsync::No => Self::Never,
            AppendFsync::Everysec => Self::EverySecond,
            AppendFsync::Always => Self::Always,
        }
    }
}

/// See the module.
pub(crate) struct Append {
    orders: Sender<Order>,
    received: Mutex<Option<Receiver<Order>>>,
    mode: AtomicU8,
    durable_ns: AtomicU64,
    /// Up to which stamp everything is synced, whoever waits for that; none while there are no
    /// files.
    synced_ns: watch::Sender<Option<u64>>,
    /// The number of the base that is wanted, if one is.
    base: AtomicU64,
    /// Since when a round waits to become durable; 0 if none does.
    waiting_since_ns: AtomicU64,
    is_round_wanted: AtomicBool,
    /// How long to wait before each writing, in microseconds: for tests.
    pub(crate) flush_sleep_us: AtomicU64,
    /// How often a fault began or ended; odd while there is one.
    faults: AtomicU64,
    /// Per thread, whether replies wait there.
    has_held: Vec<AtomicBool>,
    status: Mutex<Status>,
    /// What threads had left when they ended.
    last_reports: Mutex<Vec<Report>>,
}

impl Append {
    pub(crate) fn new(threads: usize) -> Self {
        let (orders, received) = crossbeam_channel::unbounded();
        Self {
            orders,
            received: Mutex::new(Some(received)),
            mode: AtomicU8::new(Mode::Off as u8),
            durable_ns: AtomicU64::new(0),
            synced_ns: watch::Sender::new(None),
            base: AtomicU64::new(0),
            waiting_since_ns: AtomicU64::new(0),
            is_round_wanted: AtomicBool::new(false),
            flush_sleep_us: AtomicU64::new(0),
            faults: AtomicU64::new(0),
            has_held: (0..threads).map(|_| AtomicBool::new(false)).collect(),
            status: Mutex::default(),
            last_reports: Mutex::default(),
        }
    }

    /// Whether it is this base that is wanted, and not a later one, or none.
    fn wants_base(&self, number: u64) -> bool {
        self.base.load(Ordering::SeqCst) == number
    }

    /// A number for the base that is wanted from now on; those before it are not any more.
    fn number_base(&self) -> u64 {
        self.base.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Keeps the files until the process ends; the body of the side thread.
    pub(crate) fn run(server: &Arc<Server>) {
        let received = server.append.received.lock().expect("a panic ends the process").take();
        if let Some(received) = received {
            keeper::Keeper::new(server.clone(), received).run();
        }
    }

    #[inline]
    fn mode(&self) -> Mode {
        match self.mode.load(Ordering::Relaxed) {
            0 => Mode::Off,
            1 => Mode::Never,
            2 => Mode::EverySecond,
            _ => Mode::Always,
        }
    }

    fn order(&self, order: Order) {
        // A keeper that is gone is part of the shutdown.
        let _ = self.orders.send(order);
    }

    /// `appendonly` or how it syncs was changed while the server runs.
    pub(crate) fn obey(&self, old: &Config, new: &Config) {
        match (old.append.appendonly, new.append.appendonly) {
            (false, true) => {
                // Who waits from now on waits for files that are to come.
                self.set_synced(Some(0));
                let mut status = self.status();
                status.awaits_base = true;
                // From the reply on it shows, and not when the keeper comes to it.
                status.rewriting_since = Some(clock::now_ms() / 1000);
                // Before the status is let go: see `Keeper::publish`.
                self.order(Order::Enable);
            }
            (true, false) => self.order(Order::Disable),
            _ => {
                // What comes after the reply to CONFIG SET is promised already.
                if new.append.appendfsync == AppendFsync::Always && self.mode() == Mode::EverySecond
                {
                    self.mode.store(Mode::Always as u8, Ordering::SeqCst);
                }
                self.order(Order::Round);
            }
        }
    }

    /// Up to which stamp everything is synced, if there are files.
    pub(crate) fn synced_ns(&self) -> Option<u64> {
        *self.synced_ns.borrow()
    }

    /// Tells of changes of [`Self::synced_ns`].
    pub(crate) fn watch_synced(&self) -> watch::Receiver<Option<u64>> {
        self.synced_ns.subscribe()
    }

    fn set_synced(&self, synced_ns: Option<u64>) {
        self.synced_ns.send_if_modified(|known| std::mem::replace(known, synced_ns) != synced_ns);
    }

    /// BGREWRITEAOF, at once or after a save.
    pub(crate) fn rewrite(&self, at_once: bool) {
        let mut status = self.status();
        status.is_scheduled = true;
        // From the reply on it shows, and not when the keeper comes to it.
        status.rewriting_since = at_once.then(|| clock::now_ms() / 1000);
        drop(status);
        self.order(Order::Rewrite);
    }

    /// DEBUG LOADAOF: forgets everything and loads what the files have. All keys are held.
    pub(crate) async fn reload(&self) -> Result<(), String> {
        let (answer, answered) = oneshot::channel();
        self.order(Order::Reload(answer));
        answered.await.unwrap_or_else(|_| Err("the server stops".to_owned()))
    }

    /// What a thread had left when it ended.
    pub(crate) fn leave(&self, report: Report) {
        self.last_reports.lock().expect("a panic ends the process").push(report);
    }

    /// All threads have ended: what is left is written, synced, and closed.
    pub(crate) fn stop(&self) {
        self.order(Order::Stop);
    }

    /// What INFO shows.
    pub(crate) fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().expect("a panic ends the process")
    }

    /// Whether the process may end: not before the first base is there, unless it is forced to.
    pub(crate) fn may_end(&self, force: bool) -> bool {
        if !self.status().awaits_base {
            return true;
        }
        match force {
            true => tracing::warn!("Writing initial AOF. Exit anyway."),
            false => tracing::warn!("Writing initial AOF, can't exit."),
        }
        force
    }

    /// Why changes are refused, if they are.
    #[inline]
    pub(crate) fn refusal(&self) -> Option<Error> {
        let fault = self.fault()?;
        Some(Error::Coded(format!("MISCONF Errors writing to the AOF file: {fault}").into()))
    }

    /// Why the files cannot be written, if so.
    #[inline]
    pub(crate) fn fault(&self) -> Option<String> {
        self.present_fault()?;
        Some(self.status().fault.clone().unwrap_or_else(|| "unknown".to_owned()))
    }

    /// The number of the fault that there is now.
    #[inline]
    fn present_fault(&self) -> Option<u64> {
        let faults = self.faults.load(Ordering::SeqCst);
        (faults % 2 == 1).then_some(faults)
    }

    /// A fault begins or ends; nothing if it was known.
    fn set_faulted(&self, is_faulted: bool) {
        if self.present_fault().is_some() != is_faulted {
            self.faults.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// The folder of the append files.
fn folder(config: &Config) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    config.process.dir.join(std::ffi::OsStr::from_bytes(&config.append.appenddirname))
}

fn names(config: &Config) -> Names {
    Names::new(&String::from_utf8_lossy(&config.append.appendfilename))
}

fn options(config: &Config, shards: usize) -> journal::Options {
    let (never_syncs, zeros_ahead) = syncs(config);
    let joint_bytes_max = JOINT_BYTES_MAX;
    let more = journal::Options::default();
    journal::Options { shards, never_syncs, joint_bytes_max, zeros_ahead, ..more }
}

/// Whether written is enough, and how many zeros are written ahead.
fn syncs(config: &Config) -> (bool, usize) {
    match config.append.appendfsync {
        AppendFsync::Always => (false, ZEROS_AHEAD),
        AppendFsync::Everysec => (false, 0),
        AppendFsync::No => (true, 0),
    }
}

/// Takes the folder for this process alone; makes it, if need be.
fn lock(config: &Config) -> Result<std::fs::File, String> {
    let folder = folder(config);
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(&folder).map_err(failed)?;
    RealDisk::lock(&folder)
        .map_err(failed)?
        .ok_or_else(|| format!("{} is in use by another process", folder.display()))
}
