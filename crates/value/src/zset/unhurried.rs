//! Going through the members of a big sorted set bit by bit: see [`crate::walk`]. A member's place
//! is its score and itself, which is the order of the tree.

use super::big::Big;
use crate::listpack::Item;
use crate::walk::{Part, Turn};

const SCORE_BYTES: usize = 8;
const SIGN: u64 = 1 << 63;

/// Writes where a member stands. Both zeros are one score.
pub(super) fn put_place(score: f64, member: &[u8], to: &mut Vec<u8>) {
    let bits = (score + 0.0).to_bits();
    let ascending = if bits & SIGN == 0 { bits | SIGN } else { !bits };
    to.extend_from_slice(&ascending.to_be_bytes());
    to.extend_from_slice(member);
}

pub(super) fn place(score: f64, member: &[u8]) -> Vec<u8> {
    let mut place = Vec::with_capacity(SCORE_BYTES + member.len());
    put_place(score, member, &mut place);
    place
}

/// What [`put_place`] wrote.
fn read_place(place: &[u8]) -> Option<(f64, &[u8])> {
    let (score, member) = place.split_first_chunk::<SCORE_BYTES>()?;
    let ascending = u64::from_be_bytes(*score);
    let bits = if ascending & SIGN == 0 { !ascending } else { ascending & !SIGN };
    Some((f64::from_bits(bits), member))
}

impl Big {
    /// Tells about so many members more; whether there are others.
    pub(super) fn walk_on(&mut self, parts: usize, mut visit: impl FnMut(Part<'_>)) -> bool {
        let Some(mut go) = self.walk.go(parts) else { return false };
        let rank = read_place(go.next()).map_or(0, |(score, member)| self.tree.rank(score, member));
        let mut has_more = false;
        self.tree.walk(rank, false, &mut |leaf, at| {
            let (score, member) = leaf.item(at);
            let turn = go.come_to(
                1,
                |place| put_place(score, member, place),
                |place, score| visit(Part::Scored(Item::Bytes(&place[SCORE_BYTES..]), score)),
            );
            if turn == Turn::Tell {
                visit(Part::Scored(Item::Bytes(member), score));
            }
            has_more = turn == Turn::Later;
            !has_more
        });
        has_more = has_more
            || !go.finish(1, |place, score| {
                visit(Part::Scored(Item::Bytes(&place[SCORE_BYTES..]), score));
            });
        if has_more {
            self.walk.put_back(go);
        }
        has_more
    }
}
