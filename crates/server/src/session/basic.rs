//! PING, ECHO, SELECT, QUIT, AUTH, HELLO, RESET.

use std::rc::Rc;

use command::{Args, Error, Group, Result, Spec, flag};
use resp::{Protocol, Writer};

use crate::client::{Client, Closing, ReplyMode};
use crate::command::{InMulti, SessionCommand};
use crate::core::Core;

/// The version whose behaviour clients may expect; they choose features by it.
pub(crate) use script::REDIS_VERSION;

const ANYTIME: u32 = flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::FAST;

pub(crate) const COMMANDS: &[SessionCommand] = &[
    SessionCommand::now(
        Spec::new(Group::Connection, "PING [message]", -1, flag::FAST)
            .while_subscribed()
            .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
            .doc("1.0.0", "O(1)", "Answers PONG, or the argument."),
        ping,
    )
    .telling_health(),
    SessionCommand::now(
        Spec::new(Group::Connection, "ECHO message", 2, flag::LOADING | flag::STALE | flag::FAST)
            .doc("1.0.0", "O(1)", "Answers its argument."),
        echo,
    ),
    SessionCommand::now(
        Spec::new(
            Group::Connection,
            "SELECT index:int",
            2,
            flag::LOADING | flag::STALE | flag::FAST,
        )
        .doc("1.0.0", "O(1)", "Selects the database of this connection."),
        select,
    ),
    SessionCommand::now(
        Spec::new(Group::Connection, "QUIT", -1, flag::ALLOW_BUSY | ANYTIME | flag::NO_AUTH)
            .while_subscribed()
            .doc("1.0.0", "O(1)", "Closes the connection after replying.")
            .deprecated("7.2.0", "just closing the connection"),
        quit,
    )
    .in_multi(InMulti::ActsAtOnce),
    SessionCommand::now(
        Spec::new(
            Group::Connection,
            "AUTH [username] password",
            -2,
            ANYTIME | flag::NO_AUTH | flag::ALLOW_BUSY,
        )
        .hiding(|_, at| at > 0)
        .doc(
            "1.0.0",
            "O(N) in the number of passwords of the user",
            "Logs the connection in.",
        ),
        auth,
    ),
    SessionCommand::now(
        Spec::new(
            Group::Connection,
            "HELLO [arguments: protover:int [AUTH (username password)] [SETNAME clientname]]",
            -1,
            ANYTIME | flag::NO_AUTH | flag::ALLOW_BUSY,
        )
        .hiding(follows_auth)
        .doc("6.0.0", "O(1)", "Chooses the protocol version and describes the server."),
        hello,
    ),
    SessionCommand::now(
        Spec::new(Group::Connection, "RESET", 1, ANYTIME | flag::NO_AUTH | flag::ALLOW_BUSY)
            .while_subscribed()
            .doc("6.2.0", "O(1)", "Brings the connection into the state of a new one."),
        reset,
    )
    .in_multi(InMulti::ActsAtOnce),
];

fn ping(_: &Rc<Core>, client: &Rc<Client>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    match args.len() {
        // What a RESP2 client reads while it listens must look like a message.
        1 | 2 if !reply.is_resp3() && !client.subscriptions.is_empty() => {
            reply.array(2);
            reply.bulk(b"pong");
            reply.bulk(args.get(1).unwrap_or_default());
        }
        1 => reply.simple("PONG"),
        2 => reply.bulk(args.at(1)),
        _ => return Err(Error::WrongArity("ping".into())),
    }
    Ok(())
}

fn echo(_: &Rc<Core>, _: &Rc<Client>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    reply.bulk(args.at(1));
    Ok(())
}

fn select(core: &Rc<Core>, client: &Rc<Client>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let db = args.int(1)?;
    if i32::try_from(db).is_err() {
        let (min, max) = (i32::MIN, i32::MAX);
        let text = format!("value is out of range, value must between {min} and {max}");
        return Err(Error::made(text));
    }
    let databases = i64::from(core.config().process.databases);
    if !(0..databases).contains(&db) {
        return Err(Error::DbIndexOutOfRange);
    }
    client.db.set(db as u16);
    reply.ok();
    Ok(())
}

fn quit(_: &Rc<Core>, client: &Rc<Client>, _: Args<'_>, reply: &mut Writer<'_>) -> Result {
    client.close(Closing::AfterReply);
    reply.ok();
    Ok(())
}

fn auth(core: &Rc<Core>, client: &Rc<Client>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    match args.len() {
        2 => {
            if !core.needs_password.get() {
                return Err(Error::new(
                    "AUTH <password> called without any password configured for the default \
                     user. Are you sure your configuration is correct?",
                ));
            }
            log_in(core, client, b"default", args.at(1))?;
        }
        3 => log_in(core, client, args.at(1), args.at(2))?,
        _ => return Err(Error::Syntax),
    }
    reply.ok();
    Ok(())
}

/// Logs the client in as `user`, of which there is only `default`.
fn log_in(core: &Core, client: &Client, user: &[u8], password: &[u8]) -> Result {
    let config = core.config();
    let expected = &config.security.requirepass;
    if user != b"default" || !(expected.is_empty() || is_same_secret(expected, password)) {
        return Err(Error::WrongPass);
    }
    client.authenticated.set(true);
    Ok(())
}

/// Compares without telling by its time where the difference is.
fn is_same_secret(expected: &[u8], given: &[u8]) -> bool {
    let differences = expected.iter().zip(given).fold(0, |sum, (a, b)| sum | (a ^ b));
    expected.len() == given.len() && differences == 0
}

/// Whether an argument of HELLO is one of the two behind AUTH.
fn follows_auth(args: Args<'_>, index: usize) -> bool {
    let behind = index.saturating_sub(2).max(2)..index;
    behind.into_iter().any(|at| args.at(at).eq_ignore_ascii_case(b"auth"))
}

fn hello(core: &Rc<Core>, client: &Rc<Client>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut protocol = client.protocol.get();
    let mut words = args.words_from(1);
    if let Some(version) = words.next_word() {
        protocol = match stdx::number::parse_i64(version) {
            None => {
                return Err(Error::new("Protocol version is not an integer or out of range"));
            }
            Some(2) => Protocol::Resp2,
            Some(3) => Protocol::Resp3,
            Some(_) => {
                return Err(Error::Coded("NOPROTO unsupported protocol version".into()));
            }
        };
    }
    let (mut login, mut name) = (None, None);
    while let Some(word) = words.next_word() {
        if word.eq_ignore_ascii_case(b"AUTH") && words.remaining() >= 2 {
            login = Some((words.value()?, words.value()?));
        } else if word.eq_ignore_ascii_case(b"SETNAME") && words.remaining() >= 1 {
            name = Some(words.value()?);
        } else {
            return Err(Error::quoting("Syntax error in HELLO option '", word, "'"));
        }
    }
    if let Some(name) = name {
        check_name(name)?;
    }
    if let Some((user, password)) = login {
        log_in(core, client, user, password)?;
    }
    if !client.authenticated.get() && core.needs_password.get() {
        return Err(Error::Coded(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the \
             HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and \
             select the RESP protocol version at the same time"
                .into(),
        ));
    }
    if let Some(name) = name {
        *client.name.borrow_mut() = name.to_vec();
    }
    client.protocol.set(protocol);
    greet(client, reply, protocol);
    Ok(())
}

/// HELLO's description of the server, already in the protocol that it chose.
fn greet(client: &Client, reply: &mut Writer<'_>, protocol: Protocol) {
    reply.set_protocol(protocol);
    reply.map(7);
    reply.bulk(b"server");
    reply.bulk(b"redis");
    reply.bulk(b"version");
    reply.bulk(REDIS_VERSION.as_bytes());
    reply.bulk(b"proto");
    reply.integer(if protocol == Protocol::Resp3 { 3 } else { 2 });
    reply.bulk(b"id");
    reply.integer(client.id as i64);
    reply.bulk(b"mode");
    reply.bulk(b"standalone");
    reply.bulk(b"role");
    reply.bulk(b"master");
    reply.bulk(b"modules");
    reply.array(0);
}

/// Client names go into CLIENT LIST, whose fields are separated by spaces and line ends.
pub(crate) fn check_name(name: &[u8]) -> Result {
    if name.iter().all(|byte| matches!(byte, b'!'..=b'~')) {
        return Ok(());
    }
    Err(Error::new("Client names cannot contain spaces, newlines or special characters."))
}

fn reset(core: &Rc<Core>, client: &Rc<Client>, _: Args<'_>, reply: &mut Writer<'_>) -> Result {
    client.db.set(0);
    client.protocol.set(Protocol::Resp2);
    client.reply_mode.set(ReplyMode::On);
    client.name.borrow_mut().clear();
    client.field_lists.clear();
    client.no_evict.set(false);
    client.no_touch.set(false);
    client.authenticated.set(!core.needs_password.get());
    crate::admin::monitor::stop(core, client);
    crate::pubsub::leave(core, client);
    crate::transaction::discard(core, client);
    crate::tracking::stop(core, client);
    reply.set_protocol(Protocol::Resp2);
    reply.simple("RESET");
    Ok(())
}
