//! SAVE, BGSAVE, LASTSAVE.

use std::rc::Rc;

use command::{Args, Error, Group, Result, Spec, flag};
use resp::Writer;

use super::save::{self, SaveError};
use crate::client::Client;
use crate::command::{Request, SessionCommand};
use crate::core::Core;

pub(crate) const COMMANDS: &[SessionCommand] = &[
    SessionCommand::later(
        Spec::new(
            Group::Server,
            "BGSAVE [SCHEDULE]",
            -1,
            flag::ADMIN | flag::NOSCRIPT | flag::NO_ASYNC_LOADING,
        )
        .doc(
            "1.0.0",
            "O(1)",
            "BGSAVE [SCHEDULE | CANCEL]: saves the data while others go on.",
        ),
        |request| Box::pin(bgsave(request)),
    ),
    SessionCommand::now(
        Spec::new(Group::Server, "LASTSAVE", 1, flag::LOADING | flag::STALE | flag::FAST)
            .also(flag::category::ADMIN | flag::category::DANGEROUS)
            .tips(&["nondeterministic_output"])
            .doc("1.0.0", "O(1)", "When the data was last saved, in seconds since 1970."),
        lastsave,
    ),
    SessionCommand::later(
        Spec::new(
            Group::Server,
            "SAVE",
            1,
            flag::ADMIN | flag::NOSCRIPT | flag::NO_ASYNC_LOADING | flag::NO_MULTI,
        )
        .doc("1.0.0", "O(keys)", "Saves the data and answers when that is done."),
        |request| Box::pin(save(request)),
    ),
];

fn lastsave(core: &Rc<Core>, _: &Rc<Client>, _: Args<'_>, reply: &mut Writer<'_>) -> Result {
    reply.integer(core.server.persistence.status().saved_at);
    Ok(())
}

async fn save(request: &mut Request) -> Result {
    let ended = match save::start(&request.core, false).await {
        Ok(ended) => ended,
        Err(SaveError::Busy) => return Err(Error::new("Background save already in progress")),
        Err(SaveError::Failed) => return Err(Error::Coded("ERR".into())),
    };
    save::wait(ended).await.map_err(|_| Error::Coded("ERR".into()))?;
    request.reply().ok();
    Ok(())
}

async fn bgsave(request: &mut Request) -> Result {
    let (mut schedules, mut cancels) = (false, false);
    match request.args().get(1) {
        None => {}
        Some(word) if request.args().len() == 2 && word.eq_ignore_ascii_case(b"schedule") => {
            schedules = true;
        }
        Some(word) if request.args().len() == 2 && word.eq_ignore_ascii_case(b"cancel") => {
            cancels = true;
        }
        Some(_) => return Err(Error::Syntax),
    }
    let core = request.core.clone();
    if cancels {
        return cancel(request, &core);
    }
    if request.client.transaction.is_executing() {
        // The instant of the snapshot must wait for the end of the transaction.
        core.server.persistence.status().is_scheduled = true;
        request.reply().simple("Background saving scheduled");
        return Ok(());
    }
    match save::start(&core, true).await {
        Ok(_) => {
            tracing::info!("Background saving started");
            request.reply().simple("Background saving started");
            Ok(())
        }
        Err(SaveError::Busy) if schedules => {
            core.server.persistence.status().is_scheduled = true;
            request.reply().simple("Background saving scheduled");
            Ok(())
        }
        Err(SaveError::Busy) => Err(Error::new("Background save already in progress")),
        Err(SaveError::Failed) => Err(Error::Coded("ERR".into())),
    }
}

fn cancel(request: &mut Request, core: &Rc<Core>) -> Result {
    let persistence = &core.server.persistence;
    if persistence.cancel() {
        request.reply().simple("Background saving cancelled");
        return Ok(());
    }
    if std::mem::take(&mut persistence.status().is_scheduled) {
        request.reply().simple("Scheduled background saving cancelled");
        return Ok(());
    }
    Err(Error::new("Background saving is currently not in progress or scheduled"))
}
