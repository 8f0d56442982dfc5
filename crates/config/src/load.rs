//! From the command line to a [`Config`]: `merops [CONFIG] [--directive value …]`.
//!
//! The file comes first, then standard input, then the flags; a later value replaces an earlier.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::directive::{Directive, parse_conf};
use crate::error::{Error, Place, Source, Warning};
use crate::files::{FileSystem, Files};
use crate::include;
use crate::limits::INCLUDE_DEPTH_MAX;
use crate::moment::parse_ms;
use crate::params;
use crate::row::Row;
use crate::toml::{is_include, parse_toml};

/// What a command line asks for.
#[derive(Debug)]
pub enum Invocation {
    /// Run the server.
    Serve(Box<Loaded>),
    /// Print the version.
    Version,
    /// Print how the program is called.
    Help,
}

/// What the server starts with.
#[derive(Debug)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// What to log about them.
    pub warnings: Vec<Warning>,
    /// The config file that CONFIG REWRITE writes to, as an absolute path.
    pub path: Option<PathBuf>,
    /// The moment that the data is wanted of, in milliseconds since 1970: `--restore-to`. No
    /// directive, for no later start is to do so again.
    pub restore_to_ms: Option<i64>,
}

/// Reads the command line (behind the program's name) and the files it names.
pub fn load(arguments: &[OsString]) -> Result<Invocation, Error> {
    load_with(arguments, &FileSystem)
}

/// [`load`] with other files.
pub fn load_with(arguments: &[OsString], files: &dyn Files) -> Result<Invocation, Error> {
    match arguments.first().map(|first| first.as_bytes()) {
        Some(b"-v" | b"--version") => return Ok(Invocation::Version),
        Some(b"-h" | b"--help") => return Ok(Invocation::Help),
        _ => {}
    }
    let (path, mut flags) = match arguments.split_first() {
        Some((first, rest)) if !first.as_bytes().starts_with(b"-") => {
            // Absolute, as the server changes its directory.
            let path = std::path::absolute(first).unwrap_or_else(|_| first.into());
            (Some(path), Flags::parse(rest)?)
        }
        _ => (None, Flags::parse(arguments)?),
    };

    let restore_to_ms = flags.take_restore_to()?;
    let mut loader = Loader::new(files);
    if let Some(path) = &path {
        loader.file(path, None)?;
    }
    if flags.reads_stdin {
        let text = files.read_stdin().map_err(|error| Error::Read {
            path: "-".into(),
            included: None,
            error,
        })?;
        loader.directives(parse_conf(&text, &Source::Stdin)?)?;
    }
    loader.directives(flags.directives)?;
    Ok(Invocation::Serve(Box::new(Loaded {
        config: loader.config,
        warnings: loader.warnings,
        path,
        restore_to_ms,
    })))
}

/// The command line behind CONFIG.
struct Flags {
    directives: Vec<Directive>,
    reads_stdin: bool,
}

impl Flags {
    /// Groups arguments into directives, as redis-server does: a flag takes what follows up to the
    /// next flag, but at least one argument, which may therefore start with `--` itself. A flag may
    /// also bring its values along: `--port=7000`, `"--port 7000"`.
    fn parse(arguments: &[OsString]) -> Result<Flags, Error> {
        let mut groups: Vec<Vec<Vec<u8>>> = Vec::new();
        let mut reads_stdin = false;
        let mut wants_value = false;
        let last = arguments.len().saturating_sub(1);
        for (index, argument) in arguments.iter().enumerate() {
            let argument = argument.as_bytes();
            if argument == b"-" && (index == 0 || index == last) {
                reads_stdin = true;
                continue;
            }
            match argument.strip_prefix(b"--") {
                Some(flag) if !wants_value => {
                    let mut words = flag_words(flag)?;
                    let next = arguments.get(index + 1).map(|next| next.as_bytes());
                    wants_value = words.len() == 1;
                    if wants_value && takes_none(&words[0], next) {
                        words.push(Vec::new());
                        wants_value = false;
                    }
                    groups.push(words);
                }
                _ => {
                    match groups.last_mut() {
                        Some(words) => words.push(argument.to_vec()),
                        None => groups.push(vec![argument.to_vec()]),
                    }
                    wants_value = false;
                }
            }
        }
        let place = Place { source: Source::Arguments, line: 0 };
        let directives =
            groups.into_iter().filter_map(|words| Directive::new(words, place.clone())).collect();
        Ok(Flags { directives, reads_stdin })
    }

    /// Takes out `--restore-to`.
    fn take_restore_to(&mut self) -> Result<Option<i64>, Error> {
        let is_meant = |directive: &Directive| directive.name.eq_ignore_ascii_case(b"restore-to");
        let Some(at) = self.directives.iter().position(is_meant) else { return Ok(None) };
        let Directive { words, place, .. } = self.directives.remove(at);
        let moment = match words.as_slice() {
            [word] => str::from_utf8(word).ok().and_then(parse_ms),
            _ => None,
        };
        moment.map(Some).ok_or_else(|| Error::Syntax {
            place,
            reason:
                "restore-to takes a moment, as 2026-11-20T12:00:00Z, or milliseconds since 1970"
                    .into(),
        })
    }
}

/// The words of one argument behind its `--`.
fn flag_words(flag: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    if let Some(at) = memchr::memchr(b'=', flag)
        && flag[..at].iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
    {
        return Ok(vec![flag[..at].to_vec(), flag[at + 1..].to_vec()]);
    }
    resp::split_args(flag).map_err(|_| {
        // Only the name: the rest may be a password.
        let name = flag.split(|byte| *byte == b' ').next().unwrap_or_default();
        Error::Syntax {
            place: Place { source: Source::Arguments, line: 0 },
            reason: format!("quotes are not balanced in '--{}'", String::from_utf8_lossy(name)),
        }
    })
}

/// Whether the flag means an empty value when no value follows: only `save`, whose value scripts
/// take from a list that may be empty.
fn takes_none(name: &[u8], next: Option<&[u8]>) -> bool {
    name.eq_ignore_ascii_case(b"save") && next.is_none_or(|next| next.starts_with(b"--"))
}

/// Applies directives, file by file.
pub(crate) struct Loader<'a> {
    files: &'a dyn Files,
    pub(crate) config: Config,
    pub(crate) warnings: Vec<Warning>,
    depth: usize,
}

impl<'a> Loader<'a> {
    pub(crate) fn new(files: &'a dyn Files) -> Loader<'a> {
        Loader { files, config: Config::default(), warnings: Vec::new(), depth: 0 }
    }

    /// Reads a file and applies it; `included`: where it was asked for.
    fn file(&mut self, path: &Path, included: Option<&Place>) -> Result<(), Error> {
        let text = self.files.read(path).map_err(|error| Error::Read {
            path: path.to_owned(),
            included: included.cloned(),
            error,
        })?;
        self.text(&text, path)
    }

    /// Applies the text of a file.
    pub(crate) fn text(&mut self, text: &[u8], path: &Path) -> Result<(), Error> {
        let source = Source::File(path.to_owned());
        self.directives(if is_toml(path) {
            parse_toml(text, &source)?
        } else {
            parse_conf(text, &source)?
        })
    }

    fn directives(&mut self, directives: Vec<Directive>) -> Result<(), Error> {
        for directive in directives {
            if is_include(&directive.name) {
                self.include(&directive)?;
            } else if let Some((row, _)) = params::find(&directive.name) {
                match self.set(row, &directive) {
                    // A file that Redis runs with must not keep this server from starting.
                    Err(Error::Value { reason, .. }) if row.is_fixed() => {
                        let message = format!("directive '{}' is ignored: {reason}", row.name);
                        self.warnings.push(Warning { place: directive.place, message });
                    }
                    result => result?,
                }
            } else {
                let name = String::from_utf8_lossy(&directive.name).into_owned();
                let message = format!("unknown directive '{name}' is ignored");
                self.warnings.push(Warning { place: directive.place, message });
            }
        }
        Ok(())
    }

    fn include(&mut self, directive: &Directive) -> Result<(), Error> {
        let place = &directive.place;
        if self.depth == INCLUDE_DEPTH_MAX {
            let reason = format!("includes are nested more than {INCLUDE_DEPTH_MAX} deep");
            return Err(Error::Syntax { place: place.clone(), reason });
        }
        self.depth += 1;
        for word in &directive.words {
            let pattern = Path::new(OsStr::from_bytes(word));
            for path in include::expand(pattern, self.files) {
                self.file(&path, Some(place))?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn set(&mut self, row: &'static Row, directive: &Directive) -> Result<(), Error> {
        let words: Vec<&[u8]> = directive.words.iter().map(Vec::as_slice).collect();
        // `--bind "127.0.0.1 ::1"` is as good as two words.
        let split = match words[..] {
            [word] if row.kind.is_multi() && !word.is_empty() => resp::split_args(word).ok(),
            _ => None,
        };
        let result = match &split {
            Some(split) => {
                let words: Vec<&[u8]> = split.iter().map(Vec::as_slice).collect();
                row.set(&mut self.config, &words)
            }
            None => row.set(&mut self.config, &words),
        };
        result.map_err(|reason| Error::Value {
            place: directive.place.clone(),
            directive: row.name,
            value: (!row.is_sensitive && !words.is_empty()).then(|| shown(&words)),
            reason: reason.into_owned(),
            allowed: row.allowed(),
        })
    }
}

/// Words as an error shows them.
fn shown(words: &[&[u8]]) -> String {
    let quoted: Vec<Vec<u8>> = words.iter().map(|word| crate::text::quote(word)).collect();
    String::from_utf8_lossy(&quoted.join(&b' ')).into_owned()
}

/// Whether a file is TOML, which its name tells.
pub(crate) fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
}

#[cfg(test)]
mod tests;
