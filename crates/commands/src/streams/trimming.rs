//! How XADD and XTRIM trim, and the options of both.

use command::{Args, Error, Result};
use value::stream::{Stream, Trim};

use super::ids::{Wanted, exact};
use super::references::References;
use crate::options::is;

/// How XADD and XTRIM trim.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trimming {
    what: Trim,
    is_approximate: bool,
    /// The most entries that may go; 0 for any number.
    limit: usize,
    references: References,
}

/// The options before an entry's id, or all of XTRIM's.
pub(super) struct Options<'a> {
    pub(super) trimming: Option<Trimming>,
    pub(super) makes_stream: bool,
    /// The producer and, unless it is to be made, the name that it gives to the entry.
    pub(super) producer: Option<(&'a [u8], Option<&'a [u8]>)>,
    pub(super) wanted: Option<Wanted>,
    /// Where the id is, or the end.
    pub(super) at: usize,
}

impl<'a> Options<'a> {
    pub(super) fn parse(args: Args<'a>, is_add: bool, entries_per_block: usize) -> Result<Self> {
        let (mut what, mut is_approximate, mut limit) = (None, false, None);
        let (mut makes_stream, mut wanted, mut references) = (true, None, References::Keep);
        let mut producer = None;
        let mut at = 2;
        while let Some(word) = args.get(at) {
            let more = args.len() - 1 - at;
            let is_trim = more > 0 && (is(word, "MAXLEN") || is(word, "MINID"));
            if is_add && word == b"*" {
                wanted = Some(Wanted::New);
                break;
            } else if is_trim {
                if what.is_some() {
                    return Err(Error::new(
                        "syntax error, MAXLEN and MINID options at the same time are not compatible",
                    ));
                }
                is_approximate = more >= 2 && args.at(at + 1) == b"~";
                at += usize::from(more >= 2 && matches!(args.at(at + 1), b"~" | b"="));
                what = Some(parse_trim(word, args, at + 1)?);
                at += 1;
            } else if more > 0 && is(word, "LIMIT") {
                let number = args.int(at + 1)?;
                let error = Error::new("The LIMIT argument must be >= 0.");
                limit = Some(usize::try_from(number).map_err(|_| error)?);
                at += 1;
            } else if is_add && is(word, "NOMKSTREAM") {
                makes_stream = false;
            } else if let Some(choice) = References::parse(word) {
                references = choice;
            } else if is_add && more > 1 && is_named(word) {
                if producer.is_some() {
                    return Err(Error::new("IDMP/IDMPAUTO specified multiple times"));
                }
                let named = parse_producer(args, at)?;
                at += if named.1.is_some() { 2 } else { 1 };
                producer = Some(named);
            } else if is_add {
                wanted = Some(Wanted::parse(word)?);
                break;
            } else {
                return Err(Error::Syntax);
            }
            at += 1;
        }
        if producer.is_some() && wanted.is_some_and(|wanted| wanted != Wanted::New) {
            return Err(Error::new("IDMP/IDMPAUTO can be used only with auto-generated IDs"));
        }
        let trimming = check(what, is_approximate, limit, is_add, entries_per_block)?;
        let trimming = trimming.map(|trimming| Trimming { references, ..trimming });
        Ok(Self { trimming, makes_stream, producer, wanted, at })
    }
}

fn is_named(word: &[u8]) -> bool {
    is(word, "IDMP") || is(word, "IDMPAUTO")
}

/// `IDMP producer name`, or `IDMPAUTO producer`.
fn parse_producer(args: Args<'_>, at: usize) -> Result<(&[u8], Option<&[u8]>)> {
    let names_it = is(args.at(at), "IDMP");
    let producer = args.at(at + 1);
    if producer.is_empty() {
        return Err(Error::new(match names_it {
            true => "IDMP requires a non-empty producer ID",
            false => "IDMPAUTO requires a non-empty producer ID",
        }));
    }
    let name = names_it.then(|| args.at(at + 2));
    if name.is_some_and(<[u8]>::is_empty) {
        return Err(Error::new("IDMP requires a non-empty idempotent ID"));
    }
    Ok((producer, name))
}

fn parse_trim(word: &[u8], args: Args<'_>, at: usize) -> Result<Trim> {
    if is(word, "MINID") {
        return exact(args.at(at), 0).map(Trim::MinId);
    }
    let most = usize::try_from(args.int(at)?);
    Ok(Trim::MaxLen(most.map_err(|_| Error::new("The MAXLEN argument must be >= 0."))?))
}

fn check(
    what: Option<Trim>,
    is_approximate: bool,
    limit: Option<usize>,
    is_add: bool,
    entries_per_block: usize,
) -> Result<Option<Trimming>> {
    if what.is_none() && limit.is_some_and(|limit| limit > 0) {
        return Err(Error::new(
            "syntax error, LIMIT cannot be used without specifying a trimming strategy",
        ));
    }
    let Some(what) = what else {
        return match is_add {
            true => Ok(None),
            false => Err(Error::new("syntax error, XTRIM must be called with a trimming strategy")),
        };
    };
    if limit.is_some() && !is_approximate {
        return Err(Error::new("syntax error, LIMIT cannot be used without the special ~ option"));
    }
    // A hundred blocks, unless the call says otherwise.
    let usual = match entries_per_block {
        0 => 10_000,
        entries => entries.saturating_mul(100).min(1_000_000),
    };
    let limit = if is_approximate { limit.unwrap_or(usual) } else { 0 };
    Ok(Some(Trimming { what, is_approximate, limit, references: References::Keep }))
}

impl Trimming {
    pub(super) fn run(self, stream: &mut Stream) -> usize {
        match self.references {
            References::Keep => stream.trim(self.what, self.is_approximate, self.limit),
            references => {
                stream.trim_if(self.what, self.is_approximate, self.limit, |groups, id| {
                    references.let_go(groups, id)
                })
            }
        }
    }

    /// The options by which a replay trims the same: an approximation could come out otherwise
    /// there.
    pub(super) fn outcome(self, stream: &Stream) -> Vec<Vec<u8>> {
        let (option, bound) = match (self.what, self.references) {
            (Trim::MinId(_), References::Keep) if !stream.is_empty() => {
                ("MINID", stream.first_id().to_string())
            }
            // What may not go can be before what went, so that no id says where it ended.
            _ => ("MAXLEN", stream.len().to_string()),
        };
        let mut words = vec![option.into(), b"=".to_vec(), bound.into_bytes()];
        words.extend(self.references.word().map(|word| word.as_bytes().to_vec()));
        words
    }
}
