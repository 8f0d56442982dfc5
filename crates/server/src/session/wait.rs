//! WAIT and WAITAOF: until what a client did is where it should be.
//!
//! There are no replicas, so none ever has anything.

use std::pin::pin;

use command::flag::category;
use command::{Error, Group, Result, Spec, flag};
use engine::{Interrupt, Wait};
use stdx::number::parse_i64;

use crate::blocked;
use crate::command::{LaterFuture, Request, SessionCommand};

const TIPS: &[&str] = &["request_policy:all_shards", "response_policy:agg_min"];

const fn waiting(usage: &'static str, arity: i32) -> Spec {
    Spec::new(Group::Generic, usage, arity, flag::BLOCKING)
        .also(category::CONNECTION)
        .without(category::KEYSPACE)
        .tips(TIPS)
}

pub(crate) const COMMANDS: &[SessionCommand] = &[
    SessionCommand::later(
        waiting("WAIT numreplicas:int timeout:int", 3).doc(
            "3.0.0",
            "O(1)",
            "Waits until so many replicas have what the client wrote, or the time is over.",
        ),
        wait,
    ),
    SessionCommand::later(
        waiting("WAITAOF numlocal:int numreplicas:int timeout:int", 4).doc(
            "7.2.0",
            "O(1)",
            "Waits until what the client wrote is synced to append files, or the time is over.",
        ),
        wait_for_files,
    ),
];

/// WAIT numreplicas timeout
fn wait(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let wanted = request.args().int(1)?;
        let time = time(request.args().at(2))?;
        if wanted > 0 && may_wait(request) {
            until(request, time, std::future::pending()).await?;
        }
        request.reply().integer(0);
        Ok(())
    })
}

/// WAITAOF numlocal numreplicas timeout
fn wait_for_files(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let args = request.args();
        let local = args.int(1)?;
        if !(0..=1).contains(&local) {
            return Err(Error::new("value is out of range, value must between 0 and 1"));
        }
        let replicas = parse_i64(args.at(2)).filter(|replicas| *replicas >= 0);
        let replicas = replicas.ok_or(Error::new("value is out of range, must be positive"))?;
        let time = time(args.at(3))?;
        let core = request.core.clone();
        if local > 0 && !core.config().append.appendonly {
            return Err(OFF);
        }
        core.router.publish_recorded();
        let shown_ns = core.server.network.recorded_ns();
        let append = &core.server.append;
        let is_synced = || append.synced_ns().is_some_and(|synced_ns| synced_ns >= shown_ns);
        if (local > i64::from(is_synced()) || replicas > 0) && may_wait(request) {
            let mut synced = append.watch_synced();
            let all = async {
                // Off again, or far enough.
                let is_over = |ns: &Option<u64>| ns.is_none_or(|ns| ns >= shown_ns);
                // What is watched is there as long as the server.
                let _ = synced.wait_for(is_over).await;
                if replicas > 0 {
                    std::future::pending::<()>().await;
                }
            };
            until(request, time, all).await?;
            if local > 0 && append.synced_ns().is_none() {
                return Err(OFF);
            }
        }
        let mut reply = request.reply();
        reply.array(2);
        reply.integer(is_synced().into());
        reply.integer(0);
        Ok(())
    })
}

const OFF: Error =
    Error::new("WAITAOF cannot be used when numlocal is set but appendonly is disabled.");

/// A timeout in milliseconds; 0 is for ever.
fn time(word: &[u8]) -> Result<Wait> {
    match parse_i64(word) {
        None => Err(Error::new("timeout is not an integer or out of range")),
        Some(..0) => Err(Error::new("timeout is negative")),
        Some(0) => Ok(Wait::Forever),
        Some(ms) => Ok(Wait::Ms(ms.unsigned_abs())),
    }
}

/// In transactions and scripts nothing waits.
fn may_wait(request: &Request) -> bool {
    let client = &request.client;
    !client.transaction.is_executing() && client.frozen_us.get().is_none()
}

/// Waits for something, for so long; or until somebody wants this wait to end.
async fn until(request: &Request, time: Wait, something: impl Future<Output = ()>) -> Result {
    let interrupted = request.client.blocked.begin();
    let end = pin!(blocked::ended(time, interrupted));
    let how = tokio::select! {
        () = something => None,
        how = end => Some(how),
    };
    request.client.blocked.end();
    match how {
        Some(Interrupt::Error) => {
            Err(Error::Coded("UNBLOCKED client unblocked via CLIENT UNBLOCK".into()))
        }
        _ => Ok(()),
    }
}
