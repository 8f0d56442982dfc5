//! Writing the parts that values are made of.

use stdx::number;

use crate::lzf;

/// Any version will do.
pub(crate) const ANY_VERSION: u16 = u16::MAX;

/// Where values are written to, and how.
#[derive(Debug)]
pub struct Output {
    /// What was written.
    pub bytes: Vec<u8>,
    /// Whether strings are compressed where that makes them shorter.
    pub compresses: bool,
    /// The newest version that the reader knows, so far as there is a choice of forms.
    pub version_max: u16,
    /// The key whose value comes next: it stands behind the value's form.
    key: Vec<u8>,
    has_key: bool,
}

impl Output {
    /// An empty one: nothing is compressed, and the reader knows all versions.
    pub fn new() -> Self {
        Self {
            bytes: Vec::new(),
            compresses: false,
            version_max: ANY_VERSION,
            key: Vec::new(),
            has_key: false,
        }
    }

    /// Says whose value comes next.
    pub(crate) fn name(&mut self, key: &[u8]) {
        self.key.clear();
        self.key.extend_from_slice(key);
        self.has_key = true;
    }

    /// Begins a value of this form.
    pub(crate) fn form(&mut self, form: u8) {
        self.push(form);
        if std::mem::take(&mut self.has_key) {
            let key = std::mem::take(&mut self.key);
            string(self, &key);
            self.key = key;
        }
    }

    pub(crate) fn push(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(crate) fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
}

impl Default for Output {
    fn default() -> Self {
        Self::new()
    }
}

/// Strings up to this length are not worth compressing.
const PLAIN_BYTES_MAX: usize = 20;

/// Appends an unsigned integer in the form of a length.
pub fn length(out: &mut Output, len: u64) {
    match len {
        0..0x40 => out.push(len as u8),
        0x40..0x4000 => out.extend_from_slice(&[0x40 | (len >> 8) as u8, len as u8]),
        0x4000..=0xffff_ffff => {
            out.push(0x80);
            out.extend_from_slice(&(len as u32).to_be_bytes());
        }
        _ => {
            out.push(0x81);
            out.extend_from_slice(&len.to_be_bytes());
        }
    }
}

/// Appends a string; the text of a small integer in its short form.
pub fn string(out: &mut Output, bytes: &[u8]) {
    // No i32 has a longer text than 11 bytes.
    if bytes.len() <= 11
        && let Some(value) = number::parse_i64(bytes)
        && short_integer(out, value)
    {
        return;
    }
    self::bytes(out, bytes);
}

/// Appends a string as it is, or compressed.
pub fn bytes(out: &mut Output, bytes: &[u8]) {
    if !compressed(out, bytes) {
        length(out, bytes.len() as u64);
        out.extend_from_slice(bytes);
    }
}

/// Appends a string in its compressed form, if that is wanted and shorter.
pub(crate) fn compressed(out: &mut Output, bytes: &[u8]) -> bool {
    // The length of what comes is written before it: there is room for the longest one.
    const ROOM: usize = 19;
    if !out.compresses || bytes.len() <= PLAIN_BYTES_MAX {
        return false;
    }
    let start = out.bytes.len();
    out.bytes.resize(start + ROOM, 0);
    let packed_len = lzf::compress(bytes, bytes.len() - 4, &mut out.bytes);
    let Some(packed_len) = packed_len else {
        out.bytes.truncate(start);
        return false;
    };
    let mut head = Output::new();
    head.push(0xc3);
    length(&mut head, packed_len as u64);
    length(&mut head, bytes.len() as u64);
    let head = head.bytes;
    out.bytes[start..start + head.len()].copy_from_slice(&head);
    out.bytes.copy_within(start + ROOM.., start + head.len());
    out.bytes.truncate(start + head.len() + packed_len);
    true
}

/// Appends the text of an integer as a string.
pub fn integer(out: &mut Output, value: i64) {
    if !short_integer(out, value) {
        let mut text = number::Decimal::new();
        let text = text.format(value);
        length(out, text.len() as u64);
        out.extend_from_slice(text);
    }
}

/// Appends an integer that fits into 32 bits in its short form.
fn short_integer(out: &mut Output, value: i64) -> bool {
    if let Ok(value) = i8::try_from(value) {
        out.extend_from_slice(&[0xc0, value as u8]);
    } else if let Ok(value) = i16::try_from(value) {
        out.push(0xc1);
        out.extend_from_slice(&value.to_le_bytes());
    } else if let Ok(value) = i32::try_from(value) {
        out.push(0xc2);
        out.extend_from_slice(&value.to_le_bytes());
    } else {
        return false;
    }
    true
}

/// Appends a double as text, behind its length.
pub(crate) fn text_double(out: &mut Output, number: f64) {
    if number.is_nan() {
        out.push(253);
    } else if number.is_infinite() {
        out.push(if number > 0.0 { 254 } else { 255 });
    } else {
        let mut text = number::DoubleText::new();
        let text = text.format(number);
        out.push(text.len() as u8);
        out.extend_from_slice(text);
    }
}
