//! The command table at run time: rows of both kinds by name, with a number each.

use ahash::AHashMap;
use command::{Args, Spec, flag};
use config::RenameCommand;
use engine::{Command, Run};

use crate::command::{InMulti, SessionCommand, SessionRun};

/// Names up to this length are looked up as one number; a few are longer.
const SHORT_NAME_BYTES_MAX: usize = 15;
/// Longest name of a command that can exist; longer ones need no look-up.
const NAME_BYTES_MAX: usize = 64;

/// A short name as a number: its letters in upper case, and its length.
#[inline]
fn short_name(name: &[u8]) -> Option<u128> {
    let mut upper = [0; SHORT_NAME_BYTES_MAX + 1];
    upper[..SHORT_NAME_BYTES_MAX].get_mut(..name.len())?.copy_from_slice(name);
    upper.make_ascii_uppercase();
    upper[SHORT_NAME_BYTES_MAX] = name.len() as u8;
    Some(u128::from_le_bytes(upper))
}

/// What a row does.
#[derive(Clone, Copy)]
pub(crate) enum Action {
    /// Runs on shards.
    Data(&'static Command),
    /// Runs on the connection's thread.
    Session(&'static SessionCommand),
}

impl Action {
    pub(crate) fn spec(&self) -> &'static Spec {
        match self {
            Action::Data(command) => &command.spec,
            Action::Session(command) => &command.spec,
        }
    }

    fn subcommands(&self) -> Vec<Action> {
        match self {
            Action::Data(command) => command.subcommands.iter().map(Action::Data).collect(),
            Action::Session(command) => command.subcommands.iter().map(Action::Session).collect(),
        }
    }
}

/// A row with its place in the table.
pub(crate) struct Row {
    /// Its number; statistics are kept by it.
    pub(crate) id: u16,
    /// Lower-case full name, `client|list`.
    pub(crate) name: String,
    pub(crate) action: Action,
    pub(crate) spec: &'static Spec,
    /// Numbers of its subcommands.
    pub(crate) subcommands: Vec<u16>,
}

impl Row {
    /// What it does when a transaction is open.
    #[inline]
    pub(crate) fn in_multi(&self) -> InMulti {
        match self.action {
            Action::Data(_) => InMulti::Queued,
            Action::Session(command) => command.in_multi,
        }
    }

    /// Whether it answers an error while the data should be saved and cannot be.
    #[inline]
    pub(crate) fn tells_health(&self) -> bool {
        match self.action {
            Action::Data(command) => command.spec.has(flag::WRITE),
            Action::Session(command) => command.spec.has(flag::WRITE) || command.tells_health,
        }
    }

    /// Whether it is only a name for its subcommands.
    #[inline]
    pub(crate) fn is_container(&self) -> bool {
        match self.action {
            Action::Data(command) => matches!(command.run, Run::Container),
            Action::Session(command) => matches!(command.run, SessionRun::Container),
        }
    }
}

/// Why a call is for no row.
pub(crate) enum Unresolved<'a> {
    /// There is no such command.
    Command,
    /// The command has no such subcommand.
    Subcommand,
    /// The row takes another number of arguments.
    Arity(&'a Row),
}

/// All commands by name.
pub(crate) struct Registry {
    rows: Vec<Row>,
    by_name: AHashMap<Vec<u8>, u16>,
    /// Those of them that are short.
    by_short_name: AHashMap<u128, u16>,
}

impl Registry {
    /// The table of all commands, with `rename-command` applied in order.
    pub(crate) fn new(
        actions: impl Iterator<Item = Action>,
        renames: &[RenameCommand],
    ) -> std::result::Result<Self, String> {
        let mut registry =
            Self { rows: Vec::new(), by_name: AHashMap::new(), by_short_name: AHashMap::new() };
        for action in actions {
            let name = action.spec().name.as_bytes();
            // A container of which some subcommands are data commands comes once of each kind.
            if let Some(known) = registry.by_name.get(name) {
                registry.add_subcommands(action, *known);
                continue;
            }
            let id = registry.add(action, None);
            registry.by_name.insert(name.to_vec(), id);
        }
        for rename in renames {
            registry.rename(rename)?;
        }
        let short = |(name, id): (&Vec<u8>, &u16)| Some((short_name(name)?, *id));
        registry.by_short_name = registry.by_name.iter().filter_map(short).collect();
        Ok(registry)
    }

    fn add(&mut self, action: Action, parent: Option<u16>) -> u16 {
        let id = self.rows.len() as u16;
        let spec = action.spec();
        let own = spec.name.to_ascii_lowercase();
        let name = match parent {
            Some(parent) => format!("{}|{own}", self.rows[usize::from(parent)].name),
            None => own,
        };
        self.rows.push(Row { id, name, action, spec, subcommands: Vec::new() });
        self.add_subcommands(action, id);
        id
    }

    fn add_subcommands(&mut self, container: Action, id: u16) {
        for subcommand in container.subcommands() {
            let sub_id = self.add(subcommand, Some(id));
            self.rows[usize::from(id)].subcommands.push(sub_id);
        }
    }

    fn rename(&mut self, rename: &RenameCommand) -> std::result::Result<(), String> {
        let shown = String::from_utf8_lossy(&rename.from).into_owned();
        let id = self
            .by_name
            .remove(&rename.from.to_ascii_uppercase())
            .ok_or_else(|| format!("No such command '{shown}' in rename-command"))?;
        if rename.to.is_empty() {
            return Ok(());
        }
        match self.by_name.insert(rename.to.to_ascii_uppercase(), id) {
            None => Ok(()),
            Some(_) => Err(format!("Target command name for '{shown}' already exists")),
        }
    }

    /// All rows; a row's number is its index.
    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// A row by its number.
    #[inline]
    pub(crate) fn row(&self, id: u16) -> &Row {
        &self.rows[usize::from(id)]
    }

    /// Top-level rows that have a name.
    pub(crate) fn named(&self) -> impl Iterator<Item = &Row> {
        self.by_name.values().map(|id| self.row(*id))
    }

    /// The top-level row of a name.
    #[inline]
    pub(crate) fn find(&self, name: &[u8]) -> Option<&Row> {
        if let Some(short) = short_name(name) {
            return self.by_short_name.get(&short).map(|id| self.row(*id));
        }
        let mut upper = [0; NAME_BYTES_MAX];
        let upper = upper.get_mut(..name.len())?;
        upper.copy_from_slice(name);
        upper.make_ascii_uppercase();
        self.by_name.get(&*upper).map(|id| self.row(*id))
    }

    /// The row that a call is for, subcommands resolved.
    #[inline]
    pub(crate) fn resolve(&self, args: Args<'_>) -> Result<&Row, Unresolved<'_>> {
        let row = self.find(args.at(0)).ok_or(Unresolved::Command)?;
        let row = match args.get(1) {
            Some(sub) if !row.subcommands.is_empty() => {
                self.find_sub(row, sub).ok_or(Unresolved::Subcommand)?
            }
            _ => row,
        };
        if row.is_container() || !row.spec.accepts(args.len()) {
            return Err(Unresolved::Arity(row));
        }
        Ok(row)
    }

    /// A container's subcommand.
    pub(crate) fn find_sub(&self, container: &Row, name: &[u8]) -> Option<&Row> {
        let mut rows = container.subcommands.iter().map(|id| self.row(*id));
        rows.find(|row| row.spec.name.as_bytes().eq_ignore_ascii_case(name))
    }

    /// The row of `container|sub` or of a plain name.
    pub(crate) fn find_full(&self, name: &[u8]) -> Option<&Row> {
        let mut words = name.splitn(2, |byte| *byte == b'|');
        let row = self.find(words.next()?)?;
        match words.next() {
            Some(sub) => self.find_sub(row, sub),
            None => Some(row),
        }
    }
}

#[cfg(test)]
mod tests;
