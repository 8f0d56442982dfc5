//! What FUNCTION DUMP gives: the code of libraries, each behind an opcode, a version, a checksum.

use crate::error::{Error, Result};
use crate::payload::{open_sealed, seal};
use crate::read::Reader;
use crate::write::{self, Output};

/// Stands before a library of functions, in files as well.
pub const FUNCTION: u8 = 245;

/// The payload of libraries with these codes.
pub fn dump_functions<'a>(codes: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Output::new();
    for code in codes {
        out.push(FUNCTION);
        write::string(&mut out, code);
    }
    seal(&mut out.bytes, 0);
    out.bytes
}

/// The codes of a payload's libraries.
///
/// # Errors
/// [`Error::BadVersionOrChecksum`] before anything else is looked at; [`Error::UnknownType`] for
/// what is no library.
pub fn load_functions(payload: &[u8]) -> Result<Vec<Vec<u8>>> {
    let (_, body) = open_sealed(payload, true)?;
    let mut reader = Reader::new(body);
    let mut codes = Vec::new();
    while reader.remaining() > 0 {
        match reader.byte()? {
            FUNCTION => codes.push(reader.string()?.into_owned()),
            other => return Err(Error::UnknownType(other)),
        }
    }
    Ok(codes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_come_back_and_damage_is_seen() {
        let codes: [&[u8]; 3] = [b"#!lua name=a\n", b"", b"12"];
        let payload = dump_functions(codes);
        assert_eq!(load_functions(&payload).unwrap(), codes);
        assert_eq!(load_functions(&dump_functions([])).unwrap(), Vec::<Vec<u8>>::new());
        for at in 0..payload.len() {
            let mut damaged = payload.clone();
            damaged[at] ^= 1;
            assert_eq!(load_functions(&damaged), Err(Error::BadVersionOrChecksum), "{at}");
            assert_eq!(load_functions(&payload[..at]), Err(Error::BadVersionOrChecksum), "{at}");
        }
        let mut value = vec![0, 1, b'a'];
        seal(&mut value, 0);
        assert_eq!(load_functions(&value), Err(Error::UnknownType(0)));
        let mut cut = vec![FUNCTION, 5, b'a'];
        seal(&mut cut, 0);
        assert_eq!(load_functions(&cut), Err(Error::Truncated));
    }
}
