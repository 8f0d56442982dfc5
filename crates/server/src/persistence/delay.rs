//! What `rdb-key-save-delay` and `key-load-delay` ask for.

use std::time::Duration;

/// Delays are slept in pieces, so that it is soon seen that they changed or nobody waits.
const PIECE: Duration = Duration::from_millis(20);

/// How long to sleep next after so many keys, of which so much is slept; None once that is all.
/// `delay_us` are microseconds per key or, below zero, keys per microsecond.
pub(super) fn next_piece(delay_us: i64, keys: u64, slept: Duration) -> Option<Duration> {
    let wanted = match u64::try_from(delay_us) {
        Ok(us) => Duration::from_micros(us.saturating_mul(keys)),
        Err(_) => Duration::from_micros(keys / delay_us.unsigned_abs()),
    };
    Some(wanted.saturating_sub(slept).min(PIECE)).filter(|piece| !piece.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_come_in_pieces_until_all_is_slept() {
        let (none, ms) = (Duration::ZERO, Duration::from_millis);
        assert_eq!(next_piece(0, 5, none), None);
        assert_eq!(next_piece(1000, 30, none), Some(PIECE));
        assert_eq!(next_piece(1000, 30, ms(20)), Some(ms(10)));
        assert_eq!(next_piece(1000, 30, ms(30)), None);
        assert_eq!(next_piece(-10, 9, none), None);
        assert_eq!(next_piece(-10, 20, none), Some(Duration::from_micros(2)));
        assert_eq!(next_piece(i64::MAX, u64::MAX, none), Some(PIECE));
        assert_eq!(next_piece(i64::MIN, 1, none), None);
    }
}
