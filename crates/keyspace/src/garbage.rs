//! What has been removed but takes long to free.

use stdx::alloc::Doomed;
use value::Value;

use crate::database::Database;

/// Something to be dropped, on any thread, when there is time.
#[must_use = "dropping it here may take long"]
pub struct Garbage {
    kept: Kept,
    objects: u64,
    /// Declared last, so that the bytes are counted until they are freed.
    #[expect(dead_code, reason = "held to be dropped")]
    doomed: Doomed,
}

enum Kept {
    #[expect(dead_code, reason = "held to be dropped")]
    Value(Value),
    Database(Box<Database>),
}

impl Garbage {
    pub(crate) fn value(value: Value) -> Self {
        let doomed = Doomed::new(value.memory_bytes());
        Self { kept: Kept::Value(value), objects: 1, doomed }
    }

    pub(crate) fn database(database: Database) -> Self {
        let objects = database.table.len() as u64;
        let doomed = Doomed::new(database.memory_bytes());
        Self { kept: Kept::Database(Box::new(database)), objects, doomed }
    }

    /// Whether freeing it costs less than to have another thread do it.
    pub fn is_little(&self) -> bool {
        matches!(&self.kept, Kept::Database(database) if database.is_little())
    }

    /// How many keys or values it is.
    pub fn objects(&self) -> u64 {
        self.objects
    }
}

const _: fn() = || {
    fn is_send<T: Send>() {}
    is_send::<Garbage>();
};
