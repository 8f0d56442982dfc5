//! What a script or a function says about itself.

/// A set of flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

const NAMES: &[(&str, Flags)] = &[
    ("no-writes", Flags::NO_WRITES),
    ("allow-oom", Flags::ALLOW_OOM),
    ("allow-stale", Flags::ALLOW_STALE),
    ("no-cluster", Flags::NO_CLUSTER),
    ("allow-cross-slot-keys", Flags::ALLOW_CROSS_SLOT_KEYS),
];

impl Flags {
    /// It calls no command that writes.
    pub const NO_WRITES: Flags = Flags(1);
    /// It may run when memory is full.
    pub const ALLOW_OOM: Flags = Flags(2);
    /// It may run on a replica that lost its primary.
    pub const ALLOW_STALE: Flags = Flags(4);
    /// It cannot run in a cluster.
    pub const NO_CLUSTER: Flags = Flags(8);
    /// Its keys may be in several slots.
    pub const ALLOW_CROSS_SLOT_KEYS: Flags = Flags(16);

    /// Whether all of `flags` are set.
    pub fn contains(self, flags: Flags) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Both sets together.
    #[must_use]
    pub fn and(self, flags: Flags) -> Flags {
        Flags(self.0 | flags.0)
    }

    /// Their names, as FUNCTION LIST shows them.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.iter().filter(move |(_, flag)| self.contains(*flag)).map(|(name, _)| *name)
    }

    pub(crate) fn named(name: &[u8]) -> Option<Flags> {
        NAMES.iter().find(|(known, _)| known.as_bytes() == name).map(|(_, flag)| *flag)
    }

    pub(crate) fn named_ignoring_case(name: &[u8]) -> Option<Flags> {
        Flags::named(&name.to_ascii_lowercase())
    }
}
