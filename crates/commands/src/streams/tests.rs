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
        ["XADD s MAXLEN = 3 DELREF 3-1 a 1"]
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

#[test]
fn giving_entries_up() {
    check(
        "
        XADD s 1-0 f v => \"1-0\"
        XADD s 2-0 f v => \"2-0\"
        XADD s 3-0 f v => \"3-0\"
        XGROUP CREATE s g 0 => OK
        XREADGROUP GROUP g c1 STREAMS s > => [[\"s\" [[\"1-0\" [\"f\" \"v\"]] [\"2-0\" [\"f\" \"v\"]] [\"3-0\" [\"f\" \"v\"]]]]]
        XNACK none g FAIL IDS 1 1-0 => -NOGROUP No such key 'none' or consumer group 'g'
        XNACK s g BAD IDS 1 1-0 => -ERR mode must be SILENT, FAIL, or FATAL
        XNACK s g FAIL FATAL IDS 1 1-0 => -ERR Unrecognized XNACK option 'FATAL'
        XNACK s g FAIL IDS 0 1-0 => -ERR numids must be a positive integer
        XNACK s g FAIL IDS 2 1-0 => -ERR number of IDs doesn't match numids
        XNACK s g FAIL IDS 1 x => -ERR Invalid stream ID specified as stream command argument
        XNACK s g FAIL IDS 1 1-0 RETRYCOUNT -1 => -ERR Invalid RETRYCOUNT value, must be >= 0
        XNACK s g FAIL FORCE RETRYCOUNT 5 FORCE => -ERR syntax error, expected IDS keyword
        XNACK s g SILENT IDS 2 1-0 9-9 => 1
        XNACK s g FATAL IDS 1 3-0 => 1
        XPENDING s g 1 3 9 => [[\"1-0\" \"\" -1 0] [\"2-0\" \"c1\" 0 1] [\"3-0\" \"\" -1 9223372036854775807]]
        XPENDING s g - + 9 c1 => [[\"2-0\" \"c1\" 0 1]]
        XNACK s g FAIL IDS 1 1-0 => 1
        XREADGROUP GROUP g c2 COUNT 1 CLAIM 1000 STREAMS s > => [[\"s\" [[\"3-0\" [\"f\" \"v\"] -1 9223372036854775807]]]]
        XREADGROUP GROUP g c2 COUNT 5 CLAIM 1000 STREAMS s > => [[\"s\" [[\"1-0\" [\"f\" \"v\"] -1 0]]]]
        XREADGROUP GROUP g c2 CLAIM 1000 STREAMS s > => nil
        XADD s 4-0 f v => \"4-0\"
        XREADGROUP GROUP g c2 COUNT 2 CLAIM 0 NOACK STREAMS s > => [[\"s\" [[\"1-0\" [\"f\" \"v\"] 0 1] [\"2-0\" [\"f\" \"v\"] 0 1]]]]
        XREADGROUP GROUP g c2 COUNT 1 NOACK CLAIM 9 STREAMS s > => [[\"s\" [[\"4-0\" [\"f\" \"v\"] 0 0]]]]
        XACK s g 1-0 2-0 3-0 => 3
        XNACK s g SILENT IDS 2 1-0 7-0 FORCE => 1
        XDEL s 1-0 => 1
        XREADGROUP GROUP g c3 CLAIM 0 STREAMS s > => nil
        XPENDING s g => [0 nil nil nil]
        XREAD CLAIM 5 STREAMS s 0 => -ERR The CLAIM option is only supported by XREADGROUP. You called XREAD instead.
        ",
    );
}

#[test]
fn reading_no_more_than_so_much() {
    check(
        "
        XADD a 1-0 f v => \"1-0\"
        XADD a 2-0 f v => \"2-0\"
        XADD b 1-0 f v => \"1-0\"
        XADD b 2-0 f v => \"2-0\"
        XREAD MAXCOUNT 3 STREAMS a b 0 0 => [[\"a\" [[\"1-0\" [\"f\" \"v\"]] [\"2-0\" [\"f\" \"v\"]]]] [\"b\" [[\"1-0\" [\"f\" \"v\"]]]]]
        XREAD COUNT 1 MAXCOUNT 1 STREAMS a b 0 0 => [[\"a\" [[\"1-0\" [\"f\" \"v\"]]]]]
        XREAD MAXSIZE 1 STREAMS a b 0 0 => [[\"a\" [[\"1-0\" [\"f\" \"v\"]]]]]
        XREAD MAXCOUNT 0 STREAMS a 0 => -ERR MAXCOUNT must be a positive integer
        XREAD MAXSIZE -1 STREAMS a 0 => -ERR MAXSIZE must be a positive integer
        XREAD COUNT 2 MAXCOUNT 1 STREAMS a 0 => -ERR MAXCOUNT must be greater than or equal to COUNT
        XGROUP CREATE a g 0 => OK
        XGROUP CREATE b g 0 => OK
        XREADGROUP GROUP g c MAXCOUNT 3 STREAMS a b > > => [[\"a\" [[\"1-0\" [\"f\" \"v\"]] [\"2-0\" [\"f\" \"v\"]]]] [\"b\" [[\"1-0\" [\"f\" \"v\"]]]]]
        XREADGROUP GROUP g c MAXSIZE 1 STREAMS b a > > => [[\"b\" [[\"2-0\" [\"f\" \"v\"]]]]]
        XREADGROUP GROUP g c MAXCOUNT 1 STREAMS a b 0 0 => [[\"a\" [[\"1-0\" [\"f\" \"v\"]]]]]
        XDEL a 2-0 => 1
        XREAD STREAMS a + => [[\"a\" [[\"1-0\" [\"f\" \"v\"]]]]]
        ",
    );
}

#[test]
fn what_is_sent_again_is_not_added_again() {
    check(
        "
        XADD s IDMP p 1 * f v => \"1700000000000-0\"
        XADD s IDMP p 1 * f other => \"1700000000000-0\"
        XADD s IDMP q 1 * f v => \"1700000000000-1\"
        XADD s IDMPAUTO q * a 1 b 2 => \"1700000000000-2\"
        XADD s IDMPAUTO q * b 2 a 1 => \"1700000000000-2\"
        XADD s MAXLEN ~ 100 IDMPAUTO q * b 1 a 2 => \"1700000000000-3\"
        XLEN s => 4
        XADD s IDMP p * f v => -ERR Invalid stream ID specified as stream command argument
        XADD s IDMP p 1 1-1 f v => -ERR IDMP/IDMPAUTO can be used only with auto-generated IDs
        XADD s IDMPAUTO p IDMP p 1 * f v => -ERR IDMP/IDMPAUTO specified multiple times
        XADD s IDMP \"\" 1 * f v => -ERR IDMP requires a non-empty producer ID
        XADD s IDMP p \"\" * f v => -ERR IDMP requires a non-empty idempotent ID
        XADD s IDMPAUTO \"\" * f v => -ERR IDMPAUTO requires a non-empty producer ID
        XCFGSET s => -ERR At least one parameter must be specified
        XCFGSET s IDMP-DURATION => -ERR syntax error
        XCFGSET s IDMP-DURATION 0 => -ERR IDMP-DURATION must be between 1 and 86400 seconds
        XCFGSET s IDMP-MAXSIZE 10001 => -ERR IDMP-MAXSIZE must be between 1 and 10000 entries
        XCFGSET none IDMP-MAXSIZE 1 => -ERR no such key
        XCFGSET s IDMP-MAXSIZE 100 => OK
        XADD s IDMP p 1 * f v => \"1700000000000-0\"
        XLEN s => 4
        XCFGSET s IDMP-MAXSIZE 1 => OK
        XADD s IDMP p 1 * f v => \"1700000000000-4\"
        XADD s IDMP p 2 * f v => \"1700000000000-5\"
        XADD s IDMP p 1 * f v => \"1700000000000-6\"
        XLEN s => 7
        XADD t 9999999999999-0 f v => \"9999999999999-0\"
        XADD t 9999999999999-1 f v => \"9999999999999-1\"
        XIDMPRECORD t p 1 9999999999999-0 => OK
        XIDMPRECORD t p 1 9999999999999-0 => OK
        XIDMPRECORD t p 1 9999999999999-1 => -ERR The idempotent ID is already that of another stream ID
        XIDMPRECORD t p 1 1-1 => -ERR The specified stream ID was deleted or doesn't exist
        XIDMPRECORD none p 1 1-1 => -ERR no such key
        XADD t IDMP p 1 * f v => \"9999999999999-0\"
        ",
    );
}

#[test]
fn trimming_minds_references() {
    check(
        "
        XADD s 1-0 f v => \"1-0\"
        XADD s 2-0 f v => \"2-0\"
        XADD s 3-0 f v => \"3-0\"
        XADD s 4-0 f v => \"4-0\"
        XGROUP CREATE s g 0 => OK
        XREADGROUP GROUP g c COUNT 3 NOACK STREAMS s > => [[\"s\" [[\"1-0\" [\"f\" \"v\"]] [\"2-0\" [\"f\" \"v\"]] [\"3-0\" [\"f\" \"v\"]]]]]
        XCLAIM s g c 0 1-0 FORCE JUSTID => [\"1-0\"]
        XTRIM s MAXLEN 3 ACKED => 1
        XTRIM s MAXLEN 1 ACKED => 1
        XTRIM s MAXLEN 1 ACKED => 0
        XTRIM s MINID 4-0 DELREF => 1
        XPENDING s g => [0 nil nil nil]
        XDELEX s ACKED IDS 1 4-0 => [2]
        XGROUP DESTROY s g => 1
        XDELEX s ACKED IDS 1 4-0 => [1]
        XADD s 5-1 f v => \"5-1\"
        XADD s 6-1 f v => \"6-1\"
        XDEL s 6-1 => 1
        XSETID s 6-1 => OK
        ",
    );
}

#[test]
fn names_of_entries_are_logged_for_a_replay() {
    let engine = Engine::new(1);
    let now = crate::harness::START_MS;
    assert_eq!(
        engine.effects("XADD s IDMP p 1 * a 1"),
        [format!("XADD s {now}-0 a 1"), format!("XIDMPRECORD s p 1 {now}-0")]
    );
    assert_eq!(engine.effects("XADD s IDMP p 1 * a 2"), [""; 0]);
    assert_eq!(
        engine.effects("XCFGSET s IDMP-MAXSIZE 5"),
        ["XCFGSET s IDMP-DURATION 100 IDMP-MAXSIZE 5"]
    );
    engine.call("XTRIM s MINID 9999999999999");
    engine.call("XADD s 9999999999999-0 a 1");
    assert_eq!(engine.effects("XTRIM s MINID 99999999999999"), ["XTRIM s MAXLEN = 0"]);
}
