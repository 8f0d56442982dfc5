//! How large a block may become: Redis's rules for `list-max-listpack-size`.

use crate::Limits;

/// Blocks that are measured in elements do not grow beyond this many bytes either.
const SAFE_BYTES: usize = 8192;

/// Bytes of a listpack without elements.
const EMPTY_BYTES: usize = 7;

/// What bounds a block.
enum Bound {
    Bytes(usize),
    Elements(usize),
}

fn bound(limits: &Limits) -> Bound {
    match limits.list_max_listpack_size {
        0 => Bound::Elements(1),
        elements @ 1.. => Bound::Elements(elements as usize),
        // -1 to -5, and what is below means the last.
        level => Bound::Bytes(4096 << (-i64::from(level) - 1).min(4)),
    }
}

/// Whether a block of this size would be too large.
pub(super) fn exceeds(limits: &Limits, bytes: usize, elements: usize) -> bool {
    match bound(limits) {
        Bound::Bytes(most) => bytes > most,
        Bound::Elements(most) => bytes > SAFE_BYTES || elements > most,
    }
}

/// Whether a list is so small that it becomes a listpack: half of the bound, so that it does not go
/// back and forth.
pub(super) fn is_small(limits: &Limits, bytes: usize, elements: usize) -> bool {
    match bound(limits) {
        Bound::Bytes(most) => bytes <= most / 2,
        Bound::Elements(most) => bytes <= SAFE_BYTES && elements <= most / 2,
    }
}

/// Whether an element gets a block of its own.
pub(super) fn is_plain(limits: &Limits, bytes: usize) -> bool {
    match (limits.list_plain_bytes_min, bound(limits)) {
        (0, Bound::Bytes(most)) => bytes > most,
        (0, Bound::Elements(_)) => bytes > SAFE_BYTES,
        (least, _) => bytes >= least,
    }
}

/// So many short blocks make a full one.
const PARTS: usize = 8;

/// How many bytes the first block has, about, while the list changes at its front: there every
/// element moves the others, so that block is short. It becomes full by being joined with the next.
pub(super) fn front_bytes(limits: &Limits) -> usize {
    let most = match bound(limits) {
        Bound::Bytes(most) => most,
        Bound::Elements(_) => SAFE_BYTES,
    };
    EMPTY_BYTES + (most - EMPTY_BYTES) / PARTS
}

/// Whether the first block would be too large for one that grows at its front.
pub(super) fn exceeds_front(limits: &Limits, bytes: usize, elements: usize) -> bool {
    let is_long = match bound(limits) {
        Bound::Bytes(_) => false,
        Bound::Elements(most) => elements > (most / PARTS).max(1),
    };
    is_long || bytes > front_bytes(limits)
}
