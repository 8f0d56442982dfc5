//! The commands between MULTI and EXEC.

use std::cell::RefCell;

use command::Args;
use command::flag::Flags;
use resp::Span;

/// One queued command: its row, and where its arguments are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) row: u16,
    first_span: u32,
    span_count: u32,
}

/// See the module. All arguments lie in one buffer.
#[derive(Default)]
pub(crate) struct Queue {
    pub(super) data: Vec<u8>,
    spans: Vec<Span>,
    pub(super) steps: Vec<Step>,
    pub(super) flags: Flags,
    /// Whether a command was refused.
    pub(super) is_broken: bool,
}

impl Queue {
    pub(super) fn push(&mut self, row: u16, args: Args<'_>, flags: Flags) {
        let first_span = self.spans.len() as u32;
        for arg in args.iter() {
            self.spans.push(Span { start: self.data.len() as u32, len: arg.len() as u32 });
            self.data.extend_from_slice(arg);
        }
        self.steps.push(Step { row, first_span, span_count: args.len() as u32 });
        self.flags |= flags;
    }

    /// The spans of a command's arguments in `data`.
    pub(super) fn spans(&self, step: Step) -> &[Span] {
        let first = step.first_span as usize;
        &self.spans[first..first + step.span_count as usize]
    }

    pub(super) fn args(&self, step: Step) -> Args<'_> {
        Args::new(&self.data, self.spans(step))
    }

    fn clear(&mut self) {
        self.data.clear();
        self.spans.clear();
        self.steps.clear();
        self.flags = 0;
        self.is_broken = false;
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.data.capacity()
            + self.spans.capacity() * size_of::<Span>()
            + self.steps.capacity() * size_of::<Step>()
    }
}

/// Queues that were used, to be used again.
#[derive(Default)]
#[expect(clippy::vec_box, reason = "they are taken and put back as boxes")]
pub(crate) struct Spare(RefCell<Vec<Box<Queue>>>);

impl Spare {
    pub(super) fn take(&self) -> Box<Queue> {
        self.0.borrow_mut().pop().unwrap_or_default()
    }

    /// Takes a queue back, unless it is large or there are enough.
    pub(super) fn put(&self, mut queue: Box<Queue>) {
        /// Enough for the connections of one turn.
        const QUEUES_MAX: usize = 16;
        const QUEUE_BYTES_MAX: usize = 16 * 1024;
        let mut queues = self.0.borrow_mut();
        if queues.len() < QUEUES_MAX && queue.memory_bytes() <= QUEUE_BYTES_MAX {
            queue.clear();
            queues.push(queue);
        }
    }
}
