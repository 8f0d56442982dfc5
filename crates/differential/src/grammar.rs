//! How a command's arguments are written down, and how sentences are made of that.
//!
//! | written | means |
//! |---|---|
//! | `WORD` | itself |
//! | `key` `int` … | an argument of this [`Shape`] |
//! | `[A int \| B]` | nothing, or one of these; options side by side come in any order |
//! | `(A \| B)` | one of these |
//! | `{key value}` | these, one to four times |

use testkit::Random;

use crate::shapes::Shape;

#[cfg(test)]
mod tests;

/// A part of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Word(String),
    Shape(Shape),
    Optional(Vec<Sentence>),
    OneOf(Vec<Sentence>),
    Repeated(Sentence),
}

/// Parts in sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence(Vec<Node>);

impl Sentence {
    /// Parses the notation.
    ///
    /// # Panics
    /// When it is wrong: it is part of this program.
    pub fn parse(text: &str) -> Sentence {
        let mut spaced = String::new();
        for char in text.chars() {
            match char {
                '[' | ']' | '(' | ')' | '{' | '}' | '|' => spaced.extend([' ', char, ' ']),
                _ => spaced.push(char),
            }
        }
        let mut tokens = spaced.split_whitespace().peekable();
        let sentence = sequence(&mut tokens);
        assert!(tokens.next().is_none(), "unbalanced brackets in `{text}`");
        sentence
    }

    /// Appends one way of saying it to `words`.
    pub fn say(&self, random: &mut Random, words: &mut Vec<Vec<u8>>) {
        let mut rest = self.0.as_slice();
        while let Some(node) = rest.first() {
            let options = rest.iter().take_while(|node| matches!(node, Node::Optional(_))).count();
            if options > 0 {
                say_options(&rest[..options], random, words);
                rest = &rest[options..];
                continue;
            }
            say_node(node, random, words);
            rest = &rest[1..];
        }
    }
}

/// Options in any order, each there once in three times, and now and then there twice.
fn say_options(options: &[Node], random: &mut Random, words: &mut Vec<Vec<u8>>) {
    let mut chosen: Vec<&Node> = options.iter().filter(|_| random.one_in(3)).collect();
    if random.one_in(20) {
        chosen.push(random.pick(options));
    }
    random.shuffle(&mut chosen);
    for option in chosen {
        say_node(option, random, words);
    }
}

fn say_node(node: &Node, random: &mut Random, words: &mut Vec<Vec<u8>>) {
    match node {
        Node::Word(word) if random.one_in(4) => words.push(word.to_ascii_lowercase().into_bytes()),
        Node::Word(word) => words.push(word.clone().into_bytes()),
        Node::Shape(shape) => words.push(shape.draw(random)),
        Node::Optional(sentences) | Node::OneOf(sentences) => {
            random.pick(sentences).say(random, words);
        }
        Node::Repeated(sentence) => {
            for _ in 0..1 + random.below(4) {
                sentence.say(random, words);
            }
        }
    }
}

type Tokens<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn sequence(tokens: &mut Tokens) -> Sentence {
    let mut nodes = Vec::new();
    while let Some(token) = tokens.next_if(|token| !matches!(*token, "]" | ")" | "}" | "|")) {
        nodes.push(match token {
            "[" => Node::Optional(alternatives(tokens, "]")),
            "(" => Node::OneOf(alternatives(tokens, ")")),
            "{" => Node::Repeated(alternatives(tokens, "}").swap_remove(0)),
            name => match Shape::named(name) {
                Some(shape) => Node::Shape(shape),
                None => Node::Word(name.to_owned()),
            },
        });
    }
    Sentence(nodes)
}

fn alternatives(tokens: &mut Tokens, close: &str) -> Vec<Sentence> {
    let mut sentences = vec![sequence(tokens)];
    loop {
        match tokens.next() {
            Some("|") => sentences.push(sequence(tokens)),
            Some(token) if token == close => return sentences,
            other => panic!("expected `{close}`, found {other:?}"),
        }
    }
}
