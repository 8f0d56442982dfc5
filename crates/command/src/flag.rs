//! Command flags and ACL categories, as bits with their names.

/// A set of flags of one command.
pub type Flags = u32;
/// A set of ACL categories.
pub type Categories = u32;

macro_rules! bits {
    ($names:ident: $($(#[$doc:meta])* $constant:ident = $name:literal),+ $(,)?) => {
        bits!(@constants 0u32; $($(#[$doc])* $constant,)+);
        /// Every bit with the name that COMMAND and ACL give it, in their order.
        pub const $names: &[(u32, &str)] = &[$(($constant, $name)),+];
    };
    (@constants $at:expr; $(#[$doc:meta])* $constant:ident, $($rest:tt)*) => {
        $(#[$doc])* pub const $constant: u32 = 1 << $at;
        bits!(@constants $at + 1; $($rest)*);
    };
    (@constants $at:expr;) => {};
}

bits! { FLAG_NAMES:
    /// May change the keyspace.
    WRITE = "write",
    /// Reads keys and changes none.
    READONLY = "readonly",
    /// Refused when memory is used up.
    DENYOOM = "denyoom",
    /// For administrators.
    ADMIN = "admin",
    /// Belongs to Pub/Sub.
    PUBSUB = "pubsub",
    /// Not from scripts.
    NOSCRIPT = "noscript",
    /// May block the client.
    BLOCKING = "blocking",
    /// Allowed while data is loading.
    LOADING = "loading",
    /// Allowed on a replica with stale data.
    STALE = "stale",
    /// Not shown to MONITOR.
    SKIP_MONITOR = "skip_monitor",
    /// Not entered into the slow log.
    SKIP_SLOWLOG = "skip_slowlog",
    /// Allowed after ASKING.
    ASKING = "asking",
    /// Constant or logarithmic time.
    FAST = "fast",
    /// Allowed before authentication.
    NO_AUTH = "no_auth",
    /// May be sent to replicas without changing the keyspace.
    MAY_REPLICATE = "may_replicate",
    /// Its keys are optional.
    NO_MANDATORY_KEYS = "no_mandatory_keys",
    /// Needs an `enable-…-command` option.
    PROTECTED = "protected",
    /// Not while loading in the background.
    NO_ASYNC_LOADING = "no_async_loading",
    /// Not inside MULTI.
    NO_MULTI = "no_multi",
    /// Key positions depend on arguments.
    MOVABLEKEYS = "movablekeys",
    /// Allowed while a script is busy.
    ALLOW_BUSY = "allow_busy",
    /// Runs scripts (Redis 8.10).
    SCRIPT_RUNNER = "script_runner",
}

/// ACL categories.
pub mod category {
    bits! { CATEGORY_NAMES:
        /// Keys of any type.
        KEYSPACE = "keyspace",
        /// Reads values.
        READ = "read",
        /// Writes values.
        WRITE = "write",
        /// Sets.
        SET = "set",
        /// Sorted sets.
        SORTEDSET = "sortedset",
        /// Lists.
        LIST = "list",
        /// Hashes.
        HASH = "hash",
        /// Strings.
        STRING = "string",
        /// Bitmaps.
        BITMAP = "bitmap",
        /// HyperLogLogs.
        HYPERLOGLOG = "hyperloglog",
        /// Geo.
        GEO = "geo",
        /// Streams.
        STREAM = "stream",
        /// Pub/Sub.
        PUBSUB = "pubsub",
        /// Administration.
        ADMIN = "admin",
        /// Constant or logarithmic time.
        FAST = "fast",
        /// Everything not fast.
        SLOW = "slow",
        /// May block.
        BLOCKING = "blocking",
        /// May hurt other users.
        DANGEROUS = "dangerous",
        /// The connection itself.
        CONNECTION = "connection",
        /// Transactions.
        TRANSACTION = "transaction",
        /// Scripts.
        SCRIPTING = "scripting",
    }

    /// The categories that follow from a command's flags, as Redis derives them.
    pub const fn implied(flags: super::Flags) -> super::Categories {
        let mut categories = 0;
        if flags & super::WRITE != 0 {
            categories |= WRITE;
        }
        if flags & super::ADMIN != 0 {
            categories |= ADMIN | DANGEROUS;
        }
        if flags & super::PUBSUB != 0 {
            categories |= PUBSUB;
        }
        if flags & super::BLOCKING != 0 {
            categories |= BLOCKING;
        }
        categories | if flags & super::FAST != 0 { FAST } else { SLOW }
    }
}

/// The names of the bits that are set in `set`.
pub fn names(
    set: u32,
    table: &'static [(u32, &'static str)],
) -> impl Iterator<Item = &'static str> {
    table.iter().filter(move |(bit, _)| set & bit != 0).map(|(_, name)| *name)
}
