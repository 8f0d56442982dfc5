//! Ranges by rank, by score and by member.

use command::{Error, Result};
use stdx::number::{Decimal, parse_f64, parse_i64};
use value::Zset;
use value::listpack::Item;

use crate::options::is;

/// One end of a range of scores.
#[derive(Clone, Copy, Debug)]
struct ScoreBound {
    score: f64,
    excluded: bool,
}

impl ScoreBound {
    fn parse(word: &[u8]) -> Result<Self> {
        let (text, excluded) = match word {
            [b'(', rest @ ..] => (rest, true),
            _ => (word, false),
        };
        // As the C library reads it, nothing is zero.
        let score = match text {
            b"" => 0.0,
            _ => parse_f64(text).ok_or(Error::new("min or max is not a float"))?,
        };
        Ok(Self { score, excluded })
    }
}

/// One end of a range of members.
#[derive(Clone, Debug)]
enum LexBound {
    Lowest,
    Highest,
    Member { member: Vec<u8>, excluded: bool },
}

impl LexBound {
    fn parse(word: &[u8]) -> Result<Self> {
        match word {
            b"-" => Ok(Self::Lowest),
            b"+" => Ok(Self::Highest),
            [b'(', member @ ..] => Ok(Self::Member { member: member.to_vec(), excluded: true }),
            [b'[', member @ ..] => Ok(Self::Member { member: member.to_vec(), excluded: false }),
            _ => Err(Error::new("min or max not valid string range item")),
        }
    }
}

/// Which members are meant.
#[derive(Clone, Debug)]
pub(super) struct Range(Ends);

#[derive(Clone, Debug)]
enum Ends {
    /// Counted from the end where negative.
    Ranks(i64, i64),
    Scores(ScoreBound, ScoreBound),
    Members(LexBound, LexBound),
}

/// What a range is given by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Rank,
    Score,
    Lex,
}

impl Range {
    /// From the lower to the upper end.
    pub(super) fn parse(by: By, min: &[u8], max: &[u8]) -> Result<Self> {
        let rank = |word| parse_i64(word).ok_or(Error::NotInteger);
        Ok(Self(match by {
            By::Rank => Ends::Ranks(rank(min)?, rank(max)?),
            By::Score => Ends::Scores(ScoreBound::parse(min)?, ScoreBound::parse(max)?),
            By::Lex => Ends::Members(LexBound::parse(min)?, LexBound::parse(max)?),
        }))
    }

    /// The first rank and how many there are. Ranks are counted from the end if `is_reverse`.
    /// O(log members).
    pub(super) fn resolve(&self, zset: &Zset, is_reverse: bool) -> (usize, usize) {
        let len = zset.len();
        let (start, end) = match &self.0 {
            Ends::Ranks(start, stop) => {
                let len = len as i64;
                let absolute = |rank: i64| if rank < 0 { len.saturating_add(rank) } else { rank };
                let (start, stop) = (absolute(*start).max(0), absolute(*stop).min(len - 1));
                if start > stop {
                    return (0, 0);
                }
                match is_reverse {
                    false => (start as usize, stop as usize + 1),
                    true => ((len - 1 - stop) as usize, (len - start) as usize),
                }
            }
            Ends::Scores(min, max) => (
                zset.partition_point(|_, score| is_below(score, *min)),
                zset.partition_point(|_, score| !is_above(score, *max)),
            ),
            Ends::Members(min, max) if !may_have(zset, min, max) => return (0, 0),
            Ends::Members(min, max) => (
                zset.partition_point(|member, _| lex_is_below(member, min)),
                zset.partition_point(|member, _| !lex_is_above(member, max)),
            ),
        };
        (start, end.saturating_sub(start))
    }
}

/// Whether the first and the last member let others between the bounds be expected: with scores that
/// differ, where names have no order, Redis goes by that.
fn may_have(zset: &Zset, min: &LexBound, max: &LexBound) -> bool {
    let (mut begins_above, mut ends_below) = (true, true);
    zset.range(0, 1, false, |first, _| begins_above = lex_is_above(first, max));
    let last = zset.len().wrapping_sub(1);
    zset.range(last, 1, false, |last, _| ends_below = lex_is_below(last, min));
    !begins_above && !ends_below
}

fn is_below(score: f64, min: ScoreBound) -> bool {
    if min.excluded { score <= min.score } else { score < min.score }
}

fn is_above(score: f64, max: ScoreBound) -> bool {
    if max.excluded { score >= max.score } else { score > max.score }
}

fn lex_is_below(item: Item<'_>, min: &LexBound) -> bool {
    let mut text = Decimal::new();
    match min {
        LexBound::Lowest => false,
        LexBound::Highest => true,
        LexBound::Member { member, excluded: true } => item.bytes(&mut text) <= member.as_slice(),
        LexBound::Member { member, excluded: false } => item.bytes(&mut text) < member.as_slice(),
    }
}

fn lex_is_above(item: Item<'_>, max: &LexBound) -> bool {
    let mut text = Decimal::new();
    match max {
        LexBound::Lowest => true,
        LexBound::Highest => false,
        LexBound::Member { member, excluded: true } => item.bytes(&mut text) >= member.as_slice(),
        LexBound::Member { member, excluded: false } => item.bytes(&mut text) > member.as_slice(),
    }
}

/// Which part of a range is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) offset: i64,
    /// All if negative.
    pub(super) count: i64,
}

impl Limit {
    /// What is left of a range of so many, as how many to skip and how many to take.
    pub(super) fn apply(self, len: usize) -> (usize, usize) {
        let Ok(offset) = usize::try_from(self.offset) else { return (0, 0) };
        let rest = len.saturating_sub(offset);
        (offset.min(len), usize::try_from(self.count).map_or(rest, |count| count.min(rest)))
    }
}

/// MIN or MAX.
pub(super) fn is_max(word: &[u8]) -> Result<bool> {
    if is(word, "MAX") {
        Ok(true)
    } else if is(word, "MIN") {
        Ok(false)
    } else {
        Err(Error::Syntax)
    }
}
