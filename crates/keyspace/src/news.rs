//! What is told about keys to those who listen: events by name, keys that changed, keys that were
//! read. Kept in order until the shard's owner takes it; nothing is kept that nobody wants.

use std::mem;
use std::ops::Range;

use stdx::alloc::{Doomed, block_bytes};

/// What kind of event it is; listeners choose by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Class {
    /// Of any type of key: `del`, `expire`, `rename_from`.
    Generic = 1 << 0,
    /// Of strings.
    String = 1 << 1,
    /// Of lists.
    List = 1 << 2,
    /// Of sets.
    Set = 1 << 3,
    /// Of hashes.
    Hash = 1 << 4,
    /// Of sorted sets.
    Zset = 1 << 5,
    /// Of streams.
    Stream = 1 << 6,
    /// A key's time had come.
    Expired = 1 << 7,
    /// A key went for want of memory.
    Evicted = 1 << 8,
    /// A read found no key.
    Miss = 1 << 9,
    /// There is a key that was not there.
    New = 1 << 10,
    /// A key got another value as a whole.
    Overwritten = 1 << 11,
    /// And that is of another type.
    TypeChanged = 1 << 12,
}

impl Class {
    /// The class that a letter stands for, as configurations name them.
    pub fn of_letter(letter: char) -> Option<Self> {
        Some(match letter {
            'g' => Self::Generic,
            '$' => Self::String,
            'l' => Self::List,
            's' => Self::Set,
            'h' => Self::Hash,
            'z' => Self::Zset,
            't' => Self::Stream,
            'x' => Self::Expired,
            'e' => Self::Evicted,
            'm' => Self::Miss,
            'n' => Self::New,
            'o' => Self::Overwritten,
            'c' => Self::TypeChanged,
            _ => return None,
        })
    }
}

/// A set of classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classes(u16);

impl Classes {
    /// These and one more.
    #[must_use]
    pub const fn with(self, class: Class) -> Self {
        Self(self.0 | class as u16)
    }

    /// Whether a class is among them.
    #[inline]
    pub const fn has(self, class: Class) -> bool {
        self.0 & class as u16 != 0
    }
}

/// An event by its class and by Redis's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its class.
    pub class: Class,
    /// Its name.
    pub name: &'static str,
}

macro_rules! events {
    ($($of:ident $class:ident $what:literal),*) => {
        impl Event {
            $(
                #[doc = concat!("An event of ", $what, ".")]
                pub const fn $of(name: &'static str) -> Self {
                    Self { class: Class::$class, name }
                }
            )*
        }
    };
}

events!(generic Generic "any type of key", string String "strings", list List "lists",
    set Set "sets", hash Hash "hashes", zset Zset "sorted sets", stream Stream "streams");

impl Event {
    /// A key is gone.
    pub const DEL: Self = Self::generic("del");
    /// Its time had come.
    pub const EXPIRED: Self = Self { class: Class::Expired, name: "expired" };
    pub(crate) const EVICTED: Self = Self { class: Class::Evicted, name: "evicted" };
    pub(crate) const MISS: Self = Self { class: Class::Miss, name: "keymiss" };
    pub(crate) const NEW: Self = Self { class: Class::New, name: "new" };
    pub(crate) const OVERWRITTEN: Self = Self { class: Class::Overwritten, name: "overwritten" };
    pub(crate) const TYPE_CHANGED: Self = Self { class: Class::TypeChanged, name: "type_changed" };
    pub(crate) const FIELDS_EXPIRED: Self = Self::hash("hexpired");
}

/// One piece of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// An event.
    Event(Event),
    /// The key changed, in whatever way.
    Changed,
    /// The key was read by a caller who wants to hear of its next change.
    Read,
    /// The database was emptied.
    Flushed,
    /// All of them were.
    AllFlushed,
}

/// What is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Events of these classes.
    pub classes: Classes,
    /// With events of hashes, the fields that they are about.
    pub fields: bool,
    /// Which keys changed, and which databases were emptied.
    pub changes: bool,
    /// Whether all databases were emptied at once.
    pub flushes: bool,
}

#[derive(Debug)]
struct Item {
    what: What,
    db: u32,
    caller: u64,
    key: Range<usize>,
    fields: Range<usize>,
}

/// How much memory is kept for the next news.
const KEPT_BYTES_MAX: usize = 1024;

/// News since they were last cleared, in order.
#[derive(Debug, Default)]
pub struct News {
    wanted: Wanted,
    /// Who causes what is told next, by a number of the shard's owner; 0 for nobody.
    caller: u64,
    items: Vec<Item>,
    bytes: Vec<u8>,
    fields: Vec<Range<usize>>,
    /// What all this takes, if that is not kept. Evicting a key is news: were these counted, it would
    /// make evicting more necessary rather than less.
    doomed: Doomed,
    /// See [`Self::insist`].
    #[cfg(debug_assertions)]
    pub(crate) insists: bool,
}

/// One piece of news, to be read.
#[derive(Clone, Debug)]
pub struct Told<'a> {
    /// What.
    pub what: What,
    /// In which database.
    pub db: usize,
    /// The key; empty for a database.
    pub key: &'a [u8],
    /// By whom; 0 for nobody: the key expired, or went for want of memory.
    pub caller: u64,
    bytes: &'a [u8],
    fields: &'a [Range<usize>],
}

impl<'a> Told<'a> {
    /// The fields that it is about.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let bytes = self.bytes;
        self.fields.iter().map(move |range| &bytes[range.clone()])
    }
}

impl News {
    /// Says what is wanted from now on.
    pub fn want(&mut self, wanted: Wanted) {
        self.wanted = wanted;
    }

    /// From now on a debug build panics where an edit changes something and does not say how that is
    /// told: so no command can forget it.
    pub fn insist(&mut self) {
        #[cfg(debug_assertions)]
        {
            self.insists = true;
        }
    }

    /// What is wanted.
    pub fn wanted(&self) -> Wanted {
        self.wanted
    }

    /// Says who causes what comes next.
    #[inline]
    pub fn set_caller(&mut self, caller: u64) {
        self.caller = caller;
    }

    /// Tells what no caller causes.
    pub(crate) fn by_nobody(&mut self, tell: impl FnOnce(&mut Self)) {
        let caller = mem::take(&mut self.caller);
        tell(self);
        self.caller = caller;
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = Told<'_>> {
        self.items.iter().map(|item| Told {
            what: item.what,
            db: item.db as usize,
            key: &self.bytes[item.key.clone()],
            caller: item.caller,
            bytes: &self.bytes,
            fields: &self.fields[item.fields.clone()],
        })
    }

    /// Forgets all, but keeps some memory.
    pub fn clear(&mut self) {
        self.items.clear();
        self.bytes.clear();
        self.fields.clear();
        if self.capacity_bytes() > KEPT_BYTES_MAX {
            self.items = Vec::new();
            self.bytes = Vec::new();
            self.fields = Vec::new();
        }
        self.doomed.resize(0);
    }

    fn capacity_bytes(&self) -> usize {
        block_bytes(self.items.capacity() * size_of::<Item>())
            + block_bytes(self.bytes.capacity())
            + block_bytes(self.fields.capacity() * size_of::<Range<usize>>())
    }

    /// Exchanges the news with those of `other`; what is wanted stays.
    pub fn swap(&mut self, other: &mut Self) {
        mem::swap(&mut self.items, &mut other.items);
        mem::swap(&mut self.bytes, &mut other.bytes);
        mem::swap(&mut self.fields, &mut other.fields);
        mem::swap(&mut self.doomed, &mut other.doomed);
    }

    /// Tells that the caller has read a key.
    pub fn read(&mut self, db: usize, key: &[u8]) {
        self.push(What::Read, db, key, std::iter::empty());
    }

    /// Tells an event, if it is wanted. For what no edit covers; else see `Edit::event`.
    #[inline]
    pub fn event(&mut self, event: Event, db: usize, key: &[u8]) {
        if self.wanted.classes.has(event.class) {
            self.push(What::Event(event), db, key, std::iter::empty());
        }
    }

    /// [`Self::event`] about fields of the key.
    #[inline]
    pub(crate) fn event_of<'f>(
        &mut self,
        event: Event,
        db: usize,
        key: &[u8],
        fields: impl Iterator<Item = &'f [u8]>,
    ) {
        if self.wanted.classes.has(event.class) {
            let most = if self.wanted.fields { usize::MAX } else { 0 };
            self.push(What::Event(event), db, key, fields.take(most));
        }
    }

    /// Tells that a key changed, if that is wanted.
    #[inline]
    pub(crate) fn changed(&mut self, db: usize, key: &[u8]) {
        if self.wanted.changes {
            self.push(What::Changed, db, key, std::iter::empty());
        }
    }

    /// Tells that a database was emptied, if that is wanted.
    pub(crate) fn flushed(&mut self, db: usize) {
        if self.wanted.changes {
            self.push(What::Flushed, db, b"", std::iter::empty());
        }
    }

    /// Tells that all databases were emptied, if that is wanted.
    pub(crate) fn all_flushed(&mut self) {
        if self.wanted.flushes {
            self.push(What::AllFlushed, 0, b"", std::iter::empty());
        }
    }

    #[cold]
    fn push<'f>(
        &mut self,
        what: What,
        db: usize,
        key: &[u8],
        fields: impl Iterator<Item = &'f [u8]>,
    ) {
        let key = self.keep(key);
        let first = self.fields.len();
        for field in fields {
            let field = self.keep(field);
            self.fields.push(field);
        }
        let fields = first..self.fields.len();
        self.items.push(Item { what, db: db as u32, caller: self.caller, key, fields });
        let bytes = self.capacity_bytes();
        self.doomed.resize(if bytes > KEPT_BYTES_MAX { bytes } else { 0 });
    }

    fn keep(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }
}
