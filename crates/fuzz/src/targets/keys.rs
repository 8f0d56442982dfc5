//! Arguments to keys: whatever the arguments, the positions found are arguments.

use command::{Args, Begin, Find, KeySpec, access};
use resp::Span;

use crate::Target;
use crate::engine::{encode, rows};

pub(crate) const TARGET: Target = Target { name: "keys", run, words };

fn words() -> Vec<&'static [u8]> {
    let names = rows().map(|row| row.spec.name.as_bytes());
    names.chain([b"STREAMS".as_slice(), b"STORE", b"KEYS", b"18446744073709551615"]).collect()
}

const fn keyword(word: &'static str, start_from: isize, find: Find) -> KeySpec {
    KeySpec { begin: Begin::Keyword { word, start_from }, find, access: access::READ }
}

/// Shapes that Redis has and no row here uses yet.
const OTHERS: &[KeySpec] = &[
    keyword("STREAMS", 1, Find::Range { last: -1, step: 1, limit: 2 }),
    keyword("STORE", -1, Find::Range { last: 0, step: 1, limit: 0 }),
    keyword("KEYS", -2, Find::Range { last: -1, step: 1, limit: 0 }),
    KeySpec::counted(2, 1, access::READ),
    KeySpec::counted(1, 3, access::READ),
    KeySpec::range(1, -3, 2, access::READ),
    KeySpec::at(5, access::READ),
];

/// One call per line.
fn run(data: &[u8]) {
    for line in data.split(|byte| *byte == b'\n') {
        let Ok(words) = resp::split_args(line) else { continue };
        let (bytes, spans): (Vec<u8>, Vec<Span>) = encode(&words);
        let args = Args::new(&bytes, &spans);
        for keys in rows().flat_map(|row| row.spec.keys).chain(OTHERS) {
            let Some(positions) = keys.resolve(args) else { continue };
            assert!(positions.count > 0, "{keys:?} of {words:?}");
            let last = positions.iter().last().expect("there is one");
            assert!(last < args.len(), "{keys:?} of {words:?}: {positions:?}");
        }
    }
}
