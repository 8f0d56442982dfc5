//! Reading a journal back: which rounds are whole, and their records.

use std::fmt;
use std::io;

use crate::block::Part;
use crate::bug::{Bug, Planted};
use crate::disk::{Disk, read_all};
use crate::error::Error;
use crate::file::{Appender, FileId};
use crate::manifest::{Base, Increment, Manifest};
use crate::names::Names;
use crate::record::{Group, Groups};
use crate::scan::{Found, Index};

/// What of a journal counts.
#[derive(Debug)]
pub struct Recovered {
    /// The list of files, as it was found.
    pub manifest: Manifest,
    /// What comes after the base, oldest first.
    pub increments: Vec<RecoveredIncrement>,
    /// The last round that counts.
    pub last_round: u64,
    /// Everything up to it is there, and nothing above it.
    pub last_stamp_ns: u64,
    /// What did not reach the disk whole, and is left out.
    pub cuts: Vec<Cut>,
}

/// The end of a file that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Which file.
    pub file: String,
    /// From where on.
    pub offset: u64,
    /// How many bytes are there, zeros included.
    pub bytes: u64,
    /// How many whole blocks are among them, of rounds that others lack a part of.
    pub blocks: usize,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, offset, bytes, blocks } = self;
        write!(f, "{file}: {bytes} bytes from offset {offset} on, with {blocks} whole blocks")
    }
}

/// One increment's files.
#[derive(Debug)]
pub struct RecoveredIncrement {
    /// How many shards there were.
    pub shards: usize,
    files: Vec<Index>,
    last_round: u64,
}

/// Reads the list of files and all of them but the base. `None` where there is no journal.
///
/// Unless `allows_torn`, rounds that are not whole are an error, though they are what a crash leaves.
pub fn recover(
    disk: &dyn Disk,
    names: &Names,
    allows_torn: bool,
) -> Result<Option<Recovered>, Error> {
    recover_with(disk, names, allows_torn, Planted::default())
}

/// [`recover`] with a bug, for tests.
pub fn recover_with(
    disk: &dyn Disk,
    names: &Names,
    allows_torn: bool,
    planted: Planted,
) -> Result<Option<Recovered>, Error> {
    let Some(manifest) = read_manifest(disk, names)? else { return Ok(None) };
    let mut recovered = Recovered {
        last_round: manifest.increments.first().map_or(0, |first| first.first_round - 1),
        last_stamp_ns: manifest.base.as_ref().map_or(0, |base| base.stamp_ns),
        increments: Vec::new(),
        cuts: Vec::new(),
        manifest,
    };
    for increment in recovered.manifest.increments.clone() {
        let files = read_files(disk, names, recovered.manifest.journal, increment)?;
        recovered.add(increment, files, planted)?;
    }
    match recovered.cuts.first().filter(|_| !allows_torn) {
        Some(cut) => Err(Error::Torn { file: cut.file.clone(), offset: cut.offset }),
        None => Ok(Some(recovered)),
    }
}

pub(crate) fn read_manifest(disk: &dyn Disk, names: &Names) -> Result<Option<Manifest>, Error> {
    let name = names.manifest();
    match read_all(disk, &name) {
        Ok(bytes) => Manifest::read(&name, &bytes).map(Some),
        Err(error) => match Error::io(&name)(error) {
            Error::Missing { .. } => Ok(None),
            error => Err(error),
        },
    }
}

pub(crate) fn read_files(
    disk: &dyn Disk,
    names: &Names,
    journal: u64,
    Increment { generation, shards, .. }: Increment,
) -> Result<Vec<Index>, Error> {
    let read = |shard| {
        let id = FileId { journal, generation, shard, shards };
        Index::read(disk, &names.increment(generation, shard as usize), id)
    };
    (0..shards).map(read).collect()
}

impl Recovered {
    fn add(
        &mut self,
        increment: Increment,
        files: Vec<Index>,
        planted: Planted,
    ) -> Result<(), Error> {
        let (last, stamp_ns) = last_whole(&files, increment, planted);
        if last < known(&files, increment) {
            return Err(lost(&files, last + 1));
        }
        if increment.last_round.is_none() {
            for file in &files {
                let kept = file.blocks.iter().take_while(|block| block.header.round <= last);
                let kept = kept.count();
                let offset = file.blocks.get(kept).map_or(file.end, |block| block.offset);
                let blocks = file.blocks.len() - kept;
                if blocks > 0 || file.ends_badly() {
                    let (name, bytes) = (file.name.clone(), file.bytes - offset);
                    self.cuts.push(Cut { file: name, offset, bytes, blocks });
                }
            }
        }
        self.last_round = last;
        self.last_stamp_ns = self.last_stamp_ns.max(stamp_ns);
        let shards = increment.shards as usize;
        self.increments.push(RecoveredIncrement { shards, files, last_round: last });
        Ok(())
    }

    /// What everything begins with.
    pub fn base(&self) -> Option<&Base> {
        self.manifest.base.as_ref()
    }

    /// What increments take, without what is left out.
    pub fn increment_bytes(&self) -> u64 {
        self.increments.iter().flat_map(|increment| &increment.files).map(|file| file.end).sum()
    }

    /// The last round that is known to be durable where it is.
    pub(crate) fn synced_round(&self) -> u64 {
        match self.manifest.increments.last().zip(self.increments.last()) {
            Some((open, read)) if open.last_round.is_none() => {
                known(&read.files, *open).max(open.first_round - 1)
            }
            _ => self.last_round,
        }
    }

    /// Cuts off what is left out, now that the manifest says so. Nothing depends on it.
    pub(crate) fn trim(&self, disk: &dyn Disk) {
        for cut in &self.cuts {
            if let Ok(mut file) = disk.open_to_cut(&cut.file) {
                let _ = file.truncate(cut.offset);
            }
        }
    }
}

/// The last round of which every part is there once, and its stamp; all before it are there, too.
pub(crate) fn last_whole(files: &[Index], increment: Increment, planted: Planted) -> (u64, u64) {
    let (mut last, mut stamp_ns) = (increment.first_round - 1, 0);
    // What comes behind the end of a closed increment was dropped, or went to the next.
    while increment.last_round.is_none_or(|end| last < end) {
        let mut blocks = files.iter().filter_map(|file| Some(&file.block(last + 1)?.header));
        let Some(one) = blocks.clone().next() else { break };
        let (mut missing, stamp) = (one.members.clone(), one.stamp_ns);
        let mut take = |part: &Part| std::mem::take(&mut missing[part.shard]);
        let fits = blocks.all(|block| {
            block.stamp_ns == stamp
                && block.members == one.members
                && block.parts.iter().all(&mut take)
        });
        let is_whole = fits && !missing.contains(&true);
        if !is_whole && !planted.is(Bug::KeepsHalfRounds) {
            break;
        }
        (last, stamp_ns) = (last + 1, stamp);
    }
    (last, stamp_ns)
}

/// The last round that must be there.
pub(crate) fn known(files: &[Index], increment: Increment) -> u64 {
    let synced = files.iter().map(|file| file.synced).max().unwrap_or(0);
    increment.last_round.unwrap_or(synced)
}

/// A round that was durable is not whole: which file is to blame.
pub(crate) fn lost(files: &[Index], round: u64) -> Error {
    let members = files.iter().find_map(|file| Some(&file.block(round)?.header.members));
    let lacks = |(shard, file): &(usize, &Index)| {
        file.block(round).is_none() && members.is_none_or(|members| members[*shard])
    };
    let mut lacking = files.iter().enumerate().filter(lacks);
    let first = lacking.clone().next();
    let blamed = lacking.find(|(_, file)| file.is_torn).or(first);
    let file = blamed.map_or(&files[0], |(_, file)| file);
    let what = format!("round {round}, which was durable, is not there as it was written");
    Error::damaged(&file.name, file.end, what)
}

impl RecoveredIncrement {
    /// The records of one shard, in order. Nothing stamped up to `after_ns`, which the base has,
    /// nor above `until_ns`.
    pub fn reader(&self, shard: usize, after_ns: u64, until_ns: u64) -> ShardReader<'_> {
        let mut places = Vec::new();
        for index in &self.files {
            let kept = index.blocks.iter().filter(|block| block.header.round <= self.last_round);
            places.extend(kept.filter_map(|Found { header, offset }| {
                let (before, part) = header.part(shard)?;
                Some(Place { round: header.round, index, offset: offset + before, part })
            }));
        }
        // Those of each file are in order already.
        places.sort_by_key(|place| place.round);
        ShardReader { places, next: 0, payload: Vec::new(), after_ns, until_ns }
    }

    /// The records of all shards, in the order of their stamps.
    pub fn merged(&self, after_ns: u64, until_ns: u64) -> Result<Merged<'_>, Error> {
        Merged::new((0..self.shards).map(|shard| self.reader(shard, after_ns, until_ns)))
    }

    /// Appends the blocks of a file, from a round on, to another file.
    pub(crate) fn copy(&self, file: usize, first_round: u64, to: &mut Appender) -> io::Result<()> {
        let index = &self.files[file];
        let mut payload = Vec::new();
        for Found { header, offset } in &index.blocks {
            if header.round < first_round || header.round > self.last_round {
                continue;
            }
            payload.resize(header.payload_bytes() as usize, 0);
            let read = index.file.read_at(offset + header.bytes(), &mut payload)?;
            if !header.fits(&payload[..read], index.seed) {
                return Err(io::Error::other(changed(index, *offset)));
            }
            let parts: Vec<_> =
                header.split(&payload).map(|(part, data)| (part.shard, data)).collect();
            let times = (header.round, header.stamp_ns, first_round - 1);
            to.append(times, &header.members, &parts)?;
        }
        Ok(())
    }

    /// How many bytes of blocks there are, for telling progress.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.end).sum()
    }
}

/// Bytes that were whole when the start began are not any more.
fn changed(index: &Index, offset: u64) -> Error {
    Error::damaged(&index.name, offset, "it has changed since it was checked")
}

/// Where a shard's part of a round lies.
#[derive(Debug)]
struct Place<'a> {
    round: u64,
    index: &'a Index,
    offset: u64,
    part: Part,
}

/// Reads one shard's records block by block.
#[derive(Debug)]
pub struct ShardReader<'a> {
    places: Vec<Place<'a>>,
    next: usize,
    payload: Vec<u8>,
    after_ns: u64,
    until_ns: u64,
}

impl ShardReader<'_> {
    /// Goes on to the next block that counts; answers whether there is one.
    pub fn advance(&mut self) -> Result<bool, Error> {
        let Some(Place { index, offset, part, .. }) = self.places.get(self.next) else {
            self.payload.clear();
            return Ok(false);
        };
        self.next += 1;
        self.payload.resize(part.bytes as usize, 0);
        let read =
            index.file.read_at(*offset, &mut self.payload).map_err(Error::io(&index.name))?;
        match part.fits(&self.payload[..read], index.seed) {
            true => Ok(true),
            false => Err(changed(index, *offset)),
        }
    }

    /// The present block's records as bytes, in which their words lie.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The present block's records that are wanted.
    pub fn groups(&self) -> impl Iterator<Item = Result<Group<'_>, Error>> {
        let groups = Groups::new(&self.payload);
        let groups = groups.map(|group| group.map_err(|_| self.malformed()));
        groups.filter(|group| group.as_ref().map_or(true, |group| self.wants(group.stamp_ns)))
    }

    fn wants(&self, stamp_ns: u64) -> bool {
        stamp_ns > self.after_ns && stamp_ns <= self.until_ns
    }

    /// The present block's checksum is right, and yet it cannot be read.
    fn malformed(&self) -> Error {
        let Place { index, offset, .. } = &self.places[self.next - 1];
        Error::damaged(&index.name, *offset, "its records make no sense")
    }
}

/// The records of several shards in the order of their stamps; see [`RecoveredIncrement::merged`].
#[derive(Debug)]
pub struct Merged<'a> {
    heads: Vec<Head<'a>>,
    /// The one whose group was given out last.
    given: Option<usize>,
}

/// A shard's records, and which of them is next.
#[derive(Debug)]
struct Head<'a> {
    reader: ShardReader<'a>,
    /// How much of the block was given out.
    at: usize,
    stamp_ns: Option<u64>,
}

impl Head<'_> {
    /// Goes on to the next group that is wanted.
    fn advance(&mut self) -> Result<(), Error> {
        loop {
            let mut groups = Groups::new(&self.reader.payload()[self.at..]);
            self.stamp_ns = groups.stamp_ns().filter(|stamp_ns| self.reader.wants(*stamp_ns));
            if self.stamp_ns.is_some() {
                return Ok(());
            }
            match groups.next() {
                Some(Ok(_)) => self.at = self.reader.payload().len() - groups.rest().len(),
                Some(Err(_)) => return Err(self.reader.malformed()),
                None => {
                    self.at = 0;
                    if !self.reader.advance()? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Gives out the group that is next.
    fn take(&mut self) -> Result<Group<'_>, Error> {
        let payload = self.reader.payload();
        let mut groups = Groups::new(&payload[self.at..]);
        let group = groups.next().and_then(Result::ok);
        self.at = payload.len() - groups.rest().len();
        group.ok_or_else(|| self.reader.malformed())
    }
}

impl<'a> Merged<'a> {
    fn new(readers: impl Iterator<Item = ShardReader<'a>>) -> Result<Self, Error> {
        let mut heads: Vec<Head<'a>> =
            readers.map(|reader| Head { reader, at: 0, stamp_ns: None }).collect();
        heads.iter_mut().try_for_each(Head::advance)?;
        Ok(Self { heads, given: None })
    }

    /// The next group, if there is one.
    pub fn next_group(&mut self) -> Result<Option<Group<'_>>, Error> {
        if let Some(given) = self.given.take() {
            self.heads[given].advance()?;
        }
        let heads = self.heads.iter().enumerate();
        let first = heads.filter_map(|(shard, head)| Some((head.stamp_ns?, shard))).min();
        let Some((_, shard)) = first else { return Ok(None) };
        self.given = Some(shard);
        self.heads[shard].take().map(Some)
    }
}
