//! The data types.

/// A data type, as `TYPE` tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Bytes, integers and bitmaps.
    String,
    /// A list.
    List,
    /// A hash.
    Hash,
    /// A set.
    Set,
    /// A sorted set.
    Zset,
    /// A stream.
    Stream,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::String, Self::List, Self::Hash, Self::Set, Self::Zset, Self::Stream];

    /// The name, as `TYPE` answers it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::List => "list",
            Self::Hash => "hash",
            Self::Set => "set",
            Self::Zset => "zset",
            Self::Stream => "stream",
        }
    }
}
