//! Files in memory for other tests, and the real ones in a folder of their own.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

/// Files that exist only here.
#[derive(Default)]
pub(crate) struct MemoryFiles {
    contents: RefCell<BTreeMap<PathBuf, Vec<u8>>>,
    pub(crate) stdin: Vec<u8>,
    pub(crate) replaced: RefCell<usize>,
}

impl MemoryFiles {
    pub(crate) fn new<'a>(
        files: impl IntoIterator<Item = (&'a str, impl AsRef<[u8]>)>,
    ) -> MemoryFiles {
        let contents =
            files.into_iter().map(|(path, text)| (path.into(), text.as_ref().to_vec())).collect();
        MemoryFiles { contents: RefCell::new(contents), ..MemoryFiles::default() }
    }

    pub(crate) fn text(&self, path: &str) -> String {
        String::from_utf8(self.contents.borrow()[Path::new(path)].clone()).unwrap()
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.contents.borrow().get(path).cloned().ok_or(io::ErrorKind::NotFound.into())
    }

    fn read_stdin(&self) -> io::Result<Vec<u8>> {
        Ok(self.stdin.clone())
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        let contents = self.contents.borrow();
        let below = contents.keys().filter_map(|path| path.strip_prefix(directory).ok());
        // Backwards, as no order is promised.
        let names: BTreeSet<OsString> =
            below.filter_map(|path| Some(path.iter().next()?.to_owned())).collect();
        Ok(names.into_iter().rev().collect())
    }

    fn replace(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        *self.replaced.borrow_mut() += 1;
        self.contents.borrow_mut().insert(path.to_owned(), content.to_vec());
        Ok(())
    }
}

/// An empty directory that goes when dropped.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("config-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Directory(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

#[test]
fn replacing_keeps_permissions_and_links_and_leaves_nothing_behind() {
    let directory = Directory::new("replace");
    let (file, link) = (directory.0.join("a.conf"), directory.0.join("link.conf"));
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("a.conf", &link).unwrap();

    FileSystem.replace(&link, b"new").unwrap();
    assert_eq!(FileSystem.read(&file).unwrap(), b"new");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    let mut names = FileSystem.list(&directory.0).unwrap();
    names.sort();
    assert_eq!(names, ["a.conf", "link.conf"]);
}

#[test]
fn a_failed_replacement_leaves_nothing_behind() {
    let directory = Directory::new("fail");
    let target = directory.0.join("is-a-directory");
    fs::create_dir_all(target.join("full")).unwrap();
    assert!(FileSystem.replace(&target, b"new").is_err());
    assert_eq!(FileSystem.list(&directory.0).unwrap(), ["is-a-directory"]);
}
