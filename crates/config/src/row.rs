//! One row per parameter: everything about it that is not its value.

use crate::config::Config;
use crate::kind::{Kind, Reason};

/// When a parameter can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutability {
    /// By CONFIG SET.
    Mutable,
    /// By CONFIG SET, where `enable-protected-configs` allows it.
    Protected,
    /// Only before the server starts.
    Immutable,
    /// Only before the server starts, and CONFIG does not show it.
    StartOnly,
}

/// What the number that a parameter holds counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things, or it is no number.
    None,
    /// Bytes.
    Bytes,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
}

/// One parameter.
pub struct Row {
    /// Its name, as a directive and in CONFIG GET.
    pub name: &'static str,
    /// Other names that mean the same.
    pub aliases: &'static [&'static str],
    pub(crate) kind: Kind,
    /// The value where nothing else is said, as a directive would spell it.
    pub default: &'static str,
    /// When it can change.
    pub mutability: Mutability,
    /// What it counts.
    pub unit: Unit,
    /// Whether logs must not show its value.
    pub is_sensitive: bool,
    /// Whether CONFIG GET shows it only to who asks for it by name.
    pub is_hidden: bool,
    /// Whether CONFIG SET leaves it alone while data is loaded.
    pub is_fixed_while_loading: bool,
    /// What it does, in one line.
    pub doc: &'static str,
}

impl Row {
    pub(crate) const fn new(
        name: &'static str,
        kind: Kind,
        default: &'static str,
        doc: &'static str,
    ) -> Row {
        let unit = match kind {
            Kind::Memory { .. } => Unit::Bytes,
            _ => Unit::None,
        };
        Row {
            name,
            aliases: &[],
            kind,
            default,
            mutability: Mutability::Mutable,
            unit,
            is_sensitive: false,
            is_hidden: false,
            is_fixed_while_loading: false,
            doc,
        }
    }

    pub(crate) const fn aliases(mut self, aliases: &'static [&'static str]) -> Row {
        self.aliases = aliases;
        self
    }

    pub(crate) const fn mutability(mut self, mutability: Mutability) -> Row {
        self.mutability = mutability;
        self
    }

    pub(crate) const fn unit(mut self, unit: Unit) -> Row {
        self.unit = unit;
        self
    }

    pub(crate) const fn sensitive(mut self) -> Row {
        self.is_sensitive = true;
        self
    }

    pub(crate) const fn hidden(mut self) -> Row {
        self.is_hidden = true;
        self
    }

    pub(crate) const fn fixed_while_loading(mut self) -> Row {
        self.is_fixed_while_loading = true;
        self
    }

    /// Its name and its aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// What a value may be, for humans.
    pub fn allowed(&self) -> String {
        self.kind.allowed()
    }

    /// The value in `config`, as CONFIG GET shows it.
    pub fn get(&self, config: &Config) -> Vec<u8> {
        self.kind.get(config)
    }

    /// Whether it has only one value.
    pub(crate) fn is_fixed(&self) -> bool {
        matches!(self.kind, Kind::Fixed { .. })
    }

    /// Whether CONFIG GET and CONFIG SET know it.
    pub(crate) fn is_listed(&self) -> bool {
        self.mutability != Mutability::StartOnly
    }

    /// Reads the words of a directive, behind its name, into `config`.
    pub(crate) fn set(&self, config: &mut Config, words: &[&[u8]]) -> Result<(), Reason> {
        self.kind.set(config, words)
    }

    /// Reads the one text that CONFIG SET has for a value into `config`.
    pub(crate) fn set_text(&self, config: &mut Config, text: &[u8]) -> Result<(), Reason> {
        if !self.kind.is_multi() {
            return self.set(config, &[text]);
        }
        if let Kind::SavePoints(at) = &self.kind {
            // The new ones take the place of all others.
            let old = (at.get)(config);
            (at.set)(config, Default::default());
            let words: Vec<&[u8]> = text.split(|byte| *byte == b' ').collect();
            return self.set(config, &words).inspect_err(|_| (at.set)(config, old));
        }
        // As in Redis, a doubled space is an empty word.
        let words: Vec<&[u8]> = text.split(|byte| *byte == b' ').collect();
        self.set(config, if text.is_empty() { &[] } else { &words })
    }

    /// Sets the default over an empty value.
    pub(crate) fn set_default(&self, config: &mut Config) {
        if self.default.is_empty() {
            return;
        }
        self.set_text(config, self.default.as_bytes()).expect("a row's default is allowed");
        if let Kind::SavePoints(at) = &self.kind {
            let points = (at.get)(config);
            (at.set)(config, crate::config::SavePoints { is_default: true, ..points });
        }
    }
}
