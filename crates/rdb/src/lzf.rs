//! The LZF compression of Marc Lehmann's LibLZF, which RDB files use for long strings.
//!
//! A control byte below 32 announces that many literal bytes and one more. Else its upper three
//! bits are a length (7: another byte is added), the lower five and the next byte a distance back.

/// No byte stands for more than 264 / 3 bytes of output.
const EXPANSION_MAX: u64 = 88;

/// Unpacks bytes that make exactly `len`.
pub(crate) fn decompress(packed: &[u8], len: u64) -> Option<Vec<u8>> {
    if len == 0 || len > packed.len() as u64 * EXPANSION_MAX {
        return None;
    }
    let len = usize::try_from(len).ok()?;
    let (mut out, mut at) = (vec![0; len], 0);
    let mut rest = packed.iter();
    while let Some(&control) = rest.next() {
        let control = usize::from(control);
        if control < 32 {
            let literal = rest.as_slice().get(..=control)?;
            out.get_mut(at..at + literal.len())?.copy_from_slice(literal);
            at += literal.len();
            rest = rest.as_slice()[control + 1..].iter();
        } else {
            let mut run = control >> 5;
            if run == 7 {
                run += usize::from(*rest.next()?);
            }
            let distance = ((control & 0x1f) << 8 | usize::from(*rest.next()?)) + 1;
            let start = at.checked_sub(distance)?;
            let end = at + run + 2;
            if end > len {
                return None;
            }
            // The run may reach into itself: what is there can be copied, and then twice that.
            while at < end {
                let more = (at - start).min(end - at);
                out.copy_within(start..start + more, at);
                at += more;
            }
        }
    }
    (at == len).then_some(out)
}

/// Up to this length, a small table will do.
const SHORT_BYTES_MAX: usize = 512;
/// How far back a run can reach.
const DISTANCE_MAX: usize = 1 << 13;
/// The longest run.
const RUN_MAX: usize = 264;
/// The most literal bytes behind one control byte.
const LITERALS_MAX: usize = 32;

/// Packs `bytes` behind what is in `out`, to at most `len_max`; how many they are then. If there
/// would be more, None, and what is behind is of no use.
pub(crate) fn compress(bytes: &[u8], len_max: usize, out: &mut Vec<u8>) -> Option<usize> {
    // Places are u32, one more than the index; 0 is nowhere.
    if bytes.len() >= u32::MAX as usize {
        return None;
    }
    match bytes.len() {
        0..=SHORT_BYTES_MAX => compress_with::<8>(&mut [0; 1 << 8], bytes, len_max, out),
        _ => compress_with::<12>(&mut [0; 1 << 12], bytes, len_max, out),
    }
}

/// `places` is where three bytes were last seen, by `BITS` bits of what they hash to.
fn compress_with<const BITS: u32>(
    places: &mut [u32],
    bytes: &[u8],
    len_max: usize,
    out: &mut Vec<u8>,
) -> Option<usize> {
    let start = out.len();
    let (mut at, mut literal) = (0, 0);
    while at + 2 < bytes.len() {
        let three = u32::from_be_bytes([0, bytes[at], bytes[at + 1], bytes[at + 2]]);
        let place = &mut places[(three.wrapping_mul(2_654_435_761) >> (32 - BITS)) as usize];
        let earlier = (*place as usize).checked_sub(1);
        *place = at as u32 + 1;
        let Some(earlier) = earlier.filter(|earlier| {
            at - earlier <= DISTANCE_MAX && bytes[*earlier..earlier + 3] == bytes[at..at + 3]
        }) else {
            at += 1;
            continue;
        };
        let longest = RUN_MAX.min(bytes.len() - at);
        let same = bytes[earlier..].iter().zip(&bytes[at..at + longest]);
        let run = same.take_while(|(a, b)| a == b).count();
        push_literals(&bytes[literal..at], out);
        let distance = at - earlier - 1;
        let high = (distance >> 8) as u8;
        match run - 2 {
            short @ 0..7 => out.push((short as u8) << 5 | high),
            long => out.extend_from_slice(&[7 << 5 | high, (long - 7) as u8]),
        }
        out.push(distance as u8);
        at += run;
        literal = at;
        if out.len() - start > len_max {
            return None;
        }
    }
    push_literals(&bytes[literal..], out);
    let len = out.len() - start;
    (len <= len_max).then_some(len)
}

fn push_literals(literals: &[u8], out: &mut Vec<u8>) {
    for chunk in literals.chunks(LITERALS_MAX) {
        out.push(chunk.len() as u8 - 1);
        out.extend_from_slice(chunk);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn literals_and_runs() {
        assert_eq!(decompress(b"\x02abc", 3).as_deref(), Some(&b"abc"[..]));
        // "a", then 9 bytes from one back, twice over.
        assert_eq!(decompress(b"\x00a\xe0\x00\x00", 10).as_deref(), Some(&b"aaaaaaaaaa"[..]));
        assert_eq!(decompress(b"\x01ab\x20\x01", 5).as_deref(), Some(&b"ababa"[..]));
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(
            bytes in prop::collection::vec(prop_oneof![9 => 0..4_u8, 1 => any::<u8>()], 1..3000),
            long in prop::collection::vec(any::<u8>(), 1..50),
            times in 1_usize..400,
        ) {
            for bytes in [bytes, long.repeat(times), vec![7; times * 50]] {
                let mut out = vec![1, 2];
                if let Some(len) = compress(&bytes, usize::MAX, &mut out) {
                    prop_assert_eq!(out.len(), 2 + len);
                    prop_assert_eq!(decompress(&out[2..], bytes.len() as u64), Some(bytes));
                }
            }
        }
    }

    #[test]
    fn broken_data_is_refused() {
        for (packed, len) in [
            (&b"\x02ab"[..], 3),
            (b"\x02abc", 2),
            (b"\x02abc", 4),
            (b"\x20\x00", 3),
            (b"\x00a\x20", 4),
            (b"\x00a\xe0", 10),
            (b"\x00a\xe0\xff\x00", 10),
            (b"", 0),
            (b"\x00a", u64::MAX),
        ] {
            assert_eq!(decompress(packed, len), None, "{packed:?}");
        }
    }
}
