//! Places in and out, one by one.

use command::{Args, Error, Result};
use engine::Context;
use resp::Writer;
use value::Zset;
use value::geohash::Place;

use super::{place, unit, write_distance, write_place};
use crate::options::is;
use crate::zsets::add::{Options, add};
use crate::zsets::read;

/// GEOADD key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]
pub(super) fn geoadd(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut options = Options::default();
    let mut first = 2;
    while let Some(word) = args.get(first) {
        let option = match word {
            word if is(word, "NX") => &mut options.only_new,
            word if is(word, "XX") => &mut options.only_known,
            word if is(word, "CH") => &mut options.counts_changes,
            _ => break,
        };
        *option = true;
        first += 1;
    }
    let words = args.len() - first;
    if words == 0 || !words.is_multiple_of(3) || options.only_new && options.only_known {
        return Err(Error::Syntax);
    }
    // None is added if one is wrong.
    for at in (first..args.len()).step_by(3) {
        place(args, at)?;
    }
    let members = (first..args.len()).step_by(3).map(|at| {
        let place = place(args, at).expect("checked above");
        (place.score(), args.at(at + 2))
    });
    add(context, context.key(args, 1), options, members, reply)
}

/// GEOPOS key [member ...]
pub(super) fn geopos(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    each_place(context, args, reply, |place, reply| match place {
        Some(place) => write_place(reply, place),
        None => reply.null_array(),
    })
}

/// GEOHASH key [member ...]
pub(super) fn geohash(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    each_place(context, args, reply, |place, reply| match place {
        Some(place) => reply.bulk(&place.text()),
        None => reply.null(),
    })
}

fn each_place(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
    write: fn(Option<Place>, &mut Writer<'_>),
) -> Result {
    let zset = read(context, context.key(args, 1))?;
    let members = args.iter_from(2);
    reply.array(members.len());
    for member in members {
        write(zset.and_then(|zset| place_of(zset, member)), reply);
    }
    Ok(())
}

fn place_of(zset: &Zset, member: &[u8]) -> Option<Place> {
    zset.score(member).map(Place::of_score)
}

/// GEODIST key member1 member2 [M | KM | FT | MI]
pub(super) fn geodist(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let unit = match args.len() {
        4 => 1.0,
        5 => unit(args.at(4))?,
        _ => return Err(Error::Syntax),
    };
    let zset = read(context, context.key(args, 1))?;
    let places = zset.and_then(|zset| {
        let (from, to) = (place_of(zset, args.at(2))?, place_of(zset, args.at(3))?);
        Some((from, to))
    });
    match places {
        Some((from, to)) => write_distance(reply, from.distance(to) / unit),
        None => reply.null(),
    }
    Ok(())
}
