//! RDB files: refused with a place in them, or read to their end.

use rdb::file::{FileReader, Item};
use value::Limits;

use crate::Target;

pub(crate) const TARGET: Target = Target { name: "rdb_file", run, words };

fn words() -> Vec<&'static [u8]> {
    vec![b"REDIS0010", b"VALKEY080", b"\xfe\x00", b"\xfa", b"\xfb", b"\xfc", b"\xf5", b"\xff"]
}

fn run(data: &[u8]) {
    // Nearly nothing has a right checksum, and what is behind one must be seen, too.
    for checks in [true, false] {
        let Ok(reader) = FileReader::new(data) else { return };
        let mut reader = reader.skip_unknown(true).check(checks);
        loop {
            match reader.next_item() {
                Ok(None) => break,
                Ok(Some(Item::Record(record))) => {
                    // It is a value, or the error says where it is.
                    if let Err(error) = record.load(&Limits::default()) {
                        assert!(error.to_string().starts_with("byte "));
                    }
                }
                Ok(Some(_)) => {}
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    break;
                }
            }
        }
        assert!(reader.position() <= data.len() as u64);
    }
}
