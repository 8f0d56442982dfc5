//! Places on the earth as numbers of 52 bits, so that what is near is often near in order too.
//!
//! The ranges of longitudes and latitudes are halved again and again; a bit says in which half a
//! place is. Longitude bits and latitude bits take turns, longitude first. A prefix of the bits is a
//! [`Cell`]: a rectangle with all places whose numbers begin so.

mod shape;

pub use shape::{Area, Bounds, Shape};

/// The mean radius of the earth, in metres, as Redis has it.
const EARTH_RADIUS: f64 = 6_372_797.560856;
/// Half the way around the equator, in metres, as maps in Mercator's projection have it.
const MERCATOR_MAX: f64 = 20_037_726.37;
/// Bits for each of longitude and latitude.
pub const STEPS_MAX: u32 = 26;
/// The longitudes there are, in degrees.
pub const LONGITUDE_MAX: f64 = 180.0;
/// The latitudes that can be indexed, in degrees: a map in Mercator's projection is square then.
pub const LATITUDE_MAX: f64 = 85.051_128_78;

const GEOHASH_ALPHABET: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";

/// A place, in degrees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    /// East is positive.
    pub longitude: f64,
    /// North is positive.
    pub latitude: f64,
}

impl Place {
    /// Whether it can be indexed.
    pub fn is_valid(self) -> bool {
        self.longitude.abs() <= LONGITUDE_MAX && self.latitude.abs() <= LATITUDE_MAX
    }

    /// The score of a valid place.
    pub fn score(self) -> f64 {
        Cell::of(self, STEPS_MAX).bits as f64
    }

    /// The middle of the smallest cell that a score stands for. Every score stands for one, even if
    /// no place has it.
    pub fn of_score(score: f64) -> Self {
        let Bounds { min, max } = Cell { bits: whole(score), steps: STEPS_MAX }.bounds();
        let middle = |low: f64, high: f64, limit: f64| ((low + high) / 2.0).clamp(-limit, limit);
        Self {
            longitude: middle(min.longitude, max.longitude, LONGITUDE_MAX),
            latitude: middle(min.latitude, max.latitude, LATITUDE_MAX),
        }
    }

    /// The distance of two places along the surface, in metres: haversine on a sphere.
    pub fn distance(self, other: Self) -> f64 {
        let east = ((other.longitude.to_radians() - self.longitude.to_radians()) / 2.0).sin();
        if east == 0.0 {
            return self.distance_north(other);
        }
        let (from, to) = (self.latitude.to_radians(), other.latitude.to_radians());
        let north = ((to - from) / 2.0).sin();
        let chord = north * north + from.cos() * to.cos() * east * east;
        // No more than half the way around, however it was rounded.
        2.0 * EARTH_RADIUS * chord.min(1.0).sqrt().asin()
    }

    /// How far another place is to the north or south, in metres.
    fn distance_north(self, other: Self) -> f64 {
        EARTH_RADIUS * (other.latitude.to_radians() - self.latitude.to_radians()).abs()
    }

    /// The standard geohash: eleven characters, of which the last is always 0, as 52 bits have no
    /// more to say.
    pub fn text(self) -> [u8; 11] {
        let bits = interleave(
            fraction(self.latitude, 90.0, STEPS_MAX),
            fraction(self.longitude, LONGITUDE_MAX, STEPS_MAX),
        );
        let mut text = [GEOHASH_ALPHABET[0]; 11];
        for (at, byte) in text.iter_mut().take(10).enumerate() {
            let five = bits >> (2 * STEPS_MAX as usize - 5 * (at + 1)) & 31;
            *byte = GEOHASH_ALPHABET[five as usize];
        }
        text
    }
}

/// A rectangle of places whose numbers begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    bits: u64,
    steps: u32,
}

impl Cell {
    /// The cell in which a valid place is, of `2 * steps` bits.
    pub fn of(place: Place, steps: u32) -> Self {
        let latitude = fraction(place.latitude, LATITUDE_MAX, steps);
        let longitude = fraction(place.longitude, LONGITUDE_MAX, steps);
        Self { bits: interleave(latitude, longitude), steps }
    }

    /// The scores in it: from the first, and below the second.
    pub fn scores(self) -> (f64, f64) {
        let shift = 2 * (STEPS_MAX - self.steps);
        ((self.bits << shift) as f64, ((self.bits + 1) << shift) as f64)
    }

    /// Where it is.
    pub fn bounds(self) -> Bounds {
        let edge = |index: u32, limit: f64| {
            -limit + (f64::from(index) / (1_u64 << self.steps) as f64) * (limit + limit)
        };
        let corner = |longitude: u32, latitude: u32| Place {
            longitude: edge(longitude, LONGITUDE_MAX),
            latitude: edge(latitude, LATITUDE_MAX),
        };
        let (latitude, longitude) = (compact(self.bits), compact(self.bits >> 1));
        Bounds {
            min: corner(longitude, latitude),
            max: corner(longitude.wrapping_add(1), latitude.wrapping_add(1)),
        }
    }

    /// The cell of the same size some cells to the east and to the north, around the earth.
    pub fn moved(self, east: i32, north: i32) -> Self {
        let mask = (1_u32 << self.steps) - 1;
        let latitude = compact(self.bits).wrapping_add_signed(north) & mask;
        let longitude = compact(self.bits >> 1).wrapping_add_signed(east) & mask;
        Self { bits: interleave(latitude, longitude), ..self }
    }
}

/// A score as bits, whatever score it is: as a cast does that knows no overflow.
fn whole(score: f64) -> u64 {
    const LIMIT: f64 = (1_u64 << 63) as f64;
    match score {
        below if below < LIMIT => below as i64 as u64,
        fits if fits < 2.0 * LIMIT => fits as u64,
        _ => 0,
    }
}

/// Where an angle is between `-limit` and `limit`, in parts of which there are `2^steps`.
fn fraction(angle: f64, limit: f64, steps: u32) -> u32 {
    let offset = (angle + limit) / (limit + limit);
    (offset * (1_u64 << steps) as f64) as u32
}

/// Bits that take turns; the first number's are the lower ones.
fn interleave(even: u32, odd: u32) -> u64 {
    spread(even) | spread(odd) << 1
}

/// Moves bit n to 2n.
fn spread(bits: u32) -> u64 {
    let mut bits = u64::from(bits);
    bits = (bits | bits << 16) & 0x0000_FFFF_0000_FFFF;
    bits = (bits | bits << 8) & 0x00FF_00FF_00FF_00FF;
    bits = (bits | bits << 4) & 0x0F0F_0F0F_0F0F_0F0F;
    bits = (bits | bits << 2) & 0x3333_3333_3333_3333;
    (bits | bits << 1) & 0x5555_5555_5555_5555
}

/// Moves bit 2n to n; the others are lost.
fn compact(bits: u64) -> u32 {
    let mut bits = bits & 0x5555_5555_5555_5555;
    bits = (bits | bits >> 1) & 0x3333_3333_3333_3333;
    bits = (bits | bits >> 2) & 0x0F0F_0F0F_0F0F_0F0F;
    bits = (bits | bits >> 4) & 0x00FF_00FF_00FF_00FF;
    bits = (bits | bits >> 8) & 0x0000_FFFF_0000_FFFF;
    (bits | bits >> 16) as u32
}

#[cfg(test)]
mod tests;
