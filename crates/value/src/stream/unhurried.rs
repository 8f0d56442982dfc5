//! Going through the blocks of a stream bit by bit: see [`crate::walk`]. A block's place is the id
//! that it is under.

use super::{Stream, StreamId};
use crate::walk::{PARTS_PER_BLOCK, Part, Turn};

fn read_place(place: &[u8]) -> StreamId {
    place.first_chunk().map_or(StreamId::MIN, |bytes| StreamId::from_bytes(*bytes))
}

impl Stream {
    pub(crate) fn begin_walk(&mut self, id: u64) -> bool {
        self.walk.begin(id);
        true
    }

    #[inline]
    pub(crate) fn walk_id(&self) -> Option<u64> {
        self.walk.id()
    }

    pub(crate) fn end_walk(&mut self) {
        self.walk.end();
    }

    pub(crate) fn walk_on(&mut self, parts: usize, mut visit: impl FnMut(Part<'_>)) -> bool {
        let Some(mut go) = self.walk.go(parts) else { return false };
        let mut has_more = false;
        for (base, pack) in self.blocks.range(read_place(go.next())..) {
            let turn = go.come_to(
                PARTS_PER_BLOCK,
                |place| place.extend_from_slice(&base.to_bytes()),
                |place, old| visit(Part::Block(read_place(place), &old)),
            );
            match turn {
                Turn::Tell => visit(Part::Block(*base, pack)),
                Turn::Skip => {}
                Turn::Later => {
                    has_more = true;
                    break;
                }
            }
        }
        has_more = has_more
            || !go.finish(PARTS_PER_BLOCK, |place, old| {
                visit(Part::Block(read_place(place), &old));
            });
        if has_more {
            self.walk.put_back(go);
        }
        has_more
    }
}
