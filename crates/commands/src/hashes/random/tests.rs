use std::collections::HashSet;

use crate::harness::Engine;

#[test]
fn hrandfield() {
    let engine = Engine::new(1);
    engine.check(
        r#"
        HRANDFIELD absent => nil
        HRANDFIELD absent 2 => []
        HSET h a 1 => 1
        HRANDFIELD h => "a"
        HRANDFIELD h 2 => ["a"]
        HRANDFIELD h -2 WITHVALUES => ["a" "1" "a" "1"]
        HRANDFIELD h 0 WITHVALUES => []
        HRANDFIELD h x => -ERR value is not an integer or out of range
        HRANDFIELD h 1 JUNK => -ERR syntax error
        HRANDFIELD h 9223372036854775807 WITHVALUES => -ERR value is out of range
        "#,
    );
    engine.call("HSET h b 2 c 3 d 4");
    let drawn: HashSet<String> = (0..200).map(|_| engine.call("HRANDFIELD h")).collect();
    assert_eq!(drawn.len(), 4);
}
