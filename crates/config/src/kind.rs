//! What a parameter's value is: how its text is read, checked and written.
//!
//! Reasons for a refusal are Redis's texts: they reach clients behind `CONFIG SET failed`.

use std::borrow::Cow;

use crate::config::{
    ClientMemory, Config, OutputLimit, OutputLimits, RenameCommand, SavePoint, SavePoints,
    ShutdownWishes,
};
use crate::limits::BIND_ADDRESSES_MAX;
use crate::text;
use crate::title::{TITLE_VARIABLES, is_template};
use stdx::number::{parse_f64, parse_i64};

/// Why a value was refused, as a client gets to read it.
pub type Reason = Cow<'static, str>;

/// Access to one field of [`Config`].
pub(crate) struct Lens<T> {
    pub(crate) get: fn(&Config) -> T,
    pub(crate) set: fn(&mut Config, T),
}

/// The kind of a value, with its range and its place in [`Config`].
pub(crate) enum Kind {
    /// `yes` or `no`.
    Bool(Lens<bool>),
    /// A decimal number.
    Integer { min: i64, max: i64, at: Lens<i64> },
    /// Bytes, with an optional unit.
    Memory { min: u64, max: u64, at: Lens<u64> },
    /// Bytes, or a share of `maxmemory`.
    MemoryOrPercent(Lens<ClientMemory>),
    /// Permission bits.
    Octal { max: u32, at: Lens<u32> },
    /// One of some words; the field is its index.
    Choice { words: &'static [&'static str], at: Lens<usize> },
    /// A title with variables.
    Title(Lens<String>),
    /// Any bytes.
    Text(Lens<Vec<u8>>),
    /// The one value that is true, whatever else Redis would allow.
    Fixed { value: &'static str, otherwise: &'static str },
    /// Addresses to bind to.
    Addresses(Lens<Vec<String>>),
    /// Numbers from 0 to 100.
    Percentiles(Lens<Vec<f64>>),
    /// Letters for classes of events, in the order in which CONFIG GET shows them.
    Events(Lens<String>),
    /// `<class> <hard> <soft> <seconds>`, several times.
    OutputLimits(Lens<OutputLimits>),
    /// A file's name without a folder; `otherwise` says so.
    FileName { at: Lens<Vec<u8>>, otherwise: &'static str },
    /// Three numbers from -2000 to 2000.
    OomScores(Lens<[i32; 3]>),
    /// Words about how to end.
    Shutdown(Lens<ShutdownWishes>),
    /// `<seconds> <changes>`, several times, gathered over several directives; an empty one takes
    /// away those before it.
    SavePoints(Lens<SavePoints>),
    /// `<command> <new name>`, gathered over several directives.
    Renames(Lens<Vec<RenameCommand>>),
}

/// Names of the classes of clients, and what Redis still calls them in replies.
const CLASSES: [&str; 3] = ["normal", "replica", "pubsub"];
const CLASSES_IN_REPLIES: [&str; 3] = ["normal", "slave", "pubsub"];

const PERCENT_MAX: i64 = 100;

impl Kind {
    /// Whether a value may be several words; the other kinds take exactly one.
    pub(crate) fn is_multi(&self) -> bool {
        use Kind::{
            Addresses, Fixed, OomScores, OutputLimits, Percentiles, Renames, SavePoints, Shutdown,
        };
        matches!(
            self,
            Addresses(_)
                | OomScores(_)
                | Percentiles(_)
                | OutputLimits(_)
                | Renames(_)
                | SavePoints(_)
                | Shutdown(_)
                | Fixed { .. }
        )
    }

    /// Reads `words` into `config`, or leaves it as it was and says why not.
    pub(crate) fn set(&self, config: &mut Config, words: &[&[u8]]) -> Result<(), Reason> {
        match self {
            Kind::Addresses(at) => (at.set)(config, addresses(words)?),
            Kind::Percentiles(at) => (at.set)(config, percentiles(words)?),
            Kind::OutputLimits(at) => {
                let limits = output_limits((at.get)(config), words)?;
                (at.set)(config, limits);
            }
            Kind::Renames(at) => {
                let &[from, to] = words else { return Err(WRONG_NUMBER.into()) };
                let mut renames = (at.get)(config);
                renames.push(RenameCommand { from: from.to_vec(), to: to.to_vec() });
                (at.set)(config, renames);
            }
            Kind::OomScores(at) => (at.set)(config, oom_scores(words)?),
            Kind::Shutdown(at) => (at.set)(config, shutdown_wishes(words)?),
            Kind::SavePoints(at) => {
                let mut points = (at.get)(config);
                points.add(without_empty(words))?;
                (at.set)(config, points);
            }
            Kind::Fixed { value, otherwise } => {
                if words.join(&b' ') != value.as_bytes() {
                    return Err((*otherwise).into());
                }
            }
            _ => {
                let &[word] = words else { return Err(WRONG_NUMBER.into()) };
                self.set_word(config, word)?;
            }
        }
        Ok(())
    }

    /// [`Kind::set`] for the kinds that take one word.
    fn set_word(&self, config: &mut Config, word: &[u8]) -> Result<(), Reason> {
        match self {
            Kind::Bool(at) => (at.set)(config, yes_or_no(word)?),
            Kind::Integer { min, max, at } => (at.set)(config, integer(word, *min, *max)?),
            Kind::Memory { min, max, at } => (at.set)(config, memory(word, *min, *max)?),
            Kind::MemoryOrPercent(at) => (at.set)(config, memory_or_percent(word)?),
            Kind::Octal { max, at } => (at.set)(config, octal(word, *max)?),
            Kind::Choice { words, at } => (at.set)(config, choice(word, words)?),
            Kind::Text(at) => (at.set)(config, word.to_vec()),
            Kind::Title(at) => (at.set)(config, title(word)?),
            Kind::Events(at) => (at.set)(config, events(word)?),
            Kind::FileName { otherwise, .. } if word.contains(&b'/') => {
                return Err((*otherwise).into());
            }
            Kind::FileName { at, .. } => (at.set)(config, word.to_vec()),
            Kind::Shutdown(_)
            | Kind::OomScores(_)
            | Kind::SavePoints(_)
            | Kind::Addresses(_)
            | Kind::Percentiles(_)
            | Kind::OutputLimits(_)
            | Kind::Renames(_)
            | Kind::Fixed { .. } => unreachable!("these take several words"),
        }
        Ok(())
    }

    /// The value as CONFIG GET shows it.
    pub(crate) fn get(&self, config: &Config) -> Vec<u8> {
        let text = match self {
            Kind::Bool(at) => if (at.get)(config) { "yes" } else { "no" }.to_owned(),
            Kind::Integer { at, .. } => (at.get)(config).to_string(),
            Kind::Memory { at, .. } => (at.get)(config).to_string(),
            Kind::MemoryOrPercent(at) => match (at.get)(config) {
                ClientMemory::Bytes(bytes) => bytes.to_string(),
                ClientMemory::Percent(percent) => format!("{percent}%"),
            },
            Kind::Octal { at, .. } => format!("{:o}", (at.get)(config)),
            Kind::Choice { words, at } => words[(at.get)(config)].to_owned(),
            Kind::Text(at) | Kind::FileName { at, .. } => return (at.get)(config),
            Kind::OomScores(at) => (at.get)(config).map(|score| score.to_string()).join(" "),
            Kind::Shutdown(at) => {
                let wishes = (at.get)(config);
                let shown = SHUTDOWN_WORDS.iter().filter(|(_, wish)| *wish(&mut wishes.clone()));
                let shown = shown.map(|(word, _)| *word).collect::<Vec<_>>().join(" ");
                if shown.is_empty() { "default".to_owned() } else { shown }
            }
            Kind::SavePoints(at) => {
                let points = (at.get)(config).points;
                let shown = points.iter().map(|one| format!("{} {}", one.seconds, one.changes));
                shown.collect::<Vec<_>>().join(" ")
            }
            Kind::Title(at) | Kind::Events(at) => (at.get)(config),
            Kind::Fixed { value, .. } => (*value).to_owned(),
            Kind::Addresses(at) => (at.get)(config).join(" "),
            Kind::Percentiles(at) => {
                (at.get)(config).into_iter().map(text::format_float).collect::<Vec<_>>().join(" ")
            }
            Kind::OutputLimits(at) => {
                let limits = (at.get)(config);
                class_lines(CLASSES_IN_REPLIES, &limits, |bytes| bytes.to_string()).join(" ")
            }
            Kind::Renames(at) => {
                return (at.get)(config)
                    .iter()
                    .flat_map(|rename| [&rename.from, &rename.to])
                    .map(|word| text::quote(word))
                    .collect::<Vec<_>>()
                    .join(&b' ');
            }
        };
        text.into_bytes()
    }

    /// The value as one line of a config file shows it, behind the name.
    pub(crate) fn line(&self, config: &Config) -> Vec<u8> {
        let text = match self {
            Kind::Memory { at, .. } => text::format_memory((at.get)(config)),
            Kind::OutputLimits(at) => {
                class_lines(CLASSES, &(at.get)(config), text::format_memory).join(" ")
            }
            Kind::Text(at) | Kind::FileName { at, .. } => return text::quote(&(at.get)(config)),
            Kind::Title(at) => return text::quote((at.get)(config).as_bytes()),
            _ => {
                let value = self.get(config);
                // A list without members.
                return if value.is_empty() { b"\"\"".to_vec() } else { value };
            }
        };
        text.into_bytes()
    }

    /// What a value may be, for humans.
    pub(crate) fn allowed(&self) -> String {
        match self {
            Kind::Bool(_) => "yes or no".to_owned(),
            Kind::Integer { min, max: i64::MAX, .. } => format!("an integer from {min}"),
            Kind::Integer { min: MIN_I32, max: MAX_I32, .. } => "an integer".to_owned(),
            Kind::Integer { min, max: MAX_I32, .. } => format!("an integer from {min}"),
            Kind::Integer { min, max, .. } => format!("an integer from {min} to {max}"),
            Kind::Memory { min: 0, .. } => MEMORY_ALLOWED.to_owned(),
            Kind::Memory { min, .. } => {
                format!("{MEMORY_ALLOWED}, from {}", text::format_memory(*min))
            }
            Kind::MemoryOrPercent(_) => format!("{MEMORY_ALLOWED}; or 0% to 100% of maxmemory"),
            Kind::Octal { max, .. } => format!("octal permission bits, 0 to {max:o}"),
            Kind::Choice { words, .. } => format!("one of {}", words.join(", ")),
            Kind::Text(_) => "any text".to_owned(),
            Kind::Title(_) => format!("text with {{{}}}", TITLE_VARIABLES.join("}, {")),
            Kind::FileName { .. } => "the name of a file, without a folder".to_owned(),
            Kind::OomScores(_) => {
                format!("three integers from -{OOM_SCORE_MAX} to {OOM_SCORE_MAX}")
            }
            Kind::Shutdown(_) => "default, or some of save, nosave, now, force".to_owned(),
            Kind::SavePoints(_) => "seconds and changes, several times, or \"\"".to_owned(),
            Kind::Events(_) => format!("letters of A{EVERY_EVENT}"),
            Kind::Fixed { value, .. } => format!("only \"{value}\""),
            Kind::Addresses(_) => format!("up to {BIND_ADDRESSES_MAX} addresses"),
            Kind::Percentiles(_) => "numbers from 0 to 100".to_owned(),
            Kind::OutputLimits(_) => {
                "normal, replica or pubsub with a hard limit, a soft limit and its seconds".into()
            }
            Kind::Renames(_) => "a command and its new name, which may be empty".to_owned(),
        }
    }
}

/// Twice what Linux knows, as they may be added to what is in force.
const OOM_SCORE_MAX: i64 = 2000;
const MIN_I32: i64 = i32::MIN as i64;
const MAX_I32: i64 = i32::MAX as i64;

const MEMORY_ALLOWED: &str = "bytes, or with unit k, kb, m, mb, g, gb";
const WRONG_NUMBER: &str = "wrong number of arguments";

/// A word and its place.
type ShutdownWord = (&'static str, fn(&mut ShutdownWishes) -> &mut bool);

const SHUTDOWN_WORDS: [ShutdownWord; 4] = [
    ("save", |wishes| &mut wishes.save),
    ("nosave", |wishes| &mut wishes.nosave),
    ("now", |wishes| &mut wishes.now),
    ("force", |wishes| &mut wishes.force),
];

fn shutdown_wishes(words: &[&[u8]]) -> Result<ShutdownWishes, Reason> {
    const BAD: &str = "argument(s) must be one of the following: default, save, nosave, now, force";
    let mut wishes = ShutdownWishes::default();
    if words.is_empty() {
        return Err(BAD.into());
    }
    for word in words {
        if word.eq_ignore_ascii_case(b"default") {
            continue;
        }
        let known =
            SHUTDOWN_WORDS.iter().find(|(known, _)| word.eq_ignore_ascii_case(known.as_bytes()));
        let (_, wish) = known
            .ok_or("argument(s) must be one of the following: default, save, nosave, now, force")?;
        *wish(&mut wishes) = true;
    }
    if wishes.save && wishes.nosave {
        return Err("shutdown-on-* can't have both save and nosave".into());
    }
    Ok(wishes)
}

fn oom_scores(words: &[&[u8]]) -> Result<[i32; 3], Reason> {
    let words: [&[u8]; 3] = words.try_into().map_err(|_| WRONG_NUMBER)?;
    let mut scores = [0; 3];
    for (score, word) in scores.iter_mut().zip(words) {
        let in_range = |number: &i64| (-OOM_SCORE_MAX..=OOM_SCORE_MAX).contains(number);
        // As in Redis, a missing number is none.
        let word = if word.is_empty() { b"0" } else { word };
        *score = parse_i64(word).filter(in_range).ok_or_else(|| {
            let range = format!("between -{OOM_SCORE_MAX} and {OOM_SCORE_MAX}");
            format!("Invalid oom-score-adj-values, elements must be {range}.")
        })? as i32;
    }
    Ok(scores)
}

impl SavePoints {
    /// Adds those of one directive; the first one takes the default's place.
    fn add(&mut self, words: &[&[u8]]) -> Result<(), Reason> {
        const BAD: &str = "Invalid save parameters";
        let (pairs, []) = words.as_chunks::<2>() else { return Err(BAD.into()) };
        let mut points = match self.is_default || pairs.is_empty() {
            true => Vec::new(),
            false => std::mem::take(&mut self.points),
        };
        for [seconds, changes] in pairs {
            let at_least = |word, min| parse_i64(word).filter(|number| *number >= min).ok_or(BAD);
            // As in Redis, a missing number of changes is none.
            let changes = if changes.is_empty() { &b"0"[..] } else { changes };
            let (seconds, changes) = (at_least(seconds, 1)?, at_least(changes, 0)?);
            points.push(SavePoint { seconds: seconds as u64, changes: changes as u64 });
        }
        *self = Self { points, is_default: false };
        Ok(())
    }
}

fn yes_or_no(word: &[u8]) -> Result<bool, Reason> {
    match word.to_ascii_lowercase().as_slice() {
        b"yes" => Ok(true),
        b"no" => Ok(false),
        _ => Err("argument must be 'yes' or 'no'".into()),
    }
}

fn integer(word: &[u8], min: i64, max: i64) -> Result<i64, Reason> {
    let value = parse_i64(word).ok_or("argument couldn't be parsed into an integer")?;
    if !(min..=max).contains(&value) {
        return Err(between(min, max));
    }
    Ok(value)
}

fn memory(word: &[u8], min: u64, max: u64) -> Result<u64, Reason> {
    let bytes = text::memory(word).ok_or("argument must be a memory value")?;
    if !(min..=max).contains(&bytes) {
        return Err(between(min, max));
    }
    Ok(bytes)
}

fn memory_or_percent(word: &[u8]) -> Result<ClientMemory, Reason> {
    if let Some(bytes) = text::memory(word) {
        let max = i64::MAX;
        // Redis keeps a share as a negative number of bytes, which is how it names the range.
        return if bytes > max as u64 {
            Err(between(-PERCENT_MAX, max))
        } else {
            Ok(ClientMemory::Bytes(bytes))
        };
    }
    let percent = word.strip_suffix(b"%").and_then(parse_i64).filter(|percent| *percent >= 0);
    match percent {
        None => Err("argument must be a memory or percent value".into()),
        Some(0) => Ok(ClientMemory::Bytes(0)),
        Some(percent @ 1..=PERCENT_MAX) => Ok(ClientMemory::Percent(percent as u8)),
        Some(_) => {
            Err(format!("percentage argument must be less or equal to {PERCENT_MAX}").into())
        }
    }
}

fn octal(word: &[u8], max: u32) -> Result<u32, Reason> {
    let bits = text::octal(word).ok_or("argument couldn't be parsed as an octal number")?;
    match u32::try_from(bits) {
        Ok(bits) if bits <= max => Ok(bits),
        _ => Err(format!("argument must be between 0 and {max:o} inclusive").into()),
    }
}

fn choice(word: &[u8], words: &[&str]) -> Result<usize, Reason> {
    words.iter().position(|choice| word.eq_ignore_ascii_case(choice.as_bytes())).ok_or_else(|| {
        format!("argument(s) must be one of the following: {}", words.join(", ")).into()
    })
}

fn between(min: impl std::fmt::Display, max: impl std::fmt::Display) -> Reason {
    format!("argument must be between {min} and {max} inclusive").into()
}

/// All letters for events, in the order in which they are shown.
const EVERY_EVENT: &str = "g$lshzxetdnocKEmSTIV";
/// Those of them that `A` stands for, which come first.
const USUAL_EVENTS: &str = "g$lshzxetd";

fn title(word: &[u8]) -> Result<String, Reason> {
    match std::str::from_utf8(word) {
        Ok(template) if is_template(template) => Ok(template.to_owned()),
        _ => Err("template format is invalid or contains unknown variables".into()),
    }
}

/// Letters in order, each once, and `A` where all are there that it stands for.
fn events(word: &[u8]) -> Result<String, Reason> {
    let mut wanted = String::new();
    for byte in word {
        match char::from(*byte) {
            'A' => wanted.push_str(USUAL_EVENTS),
            letter if EVERY_EVENT.contains(letter) => wanted.push(letter),
            _ => {
                let letters = format!("A{EVERY_EVENT}");
                return Err(format!("Invalid event class character. Use '{letters}'.").into());
            }
        }
    }
    let letters: String = EVERY_EVENT.chars().filter(|letter| wanted.contains(*letter)).collect();
    Ok(match letters.strip_prefix(USUAL_EVENTS) {
        Some(rest) => format!("A{rest}"),
        None => letters,
    })
}

fn addresses(words: &[&[u8]]) -> Result<Vec<String>, Reason> {
    if words.len() > BIND_ADDRESSES_MAX {
        return Err("Too many bind addresses specified.".into());
    }
    let words = without_empty(words);
    // What needs quotes is no address, and must not be written to a file, which has none here.
    let is_plain = |word: &[u8]| !word.is_empty() && text::quote(word) == word;
    if !words.iter().all(|word| is_plain(word)) {
        return Err("Failed to bind to specified addresses.".into());
    }
    Ok(words.iter().map(|word| String::from_utf8_lossy(word).into()).collect())
}

fn percentiles(words: &[&[u8]]) -> Result<Vec<f64>, Reason> {
    let mut values = Vec::new();
    for word in without_empty(words) {
        let value =
            parse_f64(word).ok_or("Invalid latency-tracking-info-percentiles parameters")?;
        if !(0.0..=100.0).contains(&value) {
            return Err("latency-tracking-info-percentiles parameters should sit between \
                        [0.0,100.0]"
                .into());
        }
        values.push(value);
    }
    Ok(values)
}

/// A single empty word stands for an empty list.
fn without_empty<'a, 'b>(words: &'a [&'b [u8]]) -> &'a [&'b [u8]] {
    if matches!(words, [b""]) { &[] } else { words }
}

/// `limits` with the classes in `words` replaced.
fn output_limits(mut limits: OutputLimits, words: &[&[u8]]) -> Result<OutputLimits, Reason> {
    const BAD_LIMIT: &str =
        "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
    let (groups, []) = words.as_chunks::<4>() else {
        return Err("Wrong number of arguments in buffer limit configuration.".into());
    };
    for &[class, hard, soft, seconds] in groups {
        let limit = match class.to_ascii_lowercase().as_slice() {
            b"normal" => &mut limits.normal,
            b"slave" | b"replica" => &mut limits.replica,
            b"pubsub" => &mut limits.pubsub,
            _ => return Err("Invalid client class specified in buffer limit configuration.".into()),
        };
        *limit = OutputLimit {
            hard_bytes: text::memory(hard).ok_or(BAD_LIMIT)?,
            soft_bytes: text::memory(soft).ok_or(BAD_LIMIT)?,
            soft_seconds: parse_i64(seconds)
                .and_then(|seconds| u64::try_from(seconds).ok())
                .ok_or(BAD_LIMIT)?,
        };
    }
    Ok(limits)
}

/// `<class> <hard> <soft> <seconds>` of each class.
fn class_lines(classes: [&str; 3], limits: &OutputLimits, bytes: fn(u64) -> String) -> Vec<String> {
    let limits = [limits.normal, limits.replica, limits.pubsub];
    classes
        .iter()
        .zip(limits)
        .map(|(class, limit)| {
            let (hard, soft) = (bytes(limit.hard_bytes), bytes(limit.soft_bytes));
            format!("{class} {hard} {soft} {}", limit.soft_seconds)
        })
        .collect()
}
