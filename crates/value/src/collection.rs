//! The types that hold elements, for code that is the same for all of them.

use crate::{Hash, Kind, List, Set, Stream, Value, Zset};

/// The key holds another data type than the operation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongType;

/// A data type other than the string.
pub trait Collection: Sized {
    /// Which one.
    const KIND: Kind;

    /// One without elements.
    fn empty() -> Self;

    /// This type's part of a value, if it is of this type.
    fn of(value: &Value) -> Option<&Self>;

    /// This type's part of a value, to be changed, if it is of this type.
    fn of_mut(value: &mut Value) -> Option<&mut Self>;

    /// As a value.
    fn into_value(self) -> Value;
}

macro_rules! collection {
    ($type:ident, $part:ident => $wrapped:expr) => {
        impl Collection for $type {
            const KIND: Kind = Kind::$type;

            fn empty() -> Self {
                Self::new()
            }

            #[inline]
            fn of(value: &Value) -> Option<&Self> {
                match value {
                    Value::$type(part) => Some(part),
                    _ => None,
                }
            }

            #[inline]
            fn of_mut(value: &mut Value) -> Option<&mut Self> {
                match value {
                    Value::$type(part) => Some(part),
                    _ => None,
                }
            }

            fn into_value(self) -> Value {
                let $part = self;
                Value::$type($wrapped)
            }
        }
    };
}

collection!(List, list => list);
collection!(Hash, hash => hash);
collection!(Set, set => set);
collection!(Zset, zset => zset);
collection!(Stream, stream => Box::new(stream));
