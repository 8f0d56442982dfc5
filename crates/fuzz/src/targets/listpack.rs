//! Listpacks from strangers: refused, or sound in every part.

use value::Listpack;

use crate::{Target, targets};

pub(crate) const TARGET: Target = Target { name: "listpack", run, words: targets::no_words };

fn run(data: &[u8]) {
    let Some(mut pack) = Listpack::from_untrusted(data) else { return };
    // It may not have said how many elements there are.
    assert!(pack.byte_len() == data.len() && pack.as_bytes()[6..] == data[6..]);
    let items: Vec<Vec<u8>> = pack.iter().map(|item| item.to_vec()).collect();
    assert_eq!(pack.len(), items.len());
    assert!(pack.iter().rev().map(|item| item.to_vec()).eq(items.iter().rev().cloned()));
    // Writing anew what was read gives elements in their shortest form, and the same ones.
    let mut again = Listpack::new();
    items.iter().for_each(|item| again.push(item));
    assert!(again.iter().map(|item| item.to_vec()).eq(items.iter().cloned()));
    while let Some(at) = pack.first() {
        pack.remove(at);
    }
    assert_eq!(pack, Listpack::new());
}
