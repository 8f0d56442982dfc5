//! What the journal needs of a file system: one directory, and files that grow.
//!
//! [`RealDisk`] is the system's; [`FakeDisk`] is one for tests that forgets what was not synced.

use std::fmt::Debug;
use std::io;

mod fake;
mod real;

pub use fake::{FakeDisk, Faults};
pub use real::RealDisk;

/// One directory.
pub trait Disk: Debug + Send + Sync {
    /// Makes a file, empty; one of that name must not exist.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a file to read it.
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a file to change it; only what repairs files does.
    fn open_to_cut(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file another name, in the place of one that has it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// The names of all files.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Makes names durable: creations, renamings, removals.
    fn sync_names(&self) -> io::Result<()>;
}

/// One file.
pub trait DiskFile: Debug + Send + Sync {
    /// Fills `bytes` from `offset` on as far as the file goes; returns how many there were.
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize>;

    /// Writes all of `bytes`.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything written durable.
    fn sync(&mut self) -> io::Result<()>;

    /// The same file, for a thread that syncs it while this one goes on writing. Of a sync that
    /// fails only one of the two may hear.
    fn another(&self) -> Box<dyn DiskFile>;

    /// Makes the file at least so long, with zeros, for which there is room then if the file system
    /// can promise that.
    fn allocate(&mut self, bytes: u64) -> io::Result<()>;

    /// Cuts the file to this length.
    fn truncate(&mut self, bytes: u64) -> io::Result<()>;

    /// How long it is.
    fn len(&self) -> io::Result<u64>;

    /// Whether it is empty.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}

/// A whole file that is known to be small.
pub fn read_all(disk: &dyn Disk, name: &str) -> io::Result<Vec<u8>> {
    let file = disk.open(name)?;
    let mut bytes = vec![0; file.len()? as usize];
    let read = file.read_at(0, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// Writes a small file so that either all of it is there under its name, or what was before.
///
/// An error may come after the renaming: then both are possible after a crash, until another
/// replacement succeeds.
pub fn replace(disk: &dyn Disk, name: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary = format!("{name}.temporary");
    match disk.remove(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = disk.create(&temporary)?;
    file.write_at(0, bytes)?;
    file.sync()?;
    disk.rename(&temporary, name)?;
    disk.sync_names()
}
