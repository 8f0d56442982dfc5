//! Configuration: files in both dialects, flags, CONFIG SET; what was rewritten starts the same.

use std::cell::RefCell;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;

use config::{Config, Files, Invocation, Scope, load_with, rewrite_with, rows};

use crate::Target;

pub(crate) const TARGET: Target = Target { name: "config", run, words };

fn words() -> Vec<&'static [u8]> {
    let names = rows().flat_map(|row| row.names()).map(str::as_bytes);
    let others: [&[u8]; 18] = [
        b"yes",
        b"no",
        b"\"\"",
        b"include",
        b"[",
        b"]",
        b"=",
        b"\"",
        b"'",
        b"#",
        b"1gb",
        b"10%",
        b"--",
        b"-",
        b"save",
        b"*",
        b"normal 1mb 1mb 60",
        b"true",
    ];
    names.chain(others).collect()
}

/// The first byte says how the rest reaches the server: `c`onf, `t`oml, `s`et, else flags.
fn run(data: &[u8]) {
    let Some((how, text)) = data.split_first() else { return };
    match how {
        b'c' => file("/fuzz.conf", text),
        b't' => file("/fuzz.toml", text),
        b's' => set(text),
        _ => drop(serve(&flags(text), &OneFile::default())),
    }
}

fn flags(text: &[u8]) -> Vec<OsString> {
    text.split(|byte| *byte == b'\n').map(|word| OsString::from_vec(word.to_vec())).collect()
}

fn file(path: &str, text: &[u8]) {
    let files = OneFile(RefCell::new(text.to_vec()));
    let Some(config) = serve(&[path.into()], &files) else { return };
    read_all(&config);
    rewritten(path, &config, &files);
}

/// CONFIG SET with a name and a value per two lines, each dialect's file rewritten after it.
fn set(text: &[u8]) {
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let pairs: Vec<(&[u8], &[u8])> = lines.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    let Ok(config) = Config::default().set(&pairs, true) else { return };
    read_all(&config);
    for path in ["/fuzz.conf", "/fuzz.toml"] {
        rewritten(path, &config, &OneFile::default());
    }
}

fn read_all(config: &Config) {
    assert!(config.get(&[b"*"]).len() > 50);
}

/// Writes a configuration to a file and starts with that.
fn rewritten(path: &str, config: &Config, files: &OneFile) {
    // Refusals are for the client to read: not all values are text, as TOML must be.
    if rewrite_with(config, Some(Path::new(path)), Scope::Changed, files).is_ok() {
        let again = serve(&[path.into()], files).expect("what was written can be read");
        assert_eq!(&again, config, "{}", files.0.borrow().escape_ascii());
    }
}

fn serve(arguments: &[OsString], files: &OneFile) -> Option<Config> {
    match load_with(arguments, files) {
        Ok(Invocation::Serve(loaded)) => {
            assert!(loaded.warnings.iter().all(|warning| !warning.to_string().is_empty()));
            Some(loaded.config)
        }
        Ok(Invocation::Version | Invocation::Help) => None,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}

/// A file system with one file, and nothing that includes could find.
#[derive(Default)]
struct OneFile(RefCell<Vec<u8>>);

impl Files for OneFile {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match path.to_str() {
            Some("/fuzz.conf" | "/fuzz.toml") => Ok(self.0.borrow().clone()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn read_stdin(&self) -> io::Result<Vec<u8>> {
        self.read(Path::new("/fuzz.conf"))
    }

    fn list(&self, _: &Path) -> io::Result<Vec<OsString>> {
        Ok(vec!["fuzz.conf".into(), "fuzz.toml".into()])
    }

    fn replace(&self, _: &Path, content: &[u8]) -> io::Result<()> {
        *self.0.borrow_mut() = content.to_vec();
        Ok(())
    }
}
