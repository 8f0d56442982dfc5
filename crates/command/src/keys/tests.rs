//! Where keys are, in commands of every shape.

use super::{Begin, Find, KeySpec, access};
use crate::args::Args;
use crate::args::tests::Owned;

fn check(spec: KeySpec, line: &str, keys: &[&str]) {
    let owned = Owned::new(line);
    let args: Args<'_> = owned.args();
    let found: Vec<&[u8]> = spec
        .resolve(args)
        .map(|positions| positions.iter().map(|at| args.at(at)).collect())
        .unwrap_or_default();
    assert_eq!(found, keys.iter().map(|key| key.as_bytes()).collect::<Vec<_>>(), "{line}");
}

#[test]
fn ranges() {
    check(KeySpec::first(access::READ), "GET a", &["a"]);
    check(KeySpec::first(access::READ), "GET", &[]);
    check(KeySpec::range(1, -1, 1, access::READ), "MGET a b c", &["a", "b", "c"]);
    check(KeySpec::range(1, -1, 2, access::READ), "MSET a 1 b 2", &["a", "b"]);
    check(KeySpec::range(1, -2, 1, access::READ), "BLPOP a b 0", &["a", "b"]);
    let half = KeySpec {
        begin: Begin::Keyword { word: "STREAMS", start_from: 1 },
        find: Find::Range { last: -1, step: 1, limit: 2 },
        access: access::READ,
    };
    check(half, "XREAD COUNT 1 streams s t 0 0", &["s", "t"]);
    check(half, "XREAD COUNT 1", &[]);
}

#[test]
fn the_last_option_counts() {
    let others = &[("BY", 1), ("LIMIT", 2)];
    let stored = KeySpec::option("STORE", 2, others, access::OVERWRITE);
    check(stored, "SORT k store a DESC", &["a"]);
    check(stored, "SORT k STORE a BY w STORE b", &["b"]);
    check(stored, "SORT store BY store LIMIT store store", &[]);
    check(stored, "SORT k STORE STORE", &["STORE"]);
    check(stored, "SORT k STORE a STORE", &[]);
    check(stored, "SORT k BY", &[]);
    check(KeySpec::unknown(access::READ), "SORT k BY w_*", &[]);
}

#[test]
fn counts_that_lie_find_nothing() {
    let counted = KeySpec::counted(1, 2, access::READ);
    check(counted, "MSETEX 2 a 1 b 2", &["a", "b"]);
    for line in ["MSETEX 9 a 1", "MSETEX 0 a 1", "MSETEX -1 a 1", "MSETEX x a", "MSETEX"] {
        check(counted, line, &[]);
    }
    check(counted, "MSETEX 18446744073709551615 a 1", &[]);
}
