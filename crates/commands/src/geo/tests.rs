//! What geospatial indexes do on one shard and on several.

use crate::harness::Engine;

#[track_caller]
fn check(story: &str) {
    for shards in [1, 3] {
        Engine::new(shards).check(story);
    }
}

#[test]
fn places_go_in_and_out() {
    check(
        r#"
        GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania => 2
        ZSCORE s Palermo => "3479099956230698"
        GEOPOS s Palermo none => [["13.36138933897018433" "38.11555639549629859"] nil]
        GEOHASH s Palermo Catania none => ["sqc8b49rny0" "sqdtr74hyu0" nil]
        GEODIST s Palermo Catania => "166274.1516"
        GEODIST s Palermo Catania km => "166.2742"
        GEODIST s Palermo none => nil
        GEODIST absent a b => nil
        GEODIST s Palermo Catania x => -ERR unsupported unit provided. please use M, KM, FT, MI
        GEOADD s XX CH 13.361389 38.2 Palermo 1 1 new => 1
        GEOADD s NX 0 0 Palermo 1 1 new => 1
        GEOADD s 200 0 far => -ERR invalid longitude,latitude pair 200.000000,0.000000
        GEOADD s x 0 far => -ERR value is not a valid float
        GEOADD s NX XX 0 0 far => -ERR syntax error
        GEOADD s CH 0 0 => -ERR syntax error
        "#,
    );
}

#[test]
fn searches_find_what_is_near() {
    check(
        r#"
        GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania => 2
        GEOADD s 12.758489 38.788135 edge1 17.241510 38.788135 edge2 => 2
        GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km ASC => ["Catania" "Palermo"]
        GEOSEARCH s FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHDIST => [["Catania" "56.4413"] ["Palermo" "190.4424"] ["edge2" "279.7403"] ["edge1" "279.7405"]]
        GEOSEARCH s FROMMEMBER Palermo BYRADIUS 0 m WITHHASH WITHCOORD => [["Palermo" 3479099956230698 ["13.36138933897018433" "38.11555639549629859"]]]
        GEOSEARCH s FROMLONLAT 15 37 BYBOX 400 400 km COUNT 1 DESC => ["edge1"]
        GEOSEARCH s FROMLONLAT 15 37 BYBOX 400 400 km COUNT 2 => ["Catania" "Palermo"]
        GEORADIUS s 15 37 200 km WITHDIST DESC => [["Palermo" "190.4424"] ["Catania" "56.4413"]]
        GEORADIUS_RO s 15 37 100 km => ["Catania"]
        GEORADIUSBYMEMBER s Catania 100 km => ["Catania"]
        GEORADIUSBYMEMBER_RO s Catania 100 km => ["Catania"]
        GEORADIUSBYMEMBER absent x junk km => []
        GEOSEARCH absent FROMMEMBER x BYRADIUS 1 m => []
        "#,
    );
}

#[test]
fn a_polygon_has_its_own_center() {
    check(
        r#"
        GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania => 2
        GEOADD s 12.758489 38.788135 edge1 17.241510 38.788135 edge2 => 2
        GEOSEARCH s BYPOLYGON 5 12.41098696654226 38.05033923003755 15.107936245794182 38.00616649901906 18.148439288534455 38.63804787603499 17.80831874257693 39.50316813110968 12.458468633214036 38.57719533463012 ASC WITHDIST => [["Palermo" "166482.0159"] ["edge2" "180861.7725"]]
        GEOSEARCHSTORE d s BYPOLYGON 3 0 0 30 0 15 60 COUNT 2 => 2
        GEOSEARCH s BYPOLYGON 2 0 0 30 0 15 60 => -ERR GEOSEARCH BYPOLYGON must have at least 3 vertices
        GEOSEARCH s BYPOLYGON 4 0 0 30 0 15 60 => -ERR GEOSEARCH BYPOLYGON must have at least 3 vertices
        GEOSEARCH s BYPOLYGON x 0 0 30 0 15 60 => -ERR invalid number of vertices
        GEOSEARCH s BYPOLYGON 3 0 0 30 0 15 90 => -ERR invalid longitude,latitude pair 15.000000,90.000000
        GEOSEARCH s BYPOLYGON 3 0 0 30 0 15 60 FROMLONLAT 0 0 => -ERR syntax error
        GEOSEARCH s FROMMEMBER Palermo BYPOLYGON 3 0 0 30 0 15 60 => -ERR syntax error
        GEOSEARCH s BYBOX 1 1 km BYPOLYGON 3 0 0 30 0 15 60 => -ERR syntax error
        "#,
    );
}

#[test]
fn what_is_found_can_be_stored() {
    check(
        r#"
        GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania => 2
        GEOSEARCHSTORE d s FROMLONLAT 15 37 BYRADIUS 100 km => 1
        ZRANGE d 0 -1 WITHSCORES => ["Catania" "3479447370796909"]
        GEOSEARCHSTORE d s FROMLONLAT 15 37 BYBOX 400 400 km STOREDIST => 2
        ZRANGE d 0 -1 => ["Catania" "Palermo"]
        GEOSEARCHSTORE d s FROMLONLAT 0 0 BYRADIUS 1 m => 0
        EXISTS d => 0
        GEORADIUS s 15 37 200 km STORE d => 2
        GEORADIUS s 15 37 100 km STORE a STORE b STOREDIST c => 1
        EXISTS a b => 0
        ZRANGE c 0 -1 => ["Catania"]
        GEORADIUSBYMEMBER s Palermo 1 km STOREDIST s => 1
        ZRANGE s 0 -1 WITHSCORES => ["Palermo" "0"]
        GEORADIUSBYMEMBER absent Palermo 1 km STORE c => 0
        EXISTS c => 0
        "#,
    );
}

#[test]
fn errors_come_in_the_order_of_the_words() {
    check(
        r#"
        SET k v => OK
        GEOADD s 1 1 a => 1
        GEOSEARCH k JUNK 0 0 0 0 0 => -WRONGTYPE Operation against a key holding the wrong kind of value
        GEOSEARCH s FROMMEMBER none JUNK x x x => -ERR could not decode requested zset member
        GEOSEARCH s FROMMEMBER a FROMLONLAT 0 0 ASC => -ERR syntax error
        GEOSEARCH s ASC DESC ASC DESC ASC => -ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH
        geosearch s FROMLONLAT 0 0 ASC DESC => -ERR exactly one of BYRADIUS and BYBOX can be specified for geosearch
        GEOSEARCH s FROMLONLAT 0 0 BYRADIUS -1 m => -ERR radius cannot be negative
        GEOSEARCH s FROMLONLAT 0 0 BYRADIUS x m => -ERR need numeric radius
        GEOSEARCH s FROMLONLAT 0 0 BYBOX 1 x m => -ERR need numeric height
        GEOSEARCH s FROMLONLAT 0 0 BYBOX -1 1 x => -ERR height or width cannot be negative
        GEOSEARCH s FROMLONLAT 0 0 BYRADIUS 1 m ANY => -ERR the ANY argument requires COUNT argument
        GEOSEARCH s FROMLONLAT 0 0 BYRADIUS 1 m COUNT 0 => -ERR COUNT must be > 0
        GEOSEARCH s FROMLONLAT 0 0 BYRADIUS 1 m STOREDIST => -ERR syntax error
        GEORADIUS s 0 0 1 m STORE d WITHDIST => -ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options
        GEORADIUS_RO s 0 0 1 m STORE d => -ERR syntax error
        GEOSEARCHSTORE d s FROMLONLAT 0 0 BYRADIUS 1 m WITHHASH => -ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options
        "#,
    );
}
