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
    let mut out = Vec::with_capacity(len);
    let mut rest = packed.iter();
    while let Some(&control) = rest.next() {
        let control = usize::from(control);
        if control < 32 {
            let literal = rest.as_slice().get(..=control)?;
            out.extend_from_slice(literal);
            rest = rest.as_slice()[control + 1..].iter();
        } else {
            let mut run = control >> 5;
            if run == 7 {
                run += usize::from(*rest.next()?);
            }
            let distance = ((control & 0x1f) << 8 | usize::from(*rest.next()?)) + 1;
            let start = out.len().checked_sub(distance)?;
            if out.len() + run + 2 > len {
                return None;
            }
            // Byte by byte, as the run may reach into itself.
            for at in start..start + run + 2 {
                out.push(out[at]);
            }
        }
        if out.len() > len {
            return None;
        }
    }
    (out.len() == len).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_runs() {
        assert_eq!(decompress(b"\x02abc", 3).as_deref(), Some(&b"abc"[..]));
        // "a", then 9 bytes from one back, twice over.
        assert_eq!(decompress(b"\x00a\xe0\x00\x00", 10).as_deref(), Some(&b"aaaaaaaaaa"[..]));
        assert_eq!(decompress(b"\x01ab\x20\x01", 5).as_deref(), Some(&b"ababa"[..]));
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
