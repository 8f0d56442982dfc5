//! Against a plain vector of blocks.

use proptest::prelude::*;

use super::super::node::Node;
use super::*;

/// A block of so many elements.
fn node(len: usize) -> Node {
    let mut pack = crate::Listpack::new();
    (0..len).for_each(|number| pack.push(number.to_string().as_bytes()));
    Node::pack(pack)
}

fn check(nodes: &Nodes, model: &[usize]) {
    nodes.check();
    assert_eq!(nodes.count(), model.len());
    assert!(nodes.iter_from(0).map(|node| node.len).eq(model.iter().copied()));
    assert_eq!(nodes.back().map(|node| node.len), model.last().copied());
    let mut position = 0;
    for (at, len) in model.iter().enumerate() {
        assert_eq!(nodes.get(at).map(|node| node.len), Some(*len));
        assert_eq!(nodes.locate(position), Some((at, 0)));
        assert_eq!(nodes.locate(position + len - 1), Some((at, len - 1)));
        position += len;
    }
    assert_eq!(nodes.locate(position), None);
    assert!(nodes.get(model.len()).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn does_what_a_vector_does(
        steps in prop::collection::vec((0..12u8, any::<usize>(), 1..5usize), 0..1200),
    ) {
        let mut nodes = Nodes::default();
        let mut model: Vec<usize> = Vec::new();
        for (index, (step, at, len)) in steps.into_iter().enumerate() {
            let at = at % (model.len() + 1);
            match step {
                0..=7 => {
                    let at = match step {
                        0 => 0,
                        1 => model.len(),
                        _ => at,
                    };
                    nodes.insert(at, node(len));
                    model.insert(at, len);
                }
                8 => {
                    let removed = nodes.remove(at).map(|node| node.len);
                    prop_assert_eq!(removed, (at < model.len()).then(|| model.remove(at)));
                }
                9 if at < model.len() => {
                    nodes.edit(at, |old| *old = node(len));
                    model[at] = len;
                }
                10 => {
                    let end = (at + len * 3).min(model.len());
                    nodes.remove_range(at..end);
                    model.drain(at..end);
                }
                11 if at < model.len() => {
                    let back: Vec<usize> = nodes.iter_back_from(at).map(|node| node.len).collect();
                    prop_assert!(back.into_iter().rev().eq(model[..=at].iter().copied()));
                    prop_assert!(nodes.iter_from(at).map(|node| node.len).eq(model[at..].iter().copied()));
                    nodes = nodes.clone();
                }
                _ => {}
            }
            if index % 50 == 0 {
                check(&nodes, &model);
            }
        }
        check(&nodes, &model);
        prop_assert!(model.len() < 200 || nodes.rows.len() > 1);
    }
}
