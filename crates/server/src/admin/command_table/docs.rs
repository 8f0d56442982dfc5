//! COMMAND DOCS.

use std::rc::Rc;

use command::{Args, Argument, Result};
use resp::Writer;

use super::{commands, write_names};
use crate::client::Client;
use crate::core::Core;
use crate::registry::{Registry, Row};

pub(super) fn docs(
    core: &Rc<Core>,
    _: &Rc<Client>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let registry = &core.server.registry;
    let rows = match args.len() {
        2 => commands(registry),
        _ => args.iter_from(2).filter_map(|name| registry.find_full(name)).collect(),
    };
    reply.map(rows.len());
    for row in rows {
        reply.bulk(row.name.as_bytes());
        write_docs(registry, row, reply);
    }
    Ok(())
}

fn write_docs(registry: &Registry, row: &Row, reply: &mut Writer<'_>) {
    let spec = row.spec;
    let has_subcommands = !row.subcommands.is_empty();
    let deprecated = if spec.replaced_by.is_some() { 3 } else { 0 };
    // A test reads every row's.
    let arguments = spec.arguments().unwrap_or_default();
    let groups = [has_subcommands, !arguments.is_empty()];
    reply.map(4 + deprecated + groups.into_iter().filter(|has| *has).count());
    let texts = [
        ("summary", spec.doc),
        ("since", spec.since),
        ("group", spec.group.name()),
        ("complexity", spec.complexity),
    ];
    for (name, text) in texts {
        reply.bulk(name.as_bytes());
        reply.bulk(text.as_bytes());
    }
    if let Some((since, replaced_by)) = spec.replaced_by {
        reply.bulk(b"doc_flags");
        write_names(reply, std::iter::once("deprecated"));
        for (name, text) in [("deprecated_since", since), ("replaced_by", replaced_by)] {
            reply.bulk(name.as_bytes());
            reply.bulk(text.as_bytes());
        }
    }
    if !arguments.is_empty() {
        reply.bulk(b"arguments");
        write_arguments(&arguments, reply);
    }
    if has_subcommands {
        reply.bulk(b"subcommands");
        reply.map(row.subcommands.len());
        for subcommand in row.subcommands.iter().map(|id| registry.row(*id)) {
            reply.bulk(subcommand.name.as_bytes());
            write_docs(registry, subcommand, reply);
        }
    }
}

fn write_arguments(arguments: &[Argument<'_>], reply: &mut Writer<'_>) {
    reply.array(arguments.len());
    arguments.iter().for_each(|argument| write_argument(argument, reply));
}

fn write_argument(argument: &Argument<'_>, reply: &mut Writer<'_>) {
    let texts = [
        ("name", Some(argument.name.as_str())),
        ("type", Some(argument.kind.name())),
        // Groups show only their members.
        ("display_text", (!argument.kind.is_group()).then_some(argument.name.as_str())),
        ("token", argument.token),
    ];
    let flags = [
        (argument.is_optional, "optional"),
        (argument.is_multiple, "multiple"),
        (argument.repeats_token, "multiple_token"),
    ];
    let has_flags = flags.iter().any(|(is, _)| *is);
    let others = [argument.key_spec.is_some(), has_flags, !argument.members.is_empty()];
    let given = texts.iter().map(|(_, text)| text.is_some()).chain(others);
    reply.map(given.filter(|is| *is).count());
    for (name, text) in texts.iter().filter_map(|(name, text)| Some((name, (*text)?))) {
        reply.bulk(name.as_bytes());
        reply.bulk(text.as_bytes());
    }
    if let Some(index) = argument.key_spec {
        reply.bulk(b"key_spec_index");
        reply.integer(index as i64);
    }
    if has_flags {
        reply.bulk(b"flags");
        write_names(reply, flags.iter().filter_map(|(is, name)| is.then_some(*name)));
    }
    if !argument.members.is_empty() {
        reply.bulk(b"arguments");
        write_arguments(&argument.members, reply);
    }
}
