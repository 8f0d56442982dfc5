//! Random sequences of commands from a seed.

use testkit::Random;

use crate::grammar::Sentence;
use crate::scripts;
use crate::shapes::{KEYS, Shape};
use crate::table::{Compare, Row, Who, rows};

/// Who gets a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// Both servers.
    Both,
    /// Both, from the client that listens.
    Listener,
    /// Merops alone.
    Merops,
}

/// Something that happens to both servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A command.
    Command {
        /// Its words.
        words: Vec<Vec<u8>>,
        /// How replies compare.
        compare: Compare,
        /// Who gets it.
        to: To,
        /// Whether it goes out together with the one before it.
        joined: bool,
    },
    /// Time for keys to expire, in milliseconds.
    Pause(u64),
}

impl Step {
    /// A command whose reply is the same to the byte.
    pub(crate) fn plain(words: Vec<Vec<u8>>, joined: bool) -> Step {
        Step::Command { words, compare: Compare::Bytes, to: To::Both, joined }
    }
}

/// How long a key lives that is to expire during the stream, and how long everybody then waits.
const SHORT_LIFE_MS: &str = "30";
const PAUSE_MS: u64 = 60;

/// Makes streams.
#[derive(Debug)]
pub struct Streams {
    rows: Vec<(Row, Sentence)>,
    weights: usize,
}

impl Streams {
    /// Streams of all rows whose commands `merops_has`.
    pub fn new(merops_has: impl Fn(&str) -> bool) -> Streams {
        let wanted = |row: &&Row| row.who != Who::IfMeropsHas || merops_has(row.command());
        let rows: Vec<_> = rows().filter(wanted).map(|row| (row.clone(), row.sentence())).collect();
        let weights = rows.iter().map(|(row, _)| row.weight).sum();
        Streams { rows, weights }
    }

    /// Leaves out the commands that redis-server does not have.
    pub fn leave_out_newer(&mut self) {
        self.rows.retain(|(row, _)| row.who != Who::Merops);
        self.weights = self.rows.iter().map(|(row, _)| row.weight).sum();
    }

    /// The stream of this seed.
    pub fn stream(&self, seed: u64, length: usize) -> Vec<Step> {
        let mut random = Random::new(seed);
        let mut steps = Vec::with_capacity(length);
        while steps.len() < length {
            if random.one_in(400) {
                self.expiry(&mut random, &mut steps);
            } else if random.one_in(60) {
                steps.extend(scripts::transaction(&mut random, |random| self.command(random)));
            } else {
                steps.push(self.command(&mut random));
            }
        }
        steps
    }

    fn command(&self, random: &mut Random) -> Step {
        let mut place = random.below(self.weights);
        let chosen = self.rows.iter().find(|(row, _)| {
            let found = place < row.weight;
            place = place.saturating_sub(row.weight);
            found
        });
        let (row, sentence) = chosen.expect("the place is below the sum of all weights");
        let mut words = Vec::new();
        sentence.say(random, &mut words);
        let mut compare = row.compare;
        if row.may_spoil && random.one_in(15) {
            spoil(&mut words, random);
            // Without its arguments it may be another command: bare COMMAND lists all there are.
            compare = if words.len() == 1 { Compare::Type } else { compare };
        }
        let to = match row.who {
            Who::Merops => To::Merops,
            Who::Listener => To::Listener,
            Who::Both | Who::IfMeropsHas => To::Both,
        };
        if to == To::Both && scripts::can_wrap(&words) && random.one_in(8) {
            words = scripts::wrap(&words, compare, random);
        }
        Step::Command { words, compare, to, joined: !random.one_in(4) }
    }

    /// Some keys that expire before the next command.
    fn expiry(&self, random: &mut Random, steps: &mut Vec<Step>) {
        let ways = ["SET key value PX", "PEXPIRE key", "GETEX key PX"];
        for _ in 0..1 + random.below(5) {
            let mut words = Vec::new();
            Sentence::parse(ways[random.below(ways.len())]).say(random, &mut words);
            words.push(SHORT_LIFE_MS.into());
            steps.push(Step::plain(words, true));
        }
        steps.push(Step::Pause(PAUSE_MS));
        // Whoever looks at a key removes it; until then DBSIZE may count it or not.
        let words = std::iter::once(b"EXISTS".to_vec()).chain(KEYS.iter().map(|key| key.to_vec()));
        steps.push(Step::plain(words.collect(), false));
    }
}

/// Makes a command wrong, or nearly so.
fn spoil(words: &mut Vec<Vec<u8>>, random: &mut Random) {
    let junk = Shape::Junk.draw(random);
    let place = 1 + random.below(words.len());
    match random.below(5) {
        0 => words.truncate(place),
        1 if place < words.len() => drop(words.remove(place)),
        2 if place < words.len() => words[place] = junk,
        3 => words.insert(place, junk),
        _ => words.push(junk),
    }
}
