//! Values that live outside their entry: every data type with its private encodings.
//!
//! Nothing here knows a key, an expiry or a clock. Short strings and integers are not here either:
//! the keyspace keeps those within the entry.

mod bytes;
mod kind;

pub use bytes::ByteString;
pub use kind::Kind;

/// A value of any type. The keyspace embeds it in the entry, so its size is paid once per key.
#[derive(Clone, Debug)]
pub enum Value {
    /// A string too long for its entry.
    Bytes(ByteString),
}

const _: () = assert!(size_of::<Value>() <= 32 && align_of::<Value>() == 8);

// Values are freed on side threads and move between shards.
const _: fn() = || {
    fn is_send<T: Send>() {}
    is_send::<Value>();
};

impl Value {
    /// The data type.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Bytes(_) => Kind::String,
        }
    }

    /// The bytes, if this is a string.
    #[inline]
    pub fn as_string(&self) -> Option<&ByteString> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
        }
    }

    /// The bytes, if this is a string, to be changed.
    pub fn as_string_mut(&mut self) -> Option<&mut ByteString> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
        }
    }

    /// The name of the encoding, as `OBJECT ENCODING` answers it.
    pub fn encoding(&self) -> &'static str {
        match self {
            Self::Bytes(_) => "raw",
        }
    }

    /// Heap bytes behind the value, without the `Value` itself. O(1).
    pub fn memory_bytes(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.memory_bytes(),
        }
    }

    /// What freeing the value costs, about in allocations: one that is high is freed elsewhere.
    /// O(1).
    pub fn free_effort(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.free_effort(),
        }
    }
}
