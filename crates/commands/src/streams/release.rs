//! XNACK: giving up entries, for others to take over.

use command::{Args, Error, Result};
use engine::Context;
use resp::Writer;
use value::stream::{Stream, StreamId};

use super::groups::no_group;
use super::ids::exact;
use super::pending::COUNT_MAX;
use crate::options::is;

/// What happens to the number of deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// The last one does not count.
    Silent,
    /// It stays.
    Fail,
    /// It is the highest that there can be.
    Fatal,
}

impl Mode {
    fn parse(word: &[u8]) -> Result<Self> {
        match word {
            word if is(word, "SILENT") => Ok(Self::Silent),
            word if is(word, "FAIL") => Ok(Self::Fail),
            word if is(word, "FATAL") => Ok(Self::Fatal),
            _ => Err(Error::new("mode must be SILENT, FAIL, or FATAL")),
        }
    }

    fn count(self, old: u64) -> u64 {
        match self {
            Self::Silent => old.saturating_sub(1),
            Self::Fail => old,
            Self::Fatal => COUNT_MAX,
        }
    }
}

struct Request {
    mode: Mode,
    ids: Vec<StreamId>,
    count: Option<u64>,
    force: bool,
}

impl Request {
    fn parse(args: Args<'_>) -> Result<Self> {
        let mode = Mode::parse(args.at(3))?;
        let (mut ids, mut count, mut force) = (None, None, false);
        let mut at = 4;
        while let Some(word) = args.get(at) {
            let more = args.len() - 1 - at;
            if is(word, "FORCE") {
                force = true;
                at += 1;
            } else if is(word, "RETRYCOUNT") && more > 0 {
                let number = u64::try_from(args.int(at + 1)?);
                let error = Error::new("Invalid RETRYCOUNT value, must be >= 0");
                count = Some(number.map_err(|_| error)?);
                at += 2;
            } else if is(word, "IDS") && more > 0 && ids.is_none() {
                let number = args.int(at + 1).ok().and_then(|number| usize::try_from(number).ok());
                let number = number.filter(|number| *number > 0);
                let number = number.ok_or(Error::new("numids must be a positive integer"))?;
                if number > more - 1 {
                    return Err(Error::new("number of IDs doesn't match numids"));
                }
                let words = args.iter_from(at + 2).take(number);
                ids = Some(words.map(|word| exact(word, 0)).collect::<Result<Vec<_>>>()?);
                at += 2 + number;
            } else {
                return Err(Error::quoting("Unrecognized XNACK option '", word, "'"));
            }
        }
        let ids = ids.ok_or(Error::new("syntax error, expected IDS keyword"))?;
        Ok(Self { mode, ids, count, force })
    }
}

/// XNACK key group SILENT | FAIL | FATAL IDS numids id [id ...] [RETRYCOUNT count] [FORCE]
pub(super) fn xnack(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut edit = context.edit(context.key(args, 1));
    let (key, name) = (args.at(1), args.at(2));
    if edit.get::<Stream>()?.and_then(|stream| stream.group(name)).is_none() {
        return Err(no_group(key, name, ""));
    }
    let request = Request::parse(args)?;
    let Some(stream) = edit.get_mut::<Stream>()? else { return Ok(()) };
    let exist: Vec<bool> =
        request.ids.iter().map(|id| request.force && stream.contains(*id)).collect();
    let mut released = 0;
    if let Some(mut group) = stream.group_mut(name) {
        for (id, may_be_new) in request.ids.iter().zip(exist) {
            let count = match group.pending().get(id) {
                Some(pending) => request.mode.count(pending.count),
                None if may_be_new => request.mode.count(0),
                None => continue,
            };
            group.release(*id, request.count.unwrap_or(count));
            released += 1;
        }
    }
    edit.silent();
    edit.count(released);
    reply.integer(released as i64);
    Ok(())
}
