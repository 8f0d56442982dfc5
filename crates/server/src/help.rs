//! HELP of the containers: made from the rows of their subcommands.

use std::rc::Rc;

use command::{Args, Group, Result, Spec, flag};
use resp::Writer;

use crate::client::Client;
use crate::command::SessionCommand;
use crate::core::Core;

/// The row of a container's HELP.
pub(crate) const fn row(group: Group, since: &'static str) -> SessionCommand {
    let spec = Spec::new(group, "HELP", 2, flag::LOADING | flag::STALE);
    SessionCommand::now(spec.doc(since, "O(1)", "Prints this help."), help)
}

fn help(core: &Rc<Core>, _: &Rc<Client>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let registry = &core.server.registry;
    let container = registry.find(args.at(0)).expect("dispatch came here through the container");
    reply.array(1 + 2 * container.subcommands.len());
    let name = container.spec.name;
    reply.simple(&format!("{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    for subcommand in container.subcommands.iter().map(|id| registry.row(*id)) {
        reply.simple(subcommand.spec.name);
        reply.simple(&format!("    {}", subcommand.spec.doc));
    }
    Ok(())
}
