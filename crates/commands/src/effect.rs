//! Changes that are journalled as what came of them, because a replay at another time or on
//! another machine must not decide anew.

use keyspace::{Edit, Event};
use stdx::number::Decimal;

/// A key got a deadline.
pub(crate) const EXPIRE: Event = Event::generic("expire");
/// It lost it.
pub(crate) const PERSIST: Event = Event::generic("persist");

/// Removes a key. Answers whether it existed.
pub(crate) fn remove_logged(edit: &mut Edit<'_>) -> bool {
    let removed = edit.remove();
    if removed {
        edit.log(&[b"DEL", edit.key().bytes]);
    }
    removed
}

/// Sets when an existing key goes; a moment that has passed removes it at once.
pub(crate) fn expire_logged(edit: &mut Edit<'_>, deadline_ms: i64) {
    if deadline_ms <= edit.expiry_now_ms() {
        remove_logged(edit);
        return;
    }
    edit.set_expiry(Some(deadline_ms));
    edit.event(EXPIRE);
    edit.log(&[b"PEXPIREAT", edit.key().bytes, Decimal::new().format(deadline_ms)]);
}

/// Sets a string and when it goes; a moment that has passed removes the key at once. Which events
/// that is, is for the caller to tell. Answers whether the key is left.
pub(crate) fn set_until_logged(edit: &mut Edit<'_>, value: &[u8], deadline_ms: i64) -> bool {
    if deadline_ms <= edit.expiry_now_ms() {
        if edit.remove_untold() {
            edit.log(&[b"DEL", edit.key().bytes]);
        }
        return false;
    }
    edit.set(value, Some(deadline_ms));
    let mut text = Decimal::new();
    edit.log(&[b"SET", edit.key().bytes, value, b"PXAT", text.format(deadline_ms)]);
    true
}

/// Logs all that a key holds, where no call is there to be replayed: a part of a plan wrote it. A
/// key that holds nothing is logged as removed.
pub(crate) fn log_whole(edit: &mut Edit<'_>) {
    let key = edit.key().bytes;
    let Some(entry) = edit.entry() else {
        edit.log(&[b"DEL", key]);
        return;
    };
    let (deadline_ms, mut text) = (entry.expire_at_ms(), Decimal::new());
    if let Ok(string) = entry.string() {
        let value = string.to_vec();
        match deadline_ms {
            None => edit.log(&[b"SET", key, &value]),
            Some(at_ms) => edit.log(&[b"SET", key, &value, b"PXAT", text.format(at_ms)]),
        }
        return;
    }
    let payload = crate::dump::payload_of(&entry);
    let at = text.format(deadline_ms.unwrap_or(0));
    edit.log(&[b"RESTORE", key, at, &payload, b"REPLACE", b"ABSTTL"]);
}
