//! What is searched: a shape around a place, and the cells that cover it.

use super::{Cell, EARTH_RADIUS, LATITUDE_MAX, LONGITUDE_MAX, MERCATOR_MAX, Place, STEPS_MAX};

/// A rectangle of longitudes and latitudes; it may reach beyond those that there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The corner in the south-west.
    pub min: Place,
    /// The corner in the north-east.
    pub max: Place,
}

/// The kinds of shapes. Lengths are metres.
#[derive(Clone, Debug, PartialEq)]
pub enum Area {
    /// All within a radius.
    Circle(f64),
    /// A box along meridians and parallels, by width and height.
    Box(f64, f64),
    /// What corners enclose. Edges are straight on a flat map; inside is
    /// who crosses an odd number of them on the way out.
    Polygon(Vec<Place>),
}

/// A kind of shape at a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Distances are measured from here.
    pub center: Place,
    /// What is around it.
    pub area: Area,
}

impl Shape {
    /// A polygon; its center is the mean of its corners in space, seen from the center of the earth.
    pub fn polygon(corners: Vec<Place>) -> Self {
        let (mut x, mut y, mut z) = (0.0, 0.0, 0.0);
        for corner in &corners {
            let (longitude, latitude) =
                (corner.longitude.to_radians(), corner.latitude.to_radians());
            x += EARTH_RADIUS * latitude.cos() * longitude.cos();
            y += EARTH_RADIUS * latitude.cos() * longitude.sin();
            z += EARTH_RADIUS * latitude.sin();
        }
        let count = corners.len() as f64;
        (x, y, z) = (x / count, y / count, z / count);
        let center = Place {
            longitude: degrees(y.atan2(x)),
            latitude: degrees(z.atan2((x * x + y * y).sqrt())),
        };
        Self { center, area: Area::Polygon(corners) }
    }

    /// How far from the center a place is, in metres, if it is inside. O(corners).
    pub fn reach(&self, place: Place) -> Option<f64> {
        let distance = || self.center.distance(place);
        match &self.area {
            Area::Circle(radius) => {
                // Most are too far north or south, which is found out without a sine.
                let north = self.center.distance_north(place);
                let may_be_inside = north <= radius * (1.0 + 1e-9);
                may_be_inside.then(distance).filter(|distance| distance <= radius)
            }
            Area::Box(width, height) => {
                let below = Place { longitude: self.center.longitude, ..place };
                let is_inside = self.center.distance_north(place) <= height / 2.0
                    && place.distance(below) <= width / 2.0;
                is_inside.then(distance)
            }
            Area::Polygon(corners) => encloses(corners, place).then(distance),
        }
    }

    /// Cells that cover the shape, in the order in which they are to be searched: the center's,
    /// those to the north, south, east and west, and the four between, as far as they are needed.
    pub fn cells(&self) -> [Option<Cell>; 9] {
        let bounds = self.bounds();
        let mut steps = steps_for(self.extent(&bounds), self.center.latitude);
        let center = Place {
            longitude: self.center.longitude.clamp(-LONGITUDE_MAX, LONGITUDE_MAX),
            latitude: self.center.latitude.clamp(-LATITUDE_MAX, LATITUDE_MAX),
        };
        if steps > 1 && !reaches(Cell::of(center, steps), &bounds) {
            steps -= 1;
        }
        // Redis leaves it at that, and misses places: what is large and far north needs still larger
        // cells, and so does a polygon around the earth, whose center is that of its corners on the
        // globe.
        while steps > 1 && !Cell::of(center, steps).bounds().widened().contains(&bounds) {
            steps -= 1;
        }
        let middle = Cell::of(center, steps);
        let is_needed = |east: i32, north: i32| {
            // With the four largest cells, all are neighbours on all sides.
            if steps < 2 {
                return true;
            }
            let cell = middle.bounds();
            !(north < 0 && cell.min.latitude < bounds.min.latitude
                || north > 0 && cell.max.latitude > bounds.max.latitude
                || east < 0 && cell.min.longitude < bounds.min.longitude
                || east > 0 && cell.max.longitude > bounds.max.longitude)
        };
        [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)]
            .map(|(east, north)| is_needed(east, north).then(|| middle.moved(east, north)))
    }

    /// What the shape is within; for the box its edges are taken where they are longest in degrees.
    fn bounds(&self) -> Bounds {
        let (width, height) = match &self.area {
            Area::Circle(radius) => (*radius, *radius),
            Area::Box(width, height) => (width / 2.0, height / 2.0),
            Area::Polygon(corners) => return Bounds::of(corners),
        };
        let Place { longitude, latitude } = self.center;
        let north = degrees(height / EARTH_RADIUS);
        // The parallel that is nearer to the pole.
        let far = if latitude < 0.0 { latitude - north } else { latitude + north };
        let east = degrees(width / EARTH_RADIUS / far.to_radians().cos());
        Bounds {
            min: Place { longitude: longitude - east, latitude: latitude - north },
            max: Place { longitude: longitude + east, latitude: latitude + north },
        }
    }

    /// The radius of a circle that covers the shape, in metres.
    fn extent(&self, bounds: &Bounds) -> f64 {
        match &self.area {
            Area::Circle(radius) => *radius,
            Area::Box(width, height) => {
                ((width / 2.0) * (width / 2.0) + (height / 2.0) * (height / 2.0)).sqrt()
            }
            Area::Polygon(_) => {
                let distances = bounds.corners().map(|corner| self.center.distance(corner));
                distances.into_iter().fold(0.0, f64::max)
            }
        }
    }
}

impl Bounds {
    fn of(places: &[Place]) -> Self {
        let mut bounds = Self {
            min: Place { longitude: LONGITUDE_MAX, latitude: LATITUDE_MAX },
            max: Place { longitude: -LONGITUDE_MAX, latitude: -LATITUDE_MAX },
        };
        for place in places {
            bounds.min.longitude = bounds.min.longitude.min(place.longitude);
            bounds.min.latitude = bounds.min.latitude.min(place.latitude);
            bounds.max.longitude = bounds.max.longitude.max(place.longitude);
            bounds.max.latitude = bounds.max.latitude.max(place.latitude);
        }
        bounds
    }

    /// With as much again on every side.
    fn widened(&self) -> Self {
        let Self { min, max } = *self;
        let width = max.longitude - min.longitude;
        let height = max.latitude - min.latitude;
        Self {
            min: Place { longitude: min.longitude - width, latitude: min.latitude - height },
            max: Place { longitude: max.longitude + width, latitude: max.latitude + height },
        }
    }

    /// Whether `other` is within, on a flat map.
    fn contains(&self, other: &Self) -> bool {
        self.min.longitude <= other.min.longitude
            && self.min.latitude <= other.min.latitude
            && self.max.longitude >= other.max.longitude
            && self.max.latitude >= other.max.latitude
    }

    fn corners(&self) -> [Place; 4] {
        let Self { min, max } = *self;
        [
            min,
            Place { longitude: max.longitude, ..min },
            Place { longitude: min.longitude, ..max },
            max,
        ]
    }
}

/// Whether a cell and those around it reach as far as the bounds do.
fn reaches(cell: Cell, bounds: &Bounds) -> bool {
    let [north, south, east, west] =
        [(0, 1), (0, -1), (1, 0), (-1, 0)].map(|(east, north)| cell.moved(east, north).bounds());
    // Said so that what is no number counts as reached.
    !(north.max.latitude < bounds.max.latitude
        || south.min.latitude > bounds.min.latitude
        || east.max.longitude < bounds.max.longitude
        || west.min.longitude > bounds.min.longitude)
}

/// The precision with which a cell and its neighbours mostly cover a circle around a place in it.
fn steps_for(radius: f64, latitude: f64) -> u32 {
    let mut steps = match radius {
        0.0 => return STEPS_MAX,
        // The cell should not be smaller than the radius; it is 2 * MERCATOR_MAX wide in step 0.
        far if far >= MERCATOR_MAX => -1,
        near => {
            let doublings = (MERCATOR_MAX / near).log2().ceil() as i32;
            doublings - 1
        }
    };
    // Meridians come together towards the poles.
    steps -= i32::from(latitude.abs() > 66.0) + i32::from(latitude.abs() > 80.0);
    steps.clamp(1, STEPS_MAX as i32) as u32
}

/// The even-odd rule, with a ray to the east.
fn encloses(corners: &[Place], place: Place) -> bool {
    let mut is_inside = false;
    let Some(mut from) = corners.last() else { return false };
    for to in corners {
        let crosses = (to.latitude > place.latitude) != (from.latitude > place.latitude);
        if crosses {
            let width = (from.longitude - to.longitude) * (place.latitude - to.latitude);
            let longitude = width / (from.latitude - to.latitude) + to.longitude;
            is_inside ^= place.longitude < longitude;
        }
        from = to;
    }
    is_inside
}

/// Divided, not multiplied as the standard library does: the same last digit as Redis.
fn degrees(radians: f64) -> f64 {
    radians / 1_f64.to_radians()
}
