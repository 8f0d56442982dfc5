//! The arguments of a row, written as one line and read into what COMMAND DOCS tells of them.
//!
//! | written | meant |
//! |---|---|
//! | `value`, `count:int` | a value: a string, or `int`, `double`, `time`, `pattern`, `key` |
//! | `key`, `pattern` | these two names are types, too |
//! | `WITHSCORES`, `equal:'='` | a word to be written as it is; in quotes what is no word in capitals |
//! | `EX seconds:int`, `LIMIT (…)` | a value or group behind a word |
//! | `(offset:int count:int)` | several, together |
//! | `(LEFT\|RIGHT)` | one of several |
//! | `[…]` | what may be left out |
//! | `x...` | one or more of it; `[GET x]...`: each with its word |
//! | `(unit: M\|KM)`, `[order: …]` | a name for the group; else the names of its members make one |
//! | `key@2` | its key spec, where it is not the one of its place among the keys |

use std::fmt;

/// What kind of thing an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Redis's names")]
pub enum ArgumentType {
    Key,
    String,
    Integer,
    Double,
    Pattern,
    UnixTime,
    PureToken,
    OneOf,
    Block,
}

impl ArgumentType {
    /// The name in COMMAND DOCS.
    pub const fn name(self) -> &'static str {
        match self {
            ArgumentType::Key => "key",
            ArgumentType::String => "string",
            ArgumentType::Integer => "integer",
            ArgumentType::Double => "double",
            ArgumentType::Pattern => "pattern",
            ArgumentType::UnixTime => "unix-time",
            ArgumentType::PureToken => "pure-token",
            ArgumentType::OneOf => "oneof",
            ArgumentType::Block => "block",
        }
    }

    /// Whether it consists of other arguments.
    pub const fn is_group(self) -> bool {
        matches!(self, ArgumentType::OneOf | ArgumentType::Block)
    }
}

/// An argument, or a group of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument<'a> {
    /// Its name, lower case.
    pub name: String,
    /// What it is.
    pub kind: ArgumentType,
    /// The word that introduces it, or that it is.
    pub token: Option<&'a str>,
    /// Which of the row's key specs tells of it.
    pub key_spec: Option<usize>,
    /// Whether it may be left out.
    pub is_optional: bool,
    /// Whether it may come more than once.
    pub is_multiple: bool,
    /// Whether its word then comes with each.
    pub repeats_token: bool,
    /// What a group consists of.
    pub members: Vec<Argument<'a>>,
}

impl Argument<'_> {
    /// Several keys may share the last key spec.
    pub(crate) fn limit_key_spec(&mut self, last: usize) {
        self.key_spec = self.key_spec.map(|index| index.min(last));
        self.members.iter_mut().for_each(|member| member.limit_key_spec(last));
    }

    /// How many words it takes at least.
    pub fn words_min(&self) -> usize {
        if self.is_optional { 0 } else { self.words_min_if_given() }
    }

    fn words_min_if_given(&self) -> usize {
        let token = usize::from(self.token.is_some());
        token
            + match self.kind {
                ArgumentType::PureToken => 0,
                ArgumentType::OneOf => {
                    let each = self.members.iter().map(Argument::words_min_if_given);
                    each.min().unwrap_or(0)
                }
                ArgumentType::Block => self.members.iter().map(Argument::words_min).sum(),
                _ => 1,
            }
    }

    /// Whether it always takes as many words.
    pub fn is_fixed(&self) -> bool {
        let mut lengths = self.members.iter().map(Argument::words_min_if_given);
        let first = lengths.next();
        !self.is_optional
            && !self.is_multiple
            && self.members.iter().all(Argument::is_fixed)
            && (self.kind != ArgumentType::OneOf || lengths.all(|len| Some(len) == first))
    }
}

/// What is wrong with a line, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxFault {
    what: &'static str,
    rest: String,
}

impl fmt::Display for SyntaxFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at `{}`", self.what, self.rest)
    }
}

type Parsed<T> = Result<T, SyntaxFault>;

/// Reads a row's line.
pub(crate) fn parse(line: &str) -> Parsed<Vec<Argument<'_>>> {
    let mut parser = Parser { rest: line, keys: 0 };
    let mut arguments = Vec::new();
    while parser.skip_spaces().is_some() {
        arguments.push(parser.item()?);
    }
    Ok(arguments)
}

struct Parser<'a> {
    rest: &'a str,
    /// Keys so far.
    keys: usize,
}

impl<'a> Parser<'a> {
    fn fault<T>(&self, what: &'static str) -> Parsed<T> {
        Err(SyntaxFault { what, rest: self.rest.to_owned() })
    }

    /// What comes next.
    fn skip_spaces(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// A name, a type or a number, perhaps empty.
    fn word(&mut self) -> &'a str {
        let is_inside = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let end = self.rest.find(|c| !is_inside(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// An argument with all that is around and behind it.
    fn item(&mut self) -> Parsed<Argument<'a>> {
        let is_optional = self.rest.starts_with('[');
        let mut argument = if is_optional { self.group()? } else { self.behind_word()? };
        argument.is_optional |= is_optional;
        if self.take("...") {
            argument.is_multiple = true;
            argument.repeats_token = is_optional && argument.token.is_some();
        }
        Ok(argument)
    }

    /// An atom, perhaps with a word before it, or only that.
    fn behind_word(&mut self) -> Parsed<Argument<'a>> {
        if !self.rest.starts_with(|c: char| c.is_ascii_uppercase()) {
            return self.atom();
        }
        let token = self.word();
        if token.contains(|c: char| c.is_ascii_lowercase()) {
            return self.fault("a word in capitals and others before");
        }
        let is_followed = self.rest.starts_with(' ')
            && self.rest[1..].starts_with(|c: char| c.is_ascii_lowercase() || c == '(');
        if !is_followed {
            return Ok(pure_token(token.to_ascii_lowercase(), token));
        }
        self.rest = &self.rest[1..];
        let argument = self.atom()?;
        match argument.token {
            None => Ok(Argument { token: Some(token), ..argument }),
            Some(_) => self.fault("two words for one argument before"),
        }
    }

    fn atom(&mut self) -> Parsed<Argument<'a>> {
        if self.rest.starts_with('(') { self.group() } else { self.value() }
    }

    /// `name`, `name:type`, `name:'token'`.
    fn value(&mut self) -> Parsed<Argument<'a>> {
        let name = self.word();
        if name.is_empty() {
            return self.fault("no argument");
        }
        let mut kind = match name {
            "key" => ArgumentType::Key,
            "pattern" => ArgumentType::Pattern,
            _ => ArgumentType::String,
        };
        if self.take(":'") {
            return match self.rest.split_once('\'') {
                Some((token, rest)) => {
                    self.rest = rest;
                    Ok(pure_token(name.to_owned(), token))
                }
                None => self.fault("a quote without end before"),
            };
        }
        if self.take(":") {
            kind = match self.word() {
                "key" => ArgumentType::Key,
                "int" => ArgumentType::Integer,
                "double" => ArgumentType::Double,
                "pattern" => ArgumentType::Pattern,
                "time" => ArgumentType::UnixTime,
                _ => return self.fault("an unknown type before"),
            };
        }
        let key_spec = if self.take("@") {
            match self.word().parse() {
                Ok(number) => Some(number),
                Err(_) => return self.fault("no number of a key spec before"),
            }
        } else {
            (kind == ArgumentType::Key).then_some(self.keys)
        };
        self.keys += usize::from(kind == ArgumentType::Key);
        Ok(Argument { key_spec, ..plain(name.to_owned(), kind) })
    }

    /// `(a b)`, `[a|b]`, `(name: …)`.
    fn group(&mut self) -> Parsed<Argument<'a>> {
        let close = if self.take("[") {
            "]"
        } else {
            self.take("(");
            ")"
        };
        let name = self.group_name();
        let mut members = Vec::new();
        let mut is_choice = false;
        loop {
            match self.skip_spaces() {
                None => return self.fault("a group without end"),
                Some(_) if self.take(close) => break,
                Some('|') if members.len() == 1 || is_choice => {
                    is_choice = true;
                    self.take("|");
                    self.skip_spaces();
                }
                Some(_) if is_choice => return self.fault("a sequence of choices"),
                Some(_) => {}
            }
            members.push(self.item()?);
        }
        if name.is_none() && members.len() == 1 {
            return Ok(members.remove(0));
        }
        let kind = if is_choice { ArgumentType::OneOf } else { ArgumentType::Block };
        let name = name.map_or_else(|| joined(&members), str::to_owned);
        match members.is_empty() {
            true => self.fault("an empty group before"),
            false => Ok(Argument { members, ..plain(name, kind) }),
        }
    }

    fn group_name(&mut self) -> Option<&'a str> {
        let start = self.rest;
        let name = self.word();
        if self.take(": ") {
            return Some(name);
        }
        self.rest = start;
        None
    }
}

fn plain<'a>(name: String, kind: ArgumentType) -> Argument<'a> {
    Argument {
        name,
        kind,
        token: None,
        key_spec: None,
        is_optional: false,
        is_multiple: false,
        repeats_token: false,
        members: Vec::new(),
    }
}

fn pure_token(name: String, token: &str) -> Argument<'_> {
    Argument { token: Some(token), ..plain(name, ArgumentType::PureToken) }
}

fn joined(members: &[Argument<'_>]) -> String {
    members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests;
