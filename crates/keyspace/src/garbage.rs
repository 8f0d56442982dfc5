//! What has been removed but takes long to free.

use value::Value;

use crate::database::Database;

/// Something to be dropped, on any thread, when there is time.
#[must_use = "dropping it here may take long"]
pub struct Garbage(#[expect(dead_code, reason = "held to be dropped")] Kept);

#[expect(dead_code, reason = "held to be dropped")]
enum Kept {
    Value(Value),
    Database(Box<Database>),
}

impl Garbage {
    pub(crate) fn value(value: Value) -> Self {
        Self(Kept::Value(value))
    }

    pub(crate) fn database(database: Database) -> Self {
        Self(Kept::Database(Box::new(database)))
    }
}

const _: fn() = || {
    fn is_send<T: Send>() {}
    is_send::<Garbage>();
};
