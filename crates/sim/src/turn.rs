//! What passes between the threads of the simulated server, and what one sees while it has its
//! turn.

use std::fmt;

use txn::{Ids, Locks, TxId};

use crate::Summary;
use crate::bug::Bug;
use crate::history::{Access, History, Operation};

/// To a shard.
#[derive(Debug)]
pub(crate) enum Request {
    /// One shard's commands, to run at once.
    Plain { operation: Operation, run: Vec<Access>, locks: Locks },
    /// The same of a series that does not give its thread up, and only if nothing is locked.
    Here { operation: Operation, run: Vec<Access> },
    /// A transaction's locks, and, for the remote shard of a shortcut, the part to run on grant.
    Schedule { operation: Operation, id: TxId, locks: Locks, run: Option<Vec<Access>> },
    /// More locks of a series that holds some.
    Grow { operation: Operation, id: TxId, locks: Locks },
    /// Whoever holds locks here under the one id is about to wait elsewhere under the other.
    Fence { holder: TxId, next: TxId },
    /// A part of an armed transaction.
    Run { operation: Operation, id: TxId, stamp: u64, run: Vec<Access>, release: bool },
    /// Let go of a transaction that was refused elsewhere, or has nothing more to run here.
    Withdraw { id: TxId },
}

/// To a coordinator.
#[derive(Debug)]
pub(crate) enum Answer {
    /// From the client: begin.
    Begin,
    Granted {
        id: TxId,
    },
    Refused {
        id: TxId,
        watermark: TxId,
    },
    Done {
        id: TxId,
        stamp: u64,
    },
    /// Something is locked here.
    Busy,
    /// From the thread to itself, at its next turn: try again.
    Again,
    /// From the clock: this series has waited for long, and another one waits, too.
    GiveWay,
}

#[derive(Debug)]
pub(crate) enum Message {
    Request(Request),
    Answer(Operation, Answer),
}

/// The world as a thread sees it while it handles one message.
pub(crate) struct Turn<'a> {
    pub(crate) bug: Bug,
    pub(crate) thread: usize,
    /// The clock that stamps are read from; several steps may read the same.
    pub(crate) clock: u64,
    /// Counts messages, and so tells any two moments apart.
    pub(crate) now: u64,
    pub(crate) ids: &'a Ids,
    pub(crate) history: &'a mut History,
    pub(crate) summary: &'a mut Summary,
    pub(crate) outbox: &'a mut Vec<(usize, Message)>,
    /// What the thread sends to itself for its next turn.
    pub(crate) later: &'a mut Vec<Message>,
    pub(crate) verbose: bool,
}

impl Turn<'_> {
    pub(crate) fn request(&mut self, shard: usize, request: Request) {
        self.send(shard, Message::Request(request));
    }

    pub(crate) fn answer(&mut self, thread: usize, operation: Operation, answer: Answer) {
        self.send(thread, Message::Answer(operation, answer));
    }

    pub(crate) fn again(&mut self, operation: Operation) {
        self.later.push(Message::Answer(operation, Answer::Again));
    }

    fn send(&mut self, to: usize, message: Message) {
        self.log(format_args!("{} -> {to}: {message:?}", self.thread));
        self.outbox.push((to, message));
    }

    pub(crate) fn log(&self, line: fmt::Arguments<'_>) {
        if self.verbose {
            println!("{:>5} {line}", self.now);
        }
    }
}
