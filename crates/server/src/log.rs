//! The log: Redis's lines or JSON, to standard output or a file, at a level that can change.

use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::sync::{Arc, OnceLock};

use config::{LogFormat, LogLevel, Process};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer as _, Registry, reload};

use crate::clock;

static LEVEL: OnceLock<reload::Handle<LevelFilter, Registry>> = OnceLock::new();

/// Starts the log as configured. Once, before anything is worth a line.
pub(crate) fn start(process: &Process) -> io::Result<()> {
    let writer = match &process.logfile {
        None => BoxMakeWriter::new(io::stdout),
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path)?;
            BoxMakeWriter::new(Arc::new(file))
        }
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false);
    let lines = match process.log_format {
        LogFormat::Redis => lines.event_format(RedisLine).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_thread_names(true).boxed(),
    };
    let (filter, handle) = reload::Layer::new(threshold(process.loglevel));
    let subscriber = tracing_subscriber::registry().with(filter).with(lines);
    tracing::subscriber::set_global_default(subscriber).expect("the log starts once");
    LEVEL.get_or_init(|| handle);
    report_panics();
    Ok(())
}

/// Changes what is worth a line.
pub(crate) fn set_level(level: LogLevel) {
    if let Some(handle) = LEVEL.get() {
        handle.reload(threshold(level)).expect("the log lives as long as the process");
    }
}

/// A panic is a broken invariant and ends the process: the log says where, and how it came there.
fn report_panics() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tracing::error!("{panic}\n{}", std::backtrace::Backtrace::force_capture());
        print(panic);
    }));
}

fn threshold(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Debug => LevelFilter::TRACE,
        LogLevel::Verbose => LevelFilter::DEBUG,
        LogLevel::Notice => LevelFilter::INFO,
        LogLevel::Warning => LevelFilter::WARN,
        LogLevel::Nothing => LevelFilter::OFF,
    }
}

/// `<pid>:M 20 Nov 2026 14:01:02.123 * <message>`, in UTC.
struct RedisLine;

impl<S, N> FormatEvent<S, N> for RedisLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let (pid, now) = (std::process::id(), Timestamp(clock::now_ms()));
        write!(writer, "{pid}:M {now} {} ", mark(*event.metadata().level()))?;
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

/// Redis's sign of a level.
fn mark(level: Level) -> char {
    match level {
        Level::ERROR | Level::WARN => '#',
        Level::INFO => '*',
        Level::DEBUG => '-',
        Level::TRACE => '.',
    }
}

/// Milliseconds since 1970 as `20 Nov 2026 14:01:02.123`.
struct Timestamp(i64);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        let (year, month, day) = date(self.0.div_euclid(DAY_MS));
        let ms = self.0.rem_euclid(DAY_MS);
        let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        let month = MONTHS[month as usize - 1];
        let ms = ms % 1000;
        write!(f, "{day:02} {month} {year} {hours:02}:{minutes:02}:{seconds:02}.{ms:03}")
    }
}

/// Year, month and day of a day since 1970: `civil_from_days` of Howard Hinnant's
/// *chrono-Compatible Low-Level Date Algorithms*. It counts years from March, so that a leap day is
/// the last of its year.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let leaps = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leaps) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests;
