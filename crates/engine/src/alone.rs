//! Calls that do not join a batch: those that hop, and those that every shard runs.

use std::rc::Rc;

use resp::{Protocol, Span, Writer};
use txn::TxId;

use crate::batch::everywhere;
use crate::block::{Interrupt, run_blocking};
use crate::command::{PlanHandler, Run};
use crate::flight::Part;
use crate::held::Needs;
use crate::merge::merge;
use crate::parcel::Call;
use crate::plan::Plan;
use crate::recorder::At;
use crate::router::Router;

/// Runs one call that [`Batch::can_join`](crate::Batch::can_join) refuses, and returns its reply.
///
/// A call that may block does not: see [`run_blocking`] for that.
///
/// It must be brought to its end even if the client vanishes: spawn it, don't drop it.
pub async fn run_alone(router: Rc<Router>, call: Call, data: Vec<u8>, spans: Vec<Span>) -> Vec<u8> {
    match call.command.run {
        Run::Everywhere { .. } => {
            let (flight, how) = everywhere(&router, call, &data, &spans);
            let flight = flight.await;
            let parcels: Vec<_> = flight.parts.into_iter().filter_map(|part| part.parcel).collect();
            let answers: Vec<(usize, &[u8])> =
                parcels.iter().map(|parcel| &parcel.replies[..]).enumerate().collect();
            let mut out = Vec::new();
            merge(how, &answers, &[], &mut out);
            out
        }
        Run::Roam(across) => {
            run_plan(across, &mut new_plan(router, call, data, spans, TxId::NONE)).await
        }
        Run::Plan { across, .. } => run_locked(across, router, call, data, spans).await,
        Run::Block(_) => {
            let at_once = |_| std::future::ready(Interrupt::Timeout);
            run_blocking(router, call, data, spans, at_once).await.0
        }
        Run::Shard(_) | Run::Scatter { .. } | Run::Container => {
            unreachable!("these join batches, or are only names")
        }
    }
}

/// The moment is taken here, so every lock must be held.
pub(crate) fn new_plan(
    router: Rc<Router>,
    call: Call,
    data: Vec<u8>,
    spans: Vec<Span>,
    transaction: TxId,
) -> Plan {
    let at = At { moment: router.clock().moment(), transaction };
    plan_at(&router, call, data, spans, at)
}

pub(crate) fn plan_at(
    router: &Rc<Router>,
    call: Call,
    data: Vec<u8>,
    spans: Vec<Span>,
    at: At,
) -> Plan {
    let first = call.first_span as usize;
    let spans = spans[first..first + call.span_count as usize].to_vec();
    let (db, protocol) = (usize::from(call.db), call.protocol);
    let router = router.clone();
    let (caller, in_script) = (call.caller, call.in_script);
    Plan {
        router,
        data,
        spans,
        db,
        protocol,
        reply: Vec::new(),
        caller,
        in_script,
        at,
        wait_as: None,
    }
}

pub(crate) async fn run_plan(across: PlanHandler, plan: &mut Plan) -> Vec<u8> {
    if let Err(error) = across(plan).await {
        plan.reply.clear();
        Writer::new(&mut plan.reply, Protocol::Resp2).error(error.text());
    }
    std::mem::take(&mut plan.reply)
}

/// Locks the keys of a call on all their shards, runs its plan, and lets go.
async fn run_locked(
    across: PlanHandler,
    router: Rc<Router>,
    call: Call,
    data: Vec<u8>,
    spans: Vec<Span>,
) -> Vec<u8> {
    let parts = locked_parts(&router, &call, &data, &spans);
    if parts.is_empty() {
        // Arguments that name no keys: the handler says what is wrong with them.
        return run_plan(across, &mut new_plan(router, call, data, spans, TxId::NONE)).await;
    }
    let shards: Vec<usize> = parts.iter().map(|part| part.shard).collect();
    let flight = router.lock(parts).await;
    let _step = router.begin_step();
    let mut plan = new_plan(router.clone(), call, data, spans, flight.id());
    let reply = run_plan(across, &mut plan).await;
    router.tell_reads(&call, plan.args());
    router.release(flight.id(), shards.into_iter());
    reply
}

pub(crate) fn locked_parts(router: &Router, call: &Call, data: &[u8], spans: &[Span]) -> Vec<Part> {
    let mut needs = Needs::new();
    needs.add_call(router, call, call.args(data, spans));
    needs.into_parts()
}
