//! LOLWUT: a picture, never the same, and the version.

use std::rc::Rc;

use command::{Args, Error, Group, Result, Spec, flag};
use resp::Writer;
use stdx::rng::Rng;

use crate::client::Client;
use crate::clock;
use crate::command::SessionCommand;
use crate::core::Core;
use crate::session::basic::REDIS_VERSION;

/// Size of the picture where it is not told, and at most.
const COLUMNS: (i64, i64) = (40, 200);
const ROWS: (i64, i64) = (12, 100);

pub(crate) const COMMANDS: &[SessionCommand] =
    &[SessionCommand::now(
        Spec::new(Group::Server, "LOLWUT [VERSION version:int]", -1, flag::READONLY | flag::FAST)
            .doc("5.0.0", "O(size of the picture)", "A picture, and the version."),
        lolwut,
    )];

/// LOLWUT [VERSION version] [columns [rows]]
fn lolwut(_: &Rc<Core>, _: &Rc<Client>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut first = 1;
    if args.get(1).is_some_and(|word| word.eq_ignore_ascii_case(b"version")) && args.len() > 2 {
        // Redis chooses the picture by it; here is only this one.
        args.int(2)?;
        first = 3;
    }
    let size = |at: usize, (default, max): (i64, i64)| match args.get(at) {
        None => Ok(default as usize),
        Some(_) => args.int(at).map(|size| size.clamp(1, max) as usize),
    };
    let (columns, rows) = (size(first, COLUMNS)?, size(first + 1, ROWS)?);
    if args.len() > first + 2 {
        return Err(Error::Syntax);
    }
    let mut picture = weave(columns, rows, &mut Rng::new(clock::now_us() as u64));
    picture += &format!("\nMerops ver. {}\n", env!("CARGO_PKG_VERSION"));
    picture += &format!("Redis ver. {REDIS_VERSION}\n");
    reply.verbatim("txt", picture.as_bytes());
    Ok(())
}

/// A wing and its mirror image, woven of diagonals.
fn weave(columns: usize, rows: usize, rng: &mut Rng) -> String {
    let mut picture = String::new();
    for _ in 0..rows {
        let wing: Vec<bool> = (0..columns.div_ceil(2)).map(|_| rng.below(2) == 0).collect();
        let stroke = |up: bool| if up { '╱' } else { '╲' };
        picture.extend(wing.iter().map(|up| stroke(*up)));
        picture.extend(wing.iter().rev().skip(columns % 2).map(|up| stroke(!up)));
        picture.push('\n');
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_symmetric_and_of_the_size_asked_for() {
        for (columns, rows) in [(1, 1), (8, 3), (9, 2)] {
            let picture = weave(columns, rows, &mut Rng::new(7));
            assert_eq!(picture.lines().count(), rows);
            for line in picture.lines() {
                let line: Vec<char> = line.chars().collect();
                assert_eq!(line.len(), columns);
                for at in 0..columns / 2 {
                    assert_ne!(line[at], line[columns - 1 - at], "mirrored strokes lean apart");
                }
            }
        }
    }
}
