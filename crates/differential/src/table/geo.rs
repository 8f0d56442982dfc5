//! Geospatial indexes.

use super::Row;

pub(super) const ROWS: &[Row] = &[
    Row::new("GEOADD key [NX|XX] [CH] {lon lat field}").often(),
    Row::new("GEOADD key lon lat field lon lat value lon lat field lon lat value lon lat member")
        .often(),
    Row::new("GEOADD key [JUNK] lon lat").seldom(),
    Row::new("GEOPOS key {field}"),
    Row::new("GEOHASH key {field}"),
    Row::new("GEODIST key field field [m|km|ft|mi|JUNK]"),
    Row::new(
        "GEOSEARCH key (FROMMEMBER field|FROMLONLAT lon lat) \
         (BYRADIUS length|BYBOX length length) (m|km|km|ft|mi|JUNK) [ASC|DESC] \
         [COUNT count|COUNT count ANY|ANY] [WITHCOORD] [WITHDIST] [WITHHASH]",
    )
    .often(),
    Row::new(
        "GEOSEARCH key [FROMMEMBER field] [FROMLONLAT lon lat] [BYRADIUS length km] \
         [BYBOX length length km] [STOREDIST] [JUNK] [ASC] [DESC] [WITHCOORD]",
    )
    .seldom(),
    Row::new(
        "GEOSEARCHSTORE key key (FROMMEMBER field|FROMLONLAT lon lat) \
         (BYRADIUS length|BYBOX length length) (m|km|km|ft|mi|JUNK) [ASC|DESC] \
         [COUNT count|COUNT count ANY|ANY] [STOREDIST] [WITHDIST|JUNK]",
    ),
    Row::new(
        "GEORADIUS key lon lat length (m|km|km|ft|mi|JUNK) [ASC|DESC] [COUNT count|COUNT count ANY] \
         [WITHCOORD|STORE key] [WITHDIST|STOREDIST key] [WITHHASH]",
    )
    .often(),
    Row::new(
        "GEORADIUSBYMEMBER key field length (m|km|km|ft|mi|JUNK) [ASC|DESC] \
         [COUNT count|COUNT count ANY] [WITHCOORD|STORE key] [WITHDIST|STOREDIST key] [WITHHASH]",
    ),
    Row::new("GEORADIUS_RO key lon lat length km [ASC|DESC] [WITHDIST] [STORE key]"),
    Row::new("GEORADIUSBYMEMBER_RO key field length km [ASC|DESC] [WITHDIST] [STORE key]"),
    // After 7.0.
    Row::new("GEOSEARCH key BYPOLYGON (3|4|int) lon lat lon lat lon lat [lon lat] [ASC] [WITHDIST]")
        .merops(),
];
