//! A client that waits in a command that blocks, and what ends its wait if no key does.

use std::cell::RefCell;
use std::time::Duration;

use engine::{Interrupt, Wait};
use tokio::sync::oneshot;

/// A client's wait, if it is waiting.
#[derive(Default)]
pub(crate) struct Blocked(RefCell<Option<State>>);

struct State {
    /// Taken when the wait is told to end.
    interrupt: Option<oneshot::Sender<Interrupt>>,
    /// Those who want to know when it has ended.
    witnesses: Vec<oneshot::Sender<()>>,
}

impl Blocked {
    /// Whether the client waits.
    pub(crate) fn is_waiting(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// A wait begins; what ends it comes out of the receiver.
    pub(crate) fn begin(&self) -> oneshot::Receiver<Interrupt> {
        let (interrupt, interrupted) = oneshot::channel();
        let state = State { interrupt: Some(interrupt), witnesses: Vec::new() };
        *self.0.borrow_mut() = Some(state);
        interrupted
    }

    /// The wait is over, and nobody can feed this client any more.
    pub(crate) fn end(&self) {
        let state = self.0.borrow_mut().take();
        for witness in state.into_iter().flat_map(|state| state.witnesses) {
            // Who asked may be gone.
            let _ = witness.send(());
        }
    }

    /// Ends the wait, unless it is told to end already. Answers what tells when it is over, or
    /// nothing if the client does not wait.
    pub(crate) fn interrupt(&self, how: Interrupt) -> Option<oneshot::Receiver<()>> {
        let mut state = self.0.borrow_mut();
        let state = state.as_mut()?;
        if let Some(interrupt) = state.interrupt.take() {
            // Nobody hears it if a key was faster.
            let _ = interrupt.send(how);
        }
        let (witness, over) = oneshot::channel();
        state.witnesses.push(witness);
        Some(over)
    }
}

/// Resolves when a wait is over in time, or told to end.
pub(crate) async fn ended(wait: Wait, interrupted: oneshot::Receiver<Interrupt>) -> Interrupt {
    let time = async {
        match wait {
            Wait::Ms(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            Wait::No | Wait::Forever => std::future::pending().await,
        }
    };
    tokio::select! {
        () = time => Interrupt::Timeout,
        how = interrupted => how.unwrap_or(Interrupt::Gone),
    }
}
