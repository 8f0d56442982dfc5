//! What commands did, as records that an append file, replicas and slot migration can replay.
//!
//! Only the interface and a sink that counts, so far: nothing is kept.
//!
//! It knows no shard and no value. A record names absolute times and the results of randomness, so
//! that replaying records in the order of their stamps gives the same keyspace.

/// One change to one database of one shard.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Monotonic nanoseconds; the same for all parts of a transaction. A shard's never go back for
    /// conflicting work.
    pub stamp_ns: u64,
    /// The transaction it belongs to, 0 for a plain command.
    pub transaction: u64,
    /// Database number.
    pub db: u32,
    /// Hash slot of the key, where routing needed it.
    pub slot: Option<u16>,
    /// What happened.
    pub effect: Effect<'a>,
}

/// What a record says.
#[derive(Clone, Copy, Debug)]
pub enum Effect<'a> {
    /// The call itself gives the same result when replayed: its name and arguments.
    Call(&'a dyn Words),
    /// What a handler put in its place: arguments, each with its length (32 bits, little endian).
    Encoded(&'a [u8]),
}

/// A call's words; lets records borrow them from wherever they lie.
pub trait Words: std::fmt::Debug {
    /// Visits every word in order.
    fn each(&self, visit: &mut dyn FnMut(&[u8]));
}

/// Where records go.
pub trait Sink {
    /// Takes one record. It must not block: what is slow is handed to another thread.
    fn record(&mut self, record: &Record<'_>);

    /// Records taken so far.
    fn records(&self) -> u64;
}

/// Counts records and keeps none: what there is without durability.
#[derive(Debug, Default)]
pub struct CountingSink {
    records: u64,
}

impl Sink for CountingSink {
    #[inline]
    fn record(&mut self, _record: &Record<'_>) {
        self.records += 1;
    }

    fn records(&self) -> u64 {
        self.records
    }
}
