//! Values that live outside their entry: every data type with its private encodings.
//!
//! Nothing here knows a key, an expiry of keys or a clock. Short strings and integers are not here
//! either: the keyspace keeps those within the entry.

pub mod bitmap;
mod bytes;
mod collection;
pub mod geohash;
pub mod hash;
pub mod hyperloglog;
mod kind;
mod limits;
pub mod list;
pub mod listpack;
pub mod set;
pub mod stream;
mod table;
mod walk;
pub mod zset;

pub use bytes::{ByteString, SharedBytes};
pub use collection::{Collection, WrongType};
pub use hash::Hash;
pub use kind::Kind;
pub use limits::Limits;
pub use list::List;
pub use listpack::Listpack;
pub use set::Set;
pub use stream::Stream;
pub use walk::Part;
pub use zset::Zset;

/// How many levels [`Value::prefetch`] has.
pub const PREFETCH_LEVELS: usize = 4;

/// A value of any type. The keyspace embeds it in the entry, so its size is paid once per key.
#[derive(Clone, Debug)]
pub enum Value {
    /// A string too long for its entry.
    Bytes(ByteString),
    /// A list.
    List(List),
    /// A hash.
    Hash(Hash),
    /// A set.
    Set(Set),
    /// A sorted set.
    Zset(Zset),
    /// A stream.
    Stream(Box<Stream>),
}

const _: () = assert!(size_of::<Value>() <= 32 && align_of::<Value>() == 8);

// Values are freed on side threads and move between shards.
const _: fn() = || {
    fn is_send<T: Send>() {}
    is_send::<Value>();
};

/// Runs the same on whichever type it is.
macro_rules! each {
    ($value:expr, $any:ident => $result:expr) => {
        match $value {
            Value::Bytes($any) => $result,
            Value::List($any) => $result,
            Value::Hash($any) => $result,
            Value::Set($any) => $result,
            Value::Zset($any) => $result,
            Value::Stream($any) => $result,
        }
    };
}

impl Value {
    /// The data type.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Bytes(_) => Kind::String,
            Self::List(_) => Kind::List,
            Self::Hash(_) => Kind::Hash,
            Self::Set(_) => Kind::Set,
            Self::Zset(_) => Kind::Zset,
            Self::Stream(_) => Kind::Stream,
        }
    }

    /// The bytes, if this is a string.
    #[inline]
    pub fn as_string(&self) -> Option<&ByteString> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The bytes, if this is a string, to be changed.
    pub fn as_string_mut(&mut self) -> Option<&mut ByteString> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Whether it is a collection without elements, of a type that does not exist empty.
    pub fn is_void(&self) -> bool {
        match self {
            Self::Bytes(_) | Self::Stream(_) => false,
            Self::List(list) => list.is_empty(),
            Self::Hash(hash) => hash.is_empty(),
            Self::Set(set) => set.is_empty(),
            Self::Zset(zset) => zset.is_empty(),
        }
    }

    /// Begins to load one level of what leads to an element of a big hash, set or sorted set, where
    /// the levels before are loaded: from 0 to below [`PREFETCH_LEVELS`], for several calls in turns.
    /// Of a sorted set also what leads to where the element would be with a score, if that is one.
    #[inline]
    pub fn prefetch(&self, element: &[u8], score: &[u8], level: usize) {
        match self {
            Self::Hash(hash) => hash.prefetch(element, level),
            Self::Set(set) => set.prefetch(element, level),
            Self::Zset(zset) => zset.prefetch(element, score, level),
            Self::Bytes(_) | Self::List(_) | Self::Stream(_) => {}
        }
    }

    /// The name of the encoding, as `OBJECT ENCODING` answers it.
    pub fn encoding(&self) -> &'static str {
        each!(self, any => any.encoding())
    }

    /// Heap bytes behind the value, without the `Value` itself. O(1).
    pub fn memory_bytes(&self) -> usize {
        each!(self, any => any.memory_bytes())
    }

    /// What freeing the value costs, about in allocations: one that is high is freed elsewhere.
    /// O(1).
    pub fn free_effort(&self) -> usize {
        each!(self, any => any.free_effort())
    }
}
