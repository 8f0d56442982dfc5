//! Ids are unique, and a redrawn one is above what refused the one before.

use std::collections::HashSet;

use super::*;

#[test]
fn draws_go_up() {
    let ids = Ids::default();
    let first = ids.draw();
    assert!(TxId::NONE < first);
    assert!(first < ids.draw());
}

#[test]
fn redraws_pass_the_watermark() {
    let ids = Ids::default();
    let ahead = ids.redraw(Draw { above: ids.draw(), ahead: true });
    assert!(ids.draw() < ahead, "others stay behind one drawn ahead");
    assert!(ids.redraw(Draw { above: ahead, ahead: false }) > ahead);
    assert!(ids.draw() > ahead, "and whoever meets it pulls all past it");
}

#[test]
fn never_drawn_twice() {
    let ids = Ids::default();
    let mut seen = HashSet::new();
    for step in 0..4 * AHEAD {
        let above = TxId::NONE;
        let id = if step % 3 == 0 {
            ids.draw()
        } else {
            ids.redraw(Draw { above, ahead: step % 3 == 1 })
        };
        assert!(seen.insert(id), "{id:?} drawn twice");
    }
}
