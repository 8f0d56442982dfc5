//! Which clients CLIENT LIST and CLIENT KILL mean: Redis's filters and Valkey's, each with its
//! negation.

use command::{Args, Error, Result};

use super::line::flags;
use crate::client::Client;

/// What the clients are sought for; it decides defaults and the words of some errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    List,
    Kill,
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Ids(Vec<u64>),
    Type(Type),
    Address(Vec<u8>),
    LocalAddress(Vec<u8>),
    /// The remote address without the port.
    Ip(Vec<u8>),
    /// Whether the user is the one that all clients have.
    DefaultUser(bool),
    Name(Vec<u8>),
    LibraryName(Vec<u8>),
    LibraryVersion(Vec<u8>),
    Flags(Vec<u8>),
    Db(u16),
    AgeSeconds(i64),
    IdleSeconds(i64),
}

/// Conditions that all must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// With whether the opposite must hold.
    tests: Vec<(Test, bool)>,
    /// Whether the asking client itself is left out.
    pub(super) skip_me: bool,
}

impl Filter {
    /// CLIENT KILL's old form: one remote address.
    pub(super) fn address(address: &[u8]) -> Self {
        Self { tests: vec![(Test::Address(address.to_vec()), false)], skip_me: false }
    }

    /// The options from argument 2 on.
    pub(super) fn parse(args: Args<'_>, purpose: Purpose, databases: u32) -> Result<Self> {
        let mut filter = Self { tests: Vec::new(), skip_me: purpose == Purpose::Kill };
        let mut at = 2;
        while let Some(option) = args.get(at) {
            let option = option.to_ascii_lowercase();
            let (option, negated) = match option.strip_prefix(b"not-") {
                Some(option) => (option, true),
                None => (option.as_slice(), false),
            };
            let value = args.get(at + 1).ok_or(Error::Syntax)?;
            at += 2;
            let test = match option {
                b"id" => {
                    let mut ids = vec![id(value, purpose)?];
                    while let Some(more) = args.get(at).filter(|word| is_id(word, purpose)) {
                        ids.push(id(more, purpose)?);
                        at += 1;
                    }
                    Test::Ids(ids)
                }
                b"skipme" if !negated => {
                    filter.skip_me = yes_or_no(value)?;
                    continue;
                }
                b"maxage" if !negated => Test::AgeSeconds(seconds(value, "maxage")?),
                b"idle" if !negated => Test::IdleSeconds(seconds(value, "idle")?),
                _ => test(option, value, databases)?,
            };
            filter.tests.push((test, negated));
        }
        Ok(filter)
    }

    /// Whether all conditions hold; `me` is who asks.
    pub(super) fn passes(&self, client: &Client, me: u64, now_ms: i64) -> bool {
        if self.skip_me && client.id == me {
            return false;
        }
        self.tests.iter().all(|(test, negated)| test.holds(client, now_ms) != *negated)
    }
}

impl Test {
    fn holds(&self, client: &Client, now_ms: i64) -> bool {
        match self {
            Test::Ids(ids) => ids.contains(&client.id),
            Test::Type(wanted) => type_of(client) == *wanted,
            Test::Address(address) => client.address.as_bytes() == address,
            Test::LocalAddress(address) => client.local_address.as_bytes() == address,
            Test::Ip(ip) => ip_of(&client.address).as_bytes() == ip,
            Test::DefaultUser(default) => *default,
            Test::Name(name) => *client.name.borrow() == *name,
            Test::LibraryName(name) => *client.library_name.borrow() == *name,
            Test::LibraryVersion(version) => *client.library_version.borrow() == *version,
            Test::Flags(wanted) => {
                let flags = flags(client);
                wanted.iter().all(|flag| flags.as_bytes().contains(flag))
            }
            Test::Db(db) => client.db.get() == *db,
            Test::AgeSeconds(seconds) => client.age_ms(now_ms) / 1000 >= *seconds,
            Test::IdleSeconds(seconds) => client.idle_ms(now_ms) / 1000 >= *seconds,
        }
    }
}

/// The conditions that take one word.
fn test(option: &[u8], value: &[u8], databases: u32) -> Result<Test> {
    let owned = value.to_vec();
    Ok(match option {
        b"type" => Test::Type(parse_type(value)?),
        b"addr" => Test::Address(owned),
        b"laddr" => Test::LocalAddress(owned),
        b"ip" => Test::Ip(owned),
        b"user" if value == b"default" => Test::DefaultUser(true),
        b"user" => {
            let user = String::from_utf8_lossy(value);
            return Err(Error::made(format!("No such user '{user}'")));
        }
        b"name" => Test::Name(owned),
        b"lib-name" => Test::LibraryName(owned),
        b"lib-ver" => Test::LibraryVersion(owned),
        b"flags" => Test::Flags(owned),
        b"db" => {
            let db = number(value).ok_or(Error::InvalidDbIndex)?;
            if !(0..i64::from(databases)).contains(&db) {
                return Err(Error::DbIndexOutOfRange);
            }
            Test::Db(db as u16)
        }
        _ => return Err(Error::Syntax),
    })
}

/// A client's number. No client has 0 or less: who lists gets none, who kills is told.
fn id(value: &[u8], purpose: Purpose) -> Result<u64> {
    let id = number(value);
    match purpose {
        Purpose::List => id.map(|id| id.max(0) as u64).ok_or(Error::new("Invalid client ID")),
        Purpose::Kill => id
            .filter(|id| *id > 0)
            .map(|id| id as u64)
            .ok_or(Error::new("client-id should be greater than 0")),
    }
}

/// Whether a word behind an ID means to be another, rather than the next option. Redis's LIST knows
/// no option behind IDs, its KILL no second ID; errors are as it says them.
fn is_id(word: &[u8], purpose: Purpose) -> bool {
    match purpose {
        Purpose::List => !is_option(word),
        Purpose::Kill => number(word).is_some(),
    }
}

fn is_option(word: &[u8]) -> bool {
    const OPTIONS: [&str; 14] = [
        "id", "skipme", "maxage", "idle", "type", "addr", "laddr", "ip", "user", "name",
        "lib-name", "lib-ver", "flags", "db",
    ];
    let word = word.to_ascii_lowercase();
    let word = word.strip_prefix(b"not-").unwrap_or(&word);
    OPTIONS.iter().any(|option| option.as_bytes() == word)
}

fn number(value: &[u8]) -> Option<i64> {
    stdx::number::parse_i64(value)
}

fn seconds(value: &[u8], option: &str) -> Result<i64> {
    match number(value) {
        None => Err(Error::made(format!("{option} is not an integer or out of range"))),
        Some(..=0) => Err(Error::made(format!("{option} should be greater than 0"))),
        Some(seconds) => Ok(seconds),
    }
}

fn yes_or_no(value: &[u8]) -> Result<bool> {
    match value.to_ascii_lowercase().as_slice() {
        b"yes" => Ok(true),
        b"no" => Ok(false),
        _ => Err(Error::Syntax),
    }
}

/// What a client is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Normal,
    /// It listens to channels.
    Pubsub,
    /// There are none yet.
    Replication,
}

fn type_of(client: &Client) -> Type {
    if client.subscriptions.is_empty() { Type::Normal } else { Type::Pubsub }
}

fn parse_type(value: &[u8]) -> Result<Type> {
    match value.to_ascii_lowercase().as_slice() {
        b"normal" => Ok(Type::Normal),
        b"pubsub" => Ok(Type::Pubsub),
        b"master" | b"primary" | b"replica" | b"slave" => Ok(Type::Replication),
        _ => {
            let name = String::from_utf8_lossy(value);
            Err(Error::made(format!("Unknown client type '{name}'")))
        }
    }
}

/// The address without its port, and without the brackets of IPv6.
fn ip_of(address: &str) -> &str {
    let ip = address.rsplit_once(':').map_or(address, |(ip, _)| ip);
    ip.trim_start_matches('[').trim_end_matches(']')
}

#[cfg(test)]
mod tests;
