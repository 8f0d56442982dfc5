//! Which files a pattern behind `include` stands for.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use crate::files::Files;

/// The files that `pattern` stands for, in order of their names: itself, whether it exists or not,
/// where it has no wildcard; else those that match, which may be none.
pub(crate) fn expand(pattern: &Path, files: &dyn Files) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    let mut is_literal = true;
    for component in pattern.components() {
        let name = component.as_os_str();
        is_literal &= !has_wildcard(name);
        found = if is_literal || !matches!(component, Component::Normal(_)) {
            found.into_iter().map(|path| path.join(name)).collect()
        } else {
            found.iter().flat_map(|directory| matching(directory, name, files)).collect()
        };
    }
    found
}

fn has_wildcard(name: &OsStr) -> bool {
    name.as_bytes().iter().any(|byte| b"*?[".contains(byte))
}

/// What in `directory` matches `pattern`; nothing where it cannot be listed, as for a shell.
fn matching(directory: &Path, pattern: &OsStr, files: &dyn Files) -> Vec<PathBuf> {
    let listed = if directory == Path::new("") { Path::new(".") } else { directory };
    let mut names: Vec<OsString> = files.list(listed).unwrap_or_default();
    names.retain(|name| {
        let is_hidden = name.as_bytes().starts_with(b".") && !pattern.as_bytes().starts_with(b".");
        !is_hidden && stdx::glob::matches(pattern.as_bytes(), name.as_bytes(), false)
    });
    names.sort();
    names.into_iter().map(|name| directory.join(name)).collect()
}

#[cfg(test)]
mod tests;
