use keyspace::{ClockKind, Options};

use crate::harness::Engine;

#[test]
fn encodings() {
    let engine = Engine::new(1);
    let (short, long) = ("x".repeat(44), "x".repeat(45));
    engine.check(&format!("MSET i 12 s {short} l {long} z 012 => OK"));
    engine.check(
        r#"
        OBJECT ENCODING i => "int"
        OBJECT ENCODING s => "embstr"
        OBJECT ENCODING l => "raw"
        OBJECT ENCODING z => "embstr"
        OBJECT ENCODING absent => nil
        OBJECT REFCOUNT i => 2147483647
        OBJECT REFCOUNT s => 1
        OBJECT REFCOUNT z => 1
        "#,
    );
}

#[test]
fn idle_time_and_frequency_depend_on_the_policy() {
    let engine = Engine::new(1);
    engine.check("SET k v => OK");
    engine.wait_ms(7000);
    engine.check("OBJECT IDLETIME k => 7\nEXISTS k => 1\nTTL k => -1\nOBJECT IDLETIME k => 7");
    engine.check("TOUCH k => 1\nOBJECT IDLETIME k => 0\nOBJECT FREQ absent => nil");
    assert!(engine.call("OBJECT FREQ k").starts_with("-ERR An LFU maxmemory policy is not"));

    let options = Options { clock: ClockKind::Lfu, ..Options::default() };
    let engine = Engine::with(1, &options);
    engine.check("SET k v => OK\nOBJECT FREQ k => 5\nGET k => \"v\"\nOBJECT FREQ k => 6");
    assert!(engine.call("OBJECT IDLETIME k").starts_with("-ERR An LFU maxmemory policy is sel"));
}

#[test]
fn help_ends_with_itself() {
    let help = Engine::new(1).call("OBJECT HELP");
    assert!(help.starts_with("[OBJECT <subcommand>") && help.contains("HELP"), "{help}");
}
