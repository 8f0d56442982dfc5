use super::*;

#[test]
fn a_timestamp_reads_as_in_redis() {
    assert_eq!(Timestamp(0).to_string(), "01 Jan 1970 00:00:00.000");
    assert_eq!(Timestamp(1_795_183_262_123).to_string(), "20 Nov 2026 14:01:02.123");
    assert_eq!(Timestamp(-1).to_string(), "31 Dec 1969 23:59:59.999");
}

#[test]
fn leap_days_are_where_they_belong() {
    assert_eq!(date(11_016), (2000, 2, 29));
    assert_eq!(date(11_017), (2000, 3, 1));
    assert_eq!(date(19_782), (2024, 2, 29));
    // 2100 has none.
    assert_eq!(date(47_540), (2100, 2, 28));
    assert_eq!(date(47_541), (2100, 3, 1));
}

#[test]
fn levels_are_redis_s() {
    let marks = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE].map(mark);
    assert_eq!(marks, ['#', '#', '*', '-', '.']);
    assert_eq!(threshold(LogLevel::Nothing), LevelFilter::OFF);
    assert_eq!(threshold(LogLevel::Verbose), LevelFilter::DEBUG);
}
