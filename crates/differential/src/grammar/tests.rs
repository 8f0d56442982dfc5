//! What is said is what the grammar allows, and everything that it allows is said.

use std::collections::BTreeSet;

use super::*;

fn all(text: &str) -> BTreeSet<String> {
    let sentence = Sentence::parse(text);
    let mut random = Random::new(7);
    let say = |_| {
        let mut words = Vec::new();
        sentence.say(&mut random, &mut words);
        let words = words.iter().map(|word| String::from_utf8_lossy(word).to_ascii_uppercase());
        words.collect::<Vec<_>>().join(" ")
    };
    (0..2000).map(say).collect()
}

#[test]
fn choices() {
    let wanted = ["A B", "A C D"].map(str::to_owned);
    assert_eq!(all("A (B|C D)"), BTreeSet::from(wanted));
}

#[test]
fn repetition() {
    let wanted = ["A B", "A B B", "A B B B", "A B B B B"].map(str::to_owned);
    assert_eq!(all("A {B}"), BTreeSet::from(wanted));
}

#[test]
fn options_come_in_any_order() {
    let said = all("A [B] [C|D]");
    for wanted in ["A", "A B", "A C", "A D", "A B C", "A C B", "A D B", "A B B", "A C D"] {
        assert!(said.contains(wanted), "{wanted} is not in {said:?}");
    }
}

#[test]
#[should_panic(expected = "expected `]`")]
fn unbalanced() {
    Sentence::parse("A [B");
}
