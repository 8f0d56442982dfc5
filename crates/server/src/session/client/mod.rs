//! CLIENT: what a connection says about itself, and what is said and done about others.

mod filter;
mod line;
mod others;
mod own;
pub(crate) mod pause;

use command::flag::category;
use command::{Group, Spec, flag};

use crate::command::SessionCommand;
use crate::help;
use crate::tracking;

const OWN: u32 = flag::NOSCRIPT | flag::LOADING | flag::STALE;
const ADMIN: u32 = OWN | flag::ADMIN;

const fn spec(usage: &'static str, arity: i32, flags: u32) -> Spec {
    Spec::new(Group::Connection, usage, arity, flags)
}

pub(crate) const COMMANDS: &[SessionCommand] = &[SessionCommand::container(
    spec("CLIENT", -2, 0).without(category::CONNECTION).doc(
        "2.4.0",
        "Depends on subcommand.",
        "Asks about connections and controls them.",
    ),
    SUBCOMMANDS,
)];

const SUBCOMMANDS: &[SessionCommand] = &[
    tracking::CACHING,
    SessionCommand::now(
        spec("GETNAME", 2, OWN).doc("2.6.9", "O(1)", "Answers the name of the connection."),
        own::get_name,
    ),
    tracking::GETREDIR,
    SessionCommand::now(
        spec("ID", 2, OWN).doc("5.0.0", "O(1)", "Answers the number of the connection."),
        own::id,
    ),
    SessionCommand::later(
        spec("INFO", 2, OWN).tips(&["nondeterministic_output"]).doc(
            "6.2.0",
            "O(1)",
            "Describes the connection.",
        ),
        |request| Box::pin(own::info(request)),
    ),
    SessionCommand::later(
        spec(
            "KILL (filter: ip-port|(new-format: [ID client-id:int...]|[TYPE (client-type: \
             NORMAL|MASTER|SLAVE|REPLICA|PUBSUB)]|[USER username]|[ADDR ip-port]|[LADDR \
             ip-port]|[SKIPME (YES|NO)]|[MAXAGE maxage:int]|[IDLE idle:int]|[IP ip]|[NAME \
             name]|[LIB-NAME lib-name]|[LIB-VER lib-ver]|[FLAGS flags]|[DB db:int])...)",
            -3,
            ADMIN,
        )
        .doc(
            "2.4.0",
            "O(N) where N is the number of client connections",
            "Closes the connections that pass the filters.",
        ),
        others::kill,
    ),
    SessionCommand::later(
        spec(
            "LIST [ID client-id:int...] \
             [TYPE (client-type: NORMAL|MASTER|SLAVE|REPLICA|PUBSUB)] [USER username] \
             [ADDR ip-port] [LADDR ip-port] [SKIPME (YES|NO)] [MAXAGE maxage:int] \
             [IDLE idle:int] [IP ip] [NAME name] [LIB-NAME lib-name] [LIB-VER lib-ver] \
             [FLAGS flags] [DB db:int]",
            -2,
            ADMIN,
        )
        .tips(&["nondeterministic_output"])
        .doc(
            "2.4.0",
            "O(N) where N is the number of client connections",
            "Describes the connections that pass the filters.",
        ),
        others::list,
    ),
    SessionCommand::now(
        spec("NO-EVICT (enabled: ON|OFF)", 3, ADMIN).doc(
            "7.0.0",
            "O(1)",
            "Keeps the connection when clients use too much memory.",
        ),
        own::no_evict,
    ),
    SessionCommand::now(
        spec("NO-TOUCH (enabled: ON|OFF)", 3, OWN).doc(
            "7.2.0",
            "O(1)",
            "Lets the connection's commands leave the access clocks of keys alone.",
        ),
        own::no_touch,
    ),
    SessionCommand::later(
        spec("PAUSE timeout:int [mode: WRITE|ALL]", -3, ADMIN).doc(
            "3.0.0",
            "O(1)",
            "Holds commands back for so many milliseconds: ALL, or only those that WRITE.",
        ),
        pause::pause,
    ),
    SessionCommand::now(
        spec("REPLY (ON|OFF|SKIP)", 3, OWN).doc(
            "3.2.0",
            "O(1)",
            "Leaves replies out: ON, OFF, SKIP.",
        ),
        own::reply_mode,
    ),
    SessionCommand::now(
        spec("SETINFO (attribute: LIB-NAME lib-name|LIB-VER lib-ver)", 4, OWN)
            .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
            .doc("7.2.0", "O(1)", "Says which library the connection uses: LIB-NAME, LIB-VER."),
        own::set_info,
    ),
    SessionCommand::now(
        spec("SETNAME connection-name", 3, OWN)
            .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
            .doc("2.6.9", "O(1)", "Gives the connection a name."),
        own::set_name,
    ),
    tracking::TRACKING,
    tracking::TRACKINGINFO,
    SessionCommand::later(
        spec("UNBLOCK client-id:int [TIMEOUT|ERROR]", -3, ADMIN).doc(
            "5.0.0",
            "O(log N) where N is the number of client connections",
            "Ends the wait of a blocked connection, as by TIMEOUT or with an ERROR.",
        ),
        others::unblock,
    ),
    SessionCommand::later(
        spec("UNPAUSE", 2, ADMIN).doc(
            "6.2.0",
            "O(N) where N is the number of paused connections",
            "Lets commands go on that PAUSE holds back.",
        ),
        pause::unpause,
    ),
    help::row(Group::Connection, "5.0.0"),
];
