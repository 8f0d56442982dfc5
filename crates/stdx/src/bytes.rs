//! Comparing short byte strings without a call.

/// `a == b`. Faster than the comparison of slices where lengths are 8 to 32, as those of keys.
#[inline]
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    // Two words from either end cover up to 16 bytes, four up to 32; they may overlap.
    match (a.len(), a.first_chunk(), a.last_chunk(), b.first_chunk(), b.last_chunk()) {
        (8..=16, Some(a_head), Some(a_tail), Some(b_head), Some(b_tail)) => {
            differ(a_head, b_head) | differ(a_tail, b_tail) == 0
        }
        (17..=32, ..) => {
            let halves = |bytes: &[u8]| -> Option<([u8; 16], [u8; 16])> {
                Some((*bytes.first_chunk()?, *bytes.last_chunk()?))
            };
            halves(a) == halves(b)
        }
        _ => a == b,
    }
}

fn differ(a: &[u8; 8], b: &[u8; 8]) -> u64 {
    u64::from_ne_bytes(*a) ^ u64::from_ne_bytes(*b)
}

#[cfg(test)]
mod tests {
    use super::equal;

    #[test]
    fn one_byte_makes_the_difference_at_any_length() {
        let original: Vec<u8> = (0..50).collect();
        for length in 0..original.len() {
            let a = &original[..length];
            let copy = a.to_vec();
            assert!(equal(a, &copy));
            assert!(!equal(a, &original[..length + 1]));
            for at in 0..length {
                let mut b = a.to_vec();
                b[at] ^= 0x80;
                assert!(!equal(a, &b), "byte {at} of {length}");
            }
        }
    }
}
