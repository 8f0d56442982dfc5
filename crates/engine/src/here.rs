//! A series of calls on this thread's shard, without locks: as long as the thread is not given up,
//! nobody can come between them.

use std::rc::Rc;

use command::{Args, Positions};
use keyspace::Key;
use resp::Span;

use crate::batch::Batch;
use crate::held::{Held, Needs};
use crate::parcel::{Call, Outcome, Work};
use crate::recorder::At;
use crate::router::Router;
use crate::shard::Moment;

/// See the module. Dropping it ends the series.
pub struct Here {
    router: Rc<Router>,
    at: At,
    /// What it has touched, to be locked if the thread is given up.
    touched: Needs,
    has_run: bool,
    outcomes: Vec<Outcome>,
}

impl Here {
    /// Begins a series, if this thread has a shard and no key of it is locked.
    pub fn begin(router: &Rc<Router>) -> Option<Self> {
        if !router.shard()?.is_idle() {
            return None;
        }
        let at = At { moment: router.clock().moment(), transaction: router.draw() };
        let (router, outcomes) = (router.clone(), router.spare_outcomes.take());
        Some(Self { router, at, touched: Needs::new(), has_run: false, outcomes })
    }

    /// Runs a call whose keys are all this shard's and not locked, and appends its reply. None if
    /// it is no such call; then nothing has happened.
    pub fn run(
        &mut self,
        mut call: Call,
        data: &[u8],
        spans: &[Span],
        reply: &mut Vec<u8>,
    ) -> Option<Outcome> {
        let router = &self.router;
        let args = call.args(data, spans);
        if !Batch::can_join(router, call.command, args) || !is_own(router, &mut call, args) {
            return None;
        }
        let work = Work::of_one(data, spans, &call);
        let mut shard = router.shard_mut()?;
        if !shard.admits(work) {
            return None;
        }
        self.has_run = true;
        if router.shard_count() > 1 {
            self.touched.add_call(router, &call, args);
        }
        shard.run(work, self.at, reply, &mut self.outcomes);
        self.outcomes.pop()
    }

    /// Before the thread is given up: locks what the series has touched, and `needs`. Nothing can
    /// hold that yet, so it need not wait, unless something of `needs` is elsewhere or locked.
    pub async fn hold(mut self, mut needs: Needs) -> Held {
        let touched = std::mem::take(&mut self.touched);
        needs.merge(touched);
        let router = self.router.clone();
        let step = router.begin_step();
        if self.has_run {
            step.stamp(self.at.moment.stamp_ns);
        }
        let now_ms = self.at.moment.now_ms;
        let lock = Held::acquire_in(&router, needs, step, now_ms);
        self.has_run = false;
        lock.await
    }

    /// When the series happens, for all its calls.
    pub fn moment(&self) -> Moment {
        self.at.moment
    }
}

/// Whether all keys of a call are this thread's; fills in its key.
pub(crate) fn is_own(router: &Router, call: &mut Call, args: Args<'_>) -> bool {
    let specs = call.command.spec.keys;
    if let Some(positions) = specs.first().and_then(|keys| keys.resolve(args)) {
        call.key = Some((positions.first as u32, Key::new(args.at(positions.first)).hash));
        call.slot = Some(stdx::slot::of(args.at(positions.first)));
    }
    router.shard_count() == 1
        || specs
            .iter()
            .filter_map(|keys| keys.resolve(args))
            .flat_map(Positions::iter)
            .all(|at| router.is_own(router.owner(args.at(at))))
}

impl Drop for Here {
    fn drop(&mut self) {
        self.router.spare_outcomes.set(std::mem::take(&mut self.outcomes));
        if self.has_run {
            self.router.serve_after();
        }
    }
}
