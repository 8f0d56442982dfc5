//! LATENCY: events that took long, and how long every command takes.

mod doctor;
mod events;
mod graph;
mod histograms;

use std::collections::BTreeMap;
use std::rc::Rc;

use command::{Error, Group, Result, Spec, flag};

use crate::clock;
use crate::command::{LaterFuture, Request, SessionCommand};
use crate::core::Core;
use crate::help;
pub(crate) use events::{Event, Events, History};

const ADMIN: u32 = flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE;
const EACH_NODE: &[&str] =
    &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"];

pub(crate) const COMMANDS: &[SessionCommand] = &[SessionCommand::container(
    Spec::new(Group::Server, "LATENCY", -2, 0).doc(
        "2.8.13",
        "depends on the subcommand",
        "Slow events and the latencies of commands.",
    ),
    &[
        SessionCommand::later(
            Spec::new(Group::Server, "DOCTOR", 2, ADMIN).tips(EACH_NODE).doc(
                "2.8.13",
                "O(events)",
                "A report on slow events, for humans.",
            ),
            doctor,
        ),
        SessionCommand::later(
            Spec::new(Group::Server, "GRAPH event", 3, ADMIN).tips(EACH_NODE).doc(
                "2.8.13",
                "O(1)",
                "GRAPH <event>: a chart of an event's history.",
            ),
            graph,
        ),
        SessionCommand::later(
            Spec::new(Group::Server, "HISTOGRAM [command...]", -2, ADMIN).tips(EACH_NODE).doc(
                "7.0.0",
                "O(commands)",
                "HISTOGRAM [command ...]: how many calls took how long.",
            ),
            histograms::histogram,
        ),
        SessionCommand::later(
            Spec::new(Group::Server, "HISTORY event", 3, ADMIN).tips(EACH_NODE).doc(
                "2.8.13",
                "O(1)",
                "HISTORY <event>: times and durations of an event.",
            ),
            history,
        ),
        SessionCommand::later(
            Spec::new(Group::Server, "LATEST", 2, ADMIN).tips(EACH_NODE).doc(
                "2.8.13",
                "O(events)",
                "The latest and the worst of every event.",
            ),
            latest,
        ),
        SessionCommand::later(
            Spec::new(Group::Server, "RESET [event...]", -2, ADMIN)
                .tips(&["request_policy:all_nodes", "response_policy:agg_sum"])
                .doc("2.8.13", "O(events)", "RESET [event ...]: forgets histories."),
            reset,
        ),
        help::row(Group::Server, "2.8.13"),
    ],
)];

/// The histories of all threads together.
async fn histories(core: &Rc<Core>) -> BTreeMap<Event, History> {
    let mut parts: BTreeMap<Event, Vec<History>> = BTreeMap::new();
    for of_thread in core.gather(|core| core.latency_events.histories()).await {
        for (event, history) in of_thread {
            parts.entry(event).or_default().push(history);
        }
    }
    let merged = parts.into_iter();
    merged.map(|(event, parts)| (event, History::merge(parts.into_iter()))).collect()
}

/// The history of the event that argument 2 names.
async fn named(request: &Request) -> Option<(Event, History)> {
    let event = Event::named(request.args().at(2))?;
    histories(&request.core).await.remove(&event).map(|history| (event, history))
}

fn latest(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let histories = histories(&request.core).await;
        let mut reply = request.reply();
        reply.array(histories.len());
        for (event, history) in &histories {
            let last = history.samples.back().expect("a history has samples");
            reply.array(4);
            reply.bulk(event.name().as_bytes());
            reply.integer(last.at_seconds);
            reply.integer(last.took_ms as i64);
            reply.integer(history.max_ms as i64);
        }
        Ok(())
    })
}

fn history(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let samples = named(request).await.map(|(_, history)| history.samples).unwrap_or_default();
        let mut reply = request.reply();
        reply.array(samples.len());
        for sample in &samples {
            reply.array(2);
            reply.integer(sample.at_seconds);
            reply.integer(sample.took_ms as i64);
        }
        Ok(())
    })
}

fn reset(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let args = request.args();
        let events: Vec<Event> = match args.len() {
            2 => Event::ALL.to_vec(),
            _ => args.iter_from(2).filter_map(Event::named).collect(),
        };
        let reset = request.core.gather(move |core| core.latency_events.reset(&events)).await;
        let mut reset = reset.concat();
        reset.sort_unstable();
        reset.dedup();
        request.reply().integer(reset.len() as i64);
        Ok(())
    })
}

fn graph(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let Some((event, history)) = named(request).await else {
            let name = String::from_utf8_lossy(request.args().at(2)).into_owned();
            return Err(Error::made(format!("No samples available for event '{name}'")));
        };
        let text = graph::render(event, &history, clock::now_ms() / 1000);
        request.reply().verbatim("txt", text.as_bytes());
        Ok(())
    })
}

fn doctor(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let histories = histories(&request.core).await;
        let config = request.core.config();
        let report = doctor::report(&histories, &config.monitoring, clock::now_ms() / 1000);
        request.reply().verbatim("txt", report.as_bytes());
        Result::Ok(())
    })
}
