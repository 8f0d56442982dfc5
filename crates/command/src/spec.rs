//! The metadata of one command or subcommand.

use crate::args::Args;
use crate::flag::{self, Categories, Flags, category};
use crate::keys::{Access, Begin, Find, KeySpec, access};
use crate::syntax::{self, Argument, SyntaxFault};

/// Redis's command groups, as COMMAND DOCS and COMMAND LIST name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Redis's names")]
pub enum Group {
    Generic,
    String,
    List,
    Set,
    SortedSet,
    Hash,
    PubSub,
    Transactions,
    Connection,
    Server,
    Scripting,
    HyperLogLog,
    Cluster,
    Sentinel,
    Geo,
    Stream,
    Bitmap,
}

impl Group {
    /// The name in COMMAND DOCS.
    pub const fn name(self) -> &'static str {
        match self {
            Group::Generic => "generic",
            Group::String => "string",
            Group::List => "list",
            Group::Set => "set",
            Group::SortedSet => "sorted-set",
            Group::Hash => "hash",
            Group::PubSub => "pubsub",
            Group::Transactions => "transactions",
            Group::Connection => "connection",
            Group::Server => "server",
            Group::Scripting => "scripting",
            Group::HyperLogLog => "hyperloglog",
            Group::Cluster => "cluster",
            Group::Sentinel => "sentinel",
            Group::Geo => "geo",
            Group::Stream => "stream",
            Group::Bitmap => "bitmap",
        }
    }

    /// The ACL category that every command of the group has, beside those its flags imply.
    const fn category(self) -> Categories {
        match self {
            Group::Generic => category::KEYSPACE,
            Group::String => category::STRING,
            Group::List => category::LIST,
            Group::Set => category::SET,
            Group::SortedSet => category::SORTEDSET,
            Group::Hash => category::HASH,
            Group::PubSub => category::PUBSUB,
            Group::Transactions => category::TRANSACTION,
            Group::Connection => category::CONNECTION,
            Group::Scripting => category::SCRIPTING,
            Group::HyperLogLog => category::HYPERLOGLOG,
            Group::Geo => category::GEO,
            Group::Stream => category::STREAM,
            Group::Bitmap => category::BITMAP,
            Group::Server | Group::Cluster | Group::Sentinel => 0,
        }
    }
}

const FIRST_READ: &[KeySpec] = &[KeySpec::first(access::READ)];
const FIRST_READ_VALUE: &[KeySpec] = &[KeySpec::first(access::READ_VALUE)];
const FIRST_UPDATE: &[KeySpec] = &[KeySpec::first(access::UPDATE)];
const FIRST_UPDATE_ACCESS: &[KeySpec] = &[KeySpec::first(access::UPDATE_ACCESS)];
const FIRST_OVERWRITE: &[KeySpec] = &[KeySpec::first(access::OVERWRITE)];
const FIRST_DELETE: &[KeySpec] = &[KeySpec::first(access::DELETE)];

/// What a command is, without what it does.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Upper-case name; of a subcommand only the second word.
    pub name: &'static str,
    /// Arguments with the name(s): exactly this many, or at least `-arity`.
    pub arity: i32,
    /// See [`flag`].
    pub flags: Flags,
    /// All ACL categories, the implied ones included.
    pub categories: Categories,
    /// Where the keys are.
    pub keys: &'static [KeySpec],
    /// Redis's hints for proxies.
    pub tips: &'static [&'static str],
    /// Redis's group.
    pub group: Group,
    /// The version that brought it.
    pub since: &'static str,
    /// Cost in the terms of its arguments.
    pub complexity: &'static str,
    /// One line of documentation.
    pub doc: &'static str,
    /// Its arguments, in the notation of `syntax.rs`.
    pub syntax: &'static str,
    /// The command to use instead, and since when, for a deprecated one.
    pub replaced_by: Option<(&'static str, &'static str)>,
    /// Whether a RESP2 client may call it while it listens to channels.
    pub allowed_while_subscribed: bool,
    /// Which arguments are secrets.
    hides: Option<Hides>,
    /// What a call does with its keys, where that depends on its arguments.
    access_of: Option<AccessOf>,
}

/// Whether argument number so of a call must not be shown in any log.
pub type Hides = fn(Args<'_>, usize) -> bool;

/// What a call does with its keys.
pub type AccessOf = fn(Args<'_>) -> Access;

impl Spec {
    /// A command without keys; the methods below add to it. `usage` is its name and, behind a
    /// space, its arguments.
    pub const fn new(group: Group, usage: &'static str, arity: i32, flags: Flags) -> Self {
        let (name, syntax) = split_at_space(usage);
        let read = flags & flag::READONLY != 0 && !matches!(group, Group::Scripting);
        let mut categories = group.category() | category::implied(flags);
        if read {
            categories |= category::READ;
        }
        Self {
            name,
            arity,
            flags,
            categories,
            keys: &[],
            tips: &[],
            group,
            since: "1.0.0",
            complexity: "O(1)",
            doc: "",
            syntax,
            replaced_by: None,
            allowed_while_subscribed: false,
            hides: None,
            access_of: None,
        }
    }

    /// Adds categories that neither group nor flags imply.
    pub const fn also(mut self, categories: Categories) -> Self {
        self.categories |= categories;
        self
    }

    /// Takes categories away that group or flags imply.
    pub const fn without(mut self, categories: Categories) -> Self {
        self.categories &= !categories;
        self
    }

    /// One key, as the first argument.
    pub const fn key(self, access: Access) -> Self {
        self.key_specs(match access {
            access::READ => FIRST_READ,
            access::READ_VALUE => FIRST_READ_VALUE,
            access::UPDATE => FIRST_UPDATE,
            access::UPDATE_ACCESS => FIRST_UPDATE_ACCESS,
            access::OVERWRITE => FIRST_OVERWRITE,
            access::DELETE => FIRST_DELETE,
            _ => panic!("give the key spec itself"),
        })
    }

    /// The keys.
    pub const fn key_specs(mut self, keys: &'static [KeySpec]) -> Self {
        self.keys = keys;
        self
    }

    /// Hints for proxies.
    pub const fn tips(mut self, tips: &'static [&'static str]) -> Self {
        self.tips = tips;
        self
    }

    /// The version that brought the command, its cost, and one line about it.
    pub const fn doc(
        mut self,
        since: &'static str,
        complexity: &'static str,
        doc: &'static str,
    ) -> Self {
        self.since = since;
        self.complexity = complexity;
        self.doc = doc;
        self
    }

    /// Marks the command as deprecated since a version, with its replacement.
    pub const fn deprecated(mut self, since: &'static str, replaced_by: &'static str) -> Self {
        self.replaced_by = Some((since, replaced_by));
        self
    }

    /// Allows it to RESP2 clients that listen to channels.
    pub const fn while_subscribed(mut self) -> Self {
        self.allowed_while_subscribed = true;
        self
    }

    /// Says which arguments are secrets, by their position in a call.
    pub const fn hiding(mut self, hides: Hides) -> Self {
        self.hides = Some(hides);
        self
    }

    /// Whether argument `index` of a call is a secret, which no log may show.
    pub fn hides(&self, args: Args<'_>, index: usize) -> bool {
        self.hides.is_some_and(|hides| hides(args, index))
    }

    /// Says what a call does with its keys, where their specs say that it varies.
    pub const fn varying(mut self, access_of: AccessOf) -> Self {
        self.access_of = Some(access_of);
        self
    }

    /// What a call does with the keys of one of its specs.
    pub fn access(&self, keys: &KeySpec, args: Args<'_>) -> Access {
        match self.access_of {
            Some(access_of) if keys.access & access::VARIABLE != 0 => access_of(args),
            _ => keys.access,
        }
    }

    /// Whether any of `flags` is set.
    #[inline]
    pub const fn has(&self, flags: Flags) -> bool {
        self.flags & flags != 0
    }

    /// Whether a call with `argc` arguments (names included) fits the arity.
    #[inline]
    pub const fn accepts(&self, argc: usize) -> bool {
        if self.arity >= 0 { argc == self.arity as usize } else { argc >= -self.arity as usize }
    }

    /// Its arguments one by one. A container has none.
    pub fn arguments(&self) -> Result<Vec<Argument<'static>>, SyntaxFault> {
        let mut arguments = syntax::parse(self.syntax)?;
        if let Some(last) = self.keys.len().checked_sub(1) {
            arguments.iter_mut().for_each(|argument| argument.limit_key_spec(last));
        }
        Ok(arguments)
    }

    /// COMMAND's "first key, last key, step", which summarise the key specs as Redis does: the
    /// first range; zeros for movable or no keys.
    pub fn legacy_range(&self) -> (i64, i64, i64) {
        let mut summary = (0, 0, 0);
        for spec in self.keys {
            let (Begin::Index(first), Find::Range { last, step, limit: 0 }) =
                (spec.begin, spec.find)
            else {
                continue;
            };
            let first = first as i64;
            let last = if last >= 0 { first + last as i64 } else { last as i64 };
            summary = match summary {
                (0, ..) => (first, last, step as i64),
                // Adjacent single keys (RENAME) read as one range.
                (from, to, 1) if to >= 0 && first == to + 1 => (from, last, step as i64),
                other => other,
            };
        }
        summary
    }
}

const fn split_at_space(text: &'static str) -> (&'static str, &'static str) {
    let mut at = 0;
    while at < text.len() {
        if text.as_bytes()[at] == b' ' {
            return (text.split_at(at).0, text.split_at(at + 1).1);
        }
        at += 1;
    }
    (text, "")
}
