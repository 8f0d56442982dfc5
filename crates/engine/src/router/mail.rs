//! When mail leaves, and when what has come is read.

use std::future::Future;
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll};

use super::{BATCHES_PER_MAIL, Message, OUTBOX_MESSAGES_MAX, Router};

impl Router {
    /// After a connection's batch: mail must not wait until the thread has nothing else to do.
    #[inline]
    pub fn after_batch(&self) {
        self.batches.set(self.batches.get() + 1);
        if self.batches.get() >= BATCHES_PER_MAIL {
            self.batches.set(0);
            self.publish_recorded();
            self.exchange_mail();
        }
    }

    /// Sends what is due and handles what has come, for a thread that does not sleep.
    pub fn exchange_mail(&self) {
        self.flush();
        self.read_mail();
    }

    /// Before the thread sleeps: sends what is due, and stays awake if there is mail.
    pub fn before_park(&self) {
        self.tell_due();
        self.batches.set(0);
        self.publish_recorded();
        self.flush();
        self.network.letterboxes[self.thread].fall_asleep(&self.inbound);
    }

    /// After the thread slept.
    pub fn after_unpark(&self) {
        self.network.letterboxes[self.thread].wake_up();
    }

    /// Handles mail for ever; the thread's one task that does.
    pub fn receive(self: Rc<Self>) -> impl Future<Output = ()> {
        std::future::poll_fn(move |task: &mut TaskContext<'_>| {
            self.network.letterboxes[self.thread].set_waker(task.waker());
            self.read_mail();
            Poll::Pending
        })
    }

    /// Handles the mail that has come, without waiting.
    #[inline]
    pub fn read_mail(&self) {
        if self.take_mail() {
            self.pump();
        }
    }

    /// Lays mail that has come behind this thread's own messages. Answers whether there was some.
    pub(super) fn take_mail(&self) -> bool {
        let mut came = false;
        while let Ok(batch) = self.inbound.try_recv() {
            self.mail_received.set(self.mail_received.get() + 1);
            self.inbox.borrow_mut().extend(batch);
            came = true;
        }
        came
    }

    pub(super) fn post(&self, thread: usize, message: Message) {
        if thread == self.thread {
            self.inbox.borrow_mut().push_back(message);
            return;
        }
        self.messages_sent.set(self.messages_sent.get() + 1);
        let outbox = &mut self.outboxes.borrow_mut()[thread];
        outbox.push(message);
        if outbox.len() >= OUTBOX_MESSAGES_MAX {
            self.network.letterboxes[thread].push(std::mem::take(outbox));
        }
    }

    /// Sends on what this turn has written.
    pub fn flush(&self) {
        self.send_gathered();
        for (thread, outbox) in self.outboxes.borrow_mut().iter_mut().enumerate() {
            if !outbox.is_empty() {
                self.network.letterboxes[thread].push(std::mem::take(outbox));
            }
        }
    }
}
