//! A stack of its own for code that must be able to stop in the middle, foreign code on it included.
//!
//! What runs on a [`Fiber`] holds its [`Link`]: with it, it stops until it is resumed, or asks
//! whoever resumed it, which is a plain function call and switches no stack.

use std::cell::Cell;
use std::io;
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};
use std::rc::Rc;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};

type Answer<M> = dyn FnMut(&mut M);

thread_local! {
    /// The fiber that runs on this thread now, by the address of its [`Inner`].
    static RUNNING: Cell<*const ()> = const { Cell::new(ptr::null()) };
}

/// Code with a stack of its own. It begins with the first [`Fiber::resume`].
///
/// Dropping one that has not ended leaks its stack and what is on it: frames of foreign code cannot
/// be unwound.
pub struct Fiber<M: 'static> {
    coroutine: ManuallyDrop<Coroutine<(), (), ()>>,
    link: Link<M>,
}

/// The fiber's own end.
pub struct Link<M: 'static>(Rc<Inner<M>>);

struct Inner<M: 'static> {
    /// Set once the body has begun, and valid until it has ended.
    yielder: Cell<*const Yielder<(), ()>>,
    /// Set while resumed, but for the time of an answer.
    answer: Cell<Option<NonNull<Answer<M>>>>,
}

impl<M> Clone for Link<M> {
    fn clone(&self) -> Self {
        Link(Rc::clone(&self.0))
    }
}

impl<M> Fiber<M> {
    /// A fiber with a stack of at least `stack_bytes`, of which only what was used takes memory.
    ///
    /// # Errors
    /// If there is no address space for the stack.
    pub fn new(stack_bytes: usize, body: impl FnOnce(Link<M>) + 'static) -> io::Result<Fiber<M>> {
        let stack = DefaultStack::new(stack_bytes)?;
        let inner = Inner { yielder: Cell::new(ptr::null()), answer: Cell::new(None) };
        let link = Link(Rc::new(inner));
        let inside = link.clone();
        let coroutine = Coroutine::with_stack(stack, move |yielder: &Yielder<(), ()>, ()| {
            inside.0.yielder.set(yielder);
            body(inside);
        });
        Ok(Fiber { coroutine: ManuallyDrop::new(coroutine), link })
    }

    /// Runs it until it suspends itself (`false`) or has ended (`true`). Meanwhile `answer` answers
    /// what it asks.
    ///
    /// # Panics
    /// If it has ended already.
    pub fn resume(&mut self, answer: &mut dyn FnMut(&mut M)) -> bool {
        let answer: NonNull<dyn FnMut(&mut M) + '_> = NonNull::from(answer);
        // SAFETY: only the lifetime of what is behind the pointer changes. It is taken away below,
        // before this call and with it the borrow ends.
        let answer: NonNull<Answer<M>> = unsafe { std::mem::transmute(answer) };
        self.link.0.answer.set(Some(answer));
        let below = RUNNING.replace(self.link.address());
        let result = self.coroutine.resume(());
        RUNNING.set(below);
        self.link.0.answer.set(None);
        matches!(result, CoroutineResult::Return(()))
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.coroutine.done()
    }
}

impl<M> Drop for Fiber<M> {
    fn drop(&mut self) {
        if self.coroutine.done() || !self.coroutine.started() {
            // SAFETY: nothing uses it afterwards.
            unsafe { ManuallyDrop::drop(&mut self.coroutine) };
        }
    }
}

impl<M> Link<M> {
    fn address(&self) -> *const () {
        Rc::as_ptr(&self.0).cast()
    }

    /// Whether the code that asks runs on this fiber.
    pub fn is_running(&self) -> bool {
        ptr::eq(RUNNING.get(), self.address())
    }

    /// Stops until the fiber is resumed.
    ///
    /// # Panics
    /// If another fiber or none runs, or within an answer.
    pub fn suspend(&self) {
        assert!(self.is_running(), "a fiber suspends itself only");
        assert!(self.0.answer.get().is_some(), "an answer does not suspend");
        // SAFETY: this fiber runs, on top of all others, so its body has begun and has not ended.
        // No answer is under way, so nothing on this stack holds what the resumer lent.
        unsafe { (*self.0.yielder.get()).suspend(()) };
    }

    /// Lets whoever resumed the fiber answer, by a plain call on this stack.
    ///
    /// # Panics
    /// If another fiber or none runs, or within an answer.
    pub fn ask(&self, message: &mut M) {
        assert!(self.is_running(), "only the running fiber asks");
        let answer = self.0.answer.take();
        let mut lent = answer.expect("an answer asks nothing");
        // SAFETY: set by `resume`, which has not returned, as this fiber runs and cannot be
        // suspended while `answer` is taken; taking it makes this the only reference.
        unsafe { lent.as_mut()(message) };
        self.0.answer.set(answer);
    }
}

#[cfg(test)]
mod tests;
