//! The clocks: the only place of the server that reads them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use engine::{Clock, Moment};
use stdx::tsc::{self, Scale};

/// How long the tick counter is compared with the clock at start-up.
const CALIBRATION: Duration = Duration::from_millis(10);

static START: OnceLock<Instant> = OnceLock::new();
static SCALE: OnceLock<Scale> = OnceLock::new();

/// The engine's clock.
pub(crate) const CLOCK: Clock = Clock { moment, ticks };

/// Nanoseconds from the monotonic clock to that of the wall, as of the last [`follow_wall`].
static WALL_OFFSET_NS: AtomicI64 = AtomicI64::new(0);

/// What the first stamp of the process was.
static BASE_NS: AtomicU64 = AtomicU64::new(0);

/// Measures the tick counter. Once, before any thread starts.
pub(crate) fn calibrate() {
    let (start, start_ticks) = (now(), ticks());
    START.get_or_init(|| start);
    BASE_NS.store(since_epoch().as_nanos() as u64, Ordering::SeqCst);
    std::thread::sleep(CALIBRATION);
    let elapsed_ns = start.elapsed().as_nanos() as u64;
    SCALE.get_or_init(|| Scale::measured(ticks() - start_ticks, elapsed_ns));
    follow_wall();
}

/// Takes over what happened to the wall clock; every thread does so some times a second, so that a
/// batch needs to read one clock only.
pub(crate) fn follow_wall() {
    let offset_ns = since_epoch().as_nanos() as i64 - stamp_ns() as i64;
    WALL_OFFSET_NS.store(offset_ns, Ordering::Relaxed);
}

/// From now on stamps are above one that another process gave.
pub(crate) fn continue_after(other_ns: u64) {
    let now_ns = stamp_ns();
    if now_ns <= other_ns {
        BASE_NS.fetch_add(other_ns - now_ns + 1, Ordering::SeqCst);
    }
    follow_wall();
}

fn moment() -> Moment {
    let stamp_ns = stamp_ns();
    let wall_ns = stamp_ns as i64 + WALL_OFFSET_NS.load(Ordering::Relaxed);
    Moment { now_ms: wall_ns / 1_000_000, stamp_ns }
}

/// Microseconds since 1970 at a moment.
pub(crate) fn wall_us(moment: Moment) -> i64 {
    (moment.stamp_ns as i64 + WALL_OFFSET_NS.load(Ordering::Relaxed)) / 1000
}

/// A length of time in the engine's ticks, as nanoseconds.
pub(crate) fn ticks_to_ns(ticks: u64) -> u64 {
    SCALE.get().expect("calibrated at boot").ns(ticks)
}

/// The fewest ticks that are `us` microseconds, as near as the calibration knows.
pub(crate) fn us_to_ticks(us: u64) -> u64 {
    /// Enough for six digits.
    const MEASURED_TICKS: u64 = 1 << 30;
    let ns = u128::from(us) * 1000;
    let ticks = ns * u128::from(MEASURED_TICKS) / u128::from(ticks_to_ns(MEASURED_TICKS).max(1));
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    since_epoch().as_millis() as i64
}

/// Microseconds since 1970.
pub(crate) fn now_us() -> i64 {
    since_epoch().as_micros() as i64
}

#[expect(clippy::disallowed_methods, reason = "this is where time comes from")]
fn since_epoch() -> Duration {
    // A clock before 1970 reads as 1970.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "this is where time comes from")]
fn now() -> Instant {
    Instant::now()
}

/// Monotonic nanoseconds; since 1970, if the wall clock was right when the process started.
fn stamp_ns() -> u64 {
    elapsed_ns() + BASE_NS.load(Ordering::Relaxed)
}

/// Since the process started.
fn elapsed_ns() -> u64 {
    now().duration_since(*START.get_or_init(now)).as_nanos() as u64
}

fn ticks() -> u64 {
    if tsc::HAS_TICKS { tsc::ticks() } else { elapsed_ns() }
}
