//! COMMAND: the table of commands, told in Redis's shapes. All of it is derived from the rows.

use std::rc::Rc;

use command::flag::{self, category};
use command::{Access, Args, Begin, Error, Find, Group, KeySpec, Result, Spec, access};
use resp::Writer;

use crate::client::Client;
use crate::command::{InMulti, SessionCommand, SessionRun};
use crate::core::Core;
use crate::help;
use crate::registry::{Registry, Row};

mod docs;

/// Flags that Redis keeps to itself.
const HIDDEN: u32 = flag::MAY_REPLICATE | flag::PROTECTED | flag::SCRIPT_RUNNER;

const fn spec(usage: &'static str, arity: i32) -> Spec {
    Spec::new(Group::Server, usage, arity, flag::LOADING | flag::STALE).also(category::CONNECTION)
}

const ORDER_TIP: &[&str] = &["nondeterministic_output_order"];

pub(super) const COMMANDS: &[SessionCommand] = &[SessionCommand {
    spec: spec("COMMAND", -1).tips(ORDER_TIP).doc(
        "2.8.13",
        "O(N) where N is the total number of commands",
        "Describes all commands.",
    ),
    run: SessionRun::Now(all),
    subcommands: SUBCOMMANDS,
    in_multi: InMulti::Queued,
    tells_health: false,
    only_reads: None,
}];

const SUBCOMMANDS: &[SessionCommand] = &[
    SessionCommand::now(spec("COUNT", 2).doc("2.8.13", "O(1)", "Counts the commands."), count),
    SessionCommand::now(
        spec("DOCS [command-name...]", -2).tips(ORDER_TIP).doc(
            "7.0.0",
            "O(N) where N is the number of commands to look up",
            "Documents commands, all or those named.",
        ),
        docs::docs,
    ),
    SessionCommand::now(
        spec("GETKEYS command [arg...]", -3).doc(
            "2.8.13",
            "O(N) where N is the number of arguments",
            "Finds the keys in a full command.",
        ),
        get_keys,
    ),
    SessionCommand::now(
        spec("GETKEYSANDFLAGS command [arg...]", -3).doc(
            "7.0.0",
            "O(N) where N is the number of arguments",
            "Finds the keys in a full command, and what it does with them.",
        ),
        get_keys_and_flags,
    ),
    SessionCommand::now(
        spec("INFO [command-name...]", -2).tips(ORDER_TIP).doc(
            "2.8.13",
            "O(N) where N is the number of commands to look up",
            "Describes commands, all or those named.",
        ),
        info,
    ),
    SessionCommand::now(
        spec("LIST [FILTERBY (filterby: MODULE module-name|ACLCAT category|PATTERN pattern)]", -2)
            .tips(ORDER_TIP)
            .doc(
                "7.0.0",
                "O(N) where N is the total number of commands",
                "Lists the names of commands: FILTERBY MODULE, ACLCAT, PATTERN.",
            ),
        list,
    ),
    HELP,
];

const HELP: SessionCommand = {
    let mut row = help::row(Group::Server, "5.0.0");
    row.spec = row.spec.also(category::CONNECTION);
    row
};

/// The top-level commands in a stable order.
fn commands(registry: &Registry) -> Vec<&Row> {
    let mut rows: Vec<&Row> = registry.named().collect();
    rows.sort_unstable_by_key(|row| row.id);
    rows
}

fn all(core: &Rc<Core>, _: &Rc<Client>, _: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let registry = &core.server.registry;
    let rows = commands(registry);
    reply.array(rows.len());
    rows.into_iter().for_each(|row| write_info(registry, row, reply));
    Ok(())
}

fn count(core: &Rc<Core>, _: &Rc<Client>, _: Args<'_>, reply: &mut Writer<'_>) -> Result {
    reply.integer(core.server.registry.named().count() as i64);
    Ok(())
}

fn info(core: &Rc<Core>, client: &Rc<Client>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    if args.len() == 2 {
        return all(core, client, args, reply);
    }
    let registry = &core.server.registry;
    reply.array(args.len() - 2);
    for name in args.iter_from(2) {
        match registry.find_full(name) {
            Some(row) => write_info(registry, row, reply),
            None => reply.null(),
        }
    }
    Ok(())
}

fn list(core: &Rc<Core>, _: &Rc<Client>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let filter = parse_filter(args)?;
    let registry = &core.server.registry;
    let with_subcommands = commands(registry).into_iter().flat_map(|row| {
        let subcommands = row.subcommands.iter().map(|id| registry.row(*id));
        std::iter::once(row).chain(subcommands)
    });
    let rows: Vec<&Row> = with_subcommands.filter(|row| filter.passes(row)).collect();
    reply.array(rows.len());
    for row in rows {
        reply.bulk(row.name.as_bytes());
    }
    Ok(())
}

/// Which commands COMMAND LIST means.
enum Filter<'a> {
    All,
    /// There are no modules.
    None,
    Categories(u32),
    Pattern(&'a [u8]),
}

impl Filter<'_> {
    fn passes(&self, row: &Row) -> bool {
        match self {
            Filter::All => true,
            Filter::None => false,
            Filter::Categories(wanted) => row.spec.categories & wanted != 0,
            Filter::Pattern(pattern) => stdx::glob::matches(pattern, row.name.as_bytes(), true),
        }
    }
}

fn parse_filter(args: Args<'_>) -> Result<Filter<'_>> {
    if args.len() == 2 {
        return Ok(Filter::All);
    }
    if args.len() != 5 || !args.at(2).eq_ignore_ascii_case(b"filterby") {
        return Err(Error::Syntax);
    }
    let value = args.at(4);
    match args.at(3).to_ascii_lowercase().as_slice() {
        b"module" => Ok(Filter::None),
        b"aclcat" => {
            let named = |(_, name): &&(u32, &str)| name.as_bytes().eq_ignore_ascii_case(value);
            let found = category::CATEGORY_NAMES.iter().find(named);
            Ok(Filter::Categories(found.map_or(0, |(category, _)| *category)))
        }
        b"pattern" => Ok(Filter::Pattern(value)),
        _ => Err(Error::Syntax),
    }
}

fn get_keys(core: &Rc<Core>, _: &Rc<Client>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let call = args.tail(2);
    let keys = find_keys(&core.server.registry, call)?;
    reply.array(keys.len());
    keys.into_iter().for_each(|(position, _)| reply.bulk(call.at(position)));
    Ok(())
}

fn get_keys_and_flags(
    core: &Rc<Core>,
    _: &Rc<Client>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let call = args.tail(2);
    let keys = find_keys(&core.server.registry, call)?;
    reply.array(keys.len());
    for (position, access) in keys {
        reply.array(2);
        reply.bulk(call.at(position));
        write_names(reply, flag::names(access, access::NAMES));
    }
    Ok(())
}

/// The positions of a call's keys, each with what is done with it.
fn find_keys(registry: &Registry, call: Args<'_>) -> Result<Vec<(usize, Access)>> {
    const UNKNOWN: Error = Error::new("Invalid command specified");
    let row = registry.find(call.at(0)).ok_or(UNKNOWN)?;
    let row = match call.get(1) {
        Some(sub) if !row.subcommands.is_empty() => registry.find_sub(row, sub).ok_or(UNKNOWN)?,
        _ => row,
    };
    let specs = || row.spec.keys.iter().filter(|keys| keys.access & access::NOT_KEY == 0);
    if specs().next().is_none() {
        return Err(Error::new("The command has no key arguments"));
    }
    if !row.spec.accepts(call.len()) {
        return Err(Error::new("Invalid number of arguments specified for command"));
    }
    let mut keys = Vec::new();
    for spec in specs() {
        if let Some(positions) = spec.resolve(call) {
            let access = row.spec.access(spec, call);
            keys.extend(positions.iter().map(|position| (position, access)));
        } else if !row.spec.has(flag::NO_MANDATORY_KEYS)
            && matches!((spec.begin, spec.find), (Begin::Index(_), Find::KeyNum { .. }))
        {
            // There must be a count, and this is none.
            return Err(Error::new("Invalid arguments specified for command"));
        }
    }
    if keys.is_empty() && !row.spec.has(flag::NO_MANDATORY_KEYS) {
        return Err(Error::new("Invalid arguments specified for command"));
    }
    Ok(keys)
}

fn write_info(registry: &Registry, row: &Row, reply: &mut Writer<'_>) {
    let spec = row.spec;
    let (first, last, step) = spec.legacy_range();
    reply.array(10);
    reply.bulk(row.name.as_bytes());
    reply.integer(spec.arity.into());
    write_names(reply, flag::names(spec.flags & !HIDDEN, flag::FLAG_NAMES));
    for number in [first, last, step] {
        reply.integer(number);
    }
    let categories = flag::names(spec.categories, category::CATEGORY_NAMES);
    write_names(reply, categories.map(|name| format!("@{name}")));
    reply.set(spec.tips.len());
    spec.tips.iter().for_each(|tip| reply.bulk(tip.as_bytes()));
    reply.set(spec.keys.len());
    spec.keys.iter().for_each(|keys| write_key_spec(keys, reply));
    if row.subcommands.is_empty() {
        return reply.set(0);
    }
    reply.array(row.subcommands.len());
    for subcommand in &row.subcommands {
        write_info(registry, registry.row(*subcommand), reply);
    }
}

/// A set of simple strings.
fn write_names<N: AsRef<str>>(reply: &mut Writer<'_>, names: impl Iterator<Item = N>) {
    let names: Vec<N> = names.collect();
    reply.set(names.len());
    names.iter().for_each(|name| reply.simple(name.as_ref()));
}

fn write_key_spec(keys: &KeySpec, reply: &mut Writer<'_>) {
    reply.map(3);
    reply.bulk(b"flags");
    write_names(reply, flag::names(keys.access, access::NAMES));
    reply.bulk(b"begin_search");
    match keys.begin {
        Begin::Index(index) => write_search(reply, "index", &[("index", index as i64)]),
        Begin::Keyword { word, start_from } => {
            write_search_head(reply, "keyword", 2);
            reply.bulk(b"keyword");
            reply.bulk(word.as_bytes());
            reply.bulk(b"startfrom");
            reply.integer(start_from as i64);
        }
        Begin::Option { .. } | Begin::Unknown => write_search_head(reply, "unknown", 0),
    }
    reply.bulk(b"find_keys");
    if keys.is_unknown() {
        return write_search_head(reply, "unknown", 0);
    }
    match keys.find {
        Find::Range { last, step, limit } => {
            let numbers = [("lastkey", last as i64), ("keystep", step as i64)];
            write_search(reply, "range", &[numbers[0], numbers[1], ("limit", limit as i64)]);
        }
        Find::KeyNum { count_at, first, step } => {
            let numbers = [("keynumidx", count_at as i64), ("firstkey", first as i64)];
            write_search(reply, "keynum", &[numbers[0], numbers[1], ("keystep", step as i64)]);
        }
    }
}

fn write_search(reply: &mut Writer<'_>, kind: &str, numbers: &[(&str, i64)]) {
    write_search_head(reply, kind, numbers.len());
    for (name, number) in numbers {
        reply.bulk(name.as_bytes());
        reply.integer(*number);
    }
}

fn write_search_head(reply: &mut Writer<'_>, kind: &str, len: usize) {
    reply.map(2);
    reply.bulk(b"type");
    reply.bulk(kind.as_bytes());
    reply.bulk(b"spec");
    reply.map(len);
}
