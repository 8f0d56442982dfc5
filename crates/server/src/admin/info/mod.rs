//! INFO.

mod sections;
pub(crate) mod system;
pub(crate) mod text;
pub(crate) mod view;

use command::{Group, Spec, flag};

use crate::command::{LaterFuture, Request, SessionCommand};
use sections::{SECTIONS, Section};
use text::Text;
use view::View;

const TIPS: &[&str] =
    &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"];

pub(crate) const COMMANDS: &[SessionCommand] = &[SessionCommand::later(
    Spec::new(Group::Server, "INFO [section...]", -1, flag::LOADING | flag::STALE)
        .also(flag::category::DANGEROUS)
        .tips(TIPS)
        .doc("1.0.0", "O(threads)", "What the server is doing, in sections of its numbers."),
    info,
)];

fn info(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let wanted: Vec<&Section> = {
            let args = request.args();
            SECTIONS.iter().filter(|section| section.is_wanted(args.iter_from(1))).collect()
        };
        let wants_histograms = wanted.iter().any(|section| section.name == "latencystats");
        let view = View::take(&request.core, wants_histograms).await;
        let mut text = Text::default();
        for section in wanted {
            text.section(section.title);
            (section.write)(&view, &mut text);
        }
        request.reply().verbatim("txt", text.as_bytes());
        Ok(())
    })
}

#[cfg(test)]
mod tests;
