//! Is there one order of all commands that explains every reply?
//!
//! Since every command is one atomic step on the whole keyspace, a history that is linearisable as
//! operations on that one object is a strictly serialisable history of transactions. The order must
//! keep what each client sent in sequence, and what ended before something else began. The search is
//! Wing and Gong's (1993) with Lowe's memory of dead ends (2017): exponential in the number of
//! clients at worst, so histories are short and there are many of them.

use std::collections::HashSet;
use std::fmt::Write;

use resp::Reply;

use crate::model::{Operation, State};

#[cfg(test)]
mod tests;

/// One command as its client saw it.
#[derive(Clone, Debug)]
pub struct Call {
    /// What was sent.
    pub operation: Operation,
    /// What came back.
    pub reply: Reply,
    /// When it was sent, on a clock that all clients share.
    pub start_ns: u64,
    /// When the reply was there.
    pub end_ns: u64,
}

/// A verdict on a history that no order explains.
#[derive(Clone, Debug)]
pub struct Unexplained {
    /// The most calls of each client that some order explains.
    explained: Vec<usize>,
}

/// Looks for an order of all calls of all clients that starts at `state`.
///
/// # Errors
/// When there is none.
pub fn explain(clients: &[Vec<Call>], state: State) -> Result<(), Unexplained> {
    let start = Point { done: vec![0; clients.len()], state };
    let mut best = start.done.clone();
    let mut seen = HashSet::from([start.clone()]);
    let mut open = vec![start];
    while let Some(point) = open.pop() {
        if point.done.iter().zip(clients).all(|(done, calls)| *done == calls.len()) {
            return Ok(());
        }
        if point.done.iter().sum::<usize>() > best.iter().sum() {
            best.clone_from(&point.done);
        }
        for next in point.successors(clients) {
            if seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    Err(Unexplained { explained: best })
}

/// How far an order has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Point {
    /// How many calls of each client are in the order.
    done: Vec<usize>,
    /// What the keys hold then.
    state: State,
}

impl Point {
    /// All orders that are longer by one call.
    fn successors<'a>(&'a self, clients: &'a [Vec<Call>]) -> impl Iterator<Item = Point> + 'a {
        let next = |client: usize| clients[client].get(self.done[client]);
        // Nothing may come before a call that had ended when it began.
        let first_end = (0..clients.len()).filter_map(next).map(|call| call.end_ns).min();
        (0..clients.len()).filter_map(move |client| {
            let call = next(client)?;
            if Some(call.start_ns) > first_end {
                return None;
            }
            let mut point = self.clone();
            let reply = call.operation.apply(&mut point.state);
            point.done[client] += 1;
            (reply == call.reply).then_some(point)
        })
    }
}

impl Unexplained {
    /// The history, with a mark before the first call of each client that no order explains.
    pub fn describe(&self, clients: &[Vec<Call>], names: &[String]) -> String {
        let begin = clients.iter().flatten().map(|call| call.start_ns).min().unwrap_or(0);
        let mut text = String::new();
        for (client, calls) in clients.iter().enumerate() {
            for (index, call) in calls.iter().enumerate() {
                let mark = if index == self.explained[client] { "?" } else { " " };
                let (start, end) = (call.start_ns - begin, call.end_ns - begin);
                let words = call.operation.words(names).join(" ");
                let reply = testkit::show(&call.reply);
                writeln!(text, "{mark} client {client} {start:>8}..{end:<8} {words} → {reply}")
                    .expect("strings take all");
            }
        }
        text
    }
}
