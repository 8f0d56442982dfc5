//! What the option lists of several commands have in common.

use std::mem::discriminant;

use command::{Args, Error, Result, Words};

/// Whether a word of the call is this option; words are case-insensitive.
#[inline]
pub(crate) fn is(word: &[u8], option: &str) -> bool {
    word.eq_ignore_ascii_case(option.as_bytes())
}

/// Takes one of several options that exclude each other. The same one may come again, and its last
/// value counts; that is how Redis reads `EX 1 EX 2`.
pub(crate) fn choose<T>(slot: &mut Option<T>, new: T) -> Result {
    if slot.as_ref().is_some_and(|old| discriminant(old) != discriminant(&new)) {
        return Err(Error::Syntax);
    }
    *slot = Some(new);
    Ok(())
}

/// Takes an option that may come only once.
pub(crate) fn once<T>(slot: &mut Option<T>, new: T) -> Result {
    match slot.replace(new) {
        None => Ok(()),
        Some(_) => Err(Error::Syntax),
    }
}

/// Argument `index` as a number that fits in 32 bits, as database numbers must.
pub(crate) fn int32(args: Args<'_>, index: usize) -> Result<i32> {
    i32::try_from(args.int(index)?).map_err(|_| {
        let (min, max) = (i32::MIN, i32::MAX);
        Error::made(format!("value is out of range, value must between {min} and {max}"))
    })
}

/// `numkeys key [key ...]` from an argument on: the positions of the keys, and what follows them,
/// which must be something.
pub(crate) fn counted_keys(
    args: Args<'_>,
    at: usize,
) -> Result<(std::ops::Range<usize>, Words<'_>)> {
    let error = Error::new("numkeys should be greater than 0");
    let keys = stdx::number::parse_i64(args.at(at)).filter(|keys| *keys > 0).ok_or(error)?;
    let (first, keys) = (at + 1, usize::try_from(keys).unwrap_or(usize::MAX));
    match first.checked_add(keys) {
        Some(behind) if behind < args.len() => Ok((first..behind, args.words_from(behind))),
        _ => Err(Error::Syntax),
    }
}
