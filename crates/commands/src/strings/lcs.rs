//! The longest common subsequence of two strings.

use command::{Args, Error, Result, Words};
use engine::{Context, Limits, Plan, PlanFuture};
use keyspace::Key;
use resp::Writer;

use crate::options::is;

#[derive(Default)]
struct Options {
    len: bool,
    indexes: bool,
    with_match_len: bool,
    match_len_min: usize,
}

impl Options {
    fn parse(mut words: Words<'_>) -> Result<Self> {
        let mut options = Self::default();
        while let Some(word) = words.next_word() {
            if is(word, "LEN") {
                options.len = true;
            } else if is(word, "IDX") {
                options.indexes = true;
            } else if is(word, "WITHMATCHLEN") {
                options.with_match_len = true;
            } else if is(word, "MINMATCHLEN") {
                options.match_len_min = usize::try_from(words.int()?).unwrap_or(0);
            } else {
                return Err(Error::Syntax);
            }
        }
        if options.len && options.indexes {
            let text = "If you want both the length and indexes, please just use IDX.";
            return Err(Error::new(text));
        }
        Ok(options)
    }
}

/// LCS key1 key2 [LEN] [IDX] [MINMATCHLEN n] [WITHMATCHLEN]
pub(super) fn lcs(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    // Redis looks at the keys before the options.
    let a = read(context, context.key(args, 1))?;
    let b = read(context, context.key(args, 2))?;
    answer(&a, &b, &Options::parse(args.words_from(3))?, context.limits, reply)
}

/// LCS of keys on two shards.
pub(super) fn lcs_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(async move {
        let a = plan.on_key(1, |context, key| (read(context, key), *context.limits));
        let b = plan.on_key(2, read);
        let ((a, limits), b) = (a.await, b.await);
        let (a, b) = (a?, b?);
        let options = Options::parse(plan.args().words_from(3))?;
        answer(&a, &b, &options, &limits, &mut plan.reply())
    })
}

/// The string of a key; of one that does not exist, an empty one.
fn read(context: &mut Context<'_>, key: Key<'_>) -> Result<Vec<u8>> {
    match context.read(key).map(|entry| entry.string()).transpose() {
        Ok(string) => Ok(string.map_or(Vec::new(), |string| string.to_vec())),
        Err(_) => Err(Error::new("The specified keys must contain string values")),
    }
}

fn answer(
    a: &[u8],
    b: &[u8],
    options: &Options,
    limits: &Limits,
    reply: &mut Writer<'_>,
) -> Result {
    let table = Table::new(a, b, limits.string_bytes_max)?;
    let len = i64::from(table.at(a.len(), b.len()));
    if options.len {
        reply.integer(len);
        return Ok(());
    }
    let runs = table.runs(a, b);
    if !options.indexes {
        let common = runs.iter().rev().flat_map(|run| &a[run.a..run.a + run.len]);
        reply.bulk(&common.copied().collect::<Vec<u8>>());
        return Ok(());
    }
    let shown: Vec<&Run> = runs.iter().filter(|run| run.len >= options.match_len_min).collect();
    reply.map(2);
    reply.bulk(b"matches");
    reply.array(shown.len());
    for run in shown {
        reply.array(if options.with_match_len { 3 } else { 2 });
        for start in [run.a, run.b] {
            reply.array(2);
            reply.integer(start as i64);
            reply.integer((start + run.len - 1) as i64);
        }
        if options.with_match_len {
            reply.integer(run.len as i64);
        }
    }
    reply.bulk(b"len");
    reply.integer(len);
    Ok(())
}

/// Bytes that both strings have in a row: `a[a..a + len]` and `b[b..b + len]`.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    a: usize,
    b: usize,
    len: usize,
}

/// For each pair of prefixes the length of their longest common subsequence: the textbook's
/// dynamic programme, in O(|a| · |b|) time and memory.
struct Table {
    lens: Vec<u32>,
    width: usize,
}

impl Table {
    fn new(a: &[u8], b: &[u8], bytes_max: usize) -> Result<Self> {
        let (height, width) = (a.len() + 1, b.len() + 1);
        let cells_max = bytes_max / size_of::<u32>();
        let cells = height.checked_mul(width).filter(|cells| *cells <= cells_max).ok_or(
            Error::new("Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"),
        )?;
        let mut lens = vec![0; cells];
        for (row, byte) in a.iter().enumerate() {
            let (above, below) = lens[row * width..(row + 2) * width].split_at_mut(width);
            for (column, other) in b.iter().enumerate() {
                below[column + 1] = match byte == other {
                    true => above[column] + 1,
                    false => above[column + 1].max(below[column]),
                };
            }
        }
        Ok(Self { lens, width })
    }

    fn at(&self, a_len: usize, b_len: usize) -> u32 {
        self.lens[a_len * self.width + b_len]
    }

    /// The subsequence as runs, from the last to the first.
    fn runs(&self, a: &[u8], b: &[u8]) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let (mut i, mut j) = (a.len(), b.len());
        while i > 0 && j > 0 {
            if a[i - 1] == b[j - 1] {
                match runs.last_mut() {
                    Some(run) if run.a == i && run.b == j => {
                        *run = Run { a: i - 1, b: j - 1, len: run.len + 1 };
                    }
                    _ => runs.push(Run { a: i - 1, b: j - 1, len: 1 }),
                }
                (i, j) = (i - 1, j - 1);
            } else if self.at(i - 1, j) > self.at(i, j - 1) {
                i -= 1;
            } else {
                j -= 1;
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests;
