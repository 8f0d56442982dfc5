//! A string that is changed in place: APPEND, SETRANGE, SETBIT.

use stdx::number::Decimal;
use value::{ByteString, Value, WrongType};

use crate::edit::Edit;
use crate::raw::{self, Content, ContentRef};

/// The bytes of a string key, to be changed in place.
pub struct StringBuffer<'e, 'a> {
    edit: &'e mut Edit<'a>,
}

impl<'e, 'a> StringBuffer<'e, 'a> {
    pub(crate) fn new(edit: &'e mut Edit<'a>) -> Result<Self, WrongType> {
        match edit.raw().map(|raw| raw.content()) {
            None => edit.write(None, Content::Blank(0)),
            Some(ContentRef::Int(number)) => {
                let mut text = Decimal::new();
                edit.write(edit.expire_at_ms(), Content::Inline(text.format(number)));
            }
            Some(ContentRef::Inline(_)) => edit.before_change(),
            Some(ContentRef::Value(value)) => {
                value.as_string().ok_or(WrongType)?;
                edit.before_change();
            }
        }
        edit.raw().expect("written above").mark_changed_in_place();
        Ok(Self { edit })
    }

    /// The length in bytes.
    pub fn len(&self) -> usize {
        self.bytes().len()
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        let raw = self.edit.raw().expect("made by `new`");
        match raw.content() {
            ContentRef::Inline(bytes) => bytes,
            ContentRef::Value(value) => {
                value.as_string().expect("`new` refuses other types").as_slice()
            }
            ContentRef::Int(_) => unreachable!("`new` turns integers into bytes"),
        }
    }

    /// The bytes, to be changed.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        let raw = self.edit.raw().expect("made by `new`");
        match raw.value_mut() {
            Some(value) => long(value).as_mut_slice(),
            None => raw.inline_mut(),
        }
    }

    /// Sets the length; new bytes are zero.
    pub fn resize(&mut self, len: usize) {
        let raw = self.edit.raw().expect("made by `new`");
        if let Some(value) = raw.value_mut() {
            long(value).resize(len);
        } else if !raw.resize_inline(len) {
            self.rewrite(len);
        }
    }

    /// Adds `bytes` at the end.
    pub fn append(&mut self, bytes: &[u8]) {
        let raw = self.edit.raw().expect("made by `new`");
        if let Some(value) = raw.value_mut() {
            long(value).append(bytes);
        } else {
            let len = self.len();
            self.resize(len + bytes.len());
            self.bytes_mut()[len..].copy_from_slice(bytes);
        }
    }

    /// Moves an inline string to a block of another size, or out of the entry.
    fn rewrite(&mut self, len: usize) {
        let old = self.bytes().to_vec();
        let kept = old.len().min(len);
        let expire_at_ms = self.edit.expire_at_ms();
        if raw::fits_inline(self.edit.key.bytes.len(), expire_at_ms.is_some(), len) {
            self.edit.write(expire_at_ms, Content::Blank(len));
            self.bytes_mut()[..kept].copy_from_slice(&old[..kept]);
        } else {
            // What is only created needs no room to grow.
            let mut bytes = ByteString::from(if old.is_empty() { vec![0; len] } else { old });
            bytes.resize(len);
            self.edit.write(expire_at_ms, Content::Value(Value::Bytes(bytes)));
        }
        self.edit.raw().expect("just written").mark_changed_in_place();
    }
}

fn long(value: &mut Value) -> &mut ByteString {
    value.as_string_mut().expect("`new` refuses other types")
}
