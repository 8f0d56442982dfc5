//! Geospatial indexes: sorted sets whose scores are places.

use std::io::Write;

use command::flag::{DENYOOM, MOVABLEKEYS, READONLY, WRITE};
use command::{Access, Args, Begin, Error, Find, Group, KeySpec, Result, Spec, access};
use engine::{Command, Run};
use resp::Writer;
use stdx::number::parse_f64;
use value::geohash::Place;

use crate::options::is;

mod places;
mod query;
mod search;

use query::Syntax;
use search::{search_across, search_here};

const SEARCHED: KeySpec = KeySpec::first(access::READ_VALUE);
const STORED: &[KeySpec] = &[KeySpec::first(access::OVERWRITE), KeySpec::at(2, access::READ_VALUE)];
const AROUND_PLACE: &[KeySpec] = &[SEARCHED, behind("STORE", 6), behind("STOREDIST", 6)];
const AROUND_MEMBER: &[KeySpec] = &[SEARCHED, behind("STORE", 5), behind("STOREDIST", 5)];

/// The key behind an option.
const fn behind(word: &'static str, start_from: isize) -> KeySpec {
    const MAY_BE: Access = access::OVERWRITE | access::INCOMPLETE;
    KeySpec {
        begin: Begin::Keyword { word, start_from },
        find: Find::Range { last: 0, step: 1, limit: 0 },
        access: MAY_BE,
    }
}

const fn geo(usage: &'static str, arity: i32, flags: u32) -> Spec {
    Spec::new(Group::Geo, usage, arity, flags)
}

/// A search that may store what it finds.
macro_rules! plan {
    ($syntax:ident) => {
        Run::Plan {
            local: |context, args, reply| search_here(context, args, reply, Syntax::$syntax),
            across: |plan| Box::pin(search_across(plan, Syntax::$syntax)),
        }
    };
}

/// A search of one key.
macro_rules! search {
    ($syntax:ident) => {
        Run::Shard(|context, args, reply| search_here(context, args, reply, Syntax::$syntax))
    };
}

const SEARCH_COST: &str = "O(log(N) + M) in the members of cells around the shape";
const STORE_COST: &str =
    "O(log(N) + M + K·log(K)) in the members of cells around the shape, and those stored";

/// The rows, by name.
pub(crate) const COMMANDS: &[Command] = &[
    Command::new(
        geo(
            "GEOADD key [condition: NX|XX] [change:'CH'] \
             (longitude:double latitude:double member)...",
            -5,
            WRITE | DENYOOM,
        )
        .key(access::UPDATE)
        .doc(
            "3.2.0",
            "O(log(N)) for each member",
            "Adds members at places, or moves them.",
        ),
        Run::Shard(places::geoadd),
    ),
    Command::new(
        geo("GEODIST key member1 member2 [unit: M|KM|FT|MI]", -4, READONLY)
            .key(access::READ_VALUE)
            .doc("3.2.0", "O(1)", "Gives the distance of two members."),
        Run::Shard(places::geodist),
    ),
    Command::new(
        geo("GEOHASH key [member...]", -2, READONLY).key(access::READ_VALUE).doc(
            "3.2.0",
            "O(1) for each member",
            "Gives the places of members as standard geohashes.",
        ),
        Run::Shard(places::geohash),
    ),
    Command::new(
        geo("GEOPOS key [member...]", -2, READONLY).key(access::READ_VALUE).doc(
            "3.2.0",
            "O(1) for each member",
            "Gives the places of members.",
        ),
        Run::Shard(places::geopos),
    ),
    Command::new(
        geo(
            "GEORADIUS key longitude:double latitude:double radius:double (unit: M|KM|FT|MI) \
             [WITHCOORD] [WITHDIST] [WITHHASH] [count: COUNT count:int [ANY]] [order: ASC|DESC] \
             [STORE key] [STOREDIST key]",
            -6,
            WRITE | DENYOOM | MOVABLEKEYS,
        )
        .key_specs(AROUND_PLACE)
        .doc("3.2.0", STORE_COST, "Gives or stores the members within a radius of a place.")
        .deprecated("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument"),
        plan!(GEORADIUS),
    )
    .reaching(stores_often),
    Command::new(
        geo(
            "GEORADIUSBYMEMBER key member radius:double (unit: M|KM|FT|MI) [WITHCOORD] \
             [WITHDIST] [WITHHASH] [count: COUNT count:int [ANY]] [order: ASC|DESC] [STORE key] \
             [STOREDIST key]",
            -5,
            WRITE | DENYOOM | MOVABLEKEYS,
        )
        .key_specs(AROUND_MEMBER)
        .doc("3.2.0", STORE_COST, "Gives or stores the members within a radius of a member.")
        .deprecated(
            "6.2.0",
            "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
        ),
        plan!(GEORADIUSBYMEMBER),
    )
    .reaching(stores_often),
    Command::new(
        geo(
            "GEORADIUSBYMEMBER_RO key member radius:double (unit: M|KM|FT|MI) [WITHCOORD] \
             [WITHDIST] [WITHHASH] [count: COUNT count:int [ANY]] [order: ASC|DESC]",
            -5,
            READONLY,
        )
        .key(access::READ_VALUE)
        .doc("3.2.10", SEARCH_COST, "Gives the members within a radius of a member.")
        .deprecated("6.2.0", "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments"),
        search!(GEORADIUSBYMEMBER_RO),
    ),
    Command::new(
        geo(
            "GEORADIUS_RO key longitude:double latitude:double radius:double (unit: M|KM|FT|MI) \
             [WITHCOORD] [WITHDIST] [WITHHASH] [count: COUNT count:int [ANY]] [order: ASC|DESC]",
            -6,
            READONLY,
        )
        .key(access::READ_VALUE)
        .doc("3.2.10", SEARCH_COST, "Gives the members within a radius of a place.")
        .deprecated("6.2.0", "`GEOSEARCH` with the `BYRADIUS` argument"),
        search!(GEORADIUS_RO),
    ),
    Command::new(
        geo(
            "GEOSEARCH key \
             [from: FROMMEMBER member|FROMLONLAT (longitude:double latitude:double)] (by: \
             (circle: BYRADIUS radius:double (unit: M|KM|FT|MI))|(box: BYBOX width:double \
             height:double (unit: M|KM|FT|MI))|BYPOLYGON (polygon: vertices:int \
             (longitude:double latitude:double)...)) [order: ASC|DESC] \
             [count: COUNT count:int [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]",
            -7,
            READONLY,
        )
        .key(access::READ_VALUE)
        .doc(
            "6.2.0",
            SEARCH_COST,
            "Gives the members within a circle, a box or a polygon.",
        ),
        search!(GEOSEARCH),
    ),
    Command::new(
        geo(
            "GEOSEARCHSTORE destination:key source:key \
             [from: FROMMEMBER member|FROMLONLAT (longitude:double latitude:double)] (by: \
             (circle: BYRADIUS radius:double (unit: M|KM|FT|MI))|(box: BYBOX width:double \
             height:double (unit: M|KM|FT|MI))|BYPOLYGON (polygon: vertices:int \
             (longitude:double latitude:double)...)) [order: ASC|DESC] \
             [count: COUNT count:int [ANY]] [STOREDIST]",
            -8,
            WRITE | DENYOOM,
        )
        .key_specs(STORED)
        .doc(
            "6.2.0",
            STORE_COST,
            "Stores the members within a circle, a box or a polygon.",
        ),
        plan!(GEOSEARCHSTORE),
    ),
];

/// Whether more than one destination is named: the last one counts, but key specs find the first.
fn stores_often(args: Args<'_>) -> bool {
    args.iter_from(5).filter(|word| is(word, "STORE") || is(word, "STOREDIST")).count() > 1
}

/// Two arguments as longitude and latitude.
fn place(args: Args<'_>, at: usize) -> Result<Place> {
    let degrees = |at: usize| parse_f64(args.at(at)).ok_or(Error::NotFloat);
    let place = Place { longitude: degrees(at)?, latitude: degrees(at + 1)? };
    if !place.is_valid() {
        let Place { longitude, latitude } = place;
        return Err(Error::made(format!(
            "invalid longitude,latitude pair {longitude:.6},{latitude:.6}"
        )));
    }
    Ok(place)
}

/// A unit of lengths, in metres.
fn unit(word: &[u8]) -> Result<f64> {
    const UNITS: [(&str, f64); 4] = [("M", 1.0), ("KM", 1000.0), ("FT", 0.3048), ("MI", 1609.34)];
    let found = UNITS.iter().find(|(name, _)| is(word, name));
    let error = Error::new("unsupported unit provided. please use M, KM, FT, MI");
    found.map(|(_, metres)| *metres).ok_or(error)
}

/// A number with so many decimals.
struct Fixed {
    text: [u8; 40],
    len: usize,
}

impl Fixed {
    fn new(number: f64, decimals: usize) -> Self {
        let mut text = [0; 40];
        let mut rest = &mut text[..];
        write!(rest, "{number:.decimals$}").expect("no angle and no distance is so long");
        let len = 40 - rest.len();
        Self { text, len }
    }

    fn text(&self) -> &[u8] {
        &self.text[..self.len]
    }
}

/// A distance; more than four decimals would be noise.
fn write_distance(reply: &mut Writer<'_>, distance: f64) {
    reply.bulk(Fixed::new(distance, 4).text());
}

/// Longitude and latitude with 17 decimals, without the zeros at their end.
fn write_place(reply: &mut Writer<'_>, place: Place) {
    reply.array(2);
    for angle in [place.longitude, place.latitude] {
        let fixed = Fixed::new(angle, 17);
        let text = fixed.text();
        let end = text.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
        reply.double_text(text[..end].strip_suffix(b".").unwrap_or(&text[..end]));
    }
}

#[cfg(test)]
mod tests;
