//! Buckets against the definition; percentiles against sorted values.

use super::*;

#[test]
fn buckets_are_adjacent_and_narrow() {
    for bucket in 0..BUCKETS {
        let largest = largest_in(bucket);
        assert_eq!(bucket_of(largest), bucket, "the largest value of a bucket is in it");
        if bucket + 1 < BUCKETS {
            assert_eq!(bucket_of(largest + 1), bucket + 1, "the next value is in the next bucket");
        }
        let smallest = if bucket == 0 { 0 } else { largest_in(bucket - 1) + 1 };
        assert!((largest - smallest) * STEPS as u64 <= largest, "bucket {bucket} is too wide");
    }
    assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
}

#[test]
fn percentiles_are_those_of_the_values() {
    let mut histogram = Histogram::default();
    assert_eq!(histogram.percentile(50.0), 0);
    for value in 1..=1000 {
        histogram.record(value);
    }
    assert_eq!(histogram.total(), 1000);
    assert_eq!(histogram.percentile(0.0), 1);
    for (percent, exact) in [(1.0, 10), (50.0, 500), (99.0, 990), (99.9, 999), (100.0, 1000)] {
        let found = histogram.percentile(percent);
        assert!((exact..=exact + exact / 32 + 1).contains(&found), "{percent}: {found}");
    }
}

#[test]
fn merging_adds() {
    let (mut one, mut other) = (Histogram::default(), Histogram::default());
    one.record(3);
    other.record(3);
    other.record(70);
    one.merge(&other);
    assert_eq!(one.total(), 3);
    assert_eq!(one.buckets().collect::<Vec<_>>(), [(3, 2), (71, 1)]);
}
