//! CONFIG GET and CONFIG SET.

use std::fmt;

use crate::config::Config;
use crate::kind::Reason;
use crate::params;
use crate::row::{Mutability, Row};

/// Why CONFIG SET changed nothing; `Display` is the text behind `ERR `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetError {
    /// There is no such parameter.
    Unknown {
        /// The name that was given.
        name: Vec<u8>,
    },
    /// A parameter or its value was refused.
    Refused {
        /// The parameter.
        name: Vec<u8>,
        /// What a client gets to read about it.
        reason: Reason,
    },
}

impl SetError {
    /// A refusal of parameter `name`, for what only the server can check.
    pub fn refused(name: impl Into<Vec<u8>>, reason: impl Into<Reason>) -> SetError {
        SetError::Refused { name: name.into(), reason: reason.into() }
    }
}

impl fmt::Display for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetError::Unknown { name } => write!(
                f,
                "Unknown option or number of arguments for CONFIG SET - '{}'",
                String::from_utf8_lossy(name)
            ),
            SetError::Refused { name, reason } => write!(
                f,
                "CONFIG SET failed (possibly related to argument '{}') - {reason}",
                String::from_utf8_lossy(name)
            ),
        }
    }
}

impl std::error::Error for SetError {}

impl Config {
    /// The parameters that match at least one of the glob `patterns`, each once, with its value.
    ///
    /// A name without a wildcard comes back as it was asked for; aliases are names of their own, and
    /// what is hidden goes by no other.
    pub fn get<'a>(&self, patterns: &[&'a [u8]]) -> Vec<(&'a [u8], Vec<u8>)> {
        let mut found: Vec<(&[u8], Vec<u8>)> = Vec::new();
        let mut add = |name: &'a [u8], row: &Row| {
            if !found.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                found.push((name, row.get(self)));
            }
        };
        for &pattern in patterns {
            if !pattern.iter().any(|byte| b"*?[".contains(byte)) {
                if let Some((row, _)) = find_listed(pattern) {
                    add(pattern, row);
                }
                continue;
            }
            for row in params::rows().filter(|row| row.is_listed() && !row.is_hidden) {
                for name in row.names().map(str::as_bytes) {
                    if stdx::glob::matches(pattern, name, true) {
                        add(name, row);
                    }
                }
            }
        }
        found
    }

    /// A copy with all `pairs` of name and value changed, or the reason why none is.
    ///
    /// `allows_protected`: this client may change protected parameters.
    pub fn set(
        &self,
        pairs: &[(&[u8], &[u8])],
        allows_protected: bool,
    ) -> Result<Config, SetError> {
        // As in Redis, all names are looked at before any value.
        let mut targets: Vec<(&Row, &str)> = Vec::with_capacity(pairs.len());
        for &(name, _) in pairs {
            let (row, known) =
                find_listed(name).ok_or_else(|| SetError::Unknown { name: name.to_vec() })?;
            match row.mutability {
                Mutability::Mutable => {}
                Mutability::Protected if allows_protected => {}
                Mutability::Protected => {
                    return Err(SetError::refused(name, "can't set protected config"));
                }
                Mutability::Immutable | Mutability::StartOnly => {
                    return Err(SetError::refused(name, "can't set immutable config"));
                }
            }
            if targets.iter().any(|&(_, earlier)| earlier == known) {
                return Err(SetError::refused(name, "duplicate parameter"));
            }
            targets.push((row, known));
        }

        let mut changed = self.clone();
        for (&(row, name), &(_, value)) in targets.iter().zip(pairs) {
            row.set_text(&mut changed, value).map_err(|reason| SetError::refused(name, reason))?;
        }
        Ok(changed)
    }
}

fn find_listed(name: &[u8]) -> Option<(&'static Row, &'static str)> {
    params::find(name).filter(|(row, _)| row.is_listed())
}

#[cfg(test)]
mod tests;
