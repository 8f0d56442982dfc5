//! A disk for tests: it fails on a seed, and a crash loses what was not synced, in any pieces.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use stdx::rng::Rng;

use super::{Disk, DiskFile};

/// A crash keeps or loses unsynced bytes by such pieces, each on its own.
const SECTOR_BYTES: usize = 64;

/// How often what fails: once in so many calls on average; 0 for never.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Writes, some of which have then written a part.
    pub write_one_in: u64,
    /// Syncs, after which the unsynced bytes are lost, whatever a later sync says.
    pub sync_one_in: u64,
    /// Everything about names.
    pub names_one_in: u64,
}

/// See the module. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct FakeDisk(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    rng: Rng,
    faults: Faults,
    /// Every write fails, as on a disk that is full.
    is_full: bool,
    inodes: Vec<Inode>,
    /// What a reader sees.
    names: BTreeMap<String, usize>,
    /// What a crash leaves, besides what happened to be written since.
    synced_names: BTreeMap<String, usize>,
}

#[derive(Clone, Debug, Default)]
struct Inode {
    bytes: Vec<u8>,
    /// Up to here there are zeros where nothing was written; but of these only a few are kept, so that
    /// tests need not copy much.
    allocated: usize,
    /// What the system believes to be on the disk: after a failed sync it may be wrong.
    believed: Vec<u8>,
    synced: Vec<u8>,
}

impl Inode {
    fn on_disk(bytes: Vec<u8>) -> Self {
        Self { believed: bytes.clone(), synced: bytes.clone(), bytes, allocated: 0 }
    }

    /// Makes room up to `end`, with some of the zeros that are allocated behind it.
    fn grow(&mut self, end: usize) {
        let end = end.max(self.allocated.min(end + 4 * SECTOR_BYTES));
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
    }

    /// Brings what is believed to be missing on the disk there, if `reaches`.
    fn sync(&mut self, reaches: bool) {
        self.synced.resize(self.bytes.len(), 0);
        self.believed.resize(self.bytes.len(), 0);
        for at in (0..self.bytes.len()).step_by(SECTOR_BYTES) {
            let piece = at..(at + SECTOR_BYTES).min(self.bytes.len());
            if reaches && self.believed[piece.clone()] != self.bytes[piece.clone()] {
                self.synced[piece.clone()].copy_from_slice(&self.bytes[piece]);
            }
        }
        self.believed.clone_from(&self.bytes);
    }
}

impl FakeDisk {
    /// An empty disk whose accidents follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            rng: Rng::new(seed),
            faults: Faults::default(),
            is_full: false,
            inodes: Vec::new(),
            names: BTreeMap::new(),
            synced_names: BTreeMap::new(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("a panic ends the test")
    }

    /// What fails from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// Whether writes fail for want of space from now on.
    pub fn set_full(&self, is_full: bool) {
        self.state().is_full = is_full;
    }

    /// The process dies, and nothing else: all that was written is there for the next one.
    pub fn kill(&self) -> Self {
        let mut state = self.state();
        let seed = state.rng.next_u64();
        let other = Self::new(seed);
        {
            let mut new = other.state();
            new.inodes.clone_from(&state.inodes);
            new.names.clone_from(&state.names);
            new.synced_names.clone_from(&state.synced_names);
        }
        other
    }

    /// The machine dies: of what was not synced, each piece is there or not. What is returned is
    /// the disk as the next start finds it; this one goes on as if nothing had happened.
    pub fn crash(&self) -> Self {
        let mut state = self.state();
        let other = Self::new(state.rng.next_u64());
        let keeps_all_names = state.rng.below(2) == 0;
        let names = if keeps_all_names { state.names.clone() } else { state.synced_names.clone() };
        let inodes = state.inodes.clone();
        let survive = |inode: &Inode, rng: &mut Rng| {
            let len = match rng.below(3) {
                0 => inode.synced.len(),
                _ => inode.bytes.len(),
            };
            let mut bytes = inode.synced.clone();
            bytes.resize(len.max(inode.synced.len().min(inode.bytes.len())), 0);
            // Mostly a prefix of the pieces, sometimes any of them.
            let share = rng.below(4);
            let cut = rng.below(bytes.len() as u64 + 1) as usize;
            for (piece, at) in (0..bytes.len()).step_by(SECTOR_BYTES).enumerate() {
                let end = (at + SECTOR_BYTES).min(bytes.len()).min(inode.bytes.len());
                let keep = match share {
                    0 => rng.below(2) == 0,
                    1 => true,
                    _ => piece * SECTOR_BYTES < cut,
                };
                let is_lost = inode.believed.get(at..end) == inode.bytes.get(at..end);
                if keep && at < end && !is_lost {
                    bytes[at..end].copy_from_slice(&inode.bytes[at..end]);
                }
            }
            bytes
        };
        {
            let mut new = other.state();
            for inode in &inodes {
                let bytes = survive(inode, &mut state.rng);
                new.inodes.push(Inode::on_disk(bytes));
            }
            new.names = names.clone();
            new.synced_names = names;
        }
        other
    }

    /// Flips one bit of a file, as a failing medium does.
    pub fn flip(&self, name: &str, byte: usize, bit: u8) {
        let mut state = self.state();
        let inode = state.names[name];
        state.inodes[inode].bytes[byte] ^= 1 << (bit & 7);
    }

    /// A file's content.
    pub fn content(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.state();
        state.names.get(name).map(|inode| state.inodes[*inode].bytes.clone())
    }

    /// Puts a file there, or another content into it.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let mut state = self.state();
        let inode = state.inodes.len();
        state.inodes.push(Inode::on_disk(bytes.to_vec()));
        state.names.insert(name.to_owned(), inode);
        state.synced_names.insert(name.to_owned(), inode);
    }
}

impl State {
    fn fails(&mut self, one_in: u64) -> io::Result<()> {
        match one_in > 0 && self.rng.below(one_in) == 0 {
            true => Err(io::Error::other("a simulated fault")),
            false => Ok(()),
        }
    }

    fn find(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Disk for FakeDisk {
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state();
        let one_in = state.faults.names_one_in;
        state.fails(one_in)?;
        if state.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = state.inodes.len();
        state.inodes.push(Inode::default());
        state.names.insert(name.to_owned(), inode);
        Ok(Box::new(FakeFile { disk: self.clone(), inode }))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let inode = self.state().find(name)?;
        Ok(Box::new(FakeFile { disk: self.clone(), inode }))
    }

    fn open_to_cut(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.open(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        let one_in = state.faults.names_one_in;
        state.fails(one_in)?;
        let inode = state.find(from)?;
        state.names.remove(from);
        state.names.insert(to.to_owned(), inode);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.find(name)?;
        state.names.remove(name);
        Ok(())
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.state().names.keys().cloned().collect())
    }

    fn sync_names(&self) -> io::Result<()> {
        let mut state = self.state();
        let one_in = state.faults.names_one_in;
        state.fails(one_in)?;
        state.synced_names = state.names.clone();
        Ok(())
    }
}

#[derive(Debug)]
struct FakeFile {
    disk: FakeDisk,
    inode: usize,
}

impl DiskFile for FakeFile {
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        let state = self.disk.state();
        let content = &state.inodes[self.inode].bytes;
        let from = (offset as usize).min(content.len());
        let count = bytes.len().min(content.len() - from);
        bytes[..count].copy_from_slice(&content[from..from + count]);
        Ok(count)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.state();
        let one_in = state.faults.write_one_in;
        let failed = match state.is_full {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => state.fails(one_in),
        };
        let written = match failed {
            Ok(()) => bytes.len(),
            Err(_) => state.rng.below(bytes.len() as u64 + 1) as usize,
        };
        let (from, to) = (offset as usize, offset as usize + written);
        let inode = &mut state.inodes[self.inode];
        inode.grow(to);
        inode.bytes[from..to].copy_from_slice(&bytes[..written]);
        failed
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.state();
        let one_in = state.faults.sync_one_in;
        let failed = state.fails(one_in);
        // After a failure the system believes the pages clean, though they never reached the disk.
        state.inodes[self.inode].sync(failed.is_ok());
        failed
    }

    fn another(&self) -> Box<dyn DiskFile> {
        Box::new(Self { disk: self.disk.clone(), inode: self.inode })
    }

    fn allocate(&mut self, bytes: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        if state.is_full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        state.inodes[self.inode].allocated = bytes as usize;
        state.inodes[self.inode].grow(0);
        Ok(())
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        let inode = &mut state.inodes[self.inode];
        inode.bytes.resize(bytes as usize, 0);
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.state().inodes[self.inode].bytes.len() as u64)
    }
}
