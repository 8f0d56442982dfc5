use crate::harness::Engine;

#[test]
fn set_if_equal_or_not() {
    Engine::new(1).check(
        r#"
        SET k w IFEQ v => nil
        SET k v IFNE v => OK
        SET k w IFNE v => nil
        SET k w IFEQ v GET => "v"
        SET k x IFEQ v GET => "w"
        GET k => "w"
        SET k 12 IFEQ w EX 10 => OK
        TTL k => 10
        SET k 13 IFEQ 012 => nil
        SET k 13 IFEQ 12 => OK
        "#,
    );
}

#[test]
fn digests() {
    Engine::new(1).check(
        r#"
        DIGEST k => nil
        SET k "Hello world" => OK
        DIGEST k => "b6acb9d84a38ff74"
        SET k w IFDEQ b6acb9d84a38ff75 => nil
        SET k w IFDEQ B6ACB9D84A38FF74 => OK
        SET k w IFDNE 6acb9d84a38ff74 => -ERR must be exactly 16 hexadecimal characters
        SET absent w IFDEQ 1 => nil
        SET absent w IFDNE 1 => OK
        SET k v8lf0c11xh8ymlqztfd3eeq16kfn4sspw7fqmnuuq3k3t75em5wdizgcdw7uc26nnf961u2jkfzkjytls2kwlj7626sd => OK
        DIGEST k => "00006c38adf31777"
        "#,
    );
}

#[test]
fn deletion_on_condition() {
    let engine = Engine::new(1);
    engine.check(
        "
        DELEX k => 0
        DELEX k IFNE v => 0
        DELIFEQ k v => 0
        SET k 123 => OK
        DELEX k IFEQ 124 => 0
        DELEX k IFNE 123 => 0
        DELEX k IFDEQ 12 => -ERR must be exactly 16 hexadecimal characters
        DELEX k IFEQ => -ERR wrong number of arguments for 'delex' command
        DELEX k IFEQ 1 2 => -ERR wrong number of arguments for 'delex' command
        DELEX k EQ 123 => -ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE
        DELEX k IFEQ 123 => 1
        SET k v => OK
        DELEX k => 1
        SET k v => OK
        DELIFEQ k w => 0
        DELIFEQ k v => 1
        EXISTS k => 0
        SET k v => OK
        ",
    );
    assert_eq!(engine.effects("DELEX k IFEQ w"), Vec::<String>::new());
    assert_eq!(engine.effects("DELEX k IFEQ v"), ["DEL k"]);
}
