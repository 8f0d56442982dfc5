//! What streams do on one shard and on several.

use crate::harness::Engine;

#[track_caller]
fn check(story: &str) {
    for shards in [1, 3] {
        Engine::new(shards).check(story);
    }
}

#[test]
fn entries_come_and_go() {
    check(
        "
        XADD s 1-1 a 1 b 2 => \"1-1\"
        XADD s 1-* a 3 => \"1-2\"
        XADD s 2 c x => \"2-0\"
        XADD s 1-5 a 1 => -ERR The ID specified in XADD is equal or smaller than the target stream top item
        XADD s 0-0 a 1 => -ERR The ID specified in XADD must be greater than 0-0
        XADD s x a 1 => -ERR Invalid stream ID specified as stream command argument
        XADD s 3-1 a 1 b => -ERR wrong number of arguments for 'xadd' command
        XADD none NOMKSTREAM * a 1 => nil
        EXISTS none => 0
        XLEN s => 3
        XRANGE s - + => [[\"1-1\" [\"a\" \"1\" \"b\" \"2\"]] [\"1-2\" [\"a\" \"3\"]] [\"2-0\" [\"c\" \"x\"]]]
        XRANGE s (1-1 2 COUNT 1 => [[\"1-2\" [\"a\" \"3\"]]]
        XREVRANGE s + 1-2 => [[\"2-0\" [\"c\" \"x\"]] [\"1-2\" [\"a\" \"3\"]]]
        XDEL s 1-2 9-9 => 1
        XLEN s => 2
        XTRIM s MAXLEN = 1 => 1
        XRANGE s - + => [[\"2-0\" [\"c\" \"x\"]]]
        XTRIM s MINID 3 => 1
        XLEN s => 0
        TYPE s => stream
        XTRIM s LIMIT 5 => -ERR syntax error, LIMIT cannot be used without specifying a trimming strategy
        XTRIM s MAXLEN 1 LIMIT 5 => -ERR syntax error, LIMIT cannot be used without the special ~ option
        XSETID s 9-0 => OK
        XADD s 8-0 a 1 => -ERR The ID specified in XADD is equal or smaller than the target stream top item
        XADD s MAXLEN 2 9-* a 1 => \"9-1\"
        ",
    );
}

#[test]
fn reading_several() {
    check(
        "
        XADD a 1-1 x 1 => \"1-1\"
        XADD b 2-1 y 2 => \"2-1\"
        XREAD STREAMS a b 0 0 => [[\"a\" [[\"1-1\" [\"x\" \"1\"]]]] [\"b\" [[\"2-1\" [\"y\" \"2\"]]]]]
        XREAD COUNT 1 STREAMS a b 1-1 0 => [[\"b\" [[\"2-1\" [\"y\" \"2\"]]]]]
        XREAD STREAMS a b $ $ => nil
        XREAD BLOCK 1 STREAMS a b $ $ => nil
        XREAD STREAMS a + => [[\"a\" [[\"1-1\" [\"x\" \"1\"]]]]]
        XREAD STREAMS a b 0 => -ERR Unbalanced 'xread' list of streams: for each stream key an ID, '+', or '$' must be specified.
        XREAD STREAMS a > => -ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.
        XREAD COUNT x STREAMS a 0 => -ERR value is not an integer or out of range
        ",
    );
}

#[test]
fn groups_deliver_and_remember() {
    check(
        "
        XGROUP CREATE s g 0 => -ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.
        XGROUP CREATE s g 0 MKSTREAM => OK
        XGROUP CREATE s g 0 => -BUSYGROUP Consumer Group name already exists
        XADD s 1-1 a 1 => \"1-1\"
        XADD s 2-1 a 2 => \"2-1\"
        XADD s 3-1 a 3 => \"3-1\"
        XREADGROUP GROUP g c COUNT 2 STREAMS s > => [[\"s\" [[\"1-1\" [\"a\" \"1\"]] [\"2-1\" [\"a\" \"2\"]]]]]
        XREADGROUP GROUP g d STREAMS s > => [[\"s\" [[\"3-1\" [\"a\" \"3\"]]]]]
        XREADGROUP GROUP g d STREAMS s > => nil
        XPENDING s g => [3 \"1-1\" \"3-1\" [[\"c\" \"2\"] [\"d\" \"1\"]]]
        XPENDING s g - + 10 c => [[\"1-1\" \"c\" 0 1] [\"2-1\" \"c\" 0 1]]
        XREADGROUP GROUP g c STREAMS s 0 => [[\"s\" [[\"1-1\" [\"a\" \"1\"]] [\"2-1\" [\"a\" \"2\"]]]]]
        XACK s g 1-1 9-9 => 1
        XCLAIM s g d 0 2-1 => [[\"2-1\" [\"a\" \"2\"]]]
        XPENDING s g => [2 \"2-1\" \"3-1\" [[\"d\" \"2\"]]]
        XDEL s 3-1 => 1
        XAUTOCLAIM s g e 0 0 => [\"0-0\" [[\"2-1\" [\"a\" \"2\"]]] [\"3-1\"]]
        XAUTOCLAIM s g e 0 0 COUNT 1 JUSTID => [\"0-0\" [\"2-1\"] []]
        XINFO GROUPS s => [[\"name\" \"g\" \"consumers\" 3 \"pending\" 1 \"last-delivered-id\" \"3-1\" \"entries-read\" 3 \"lag\" 0]]
        XGROUP DELCONSUMER s g e => 1
        XGROUP CREATECONSUMER s g f => 1
        XGROUP CREATECONSUMER s g f => 0
        XGROUP SETID s g 1-1 => OK
        XREADGROUP GROUP g f NOACK STREAMS s > => [[\"s\" [[\"2-1\" [\"a\" \"2\"]]]]]
        XPENDING s g => [0 nil nil nil]
        XGROUP DESTROY s g => 1
        XGROUP DESTROY s g => 0
        XREADGROUP GROUP g f STREAMS s > => -NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option
        XACK s g 1-1 => 0
        ",
    );
}

#[test]
fn deletion_minds_references() {
    check(
        "
        XADD s 1-1 a 1 => \"1-1\"
        XADD s 2-1 a 2 => \"2-1\"
        XADD s 3-1 a 3 => \"3-1\"
        XGROUP CREATE s g 0 => OK
        XREADGROUP GROUP g c STREAMS s > => [[\"s\" [[\"1-1\" [\"a\" \"1\"]] [\"2-1\" [\"a\" \"2\"]] [\"3-1\" [\"a\" \"3\"]]]]]
        XDELEX s ACKED IDS 2 1-1 9-9 => [2 -1]
        XACKDEL s g ACKED IDS 1 1-1 => [1]
        XDELEX s DELREF IDS 1 2-1 => [1]
        XPENDING s g => [1 \"3-1\" \"3-1\" [[\"c\" \"1\"]]]
        XACKDEL s g IDS 2 3-1 3-1 => [1 -1]
        XLEN s => 0
        XDELEX s IDS 2 1-1 => -ERR The `numids` parameter must match the number of arguments
        XDELEX s IDS 0 1-1 => -ERR Number of IDs must be a positive integer
        ",
    );
}

#[test]
fn effects_have_ids_and_times() {
    let engine = Engine::new(1);
    let id = format!("{}-0", crate::harness::START_MS);
    assert_eq!(engine.effects("XADD s * a 1"), [format!("XADD s {id} a 1")]);
    engine.call("XGROUP CREATE s g 0");
    let now = crate::harness::START_MS;
    assert_eq!(
        engine.effects("XREADGROUP GROUP g c STREAMS s >"),
        [
            "XGROUP CREATECONSUMER s g c".to_owned(),
            format!("XCLAIM s g c 0 {id} TIME {now} RETRYCOUNT 1 FORCE JUSTID LASTID {id}"),
            format!("XGROUP SETID s g {id} ENTRIESREAD 1"),
        ]
    );
    assert_eq!(
        engine.effects("XADD s MAXLEN ~ 5 * a 1"),
        [format!("XADD s MAXLEN = 2 {now}-1 a 1")]
    );
}

#[test]
fn maps_in_the_newer_protocol() {
    let mut engine = Engine::new(2);
    engine.resp3();
    engine.check(
        "
        XADD s 1-1 a 1 => \"1-1\"
        XREAD STREAMS s 0 => {\"s\": [[\"1-1\" [\"a\" \"1\"]]]}
        ",
    );
    assert!(engine.call("XINFO STREAM s").starts_with("{\"length\": 1, "));
}

#[test]
fn trimming_that_minds_references_is_logged_as_such() {
    let engine = Engine::new(1);
    engine.call("XADD s 1-1 a 1");
    engine.call("XADD s 2-1 a 1");
    assert_eq!(
        engine.effects("XADD s DELREF MAXLEN ~ 1 LIMIT 5 3-1 a 1"),
        ["XADD s MAXLEN ~ 1 LIMIT 5 DELREF 3-1 a 1"]
    );
    engine.call("XADD s 4-1 a 1");
    assert_eq!(engine.effects("XTRIM s MAXLEN 1 ACKED"), ["XTRIM s MAXLEN = 1 ACKED"]);
}

#[test]
fn dangling_references_go() {
    check(
        "
        XADD s 1-1 a 1 => \"1-1\"
        XGROUP CREATE s g 0 => OK
        XCLAIM s g c 0 1-1 FORCE JUSTID => [\"1-1\"]
        XPENDING s g - + 10 c => [[\"1-1\" \"c\" 0 1]]
        XDEL s 1-1 => 1
        XDELEX s DELREF IDS 1 1-1 => [-1]
        XPENDING s g => [0 nil nil nil]
        ",
    );
}

#[test]
fn history_is_not_logged_but_positions_are() {
    let engine = Engine::new(1);
    engine.call("XADD s 1-1 a 1");
    engine.call("XGROUP CREATE s g 0");
    engine.call("XREADGROUP GROUP g c STREAMS s >");
    assert!(engine.effects("XREADGROUP GROUP g c STREAMS s 0").is_empty());
    let moved = engine.effects("XCLAIM s g c 0 9-9 LASTID 5-0");
    assert_eq!(moved, ["XGROUP SETID s g 5-0 ENTRIESREAD 1"]);
}
