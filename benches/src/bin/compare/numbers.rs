//! Medians, and numbers as people read them.

/// The middle value; the mean of the two middle ones where there is none.
///
/// # Panics
/// When there are no values.
pub(crate) fn median(values: &[f64]) -> f64 {
    assert!(!values.is_empty(), "a median of nothing");
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}

/// The value below which the given share lies (nearest rank). Sorts the values.
pub(crate) fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let rank = (values.len() as f64 * share).ceil() as usize;
    values[rank.clamp(1, values.len()) - 1]
}

/// Three digits that count: `0.412`, `6.21`, `127`.
pub(crate) fn short(value: f64) -> String {
    let digits = match value.abs() {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        value if value >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}

/// With its unit's prefix: `812 k`, `1.24 M`.
pub(crate) fn large(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{} M", short(value / 1e6)),
        value if value >= 1e3 => format!("{} k", short(value / 1e3)),
        _ => short(value),
    }
}

/// The date of a Unix time, as `2026-11-20` (Hinnant's `civil_from_days`).
pub(crate) fn date(unix_s: u64) -> String {
    let days = (unix_s / 86_400) as i64 + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middles() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        let mut values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(percentile(&mut values, 0.5), 50.0);
        assert_eq!(percentile(&mut values, 0.999), 100.0);
    }

    #[test]
    fn written() {
        assert_eq!([0.4123, 6.214, 12.34, 127.4].map(short), ["0.412", "6.21", "12.3", "127"]);
        assert_eq!([812_000.0, 1_240_000.0, 12.0].map(large), ["812 k", "1.24 M", "12.0"]);
        let dates = [0, 951_782_400, 1_795_183_842].map(date);
        assert_eq!(dates, ["1970-01-01", "2000-02-29", "2026-11-20"]);
    }
}
