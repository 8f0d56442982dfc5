//! What a search is told: where, what, how much of it, and where it goes.

use command::{Args, Error, Result, Words};
use stdx::number::{parse_f64, parse_i64};
use value::Zset;
use value::geohash::{Area, Place, Shape};

use super::{place, unit};
use crate::options::is;

/// Where a command's center is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Center {
    /// Longitude and latitude come first, and a radius.
    Place,
    /// A member comes first, and a radius.
    Member,
    /// Options say it, and the shape.
    Options,
}

/// What a command of the family fixes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Syntax {
    center: Center,
    /// Where the searched key is.
    pub(super) source_at: usize,
    options_at: usize,
    /// Whether STORE and STOREDIST name a key.
    may_store: bool,
}

impl Syntax {
    pub(super) const GEORADIUS: Self =
        Self { center: Center::Place, source_at: 1, options_at: 6, may_store: true };
    pub(super) const GEORADIUS_RO: Self = Self { may_store: false, ..Self::GEORADIUS };
    pub(super) const GEORADIUSBYMEMBER: Self =
        Self { center: Center::Member, options_at: 5, ..Self::GEORADIUS };
    pub(super) const GEORADIUSBYMEMBER_RO: Self =
        Self { may_store: false, ..Self::GEORADIUSBYMEMBER };
    pub(super) const GEOSEARCH: Self =
        Self { center: Center::Options, source_at: 1, options_at: 2, may_store: false };
    /// The destination is the first argument.
    pub(super) const GEOSEARCHSTORE: Self = Self { source_at: 2, options_at: 3, ..Self::GEOSEARCH };

    pub(super) fn stores_always(self) -> bool {
        self.source_at == 2
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Nearest,
    Farthest,
}

/// Where the places found go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Store {
    /// The argument with the key.
    pub(super) key_at: usize,
    /// With distances as scores.
    pub(super) by_distance: bool,
}

/// A search, understood.
#[derive(Clone, Debug)]
pub(super) struct Query {
    /// None where the key does not exist: then a member has no place.
    pub(super) shape: Option<Shape>,
    /// Metres in the unit of lengths.
    pub(super) unit: f64,
    pub(super) order: Option<Order>,
    pub(super) count: Option<usize>,
    /// Whether any of the places will do, as long as they are enough.
    pub(super) any: bool,
    pub(super) with_distance: bool,
    pub(super) with_hash: bool,
    pub(super) with_place: bool,
    pub(super) store: Option<Store>,
}

/// What has been read of a search.
struct Parser<'a> {
    args: Args<'a>,
    syntax: Syntax,
    zset: Option<&'a Zset>,
    /// Whether a center was named, and where it is, if that is known.
    center: Option<Option<Place>>,
    from_member: bool,
    area: Option<Area>,
    query: Query,
}

impl Query {
    /// Reads a call. The members it names are looked up in the searched set, as Redis reports all
    /// in the order of the words.
    pub(super) fn parse(args: Args<'_>, syntax: Syntax, zset: Option<&Zset>) -> Result<Self> {
        let store = syntax.stores_always().then_some(Store { key_at: 1, by_distance: false });
        let query = Self {
            shape: None,
            unit: 1.0,
            order: None,
            count: None,
            any: false,
            with_distance: false,
            with_hash: false,
            with_place: false,
            store,
        };
        let mut parser =
            Parser { args, syntax, zset, center: None, from_member: false, area: None, query };
        parser.fixed()?;
        let mut words = args.words_from(syntax.options_at);
        while let Some(word) = words.next_word() {
            if !parser.output(word, &mut words)? && !parser.shape(word, &mut words)? {
                return Err(Error::Syntax);
            }
        }
        parser.finish()
    }
}

impl<'a> Parser<'a> {
    /// What comes before the options.
    fn fixed(&mut self) -> Result {
        match self.syntax.center {
            Center::Place => self.center = Some(Some(place(self.args, 2)?)),
            Center::Member if self.zset.is_none() => return Ok(()),
            Center::Member => self.center = Some(self.member(self.args.at(2))?),
            Center::Options => return Ok(()),
        }
        self.circle(self.syntax.options_at - 2)
    }

    fn member(&self, name: &[u8]) -> Result<Option<Place>> {
        let Some(zset) = self.zset else { return Ok(None) };
        let score = zset.score(name);
        let score = score.ok_or(Error::new("could not decode requested zset member"))?;
        Ok(Some(Place::of_score(score)))
    }

    fn circle(&mut self, at: usize) -> Result {
        let radius = number(self.args.at(at), "need numeric radius")?;
        if radius < 0.0 {
            return Err(Error::new("radius cannot be negative"));
        }
        self.query.unit = unit(self.args.at(at + 1))?;
        self.area = Some(Area::Circle(radius * self.query.unit));
        Ok(())
    }

    fn rectangle(&mut self, at: usize) -> Result {
        let width = number(self.args.at(at), "need numeric width")?;
        let height = number(self.args.at(at + 1), "need numeric height")?;
        if width < 0.0 || height < 0.0 {
            return Err(Error::new("height or width cannot be negative"));
        }
        self.query.unit = unit(self.args.at(at + 2))?;
        self.area = Some(Area::Box(width * self.query.unit, height * self.query.unit));
        Ok(())
    }

    /// The number of corners, and the corners; answers how many words that were.
    fn polygon(&mut self, at: usize) -> Result<usize> {
        let count = parse_i64(self.args.at(at)).and_then(|count| i32::try_from(count).ok());
        let count = count.ok_or(Error::new("invalid number of vertices"))?;
        let count = usize::try_from(count).unwrap_or(0);
        if count < 3 || (self.args.len() - at - 1) / 2 < count {
            return Err(Error::new("GEOSEARCH BYPOLYGON must have at least 3 vertices"));
        }
        let corners = (0..count).map(|corner| place(self.args, at + 1 + 2 * corner));
        self.area = Some(Area::Polygon(corners.collect::<Result<_>>()?));
        self.query.unit = 1.0;
        Ok(1 + 2 * count)
    }

    /// Options about what is found. Answers whether it was one.
    fn output(&mut self, word: &[u8], words: &mut Words<'a>) -> Result<bool> {
        let query = &mut self.query;
        let has_value = words.remaining() > 0;
        match word {
            _ if is(word, "WITHDIST") => query.with_distance = true,
            _ if is(word, "WITHHASH") => query.with_hash = true,
            _ if is(word, "WITHCOORD") => query.with_place = true,
            _ if is(word, "ANY") => query.any = true,
            _ if is(word, "ASC") => query.order = Some(Order::Nearest),
            _ if is(word, "DESC") => query.order = Some(Order::Farthest),
            _ if is(word, "COUNT") && has_value => {
                let count = words.int()?;
                if count <= 0 {
                    return Err(Error::new("COUNT must be > 0"));
                }
                query.count = Some(usize::try_from(count).unwrap_or(usize::MAX));
            }
            _ if is(word, "STORE") && has_value && self.syntax.may_store => {
                query.store = Some(Store { key_at: words.position(), by_distance: false });
                words.value()?;
            }
            _ if is(word, "STOREDIST") && has_value && self.syntax.may_store => {
                query.store = Some(Store { key_at: words.position(), by_distance: true });
                words.value()?;
            }
            _ if is(word, "STOREDIST") && self.syntax.stores_always() => {
                query.store = Some(Store { key_at: 1, by_distance: true });
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl Parser<'_> {
    /// Options about where to search. Answers whether it was one that fits those before it.
    fn shape(&mut self, word: &[u8], words: &mut Words<'_>) -> Result<bool> {
        if self.syntax.center != Center::Options {
            return Ok(false);
        }
        let (at, left) = (words.position(), words.remaining());
        let from_place = self.center.is_some() && !self.from_member;
        let is_area = |fits: fn(&Area) -> bool| self.area.as_ref().is_none_or(fits);
        let is_polygon = matches!(self.area, Some(Area::Polygon(_)));
        let taken = if is(word, "FROMMEMBER") && left >= 1 && !from_place && !is_polygon {
            self.center = Some(self.member(self.args.at(at))?);
            self.from_member = true;
            1
        } else if is(word, "FROMLONLAT") && left >= 2 && !self.from_member && !is_polygon {
            self.center = Some(Some(place(self.args, at)?));
            2
        } else if is(word, "BYRADIUS")
            && left >= 2
            && is_area(|area| matches!(area, Area::Circle(_)))
        {
            self.circle(at)?;
            2
        } else if is(word, "BYBOX") && left >= 3 && is_area(|area| matches!(area, Area::Box(..))) {
            self.rectangle(at)?;
            3
        } else if is(word, "BYPOLYGON")
            && left >= 2
            && self.center.is_none()
            && is_area(|area| matches!(area, Area::Polygon(_)))
        {
            self.polygon(at)?
        } else {
            return Ok(false);
        };
        for _ in 0..taken {
            words.value()?;
        }
        Ok(true)
    }

    /// What the options must not be together, or must be.
    fn finish(mut self) -> Result<Query> {
        let query = &self.query;
        let shows = query.with_distance || query.with_hash || query.with_place;
        if shows && query.store.is_some() {
            let what = match self.syntax.stores_always() {
                true => "GEOSEARCHSTORE",
                false => "STORE option in GEORADIUS",
            };
            return Err(Error::made(format!(
                "{what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
            )));
        }
        let is_polygon = matches!(self.area, Some(Area::Polygon(_)));
        if self.syntax.center == Center::Options {
            let missing = |what: &str| {
                Err(Error::quoting(
                    &format!("exactly one of {what} can be specified for "),
                    self.args.at(0),
                    "",
                ))
            };
            if self.center.is_none() && !is_polygon {
                return missing("FROMMEMBER or FROMLONLAT");
            }
            if self.area.is_none() {
                return missing("BYRADIUS and BYBOX");
            }
        }
        if query.any && query.count.is_none() {
            return Err(Error::new("the ANY argument requires COUNT argument"));
        }
        self.query.shape = match (self.center.flatten(), self.area) {
            (_, Some(Area::Polygon(corners))) => Some(Shape::polygon(corners)),
            (Some(center), Some(area)) => Some(Shape { center, area }),
            _ => None,
        };
        // The first few make sense in an order only.
        if self.query.count.is_some() && !self.query.any {
            self.query.order = self.query.order.or(Some(Order::Nearest));
        }
        Ok(self.query)
    }
}

fn number(word: &[u8], otherwise: &'static str) -> Result<f64> {
    parse_f64(word).ok_or(Error::new(otherwise))
}
