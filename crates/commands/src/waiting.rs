//! How long calls wait, as their arguments say it.

use command::{Error, Result};
use engine::Wait;
use stdx::number::{Extended, parse_i64};

/// A timeout in seconds, fractions allowed; 0 is for ever.
pub(crate) fn seconds(word: &[u8]) -> Result<Wait> {
    const NOT_FLOAT: Error = Error::new("timeout is not a float or out of range");
    let seconds = Extended::parse(word).ok_or(NOT_FLOAT)?.to_f64();
    let ms = (seconds * 1000.0).ceil();
    if ms >= i64::MAX as f64 {
        return Err(Error::new("timeout is out of range"));
    }
    if ms < 0.0 {
        return Err(Error::new("timeout is negative"));
    }
    Ok(wait(ms as i64))
}

/// A timeout in milliseconds; 0 is for ever.
pub(crate) fn milliseconds(word: &[u8]) -> Result<Wait> {
    match parse_i64(word) {
        None => Err(Error::new("timeout is not an integer or out of range")),
        Some(..0) => Err(Error::new("timeout is negative")),
        Some(ms) => Ok(wait(ms)),
    }
}

fn wait(ms: i64) -> Wait {
    match u64::try_from(ms) {
        Ok(0) | Err(_) => Wait::Forever,
        Ok(ms) => Wait::Ms(ms),
    }
}

#[cfg(test)]
mod tests;
