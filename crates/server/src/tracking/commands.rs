//! CLIENT TRACKING, CACHING, GETREDIR and TRACKINGINFO.

use std::rc::Rc;
use std::sync::atomic::Ordering;

use command::{Args, Error, Group, Result, Spec, flag};
use resp::Writer;

use super::{Mode, Redirect, add_prefix, stop};
use crate::client::Client;
use crate::command::{LaterFuture, Request, SessionCommand};
use crate::core::Core;

const OWN: u32 = flag::NOSCRIPT | flag::LOADING | flag::STALE;

const fn spec(usage: &'static str, arity: i32) -> Spec {
    Spec::new(Group::Connection, usage, arity, OWN)
}

/// The rows of CLIENT, by name.
pub(crate) const CACHING: SessionCommand = SessionCommand::now(
    spec("CACHING (mode: YES|NO)", 3).doc(
        "6.0.0",
        "O(1)",
        "Says whether the keys of the next command count.",
    ),
    caching,
);
pub(crate) const GETREDIR: SessionCommand = SessionCommand::now(
    spec("GETREDIR", 2).doc("6.0.0", "O(1)", "Answers which client is told of changed keys."),
    |_, client, _, reply| {
        reply.integer(client.tracking.redirect_id());
        Ok(())
    },
);
pub(crate) const TRACKING: SessionCommand = SessionCommand::later(
    spec(
        "TRACKING (status: ON|OFF) [REDIRECT client-id:int] [PREFIX prefix]... [BCAST] [OPTIN] \
         [OPTOUT] [NOLOOP]",
        -3,
    )
    .doc(
        "6.0.0",
        "O(1). Some options may introduce additional complexity.",
        "Tells the connection of changes of keys that it has read, or that have a prefix.",
    ),
    tracking,
);
pub(crate) const TRACKINGINFO: SessionCommand = SessionCommand::now(
    spec("TRACKINGINFO", 2).doc("6.2.0", "O(1)", "Answers what the connection tracks, and how."),
    info,
);

#[derive(Default)]
struct Options {
    redirect: Option<Redirect>,
    is_broadcast: bool,
    opt_in: bool,
    opt_out: bool,
    no_loop: bool,
    prefixes: Vec<Vec<u8>>,
}

fn tracking(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let options = parse(request).await?;
        let (core, client) = (request.core.clone(), request.client.clone());
        match request.args().at(2).to_ascii_lowercase().as_slice() {
            b"on" => {
                let mode = options.check(&client)?;
                start(&core, &client, mode, &options).await;
            }
            b"off" => stop(&core, &client),
            _ => return Err(Error::Syntax),
        }
        request.reply().ok();
        Ok(())
    })
}

async fn parse(request: &Request) -> Result<Options> {
    let mut options = Options::default();
    let mut words = request.args().words_from(3);
    while let Some(word) = words.next_word() {
        let has_value = words.remaining() > 0;
        match word.to_ascii_lowercase().as_slice() {
            b"redirect" if has_value => {
                if options.redirect.is_some() {
                    return Err(Error::new("A client can only redirect to a single other client"));
                }
                let id = words.int()?;
                // 0 is no client, and means none.
                options.redirect = Some(locate(&request.core, id).await?);
            }
            b"bcast" => options.is_broadcast = true,
            b"optin" => options.opt_in = true,
            b"optout" => options.opt_out = true,
            b"noloop" => options.no_loop = true,
            b"prefix" if has_value => options.prefixes.push(words.value()?.to_vec()),
            _ => return Err(Error::Syntax),
        }
    }
    Ok(options)
}

/// Finds a client on whichever thread it is.
async fn locate(core: &Core, id: i64) -> Result<Redirect> {
    let id = u64::try_from(id).unwrap_or(0);
    let found = core.gather(move |core| core.clients.borrow().contains_key(&id)).await;
    let thread = found.into_iter().position(|is_here| is_here);
    let thread = thread.ok_or(Error::new("The client ID you want redirect to does not exist"))?;
    Ok(Redirect { id, thread })
}

impl Options {
    /// What the client is to track, if that fits together and to what it tracks already.
    fn check(&self, client: &Client) -> Result<Mode> {
        let error = |text| Err(Error::new(text));
        let before = client.tracking.mode.get();
        if !self.is_broadcast && !self.prefixes.is_empty() {
            return error("PREFIX option requires BCAST mode to be enabled");
        }
        if before.is_some_and(|mode| (mode == Mode::Broadcast) != self.is_broadcast) {
            return error(
                "You can't switch BCAST mode on/off before disabling tracking for this client, \
                 and then re-enabling it with a different mode.",
            );
        }
        if self.is_broadcast && (self.opt_in || self.opt_out) {
            return error("OPTIN and OPTOUT are not compatible with BCAST");
        }
        if self.opt_in && self.opt_out {
            return error("You can't specify both OPTIN mode and OPTOUT mode");
        }
        if self.opt_in && before == Some(Mode::OptOut)
            || self.opt_out && before == Some(Mode::OptIn)
        {
            return error(
                "You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, \
                 and then re-enabling it with a different mode.",
            );
        }
        if self.is_broadcast {
            self.check_prefixes(client)?;
        }
        Ok(match self {
            Self { is_broadcast: true, .. } => Mode::Broadcast,
            Self { opt_in: true, .. } => Mode::OptIn,
            Self { opt_out: true, .. } => Mode::OptOut,
            _ => Mode::Read,
        })
    }

    /// No key may have two of a client's prefixes.
    fn check_prefixes(&self, client: &Client) -> Result {
        let overlap = |a: &[u8], b: &[u8]| a.starts_with(b) || b.starts_with(a);
        let known = client.tracking.prefixes.borrow();
        for (index, prefix) in self.prefixes.iter().enumerate() {
            if let Some(other) = known.iter().find(|known| overlap(known, prefix)) {
                return Err(overlapping(prefix, "an existing", other));
            }
            let mut others = self.prefixes[index + 1..].iter();
            if let Some(other) = others.find(|other| overlap(other, prefix)) {
                return Err(overlapping(prefix, "another provided", other));
            }
        }
        Ok(())
    }
}

fn overlapping(prefix: &[u8], which: &str, other: &[u8]) -> Error {
    let middle = format!("' overlaps with {which} prefix '");
    let end = b"'. Prefixes for a single client must not overlap.";
    Error::coded_quoting(&[b"ERR Prefix '", prefix, middle.as_bytes(), other, end])
}

async fn start(core: &Rc<Core>, client: &Client, mode: Mode, options: &Options) {
    let tracking = &client.tracking;
    if tracking.mode.replace(Some(mode)).is_none() {
        core.server.tracking.clients.fetch_add(1, Ordering::AcqRel);
    }
    tracking.is_broken.set(false);
    tracking.no_loop.set(options.no_loop);
    tracking.redirect.set(options.redirect);
    if mode == Mode::Broadcast {
        let whole = [Vec::new()];
        let prefixes = if options.prefixes.is_empty() { &whole[..] } else { &options.prefixes };
        prefixes.iter().for_each(|prefix| add_prefix(core, client, prefix));
    }
    // Before the client may rely on it.
    core.gather(|core| core.want_news()).await;
}

fn caching(_: &Rc<Core>, client: &Rc<Client>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let tracking = &client.tracking;
    let Some(mode) = tracking.mode.get() else {
        return Err(Error::new(
            "CLIENT CACHING can be called only when the client is in tracking mode with OPTIN \
             or OPTOUT mode enabled",
        ));
    };
    match (args.at(2).to_ascii_lowercase().as_slice(), mode) {
        (b"yes", Mode::OptIn) | (b"no", Mode::OptOut) => tracking.caching.set(true),
        (b"yes", _) => {
            return Err(Error::new(
                "CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.",
            ));
        }
        (b"no", _) => {
            return Err(Error::new(
                "CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.",
            ));
        }
        _ => return Err(Error::Syntax),
    }
    reply.ok();
    Ok(())
}

fn info(_: &Rc<Core>, client: &Rc<Client>, _: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let tracking = &client.tracking;
    let mode = tracking.mode.get();
    let caching = tracking.caching.get();
    let flags = [
        ("off", mode.is_none()),
        ("on", mode.is_some()),
        ("bcast", mode == Some(Mode::Broadcast)),
        ("optin", mode == Some(Mode::OptIn)),
        ("caching-yes", mode == Some(Mode::OptIn) && caching),
        ("optout", mode == Some(Mode::OptOut)),
        ("caching-no", mode == Some(Mode::OptOut) && caching),
        ("noloop", tracking.no_loop.get()),
        ("broken_redirect", tracking.is_broken()),
    ];
    let flags: Vec<&str> = flags.iter().filter(|(_, set)| *set).map(|(name, _)| *name).collect();
    reply.map(3);
    reply.bulk(b"flags");
    reply.set(flags.len());
    flags.iter().for_each(|flag| reply.bulk(flag.as_bytes()));
    reply.bulk(b"redirect");
    reply.integer(tracking.redirect_id());
    reply.bulk(b"prefixes");
    let prefixes = tracking.prefixes.borrow();
    reply.array(prefixes.len());
    prefixes.iter().for_each(|prefix| reply.bulk(prefix));
    Ok(())
}
