use crate::harness::Engine;

#[test]
fn renames_within_and_across_shards() {
    for shards in [1, 2, 5] {
        Engine::new(shards).check(
            r#"
            RENAME a b => -ERR no such key
            RENAMENX a b => -ERR no such key
            RENAME a a => -ERR no such key
            SETEX a 10 v => OK
            RENAME a a => OK
            RENAMENX a a => 0
            RENAME a b => OK
            EXISTS a => 0
            GET b => "v"
            TTL b => 10
            SET c w => OK
            RENAMENX b c => 0
            RENAMENX b d => 1
            RENAMENX d e => 1
            RENAME e c => OK
            MGET b c d e => [nil "v" nil nil]
            DBSIZE => 1
            "#,
        );
    }
}
