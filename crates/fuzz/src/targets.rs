//! One module per target.

pub(crate) mod calls;
pub(crate) mod config;
pub(crate) mod functions;
pub(crate) mod glob;
pub(crate) mod inline;
pub(crate) mod journal;
pub(crate) mod keys;
pub(crate) mod listpack;
pub(crate) mod numbers;
pub(crate) mod payload;
pub(crate) mod rdb_file;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod script;

/// No words of its own.
fn no_words() -> Vec<&'static [u8]> {
    Vec::new()
}
