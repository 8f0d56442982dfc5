//! When fields go: the numbers and words that say it.

use command::{Args, Error, Result};
use stdx::number::parse_i64;

use crate::expiry::Unit;
use crate::options::is;

/// No field lives longer, in ms since the epoch; as Redis has it.
const DEADLINE_MS_MAX: i64 = (1 << 46) - 1;

/// The moment that a number means, in ms since the epoch.
pub(super) fn deadline_ms(
    number: &[u8],
    unit: Unit,
    now_ms: i64,
    command: &'static str,
) -> Result<i64> {
    let number = parse_i64(number).ok_or(Error::NotInteger)?;
    if number < 0 {
        return Err(Error::new("invalid expire time, must be >= 0"));
    }
    let deadline_ms = unit.deadline_ms(number, now_ms).filter(|at_ms| *at_ms <= DEADLINE_MS_MAX);
    deadline_ms.ok_or(Error::invalid_expire(command))
}

/// What `word` says that the number behind it counts.
pub(super) fn unit(word: &[u8]) -> Option<Unit> {
    Some(if is(word, "EX") {
        Unit::Seconds
    } else if is(word, "PX") {
        Unit::Milliseconds
    } else if is(word, "EXAT") {
        Unit::UnixSeconds
    } else if is(word, "PXAT") {
        Unit::UnixMilliseconds
    } else {
        return None;
    })
}

/// The fields of `FIELDS numfields field [field ...]`, which ends the call and begins at `index`.
pub(super) fn names<'a>(
    args: Args<'a>,
    index: usize,
    bad_number: &'static str,
) -> Result<impl ExactSizeIterator<Item = &'a [u8]> + Clone + use<'a>> {
    if !args.get(index).is_some_and(|word| is(word, "FIELDS")) {
        let text = "Mandatory argument FIELDS is missing or not at the right position";
        return Err(Error::new(text));
    }
    let number = args.get(index + 1).and_then(parse_i64).filter(|number| *number > 0);
    let number = number.ok_or(Error::new(bad_number))?;
    if number != args.len() as i64 - index as i64 - 2 {
        let text = "The `numfields` parameter must match the number of arguments";
        return Err(Error::new(text));
    }
    Ok((index + 2..args.len()).map(move |at| args.at(at)))
}

/// What is said of a bad number of fields, but by HEXPIRE and its like.
pub(super) const BAD_NUMBER: &str = "Number of fields must be a positive integer";
