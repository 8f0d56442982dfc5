//! What of a call each shard has to do, for those who see all calls and are one shard of many.

use command::{Args, Positions};

use crate::command::{Command, Run};
use crate::router::Router;

/// One shard's share of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Share<'a> {
    /// It is others' alone.
    Nothing,
    /// It runs there as it is.
    Whole,
    /// It runs there with these arguments, and with the rest elsewhere.
    Part(Vec<&'a [u8]>),
    /// These shards run it together.
    Joint(Vec<usize>),
}

/// The arguments of a part of a call: what comes before its keys, the keys of which `is_own` says
/// by their numbers that they are the part's, each with what belongs to it, and what comes behind.
pub(crate) fn part_args<'a>(
    args: Args<'a>,
    positions: Positions,
    is_own: impl Fn(usize) -> bool,
) -> impl Iterator<Item = &'a [u8]> {
    let Positions { first, step, count } = positions;
    let own = (0..count).filter(move |key| is_own(*key));
    let groups = own.flat_map(move |key| {
        let at = first + key * step;
        (at..(at + step).min(args.len())).map(move |index| args.at(index))
    });
    let before = (0..first).map(move |index| args.at(index));
    before.chain(groups).chain(args.iter_from(first + count * step))
}

impl Router {
    /// What of a call this thread's shard has to do.
    pub fn share<'a>(&self, command: &Command, args: Args<'a>) -> Share<'a> {
        let (own, specs) = (self.thread(), command.spec.keys);
        let positions = || specs.iter().filter_map(|keys| keys.resolve(args));
        if matches!(command.run, Run::Everywhere { .. }) {
            return Share::Whole;
        }
        let Some(first) = positions().next() else {
            // Where calls without keys run is all the same, as long as it is one place.
            return if own == 0 { Share::Whole } else { Share::Nothing };
        };
        let owner = |at: usize| self.owner(args.at(at));
        let alone = |is_own: bool| if is_own { Share::Whole } else { Share::Nothing };
        match command.run {
            Run::Scatter { .. } if (args.len() - first.first).is_multiple_of(first.step) => {
                let owners: Vec<usize> = first.iter().map(owner).collect();
                match owners.iter().filter(|owner| **owner == own).count() {
                    0 => Share::Nothing,
                    all if all == owners.len() => Share::Whole,
                    _ => Share::Part(part_args(args, first, |key| owners[key] == own).collect()),
                }
            }
            Run::Plan { .. } | Run::Block(_) => {
                let mut owners: Vec<usize> =
                    positions().flat_map(Positions::iter).map(owner).collect();
                owners.sort_unstable();
                owners.dedup();
                match owners.contains(&own) {
                    true if owners.len() > 1 => Share::Joint(owners),
                    is_own => alone(is_own),
                }
            }
            _ => alone(owner(first.first) == own),
        }
    }
}

#[cfg(test)]
mod tests {
    use resp::Span;

    use super::*;

    fn parts(line: &str, first: usize, step: usize, own: &[usize]) -> Vec<String> {
        let mut at = 0;
        let span = |word: &str| {
            let span = Span { start: at, len: word.len() as u32 };
            at += word.len() as u32 + 1;
            span
        };
        let spans: Vec<Span> = line.split(' ').map(span).collect();
        let args = Args::new(line.as_bytes(), &spans);
        let count = (args.len() - first) / step;
        let part = part_args(args, Positions { first, step, count }, |key| own.contains(&key));
        part.map(|word| String::from_utf8(word.to_vec()).unwrap()).collect()
    }

    #[test]
    fn a_part_has_its_keys_with_what_belongs_to_them() {
        assert_eq!(parts("MSET a 1 b 2 c 3", 1, 2, &[0, 2]), ["MSET", "a", "1", "c", "3"]);
        assert_eq!(parts("DEL a b c", 1, 1, &[1]), ["DEL", "b"]);
    }
}
