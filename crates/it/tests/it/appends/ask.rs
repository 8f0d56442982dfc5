//! Reads and appends as commands, and what their replies say.

use it::appends::{Element, Key, Step};
use testkit::{Random, Reply, show};

use crate::load::words;

/// How an element is written into a string, so that all are of one length.
const DIGITS: usize = 12;

/// A step that is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Planned {
    Read(Key),
    Append(Key, Element),
}

impl Planned {
    pub(super) fn key(self) -> Key {
        let (Planned::Read(key) | Planned::Append(key, _)) = self;
        key
    }
}

/// Steps that one command answers, with those that prepare it and clean up behind it.
pub(super) struct Line {
    pub(super) commands: Vec<Vec<String>>,
    /// Which of them answers, and so takes effect.
    pub(super) tells: usize,
    /// If that is a script, which of its replies.
    pub(super) within: Option<usize>,
    pub(super) steps: Vec<Planned>,
}

/// Names of the lists. Even ones are lists, odd ones strings.
pub(super) struct Names {
    names: Vec<String>,
}

pub(super) fn is_list(key: Key) -> bool {
    key.is_multiple_of(2)
}

impl Names {
    /// Names that no other round has, on all of four shards.
    pub(super) fn new(round: u64, count: usize) -> Names {
        let name = |index: usize| {
            let prefix = format!("r{round}:{index}:");
            testkit::slots::key_on(&prefix, (index / 2) as u16 % 4, 4)
        };
        Names { names: (0..count).map(name).collect() }
    }

    pub(super) fn name(&self, key: Key) -> &str {
        &self.names[key as usize]
    }

    pub(super) fn count(&self) -> Key {
        self.names.len() as Key
    }

    /// The plainest way.
    pub(super) fn plain(&self, step: Planned) -> Line {
        let name = self.name(step.key());
        let command = match step {
            Planned::Read(key) if is_list(key) => words("LRANGE", [name, "0", "-1"]),
            Planned::Read(_) => words("GET", [name]),
            Planned::Append(key, element) if is_list(key) => {
                words("RPUSH", [name, &element.to_string()])
            }
            Planned::Append(_, element) => words("APPEND", [name, &text(element)]),
        };
        Line { commands: vec![command], tells: 0, within: None, steps: vec![step] }
    }

    /// Strings, all at once.
    pub(super) fn many(&self, keys: &[Key]) -> Line {
        let command = words("MGET", keys.iter().map(|key| self.name(*key)));
        let steps = keys.iter().map(|key| Planned::Read(*key)).collect();
        Line { commands: vec![command], tells: 0, within: None, steps }
    }

    /// By commands that move what they find, with the help of a key that is nobody else's. RENAME
    /// only if they are one step.
    pub(super) fn moved(&self, step: Planned, own: &str, may_rename: bool) -> Line {
        let name = self.name(step.key());
        let mut at_own = self.plain(step).commands.remove(0);
        own.clone_into(&mut at_own[1]);
        let (commands, tells) = match step {
            // What is copied was read when it was copied.
            Planned::Read(_) => {
                (vec![words("COPY", [name, own, "REPLACE"]), at_own, words("DEL", [own])], 1)
            }
            Planned::Append(..) if may_rename => {
                let (away, back) = (words("RENAME", [name, own]), words("RENAME", [own, name]));
                (vec![away, at_own, back], 1)
            }
            Planned::Append(key, _) if is_list(key) => {
                (vec![at_own, words("LMOVE", [own, name, "LEFT", "RIGHT"])], 1)
            }
            Planned::Append(..) => return self.plain(step),
        };
        Line { commands, tells, within: None, steps: vec![step] }
    }

    /// One of these ways.
    pub(super) fn any(
        &self,
        step: Planned,
        own: &str,
        may_rename: bool,
        random: &mut Random,
    ) -> Line {
        match random.below(6) {
            0 => self.moved(step, own, may_rename),
            1 => self.moved(step, own, false),
            _ => self.plain(step),
        }
    }
}

impl Line {
    /// Whether it is only this append.
    pub(super) fn is_append(&self) -> bool {
        self.commands.len() == 1 && matches!(self.steps[..], [Planned::Append(..)])
    }

    /// All keys that its commands touch.
    pub(super) fn keys(&self) -> Vec<String> {
        let keys = |command: &Vec<String>| match command[0].as_str() {
            "MGET" => command[1..].to_vec(),
            "COPY" | "RENAME" | "LMOVE" => command[1..3].to_vec(),
            _ => vec![command[1].clone()],
        };
        self.commands.iter().flat_map(keys).collect()
    }

    /// The reply that tells: if one of its commands was refused, that.
    pub(super) fn told(&self, replies: &mut impl Iterator<Item = Reply>) -> Reply {
        let is_refused = |reply: &Reply| matches!(reply, Reply::Error(text) if is_refusal(text));
        let replies: Vec<Reply> = replies.take(self.commands.len()).collect();
        let flat = replies.iter().flat_map(|reply| match (reply, self.within) {
            (Reply::Array(items), Some(_)) => items.as_slice(),
            (reply, _) => std::slice::from_ref(reply),
        });
        if let Some(refused) = flat.clone().find(|reply| is_refused(reply)) {
            return refused.clone();
        }
        match (replies.get(self.tells), self.within) {
            (Some(Reply::Array(items)), Some(at)) => items.get(at).cloned(),
            (reply, _) => reply.cloned(),
        }
        .unwrap_or(Reply::Null)
    }

    /// What happened, by the reply that tells.
    pub(super) fn read(&self, reply: &Reply) -> Result<Vec<Step>, String> {
        match (self.steps.as_slice(), reply) {
            ([step], reply) => Ok(vec![read(*step, reply)?]),
            (steps, Reply::Array(items)) if steps.len() == items.len() => {
                steps.iter().zip(items).map(|(step, item)| read(*step, item)).collect()
            }
            _ => Err(show(reply)),
        }
    }
}

/// Whether nothing has happened.
pub(super) fn is_refusal(text: &[u8]) -> bool {
    // Two scripts that wait for keys of each other's, which they did not declare, end so.
    const NOT_HELD: &[u8] = b"ERR Script needs a key that it did not declare";
    text.starts_with(NOT_HELD) || text.starts_with(b"BUSY ")
}

fn read(step: Planned, reply: &Reply) -> Result<Step, String> {
    let number = |text: &[u8]| String::from_utf8_lossy(text).parse::<Element>().ok();
    let wrong = || format!("{step:?}: {}", show(reply));
    match (step, reply) {
        (Planned::Read(key), Reply::Null) => Ok(Step::Read(key, Vec::new())),
        (Planned::Read(key), Reply::Array(items)) => {
            let element = |item: &Reply| match item {
                Reply::Bulk(text) => number(text),
                _ => None,
            };
            let list = items.iter().map(element).collect::<Option<Vec<_>>>();
            Ok(Step::Read(key, list.ok_or_else(wrong)?))
        }
        (Planned::Read(key), Reply::Bulk(bytes)) => {
            let list = bytes.chunks(DIGITS).map(number).collect::<Option<Vec<_>>>();
            Ok(Step::Read(key, list.ok_or_else(wrong)?))
        }
        (Planned::Append(key, element), Reply::Integer(length)) => {
            let length = *length as usize / if is_list(key) { 1 } else { DIGITS };
            Ok(Step::Append(key, element, Some(length)))
        }
        // LMOVE tells what it moved.
        (Planned::Append(key, element), Reply::Bulk(text)) if number(text) == Some(element) => {
            Ok(Step::Append(key, element, None))
        }
        _ => Err(wrong()),
    }
}

fn text(element: Element) -> String {
    format!("{element:0DIGITS$}")
}
