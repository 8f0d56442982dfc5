//! One client after the other: each works until it vanishes.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use it::appends::{Fate, Key, Step, Transaction};
use testkit::{Client, Random, Reply, encode, show};

use super::Round;
use super::ask::{Line, Planned, is_refusal};
use crate::load::words;

/// Runs the commands in ARGV, each behind the number of its words; if that is negative, only if the
/// last thing read had an even number of elements. Before each it counts to the first argument.
const BODY: &str = "
local at, out, seen, n = 2, {}, 0, 0
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  local call = {}
  for i = 1, math.abs(count) do call[i] = ARGV[at + i] end
  at = at + math.abs(count) + 1
  for i = 1, tonumber(ARGV[1]) do n = n + 1 end
  local reply = false
  if count > 0 or seen % 2 == 0 then
    reply = redis.pcall(unpack(call))
    if call[1] == 'LRANGE' then seen = #reply elseif call[1] == 'GET' then
      seen = reply and #reply / 12 or 0
    end
  end
  out[#out + 1] = reply
end
return out
";

/// The same as a function.
pub(super) const LIBRARY: &str = "#!lua name=appends
redis.register_function('play', function(KEYS, ARGV)
local at, out = 2, {}
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  local call = {}
  for i = 1, count do call[i] = ARGV[at + i] end
  at = at + count + 1
  out[#out + 1] = redis.pcall(unpack(call))
end
return out
end)";

pub(super) struct Worker<'a> {
    round: &'a Round<'a>,
    client: Client,
    random: Random,
    session: usize,
    /// Keys of its own, so far.
    owns: u32,
    pub(super) log: Vec<Transaction>,
}

/// What goes out in one write.
struct Asked {
    bytes: Vec<u8>,
    /// Where each command ends.
    ends: Vec<usize>,
}

impl Asked {
    fn new<'c>(commands: impl IntoIterator<Item = &'c Vec<String>>) -> Asked {
        let mut asked = Asked { bytes: Vec::new(), ends: Vec::new() };
        for command in commands {
            encode(command, &mut asked.bytes);
            asked.ends.push(asked.bytes.len());
        }
        asked
    }
}

impl<'a> Worker<'a> {
    pub(super) fn new(round: &'a Round<'a>, random: Random) -> Worker<'a> {
        let (client, session) = (round.server.connect(), round.draw_session());
        Worker { round, client, random, session, owns: 0, log: Vec::new() }
    }

    pub(super) fn turn(&mut self) -> Result<(), String> {
        let vanishes = self.random.one_in(25);
        match self.random.below(20) {
            0..5 => self.pipeline(vanishes),
            5..9 => self.transaction(vanishes),
            9..12 => self.watch(vanishes),
            12..19 => self.script(vanishes),
            _ => self.disturb(),
        }
    }

    /// A key that nobody else has.
    fn own(&mut self) -> String {
        self.owns += 1;
        format!("own:{}:{}:{}", self.round.names.name(0), self.session, self.owns)
    }

    fn draw_steps(&mut self, most: usize) -> Vec<Planned> {
        (0..1 + self.random.below(most))
            .map(|_| {
                let key = self.round.draw_key(&mut self.random);
                match self.random.one_in(2) {
                    true => Planned::Read(key),
                    false => Planned::Append(key, self.round.draw_element()),
                }
            })
            .collect()
    }

    fn draw_lines(&mut self, most: usize, may_rename: bool) -> Vec<Line> {
        let steps = self.draw_steps(most);
        let mut lines = Vec::new();
        for step in steps {
            let own = self.own();
            lines.push(self.round.names.any(step, &own, may_rename, &mut self.random));
        }
        if self.random.one_in(4) {
            let keys: Vec<Key> = (0..2 + self.random.below(3))
                .map(|_| self.round.draw_key(&mut self.random) | 1)
                .collect();
            lines.push(self.round.names.many(&keys));
        }
        lines
    }

    /// Sends all of it, or some and goes away; then says up to where.
    fn send(&mut self, asked: &Asked, vanishes: bool) -> Result<Option<usize>, String> {
        if !vanishes {
            self.client.send(&asked.bytes).map_err(|error| error.to_string())?;
            return Ok(None);
        }
        let cut = match self.random.below(3) {
            0 => self.random.below(asked.bytes.len() + 1),
            1 => *self.random.pick(&asked.ends),
            _ => asked.bytes.len(),
        };
        // It may be cut off already by what it sent before.
        self.client.send(&asked.bytes[..cut]).ok();
        if self.random.one_in(2) {
            thread::sleep(Duration::from_micros(self.random.below(3000) as u64));
        }
        self.client = self.round.server.connect();
        Ok(Some(cut))
    }

    fn receive(&mut self) -> Result<Reply, String> {
        self.client.receive().map_err(|error| error.to_string())
    }

    fn note(&mut self, means: &'static str, steps: Vec<Step>, fate: Fate, start_ns: u64) {
        let (session, end_ns) = (self.session, self.round.now_ns());
        if !steps.is_empty() {
            self.log.push(Transaction { session, means, steps, fate, start_ns, end_ns });
        }
    }

    /// What is not known to have happened, or not.
    fn note_open(&mut self, means: &'static str, lines: &[Line], fate: Fate, start_ns: u64) {
        let appends = lines.iter().flat_map(|line| &line.steps).filter_map(|step| match step {
            Planned::Read(_) => None,
            Planned::Append(key, element) => Some(Step::Append(*key, *element, None)),
        });
        self.note(means, appends.collect(), fate, start_ns);
    }

    /// Commands that are steps each, in their order.
    fn pipeline(&mut self, vanishes: bool) -> Result<(), String> {
        let lines = self.draw_lines(5, false);
        let asked = Asked::new(lines.iter().flat_map(|line| &line.commands));
        let start_ns = self.round.now_ns();
        let cut = self.send(&asked, vanishes)?;
        let mut sent = 0;
        for line in &lines {
            if let Some(cut) = cut {
                let is_sent = asked.ends[sent + line.tells] <= cut;
                let fate = if is_sent { Fate::Unknown } else { Fate::Never };
                self.note_open("a command", std::slice::from_ref(line), fate, start_ns);
            } else {
                let replies = line.commands.iter().map(|_| self.receive());
                let replies = replies.collect::<Result<Vec<_>, _>>()?;
                let line = std::slice::from_ref(line);
                self.note_told("a command", line, replies, start_ns)?;
            }
            sent += line.commands.len();
        }
        self.renew(cut);
        Ok(())
    }

    /// Whoever vanished is followed by another one.
    fn renew(&mut self, cut: Option<usize>) {
        if cut.is_some() {
            self.session = self.round.draw_session();
        }
    }

    /// A transaction whose commands were answered so.
    fn note_told(
        &mut self,
        means: &'static str,
        lines: &[Line],
        replies: Vec<Reply>,
        start_ns: u64,
    ) -> Result<(), String> {
        let (mut steps, mut replies) = (Vec::new(), replies.into_iter());
        for line in lines {
            match line.told(&mut replies) {
                Reply::Error(text) if is_refusal(&text) => {
                    self.note_open(means, std::slice::from_ref(line), Fate::Never, start_ns);
                }
                // A script that left it out.
                Reply::Null if line.is_append() => {
                    self.note_open(means, std::slice::from_ref(line), Fate::Never, start_ns);
                }
                reply => steps.extend(line.read(&reply)?),
            }
        }
        self.note(means, steps, Fate::Done, start_ns);
        Ok(())
    }

    /// MULTI … EXEC. Answers whether it was done.
    fn exec(
        &mut self,
        means: &'static str,
        lines: &[Line],
        vanishes: bool,
    ) -> Result<bool, String> {
        let multi = [words::<&str>("MULTI", [])];
        let exec = [words::<&str>("EXEC", [])];
        let commands = lines.iter().flat_map(|line| &line.commands);
        let asked = Asked::new(multi.iter().chain(commands).chain(&exec));
        let start_ns = self.round.now_ns();
        let cut = self.send(&asked, vanishes)?;
        if let Some(cut) = cut {
            let is_sent = cut == asked.bytes.len();
            let fate = if is_sent { Fate::Unknown } else { Fate::Never };
            self.note_open(means, lines, fate, start_ns);
            self.renew(Some(cut));
            return Ok(false);
        }
        for _ in 1..asked.ends.len() {
            self.receive()?;
        }
        match self.receive()? {
            Reply::Array(replies) => {
                self.note_told(means, lines, replies, start_ns)?;
                Ok(true)
            }
            Reply::NullArray => {
                self.note_open(means, lines, Fate::Never, start_ns);
                Ok(false)
            }
            Reply::Error(text) if text.starts_with(b"EXECABORT") && self.round.kills => {
                self.note_open(means, lines, Fate::Never, start_ns);
                Ok(false)
            }
            other => Err(format!("EXEC says {}", show(&other))),
        }
    }

    fn transaction(&mut self, vanishes: bool) -> Result<(), String> {
        let mut lines = self.draw_lines(4, true);
        for line in &mut lines {
            if self.random.one_in(8) && !self.round.kills {
                let call = eval(&[], &line.commands, "within");
                (line.within, line.tells) = (Some(line.tells), 0);
                line.commands = vec![call];
            }
        }
        self.exec("EXEC", &lines, vanishes).map(drop)
    }

    /// Reads some lists and writes others, unless somebody else has written what was read.
    fn watch(&mut self, vanishes: bool) -> Result<(), String> {
        let mut keys: Vec<Key> =
            (0..1 + self.random.below(3)).map(|_| self.round.draw_key(&mut self.random)).collect();
        keys.dedup();
        let names: Vec<String> =
            keys.iter().map(|key| self.round.names.name(*key).to_owned()).collect();
        let watch = [words("WATCH", names)];
        let reads: Vec<Line> =
            keys.iter().map(|key| self.round.names.plain(Planned::Read(*key))).collect();
        let asked = Asked::new(watch.iter().chain(reads.iter().flat_map(|line| &line.commands)));
        let start_ns = self.round.now_ns();
        self.send(&asked, false)?;
        self.receive()?;
        let mut seen = Vec::new();
        for line in &reads {
            let reply = self.receive()?;
            let before = self.log.len();
            self.note_told("GET", std::slice::from_ref(line), vec![reply], start_ns)?;
            seen.extend(self.log[before..].iter().filter(|one| one.fate == Fate::Done).cloned());
        }
        let mut writes = Vec::new();
        for _ in 0..1 + self.random.below(2) {
            let key = match self.random.one_in(2) {
                true => *self.random.pick(&keys),
                false => self.round.draw_key(&mut self.random),
            };
            let step = Planned::Append(key, self.round.draw_element());
            writes.push(self.round.names.plain(step));
        }
        if self.exec("WATCH", &writes, vanishes)? {
            // What was read holds when it is written, too.
            let read = seen.into_iter().flat_map(|one| one.steps);
            let steps = &mut self.log.last_mut().expect("just noted").steps;
            steps.splice(..0, read);
        }
        Ok(())
    }

    /// A script's text, and what it declares this time. Servers learn what a text does: some keep to
    /// what they declare, some never did, some break their habit.
    fn draw_habit(&mut self) -> (String, Declares) {
        let others = [Declares::Some, Declares::Nothing];
        match self.random.below(8) {
            0..4 => (format!("keeps {}", self.random.below(3)), Declares::All),
            4 => (ROAMS.to_owned(), *self.random.pick(&others)),
            _ => {
                let age = self.round.elements.load(Ordering::Relaxed) / 60;
                let breaks = self.random.one_in(8);
                let declares = if breaks { *self.random.pick(&others) } else { Declares::All };
                (format!("{age} of {}", self.round.names.name(0)), declares)
            }
        }
    }

    fn script(&mut self, vanishes: bool) -> Result<(), String> {
        let (text, declares) = self.draw_habit();
        // One that breaks its habit may be refused a key when it has written others. Its client must
        // be there to hear it.
        let vanishes = vanishes && (declares == Declares::All || text == ROAMS);
        let is_function = self.random.one_in(8);
        let lines = self.draw_lines(4, declares == Declares::All);
        let keys: Vec<String> = match declares {
            Declares::All => lines.iter().flat_map(Line::keys).collect(),
            Declares::Some => lines.iter().take(1).flat_map(Line::keys).collect(),
            Declares::Nothing => Vec::new(),
        };
        let mut commands: Vec<Vec<String>> = Vec::new();
        for line in &lines {
            commands.extend(line.commands.iter().cloned());
            if line.is_append() && !vanishes && !is_function && self.random.one_in(3) {
                // Whether it is done depends on what was read before.
                commands.last_mut().expect("just added").insert(0, MAYBE.to_owned());
            }
        }
        let mut call = eval(&keys, &commands, &text);
        if is_function {
            call.splice(..2, ["FCALL".to_owned(), "play".to_owned()]);
        }
        let often = if self.round.kills { 4 } else { 40 };
        if self.random.one_in(often) {
            call[3 + keys.len()] = "200000".to_owned();
        } else if self.random.one_in(8) {
            call[3 + keys.len()] = "20000".to_owned();
        }
        let asked = Asked::new([&call]);
        let start_ns = self.round.now_ns();
        let means = if is_function { "FCALL" } else { "EVAL" };
        let cut = self.send(&asked, vanishes)?;
        if let Some(cut) = cut {
            let fate = if cut == asked.bytes.len() { Fate::Unknown } else { Fate::Never };
            self.note_open(means, &lines, fate, start_ns);
            self.renew(Some(cut));
            return Ok(());
        }
        match self.receive()? {
            Reply::Array(replies) => self.note_told(means, &lines, replies, start_ns),
            Reply::Error(text) if self.round.kills && (is_refusal(&text) || is_killed(&text)) => {
                self.note_open(means, &lines, Fate::Never, start_ns);
                Ok(())
            }
            other => Err(format!("{means} says {}", show(&other))),
        }
    }

    /// What holds all keys of all shards, for nobody's sake.
    fn disturb(&mut self) -> Result<(), String> {
        let lines = ["SELECT 5", "SET x 1", "FLUSHDB", "SWAPDB 5 6", "SELECT 0", "PUBLISH x y"];
        let commands: Vec<Vec<String>> =
            lines.iter().map(|line| line.split(' ').map(str::to_owned).collect()).collect();
        self.client.pipeline(&commands).map_err(|error| error.to_string()).map(drop)
    }
}

/// The text of scripts that never declare all.
const ROAMS: &str = "roams";

/// Which of its keys a script declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Declares {
    All,
    Some,
    Nothing,
}

/// Stands before a command that is to be run only if what was read last is of even length.
const MAYBE: &str = "-";

/// A script that runs commands.
fn eval(keys: &[String], commands: &[Vec<String>], text: &str) -> Vec<String> {
    let mut call = words("EVAL", [format!("{BODY}-- {text}"), keys.len().to_string()]);
    call.extend(keys.iter().cloned());
    call.push("0".to_owned());
    for command in commands {
        match command.split_first() {
            Some((first, rest)) if first == MAYBE => {
                call.push(format!("-{}", rest.len()));
                call.extend(rest.iter().cloned());
            }
            _ => {
                call.push(command.len().to_string());
                call.extend(command.iter().cloned());
            }
        }
    }
    call
}

fn is_killed(text: &[u8]) -> bool {
    String::from_utf8_lossy(text).contains("Script killed by user")
}
