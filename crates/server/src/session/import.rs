//! HIMPORT: hashes whose fields have the same names, which are sent once for all.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use command::flag::{DENYOOM, WRITE};
use command::{Args, Error, Group, KeySpec, Result, Spec, access};
use resp::Writer;

use crate::client::Client;
use crate::command::{Becomes, OwnedArgs, SessionCommand};
use crate::core::Core;

const fn spec(usage: &'static str, arity: i32, flags: u32) -> Spec {
    Spec::new(Group::Hash, usage, arity, flags)
}

const TO_ALL: &[&str] = &["request_policy:all_shards"];
const SECOND: &[KeySpec] = &[KeySpec::at(2, access::OVERWRITE)];

pub(crate) const COMMANDS: &[SessionCommand] = &[SessionCommand::container(
    spec("HIMPORT", -2, 0).doc(
        "8.10.0",
        "Depends on subcommand.",
        "Makes hashes of fields whose names are sent once.",
    ),
    &[
        SessionCommand::now(
            spec("DISCARD fieldset-name", 3, 0).tips(TO_ALL).doc(
                "8.10.0",
                "O(1)",
                "Forgets a list of names of fields.",
            ),
            discard,
        ),
        SessionCommand::now(
            spec("DISCARDALL", 2, 0).tips(TO_ALL).doc(
                "8.10.0",
                "O(N) where N is the number of lists",
                "Forgets all lists of names of fields.",
            ),
            discard_all,
        ),
        SessionCommand::now(
            spec("PREPARE fieldset-name field...", -4, DENYOOM).tips(TO_ALL).doc(
                "8.10.0",
                "O(N) where N is the number of fields",
                "Keeps a list of names of fields for this connection.",
            ),
            prepare,
        ),
        SessionCommand::becomes(
            spec("SET key fieldset-name value...", -5, WRITE | DENYOOM).key_specs(SECOND).doc(
                "8.10.0",
                "O(N) where N is the number of fields",
                "Makes a key a hash of the fields of a list, with these values.",
            ),
            Becomes { command: &commands::IMPORT, expand },
        ),
    ],
)];

/// The lists of fields of a connection, by name.
#[derive(Default)]
pub(crate) struct FieldLists(RefCell<HashMap<Vec<u8>, OwnedArgs>>);

impl FieldLists {
    /// Forgets all; answers how many they were.
    pub(crate) fn clear(&self) -> usize {
        std::mem::take(&mut *self.0.borrow_mut()).len()
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        let lists = self.0.borrow();
        lists.iter().map(|(name, fields)| name.capacity() + fields.memory_bytes()).sum()
    }
}

/// HIMPORT PREPARE name field [field ...]
fn prepare(_: &Rc<Core>, client: &Rc<Client>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut known = HashSet::new();
    if !args.iter_from(3).all(|field| known.insert(field)) {
        return Err(Error::new("the same field is given more than once"));
    }
    let mut fields = OwnedArgs::default();
    fields.replace(args.iter_from(3));
    client.field_lists.0.borrow_mut().insert(args.at(2).to_vec(), fields);
    reply.ok();
    Ok(())
}

/// HIMPORT DISCARD name
fn discard(_: &Rc<Core>, client: &Rc<Client>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let removed = client.field_lists.0.borrow_mut().remove(args.at(2));
    reply.integer(i64::from(removed.is_some()));
    Ok(())
}

/// HIMPORT DISCARDALL
fn discard_all(_: &Rc<Core>, client: &Rc<Client>, _: Args<'_>, reply: &mut Writer<'_>) -> Result {
    reply.integer(client.field_lists.clear() as i64);
    Ok(())
}

/// HIMPORT SET key name value [value ...], with a name before each value.
fn expand(client: &Client, args: Args<'_>) -> Result<OwnedArgs> {
    let lists = client.field_lists.0.borrow();
    let fields = lists.get(args.at(3)).ok_or(Error::new("no such fieldset"))?.args();
    if fields.len() != args.len() - 4 {
        return Err(Error::new("the number of values is not that of the fieldset's fields"));
    }
    let pairs = fields.iter().zip(args.iter_from(4)).flat_map(|(field, value)| [field, value]);
    let mut owned = OwnedArgs::default();
    owned.replace([args.at(0), args.at(2)].into_iter().chain(pairs));
    Ok(owned)
}
