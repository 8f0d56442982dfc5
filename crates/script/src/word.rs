//! Arguments of commands, copied out of Lua.

use mlua::{FromLua, Lua, Value, Variadic};

use crate::convert::format_number;

const INLINE_BYTES: usize = 30;

/// An argument; short ones need no allocation.
#[derive(Debug)]
pub(crate) enum Word {
    Short([u8; INLINE_BYTES], u8),
    Long(Vec<u8>),
    /// Neither string nor number.
    Wrong,
    /// Not given.
    Absent,
}

/// The arguments of a call. The first ones are read without a collection of Lua values, of which
/// only some thousand can be held at once.
pub(crate) type Words = (Word, Word, Word, Word, Word, Word, Variadic<Word>);

/// Calls `each` with every argument; whether all are strings and numbers.
pub(crate) fn all_words(words: &Words, mut each: impl FnMut(&[u8])) -> bool {
    let (a, b, c, d, e, f, rest) = words;
    for word in [a, b, c, d, e, f].into_iter().chain(rest.iter()) {
        match word {
            Word::Short(bytes, len) => each(&bytes[..usize::from(*len)]),
            Word::Long(bytes) => each(bytes),
            Word::Wrong => return false,
            Word::Absent => break,
        }
    }
    true
}

impl Word {
    fn new(bytes: &[u8]) -> Word {
        if bytes.len() > INLINE_BYTES {
            return Word::Long(bytes.to_vec());
        }
        let mut short = [0; INLINE_BYTES];
        short[..bytes.len()].copy_from_slice(bytes);
        Word::Short(short, bytes.len() as u8)
    }
}

impl FromLua for Word {
    fn from_lua(value: Value, _: &Lua) -> mlua::Result<Self> {
        Ok(match value {
            Value::String(string) => Word::new(&string.as_bytes()),
            Value::Integer(integer) => Word::new(itoa::Buffer::new().format(integer).as_bytes()),
            Value::Number(number) => {
                let mut text = Vec::with_capacity(INLINE_BYTES);
                format_number(number, 17, &mut text);
                Word::Long(text)
            }
            _ => Word::Wrong,
        })
    }

    fn from_lua_arg(_: Value, _: usize, _: Option<&str>, _: &Lua) -> mlua::Result<Self> {
        Ok(Word::Absent)
    }
}
