//! Bitmaps and HyperLogLogs.

use super::Row;

pub(super) const ROWS: &[Row] = &[
    Row::new("SETBIT key bit-offset (0|1|1|int)"),
    Row::new("GETBIT key bit-offset"),
    Row::new("BITCOUNT key"),
    Row::new("BITCOUNT key index index [BYTE|BIT|BIT|junk]"),
    Row::new("BITPOS key (0|1|0|1|int)"),
    Row::new("BITPOS key (0|1) index"),
    Row::new("BITPOS key (0|1) index index [BYTE|BIT|BIT|junk]"),
    Row::new("BITOP (AND|OR|XOR|NOT|junk) key {key}"),
    Row::new("BITOP NOT key key"),
    Row::new("BITFIELD key {GET bit-field field-offset}"),
    Row::new("BITFIELD key {SET bit-field field-offset int}"),
    Row::new("BITFIELD key {INCRBY bit-field field-offset int}"),
    Row::new(
        "BITFIELD key [GET bit-field field-offset] [OVERFLOW (WRAP|SAT|FAIL|junk)] \
         [SET bit-field field-offset int] [INCRBY bit-field field-offset int] [INCRBY u8 0 int]",
    ),
    Row::new("BITFIELD_RO key {GET bit-field field-offset}"),
    Row::new("BITFIELD_RO key [GET bit-field field-offset] [SET bit-field field-offset int]")
        .seldom(),
    Row::new("PFADD key {element}").often(),
    Row::new("PFADD key"),
    Row::new("PFCOUNT key").often(),
    Row::new("PFCOUNT {key}"),
    Row::new("PFMERGE key {key}"),
    Row::new("PFDEBUG (GETREG|DECODE|DECODE|ENCODING|TODENSE|junk) key"),
    Row::new("SET key hll").often(),
    // After 7.0.
    Row::new("BITOP (DIFF|DIFF1|ANDOR|ONE) key {key}").merops(),
];
