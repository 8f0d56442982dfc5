//! The check value, and eight at a time against bit by bit.

use super::*;
use crate::rng::Rng;

fn bitwise(bytes: &[u8]) -> u16 {
    let mut crc = 0u16;
    for &byte in bytes {
        crc ^= u16::from(byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 != 0 { crc << 1 ^ 0x1021 } else { crc << 1 };
        }
    }
    crc
}

#[test]
fn check_value() {
    assert_eq!(crc16(b"123456789"), 0x31c3);
}

#[test]
fn agrees_with_bitwise_at_every_length() {
    let mut rng = Rng::new(1);
    for length in 0..100 {
        let bytes: Vec<u8> = (0..length).map(|_| rng.next_u64() as u8).collect();
        assert_eq!(crc16(&bytes), bitwise(&bytes), "{length} bytes");
    }
}
