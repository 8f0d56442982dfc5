//! Reading a file, item by item.

use std::borrow::Cow;
use std::io::Read;
use std::ops::Range;

use value::Limits;

use super::error::{FileError, Place};
use super::source::Source;
use super::{CHECKSUM_SINCE, opcode, skip};
use crate::object::{Object, load_value};
use crate::payload::Dialect;
use crate::read::Reader;

type Result<T> = std::result::Result<T, FileError>;

/// A key with its value, as the bytes that it is in the file.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    /// Where the value's form stands in the file.
    pub offset: u64,
    /// The database.
    pub db: usize,
    /// The key.
    pub key: Cow<'a, [u8]>,
    /// The deadline in ms since the epoch, if it has one.
    pub expire_at_ms: Option<i64>,
    /// Seconds since it was last used, where the file says so.
    pub idle_seconds: Option<u64>,
    /// How often it is used, where the file says so.
    pub frequency: Option<u8>,
    /// Who wrote the value.
    pub dialect: Dialect,
    /// The value's form.
    pub form: u8,
    /// The value, for [`load_value`](crate::load_value).
    pub value: &'a [u8],
}

impl Record<'_> {
    /// Makes the value.
    ///
    /// # Errors
    /// What is wrong with it, with the key and its place in the file.
    pub fn load(&self, limits: &Limits) -> Result<Object> {
        load_value(self.dialect, self.form, self.value, limits)
            .map_err(|error| FileError::broken(self.offset, error).with_key(&self.key))
    }
}

/// What a file holds.
#[derive(Clone, Debug)]
pub enum Item<'a> {
    /// A field about the file.
    Aux(Vec<u8>, Vec<u8>),
    /// How many keys the present database has, and how many of them expire, more or less.
    Sizes {
        /// The database.
        db: usize,
        /// Keys.
        keys: u64,
        /// Those with a deadline.
        expires: u64,
    },
    /// A library of functions: its code.
    Function(Vec<u8>),
    /// A key.
    Record(Record<'a>),
    /// What a module wrote for itself, or its value; gone past.
    Skipped(String),
}

/// Reads a file; holds no more of it than one item.
pub struct FileReader<R> {
    source: Source<R>,
    version: u16,
    dialect: Dialect,
    db: usize,
    skips_unknown: bool,
    wants_checksum: bool,
    has_ended: bool,
}

/// What stands before a key.
#[derive(Default)]
struct Attributes {
    expire_at_ms: Option<i64>,
    idle_seconds: Option<u64>,
    frequency: Option<u8>,
}

/// How many bytes of the header name the version.
fn magic(head: &[u8; 9]) -> Option<(&'static [u8], &[u8])> {
    [&b"REDIS"[..], b"VALKEY"]
        .into_iter()
        .find_map(|magic| head.strip_prefix(magic).map(|digits| (magic, digits)))
}

impl<R: Read> FileReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// What is no RDB file, or of a version that nobody here knows.
    pub fn new(input: R) -> Result<Self> {
        let mut source = Source::new(input);
        let head: [u8; 9] = source.array("the header of an RDB file")?;
        let no_file = || FileError::broken(0, "expected \"REDIS\" or \"VALKEY\" and a version");
        let (_, digits) = magic(&head).ok_or_else(no_file)?;
        let version = digits
            .iter()
            .try_fold(0, |sum, digit| {
                digit.is_ascii_digit().then(|| sum * 10 + u16::from(digit - b'0'))
            })
            .filter(|version| *version > 0)
            .ok_or_else(no_file)?;
        let unknown = || FileError::broken(0, format!("Can't handle RDB format version {version}"));
        let dialect = Dialect::of_version(version).ok_or_else(unknown)?;
        source.next_item();
        Ok(Self {
            source,
            version,
            dialect,
            db: 0,
            skips_unknown: false,
            wants_checksum: true,
            has_ended: false,
        })
    }

    /// Says whether what belongs to absent modules is skipped and not an error.
    pub fn skip_unknown(mut self, skips: bool) -> Self {
        self.skips_unknown = skips;
        self
    }

    /// Says whether the checksum at the end must be right.
    pub fn check(mut self, wants_checksum: bool) -> Self {
        self.wants_checksum = wants_checksum;
        self.source.set_summing(wants_checksum);
        self
    }

    /// The version of the file.
    pub fn version(&self) -> u16 {
        self.version
    }

    /// Who wrote it.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Bytes read so far.
    pub fn position(&self) -> u64 {
        self.source.position()
    }

    /// The next item; None at the end, whose checksum is right.
    ///
    /// # Errors
    /// See [`FileError`]. After one, nothing more can be read.
    pub fn next_item(&mut self) -> Result<Option<Item<'_>>> {
        if self.has_ended {
            return Ok(None);
        }
        self.source.next_item();
        let mut attributes = Attributes::default();
        loop {
            let start = self.source.position();
            let source = &mut self.source;
            match source.byte("an opcode or a value")? {
                opcode::EXPIRE_MS => {
                    let at = i64::from_le_bytes(source.array("a deadline")?);
                    attributes.expire_at_ms = Some(at);
                }
                opcode::EXPIRE_S => {
                    let at = i32::from_le_bytes(source.array("a deadline")?);
                    attributes.expire_at_ms = Some(i64::from(at) * 1000);
                }
                opcode::IDLE => attributes.idle_seconds = Some(source.length("an idle time")?),
                opcode::FREQUENCY => attributes.frequency = Some(source.byte("a frequency")?),
                opcode::SELECT_DB => self.select_db(start)?,
                opcode::SLOT_INFO => {
                    (0..3).try_for_each(|_| source.length("a slot's sizes").map(drop))?;
                }
                opcode::RESIZE_DB => {
                    let keys = source.length("a number of keys")?;
                    let expires = source.length("a number of keys")?;
                    return Ok(Some(Item::Sizes { db: self.db, keys, expires }));
                }
                opcode::AUX => {
                    let name = self.text("the name of a field about the file")?;
                    let value = self.text("a field about the file")?;
                    return Ok(Some(Item::Aux(name, value)));
                }
                opcode::FUNCTION => {
                    let code = self.text("a library of functions")?;
                    return Ok(Some(Item::Function(code)));
                }
                opcode::FUNCTION_OF_CANDIDATES => {
                    let what = "functions of a release candidate of Redis 7 are not supported";
                    return Err(FileError::broken(start, what));
                }
                opcode::MODULE_AUX => return self.module_aux(start).map(Some),
                opcode::END => return self.end().map(|()| None),
                form => return self.record(start, form, attributes).map(Some),
            }
        }
    }

    fn select_db(&mut self, start: u64) -> Result<()> {
        let db = self.source.length("the number of a database")?;
        self.db = usize::try_from(db)
            .ok()
            .filter(|db| *db <= i32::MAX as usize)
            .ok_or_else(|| FileError::broken(start, format!("there is no database {db}")))?;
        Ok(())
    }

    /// A string.
    fn text(&mut self, what: &str) -> Result<Vec<u8>> {
        let start = self.source.position();
        let marks = self.source.string(what)?;
        self.text_at(start, marks, what).map(Cow::into_owned)
    }

    /// The string between two marks, which was gone past.
    fn text_at(&self, start: u64, marks: Range<usize>, what: &str) -> Result<Cow<'_, [u8]>> {
        Reader::new(self.source.between(marks))
            .string()
            .map_err(|error| FileError::broken(start, format!("expected {what}: {error}")))
    }

    fn record(&mut self, offset: u64, form: u8, attributes: Attributes) -> Result<Item<'_>> {
        // A byte that is no form is not followed by a key.
        if !crate::object::is_form(form) && form != skip::MODULE {
            return skip::value(&mut self.source, self.dialect, form)
                .map(|()| unreachable!("an unknown form is an error"));
        }
        let start = self.source.position();
        let marks = self.source.string("a key")?;
        let begin = self.source.mark();
        let skipped = skip::value(&mut self.source, self.dialect, form);
        let key = self.text_at(start, marks, "a key")?;
        match skipped {
            Ok(()) => {}
            Err(FileError::Unknown { what, .. }) if self.skips_unknown => {
                let shown = key.escape_ascii();
                return Ok(Item::Skipped(format!("byte {offset}, key \"{shown}\": {what}")));
            }
            Err(error) => return Err(error.with_key(&key)),
        }
        let value = self.source.between(begin..self.source.mark());
        let Attributes { expire_at_ms, idle_seconds, frequency } = attributes;
        let (db, dialect) = (self.db, self.dialect);
        Ok(Item::Record(Record {
            offset,
            db,
            key,
            expire_at_ms,
            idle_seconds,
            frequency,
            dialect,
            form,
            value,
        }))
    }

    fn module_aux(&mut self, offset: u64) -> Result<Item<'_>> {
        let id = self.source.length("a module's id")?;
        // When it is to be read: as a module's number.
        (0..2).try_for_each(|_| self.source.length("a module's data").map(drop))?;
        skip::module_data(&mut self.source)?;
        let name = skip::name_of(id);
        let what = format!("data of the module '{name}', which is not here");
        match self.skips_unknown {
            true => Ok(Item::Skipped(format!("byte {offset}: {what}"))),
            false => Err(FileError::Unknown { at: Place { offset, key: None }, what }),
        }
    }

    fn end(&mut self) -> Result<()> {
        self.has_ended = true;
        if self.version < CHECKSUM_SINCE {
            return Ok(());
        }
        self.source.next_item();
        let found = self.source.checksum();
        let said = u64::from_le_bytes(self.source.array("the checksum")?);
        self.source.next_item();
        if said != 0 && self.wants_checksum && said != found {
            return Err(FileError::Checksum { said, found });
        }
        Ok(())
    }

    /// After the end: an error if something follows.
    ///
    /// # Errors
    /// [`FileError::Broken`] where that begins.
    pub fn expect_end(&mut self) -> Result<()> {
        if self.source.is_at_end()? {
            return Ok(());
        }
        Err(FileError::broken(self.source.position(), "expected nothing behind the end"))
    }

    /// After the end: what was read beyond it, and the input, which goes on behind that.
    pub fn into_rest(self) -> (Vec<u8>, R) {
        self.source.into_rest()
    }
}
