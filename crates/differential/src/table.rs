//! What the generator knows about each command: its arguments and how its replies compare.

use crate::grammar::Sentence;

/// How two replies to a command are compared, when neither is an error. Errors are compared byte by
/// byte, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// Byte by byte.
    Bytes,
    /// An array or a set in any order.
    AnyOrder,
    /// Integers, when positive, this far apart at most: the two servers' clocks.
    Within(i64),
    /// Only the type: what is inside is random, or about the server itself.
    Type,
}

/// Who understands a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Both.
    Both,
    /// It came after Redis 7.0: only Merops gets it, in a database of its own, and must survive.
    Merops,
    /// Needs a data type; sent only when Merops has the command.
    IfMeropsHas,
}

/// One way to write a command.
#[derive(Clone, Debug)]
pub struct Row {
    /// The whole command, in the notation of [`crate::grammar`].
    pub usage: &'static str,
    /// How often it is drawn, relative to the others.
    pub weight: usize,
    /// How replies compare.
    pub compare: Compare,
    /// Which servers get it.
    pub who: Who,
    /// Whether it is now and then made wrong.
    pub may_spoil: bool,
}

impl Row {
    const fn new(usage: &'static str) -> Row {
        Row { usage, weight: 4, compare: Compare::Bytes, who: Who::Both, may_spoil: true }
    }

    const fn often(self) -> Row {
        Row { weight: 16, ..self }
    }

    const fn seldom(self) -> Row {
        Row { weight: 1, ..self }
    }

    const fn by(self, compare: Compare) -> Row {
        Row { compare, ..self }
    }

    const fn unspoilt(self) -> Row {
        Row { may_spoil: false, ..self }
    }

    const fn merops(self) -> Row {
        Row { who: Who::Merops, ..self }
    }

    const fn if_known(self) -> Row {
        Row { who: Who::IfMeropsHas, ..self }
    }

    /// The first word.
    pub fn command(&self) -> &'static str {
        self.usage.split(' ').next().unwrap_or(self.usage)
    }

    /// The arguments' grammar, command included.
    pub fn sentence(&self) -> Sentence {
        Sentence::parse(self.usage)
    }
}

use Compare::{AnyOrder, Type, Within};

/// Every command of the groups that are compared.
pub const ROWS: &[Row] = &[
    // Strings.
    Row::new("SET key value [NX|XX] [GET] [EX s|PX ms|EXAT at-s|PXAT at-ms|KEEPTTL]").often(),
    Row::new("GET key").often(),
    Row::new("APPEND key value"),
    Row::new("STRLEN key"),
    Row::new("GETRANGE key index index"),
    Row::new("SUBSTR key index index").seldom(),
    Row::new("SETRANGE key offset value"),
    Row::new("INCR key"),
    Row::new("DECR key"),
    Row::new("INCRBY key int"),
    Row::new("DECRBY key int"),
    Row::new("INCRBYFLOAT key float"),
    Row::new("MSET {key value}"),
    Row::new("MSETNX {key value}"),
    Row::new("MGET {key}"),
    Row::new("SETNX key value"),
    Row::new("SETEX key s value"),
    Row::new("PSETEX key ms value"),
    Row::new("GETSET key value"),
    Row::new("GETDEL key"),
    Row::new("GETEX key [EX s|PX ms|EXAT at-s|PXAT at-ms|EXAT past|PXAT past|PERSIST]"),
    Row::new("LCS key key [LEN|IDX] [MINMATCHLEN int] [WITHMATCHLEN]"),
    // Keys.
    Row::new("DEL {key}"),
    Row::new("UNLINK {key}"),
    Row::new("EXISTS {key}"),
    Row::new("TOUCH {key}"),
    Row::new("TYPE key"),
    Row::new("RENAME key key"),
    Row::new("RENAMENX key key"),
    Row::new("COPY key key [DB db] [REPLACE]"),
    Row::new("MOVE key db"),
    Row::new("RANDOMKEY").seldom().by(Type),
    Row::new("KEYS pattern").by(AnyOrder),
    Row::new("SCAN cursor [MATCH pattern] [COUNT count] [TYPE (string|list|junk)]").by(Type),
    Row::new("OBJECT ENCODING key"),
    Row::new("OBJECT REFCOUNT key").seldom().by(Type),
    Row::new("OBJECT IDLETIME key").seldom().by(Type),
    Row::new("OBJECT FREQ key").seldom().by(Type),
    Row::new("EXPIRE key s [NX|XX]"),
    Row::new("EXPIRE key unlike-s [NX|XX] [GT|LT]"),
    Row::new("PEXPIRE key ms [NX|XX]"),
    Row::new("PEXPIRE key unlike-ms [NX|XX] [GT|LT]"),
    Row::new("EXPIREAT key (at-s|past) [NX|XX] [GT|LT]"),
    Row::new("PEXPIREAT key (at-ms|past) [NX|XX] [GT|LT]"),
    Row::new("PERSIST key"),
    Row::new("TTL key").by(Within(2)),
    Row::new("PTTL key").by(Within(2000)),
    Row::new("EXPIRETIME key").by(Within(2)),
    Row::new("PEXPIRETIME key").by(Within(2000)),
    Row::new("DBSIZE"),
    // Connection.
    Row::new("PING [value]"),
    Row::new("ECHO value"),
    Row::new("SELECT db"),
    Row::new("HELLO [2|3|4|int] [AUTH junk junk]").by(Type),
    // Redis 7.0 keeps the name of a HELLO that fails behind it, Redis 8 does not.
    Row::new("HELLO (2|3) SETNAME (junk|worker)").by(Type).unspoilt(),
    Row::new("RESET").seldom(),
    Row::new("AUTH junk [junk]").seldom(),
    Row::new("CLIENT GETNAME"),
    Row::new("CLIENT SETNAME (worker|value)").seldom(),
    Row::new("CLIENT ID").seldom().by(Type),
    Row::new("CLIENT INFO").seldom().by(Type),
    Row::new("CLIENT LIST [TYPE (normal|pubsub|junk)] [ID int]").seldom().by(Type),
    Row::new("CLIENT KILL (junk|ID 99999999|TYPE (pubsub|junk)|ADDR 1.1.1.1:1|SKIPME junk)")
        .seldom(),
    Row::new("CLIENT NO-EVICT (on|off|junk)").seldom(),
    Row::new("CLIENT UNBLOCK 99999999 [TIMEOUT|ERROR|junk]").seldom(),
    Row::new("CLIENT UNPAUSE").seldom(),
    Row::new("CLIENT junk [junk]").seldom(),
    // Server.
    Row::new("FLUSHDB [SYNC|ASYNC|junk]").seldom(),
    Row::new("FLUSHALL [SYNC|ASYNC|junk]").seldom(),
    Row::new("SWAPDB db db").seldom(),
    Row::new("TIME").seldom().by(Type),
    Row::new("LOLWUT [VERSION int]").seldom().by(Type),
    Row::new("MEMORY USAGE key [SAMPLES count]").seldom().by(Type),
    Row::new("MEMORY (DOCTOR|PURGE|junk)").seldom().by(Type),
    Row::new("SLOWLOG (GET [count]|LEN|RESET|junk)").seldom().by(Type),
    Row::new("LATENCY (LATEST|RESET|HISTORY junk|GRAPH junk|junk)").seldom().by(Type),
    Row::new("INFO [server|keyspace|junk]").seldom().by(Type),
    Row::new("COMMAND COUNT").seldom().by(Type),
    Row::new(
        "COMMAND GETKEYS (GET key|MSET {key value}|DEL {key}|COPY key key|PING value|junk key)",
    ),
    Row::new("COMMAND GETKEYSANDFLAGS (GET key|RENAME key key|DEL {key}|COPY key key|junk key)")
        .seldom(),
    Row::new("COMMAND LIST FILTERBY (PATTERN (get*|ms*t|junk)|junk junk)").seldom().by(Type),
    Row::new("COMMAND (INFO junk|junk|DOCS junk)").seldom().by(Type),
    Row::new("CONFIG GET (hz|maxmemory-samples|lfu-*-time|junk)").seldom().by(AnyOrder),
    Row::new("CONFIG SET (lfu-log-factor|lfu-decay-time|slowlog-max-len) int").seldom(),
    Row::new("CONFIG SET (lazyfree-lazy-expire|lazyfree-lazy-user-del) (yes|no|junk)").seldom(),
    Row::new("CONFIG SET maxmemory-policy (noeviction|allkeys-lfu|allkeys-lru|junk)").seldom(),
    Row::new("CONFIG (RESETSTAT|junk)").seldom(),
    Row::new("DEBUG (JMAP|SLEEP 0)").seldom(),
    Row::new("(NOSUCH|junk|value) [value] [value]").seldom(),
    // Values of other types, for the commands above to be wrong about.
    Row::new("LPUSH key {value}").if_known(),
    Row::new("SADD key {value}").if_known(),
    Row::new("HSET key {value value}").if_known(),
    Row::new("ZADD key {float value}").if_known(),
    Row::new("XADD key * {value value}").by(Type).if_known(),
    // After 7.0.
    Row::new("SET key value (IFEQ|IFNE|IFDEQ|IFDNE) value [GET] [EX s]").merops(),
    Row::new("DELEX key [IFEQ value|IFNE value|IFDEQ value|IFDNE value]").merops(),
    Row::new("DELIFEQ key value").merops(),
    Row::new("DIGEST key").merops(),
    Row::new("MSETEX (1|2|int) {key value} [NX|XX] [EX s|PX ms|EXAT at-s|PXAT at-ms|KEEPTTL]")
        .merops(),
    Row::new(
        "INCREX key [BYINT int|BYFLOAT float] [LBOUND int] [UBOUND int] [SATURATE] \
         [EX s|PX ms|PERSIST] [ENX]",
    )
    .merops(),
    Row::new("CLIENT NO-TOUCH (on|off|junk)").merops(),
    Row::new("CLIENT SETINFO (LIB-NAME|LIB-VER|junk) (name|value)").merops(),
    Row::new("COMMANDLOG (GET count (slow|large-request|large-reply|junk)|LEN slow|RESET junk)")
        .merops(),
];
