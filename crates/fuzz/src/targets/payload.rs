//! Payloads for RESTORE with a right checksum around anything: refused, or a value that comes back
//! the same.

use rdb::Object;
use value::Limits;

use crate::{Target, targets};

pub(crate) const TARGET: Target = Target { name: "payload", run, words: targets::no_words };

/// A type and a value, without version and checksum.
fn run(data: &[u8]) {
    let mut payload = data.to_vec();
    rdb::seal(&mut payload, 0);
    let limits = Limits::default();
    let Ok(object) = rdb::load_payload(&payload, &limits) else { return };
    let dumped = dump(&object);
    let again = rdb::load_payload(&dumped, &limits).expect("what was dumped is sound");
    // Sets and hashes have no order of their own, so only sizes are the same for all.
    assert_eq!(dump(&again).len(), dumped.len());
}

fn dump(object: &Object) -> Vec<u8> {
    match object {
        Object::String(bytes) => rdb::dump_string(bytes),
        Object::Value(value) => rdb::dump_value(value),
    }
}
