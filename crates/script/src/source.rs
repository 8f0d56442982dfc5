//! A script as EVAL brings it.

use std::fmt::Write as _;

use sha1::{Digest as _, Sha1};

use crate::{Error, Flags};

/// A script, known by its digest.
#[derive(Debug)]
pub struct Source {
    digest: [u8; 40],
    body: Vec<u8>,
    /// Where the code begins, behind a `#!` line but with its line end, so that lines keep their
    /// numbers.
    code_at: usize,
    flags: Option<Flags>,
}

impl Source {
    /// Reads the `#!` line, if there is one. The code itself is seen by [`crate::Runtime::compile`].
    ///
    /// # Errors
    /// If the line names another engine or something unknown.
    pub fn parse(body: impl Into<Vec<u8>>) -> Result<Source, Error> {
        let body = body.into();
        let (code_at, flags) = shebang(&body)?;
        Ok(Source { digest: digest(&body), body, code_at, flags })
    }

    /// The SHA-1 of the body, in hexadecimal.
    pub fn digest(&self) -> &[u8; 40] {
        &self.digest
    }

    /// What EVAL was given.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// What the `#!` line says; `None` without such a line, as Redis then judges every call of the
    /// script instead.
    pub fn flags(&self) -> Option<Flags> {
        self.flags
    }

    /// What Lua compiles.
    pub(crate) fn code(&self) -> &[u8] {
        &self.body[self.code_at..]
    }
}

/// The SHA-1 of bytes, in hexadecimal.
pub fn digest(bytes: &[u8]) -> [u8; 40] {
    let mut hex = [0; 40];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(Sha1::digest(bytes)) {
        pair.copy_from_slice(&[hex_digit(byte >> 4), hex_digit(byte & 15)]);
    }
    hex
}

fn hex_digit(value: u8) -> u8 {
    b"0123456789abcdef"[usize::from(value)]
}

fn shebang(body: &[u8]) -> Result<(usize, Option<Flags>), Error> {
    if !body.starts_with(b"#!") {
        return Ok((0, None));
    }
    let Some(end) = body.iter().position(|&byte| byte == b'\n') else {
        return Err(Error::new("Invalid script shebang"));
    };
    let parts = resp::split_args(&body[..end]).unwrap_or_default();
    let Some((engine, options)) = parts.split_first() else {
        return Err(Error::new("Invalid engine in script shebang"));
    };
    if engine != b"#!lua" {
        return Err(quoting("Unexpected engine in script shebang", engine));
    }
    let mut flags = Flags::default();
    for option in options {
        let Some(names) = option.strip_prefix(b"flags=") else {
            return Err(quoting("Unknown lua shebang option", option));
        };
        if names.is_empty() {
            continue;
        }
        for name in names.split(|&byte| byte == b',') {
            let Some(flag) = Flags::named(name) else {
                return Err(quoting("Unexpected flag in script shebang", name));
            };
            flags = flags.and(flag);
        }
    }
    Ok((end, Some(flags)))
}

pub(crate) fn quoting(what: &str, word: &[u8]) -> Error {
    let mut text = what.to_owned();
    let _ = write!(text, ": {}", String::from_utf8_lossy(word));
    Error::new(text)
}

#[cfg(test)]
mod tests;
