//! CLIENT PAUSE and UNPAUSE: holding commands back on every thread for a while.
//!
//! A command that is held goes back to the front of its connection's input, so that all that were
//! sent behind it wait, too, and go on in order. Meanwhile no key is removed because its time has
//! come: to whoever watches, the data stands still.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use command::flag::{self, Flags};
use command::{Args, Error, Result};
use keyspace::OnExpired;

use crate::clock;
use crate::command::{LaterFuture, Request};
use crate::core::Core;

/// Which commands wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Held {
    #[default]
    Nothing,
    /// Those that may change data.
    Writes,
    Everything,
}

/// What a thread holds back, and until when.
#[derive(Debug, Default)]
pub(crate) struct Pause {
    held: Cell<Held>,
    until_ms: Cell<i64>,
}

impl Pause {
    /// Whether a command with these flags must wait. Asked per command.
    #[inline]
    pub(crate) fn holds(&self, flags: Flags) -> bool {
        match self.held.get() {
            Held::Nothing => false,
            Held::Writes => flags & (flag::WRITE | flag::MAY_REPLICATE) != 0,
            Held::Everything => true,
        }
    }

    /// What is held back, and until when in milliseconds since 1970, if anything is.
    pub(crate) fn current(&self) -> Option<(Held, i64)> {
        let held = self.held.get();
        (held != Held::Nothing).then(|| (held, self.until_ms.get()))
    }
}

pub(super) fn pause(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let (held, until_ms) = parse(request.args(), clock::now_ms())?;
        request.core.gather(move |core| begin(core, held, until_ms)).await;
        request.reply().ok();
        Ok(())
    })
}

pub(super) fn unpause(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        request.core.gather(|core| end(core)).await;
        request.reply().ok();
        Ok(())
    })
}

/// What to hold, and until when.
fn parse(args: Args<'_>, now_ms: i64) -> Result<(Held, i64)> {
    let held = match args.get(3).map(<[u8]>::to_ascii_lowercase).as_deref() {
        None | Some(b"all") => Held::Everything,
        Some(b"write") => Held::Writes,
        Some(_) => return Err(Error::new("CLIENT PAUSE mode must be WRITE or ALL")),
    };
    if args.len() > 4 {
        return Err(Error::wrong_shape(args));
    }
    match stdx::number::parse_i64(args.at(2)) {
        None => Err(Error::new("timeout is not an integer or out of range")),
        Some(..0) => Err(Error::new("timeout is negative")),
        Some(timeout_ms) => {
            let until_ms = now_ms.checked_add(timeout_ms);
            Ok((held, until_ms.ok_or(Error::new("timeout is out of range"))?))
        }
    }
}

/// Holds commands back on this thread. A pause that lasts longer already keeps its end.
fn begin(core: &Rc<Core>, held: Held, until_ms: i64) {
    let until_ms = until_ms.max(core.pause.until_ms.get());
    core.pause.until_ms.set(until_ms);
    core.pause.held.set(held);
    if let Some(mut shard) = core.router.shard_mut() {
        shard.keyspace.set_on_expired(OnExpired::Hide);
    }
    // Held before, and free under the new rule.
    resume(core);
    let wait_ms = until_ms.saturating_sub(clock::now_ms()).max(0) as u64;
    let core = core.clone();
    tokio::task::spawn_local(async move {
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        // It may have been prolonged; then a later task ends it.
        if clock::now_ms() >= core.pause.until_ms.get() {
            end(&core);
        }
    });
}

fn end(core: &Core) {
    core.pause.held.set(Held::Nothing);
    core.pause.until_ms.set(0);
    if let Some(mut shard) = core.router.shard_mut() {
        shard.keyspace.set_on_expired(OnExpired::Remove);
    }
    resume(core);
}

/// Lets every held connection look again.
fn resume(core: &Core) {
    for client in core.clients.borrow().values() {
        client.release();
    }
}
