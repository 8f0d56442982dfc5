//! When mail leaves, and when what has come is read.

use std::future::Future;
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use super::{BATCHES_PER_MAIL, Message, OUTBOX_MESSAGES_MAX, Router};
use crate::deposit::Deposit;
use crate::mailbox::{Letterbox, Nap};

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

    /// Before the thread sleeps: sends what is due, and stays awake if there is mail. Answers whether
    /// it leaves nothing to do, as far as is known here.
    pub fn before_park(&self) -> bool {
        let has_gathered = self.gathering.borrow().is_some();
        let is_idle = !has_gathered && !self.shard().is_some_and(|shard| shard.has_answers());
        self.tell_due();
        self.batches.set(0);
        self.publish_recorded();
        self.send_gathered();
        self.lay_down();
        // Before mail leaves: whoever is woken by that may be quicker than this thread.
        self.network.letterboxes[self.thread].fall_asleep(&self.inbound);
        self.send_mail();
        is_idle
    }

    /// Between [`Self::before_park`] and the sleep: nothing but mail is heard for a while.
    pub fn doze(&self, longest: Duration) {
        let clock = self.clock;
        self.network.letterboxes[self.thread].doze(longest, || clock.moment().stamp_ns);
    }

    /// After the thread slept.
    pub fn after_unpark(&self) {
        self.take_up();
        self.network.letterboxes[self.thread].wake_up(&self.inbound);
    }

    fn lay_down(&self) {
        if self.steps.are_recorded() {
            let recorder = self.shard_mut().map(|mut shard| shard.lend_recorder());
            let deposit = Deposit { recorder, steps: self.steps.lend() };
            self.network.deposits.lay_down(self.thread, deposit);
        }
    }

    fn take_up(&self) {
        if self.steps.are_recorded()
            && let Some(Deposit { recorder, steps }) = self.network.deposits.take_up(self.thread)
        {
            self.steps.take_back(steps);
            if let (Some(mut shard), Some(recorder)) = (self.shard_mut(), recorder) {
                shard.take_back_recorder(recorder);
            }
        }
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
        if outbox.messages.len() >= OUTBOX_MESSAGES_MAX {
            outbox.send(&self.network.letterboxes[thread]);
        }
    }

    /// Sends on what this turn has written.
    pub fn flush(&self) {
        self.send_gathered();
        self.send_mail();
    }

    fn send_mail(&self) {
        for (thread, outbox) in self.outboxes.borrow_mut().iter_mut().enumerate() {
            outbox.send(&self.network.letterboxes[thread]);
        }
    }
}

/// What this turn has for another thread.
#[derive(Default)]
pub(super) struct Outbox {
    messages: Vec<Message>,
    /// What of it waits for the end of a nap of that thread.
    nap: Option<Nap>,
    /// Whether that thread is to be woken for some of it.
    is_due: bool,
    /// Whether there are answers that have not left from here.
    has_answers: bool,
    /// Whether there is something that is not to wait for the end of the turn.
    has_news: bool,
}

/// Sends on the outboxes with news, those that take answers with them last: who gets an answer may
/// act on it before the rest is sent, and what comes of that must not overtake it. (Answers to
/// several threads at once, some of which are to hear news, still leave one after the other.)
pub(super) fn send_news(outboxes: &mut [Outbox], letterboxes: &[Letterbox<Message>]) {
    for has_answers in [false, true] {
        for (outbox, letterbox) in outboxes.iter_mut().zip(letterboxes) {
            if outbox.has_news && outbox.has_answers == has_answers {
                outbox.send(letterbox);
            }
        }
    }
}

impl Outbox {
    /// Adds what somebody waits for.
    pub(super) fn push(&mut self, message: Message) {
        self.messages.push(message);
        self.is_due = true;
    }

    /// Adds an answer.
    pub(super) fn push_answer(&mut self, message: Message) {
        self.has_answers = true;
        self.push(message);
    }

    /// Adds what [`send_news`] sends.
    pub(super) fn push_news(&mut self, message: Message) {
        self.has_news = true;
        self.push(message);
    }

    /// Adds what can wait for the end of the receiver's nap.
    pub(super) fn push_for_end_of(&mut self, nap: Nap, message: Message) {
        self.messages.push(message);
        self.is_due |= self.nap.replace(nap).is_some_and(|before| before != nap);
    }

    /// Sends on what there is.
    pub(super) fn send(&mut self, letterbox: &Letterbox<Message>) {
        let Self { messages, nap, is_due, .. } = std::mem::take(self);
        match nap {
            _ if messages.is_empty() => {}
            Some(nap) if !is_due => letterbox.push_for_end_of(nap, messages),
            _ => letterbox.push(messages),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::task::{Wake, Waker};

    use super::*;

    /// Notes that a thread was woken.
    struct Bell(usize, Arc<Mutex<Vec<usize>>>);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }

    #[test]
    fn news_leave_before_the_answers_that_came_with_them() {
        let woken = Arc::default();
        let (letterboxes, inbound): (Vec<_>, Vec<_>) = (0..4).map(|_| Letterbox::new()).unzip();
        for (thread, (letterbox, inbound)) in letterboxes.iter().zip(&inbound).enumerate() {
            letterbox.set_waker(&Waker::from(Arc::new(Bell(thread, Arc::clone(&woken)))));
            letterbox.fall_asleep(inbound);
        }
        let mut outboxes: Vec<Outbox> = (0..4).map(|_| Outbox::default()).collect();
        outboxes[0].push_answer(Message::Again(0));
        outboxes[1].push_answer(Message::Again(0));
        for thread in [0, 2, 3] {
            outboxes[thread].push_news(Message::Again(1));
        }
        send_news(&mut outboxes, &letterboxes);
        // The answer without news waits for the end of the turn.
        assert_eq!(*woken.lock().unwrap(), [2, 3, 0]);
        assert_eq!(inbound[0].try_iter().flatten().count(), 2);
    }
}
