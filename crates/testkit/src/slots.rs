//! Which shard a key lives on, worked out apart from the server's own code.

/// Hash slots of a Redis cluster.
pub const SLOTS: u16 = 16_384;

/// The slot of a key: CRC16 (XMODEM) of its hash tag, or of all of it.
pub fn slot(key: &[u8]) -> u16 {
    crc16(hash_tag(key)) % SLOTS
}

/// The shard of a key on a server with `shards` shards.
pub fn shard(key: &[u8], shards: u16) -> u16 {
    slot(key) % shards
}

/// The first key `prefix0`, `prefix1`, … that lives on `wanted`.
pub fn key_on(prefix: &str, wanted: u16, shards: u16) -> String {
    (0..)
        .map(|number: u32| format!("{prefix}{number}"))
        .find(|key| shard(key.as_bytes(), shards) == wanted)
        .expect("every shard owns some key")
}

/// What is between the first `{` and the next `}`, unless that is nothing.
fn hash_tag(key: &[u8]) -> &[u8] {
    let Some(open) = key.iter().position(|&byte| byte == b'{') else { return key };
    let rest = &key[open + 1..];
    match rest.iter().position(|&byte| byte == b'}') {
        None | Some(0) => key,
        Some(close) => &rest[..close],
    }
}

/// Bit by bit: slow and plain, as a second opinion should be.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc: u16, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests;
