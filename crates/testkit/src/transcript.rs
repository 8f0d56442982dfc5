//! Tests as transcripts: what clients send and what they must get back, in a text file.
//!
//! ```text
//! # A comment. Special ones, before the first command:
//! # only: merops — why a redis-server 7.0 answers otherwise
//! # server: --maxmemory 1mb
//! > SET k v PX 100          consecutive lines of one client go out in one write
//! < +OK                     replies in the notation of [`Expected`]
//! other> GET k              a client with a name of its own
//! other< "v"
//! ~ 120                     time passes, in milliseconds
//! > GET k
//! < (nil)
//! ! send "*1\r\n$4\r\nPI"   bytes as they are
//! ! close                   ends the client's connection
//! other< (closed)           the server ended this connection
//! other< (nothing)          and it had sent nothing for a while
//! ```
//!
//! A transcript names no Rust API and no socket: whoever implements [`Target`] can run it.

use std::collections::HashMap;
use std::fmt::Write;
use std::io;
use std::thread;
use std::time::Duration;

use resp::{Reply, split_args};

use crate::client::{encode, is_closed, is_timeout};
use crate::{Client, Expected, Server, show};

#[cfg(test)]
mod tests;

/// How long `(nothing)` listens.
const SILENCE: Duration = Duration::from_millis(100);

/// What a transcript runs against: a server over TCP, or its engine in-process.
pub trait Target {
    /// Opens one more connection.
    fn open(&mut self) -> io::Result<Box<dyn Wire>>;
    /// Lets time pass: really, or on a clock of its own.
    fn pause(&mut self, time: Duration);
}

/// One connection of a [`Target`].
pub trait Wire {
    /// Sends bytes.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// The next reply; an error of kind `UnexpectedEof` or `ConnectionReset` when closed.
    fn receive(&mut self) -> io::Result<Reply>;
    /// Whether no reply comes for a while.
    fn is_silent(&mut self) -> bool;
}

impl Target for &Server {
    fn open(&mut self) -> io::Result<Box<dyn Wire>> {
        Ok(Box::new(Client::connect(self.address())?))
    }

    fn pause(&mut self, time: Duration) {
        thread::sleep(time);
    }
}

impl Wire for Client {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        Client::send(self, bytes)
    }

    fn receive(&mut self) -> io::Result<Reply> {
        Client::receive(self)
    }

    fn is_silent(&mut self) -> bool {
        let before = self.stream().read_timeout().ok().flatten();
        let silent = self.set_reply_limit(SILENCE).is_ok()
            && self.receive().is_err_and(|error| is_timeout(&error));
        self.stream().set_read_timeout(before).ok();
        silent
    }
}

/// A parsed transcript.
#[derive(Clone, Debug)]
pub struct Transcript {
    /// Set when it is not for `redis-server`: why.
    pub only_merops: Option<String>,
    /// What the server is to be started with.
    pub arguments: Vec<String>,
    lines: Vec<Line>,
}

#[derive(Clone, Debug)]
struct Line {
    text: String,
    step: Step,
}

#[derive(Clone, Debug)]
enum Step {
    Comment,
    Send { client: String, bytes: Vec<u8>, is_command: bool },
    Expect { client: String, what: Expectation },
    Close { client: String },
    Pause(Duration),
}

#[derive(Clone, Debug)]
enum Expectation {
    Reply(Expected),
    Closed,
    Nothing,
}

impl Transcript {
    /// Parses a file's text.
    ///
    /// # Errors
    /// Says which line is wrong, and why.
    pub fn parse(text: &str) -> Result<Transcript, String> {
        let mut transcript =
            Transcript { only_merops: None, arguments: Vec::new(), lines: Vec::new() };
        for (index, text) in text.lines().enumerate() {
            let wrong = |problem: String| format!("line {}: {problem}: {text}", index + 1);
            if let Some(reason) = text.strip_prefix("# only: merops") {
                transcript.only_merops = Some(reason.trim_matches([' ', '—']).to_owned());
            } else if let Some(arguments) = text.strip_prefix("# server:") {
                let words = split_args(arguments.as_bytes());
                let words = words.map_err(|_| wrong("bad quotes".into()))?;
                let text = |word: Vec<u8>| String::from_utf8_lossy(&word).into_owned();
                transcript.arguments.extend(words.into_iter().map(text));
            }
            let step = parse_step(text).map_err(wrong)?;
            transcript.lines.push(Line { text: text.to_owned(), step });
        }
        Ok(transcript)
    }

    /// Runs it to its end, or to the first connection that fails.
    ///
    /// # Errors
    /// Every difference: line, command, what was expected and what came.
    pub fn run(&self, target: &mut dyn Target) -> Result<(), String> {
        let mut session = Session::new(target);
        let mut problems = Vec::new();
        for (index, line) in self.lines.iter().enumerate() {
            match session.step(&line.step) {
                Ok(()) => {}
                Err(Problem::Differs(problem)) => problems.push(self.report(index, &problem)),
                Err(Problem::Broken(problem)) => {
                    problems.push(self.report(index, &problem));
                    break;
                }
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
    }

    /// Runs it and returns its text with the replies that came: commands without a reply get one,
    /// wrong replies are replaced, patterns that match stay.
    ///
    /// # Errors
    /// When the connection fails.
    pub fn record(&self, target: &mut dyn Target) -> Result<String, String> {
        let mut session = Session::new(target);
        let mut text = String::new();
        for (index, line) in self.lines.iter().enumerate() {
            let fail = |problem: Problem| match problem {
                Problem::Differs(problem) | Problem::Broken(problem) => {
                    self.report(index, &problem)
                }
            };
            match &line.step {
                Step::Expect { client, what: Expectation::Reply(expected) } => {
                    let reply = session.receive(client).map_err(fail)?;
                    let shown = format!("{}< {}", client, show(&reply));
                    let kept = expected.matches(&reply);
                    writeln!(text, "{}", if kept { &line.text } else { &shown })
                        .expect("strings take all");
                }
                step => {
                    session.step(step).map_err(fail)?;
                    text.push_str(&line.text);
                    text.push('\n');
                }
            }
            if let Step::Send { client, is_command: true, .. } = &line.step
                && self.lacks_reply(index, client)
            {
                let reply = session.receive(client).map_err(fail)?;
                writeln!(text, "{}< {}", client, show(&reply)).expect("strings take all");
            }
        }
        Ok(text)
    }

    /// Whether fewer replies than commands follow, counted from line `index` to the next pause.
    fn lacks_reply(&self, index: usize, client: &str) -> bool {
        let is_send = |line: &Line| match &line.step {
            Step::Send { client: other, is_command: true, .. } => other == client,
            _ => false,
        };
        let is_reply = |line: &Line| match &line.step {
            Step::Expect { client: other, what: Expectation::Reply(_) } => other == client,
            _ => false,
        };
        let sends = self.lines[index..].iter().take_while(|line| is_send(line)).count();
        let replies = self.lines[index + sends..].iter().take_while(|line| is_reply(line)).count();
        replies < sends
    }

    fn report(&self, index: usize, problem: &str) -> String {
        let context = &self.lines[index.saturating_sub(5)..=index];
        let context: Vec<&str> = context.iter().map(|line| line.text.as_str()).collect();
        format!("line {}: {problem}\n    {}", index + 1, context.join("\n    "))
    }
}

/// Why a step did not go as it should.
enum Problem {
    /// Something else came; the next step makes sense all the same.
    Differs(String),
    /// Nothing comes any more.
    Broken(String),
}

/// The connections of one run. Commands wait in `unsent` until something else happens, so that
/// consecutive ones arrive as a pipeline.
struct Session<'a> {
    target: &'a mut dyn Target,
    wires: HashMap<String, Box<dyn Wire>>,
    unsent: Option<(String, Vec<u8>)>,
}

impl<'a> Session<'a> {
    fn new(target: &'a mut dyn Target) -> Session<'a> {
        Session { target, wires: HashMap::new(), unsent: None }
    }

    fn step(&mut self, step: &Step) -> Result<(), Problem> {
        if let Step::Send { client, bytes, .. } = step {
            if self.unsent.as_ref().is_some_and(|(other, _)| other != client) {
                self.flush()?;
            }
            let (_, unsent) = self.unsent.get_or_insert_with(|| (client.clone(), Vec::new()));
            unsent.extend_from_slice(bytes);
            return Ok(());
        }
        self.flush()?;
        match step {
            Step::Comment | Step::Send { .. } => {}
            Step::Pause(time) => self.target.pause(*time),
            Step::Close { client } => {
                self.wires.remove(client);
            }
            Step::Expect { client, what } => return self.expect(client, what),
        }
        Ok(())
    }

    fn expect(&mut self, client: &str, what: &Expectation) -> Result<(), Problem> {
        match what {
            Expectation::Reply(expected) => {
                let reply = self.receive(client)?;
                if expected.matches(&reply) {
                    return Ok(());
                }
                Err(Problem::Differs(format!("got {}", show(&reply))))
            }
            Expectation::Nothing if self.wire(client)?.is_silent() => Ok(()),
            Expectation::Nothing => Err(Problem::Differs("got something".into())),
            Expectation::Closed => match self.wire(client)?.receive() {
                Err(error) if is_closed(&error) => Ok(()),
                Err(error) => {
                    Err(Problem::Differs(format!("the connection is not closed: {error}")))
                }
                Ok(reply) => Err(Problem::Differs(format!("got {}", show(&reply)))),
            },
        }
    }

    fn receive(&mut self, client: &str) -> Result<Reply, Problem> {
        self.flush()?;
        let reply = self.wire(client)?.receive();
        reply.map_err(|error| Problem::Broken(format!("no reply: {error}")))
    }

    fn flush(&mut self) -> Result<(), Problem> {
        match self.unsent.take() {
            None => Ok(()),
            Some((client, bytes)) => {
                let sent = self.wire(&client)?.send(&bytes);
                sent.map_err(|error| Problem::Broken(format!("sending: {error}")))
            }
        }
    }

    fn wire(&mut self, client: &str) -> Result<&mut dyn Wire, Problem> {
        if !self.wires.contains_key(client) {
            let wire = self.target.open();
            let wire = wire.map_err(|error| Problem::Broken(format!("no connection: {error}")))?;
            self.wires.insert(client.to_owned(), wire);
        }
        Ok(self.wires.get_mut(client).expect("it was just put there").as_mut())
    }
}

fn parse_step(text: &str) -> Result<Step, String> {
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed.starts_with('#') {
        return Ok(Step::Comment);
    }
    let letters = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    let (client, rest) = text.split_at(letters);
    let client = client.to_owned();
    let (mark, rest) = rest.split_at_checked(1).ok_or("no step")?;
    let words = |text: &str| split_args(text.as_bytes()).map_err(|_| "bad quotes".to_owned());
    match mark {
        ">" => {
            let mut bytes = Vec::new();
            encode(&words(rest)?, &mut bytes);
            Ok(Step::Send { client, bytes, is_command: true })
        }
        "<" => {
            let what = match rest.trim() {
                "(closed)" => Expectation::Closed,
                "(nothing)" => Expectation::Nothing,
                pattern => Expectation::Reply(Expected::parse(pattern)?),
            };
            Ok(Step::Expect { client, what })
        }
        "~" => {
            let time = rest.trim().parse().map_err(|_| "no milliseconds")?;
            Ok(Step::Pause(Duration::from_millis(time)))
        }
        "!" => match words(rest)?.as_slice() {
            [word, bytes] if word == b"send" => {
                Ok(Step::Send { client, bytes: bytes.clone(), is_command: false })
            }
            [word] if word == b"close" => Ok(Step::Close { client }),
            _ => Err("`! send \"bytes\"` or `! close`".into()),
        },
        _ => Err("no step".into()),
    }
}
