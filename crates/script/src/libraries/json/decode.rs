//! JSON to Lua.

use bstr::BStr;
use mlua::{Table, Value};

use super::Config;
use crate::native::Params;

/// Deeper than any stack allows, whatever a script sets.
const DEPTH_MAX: i64 = 2500;

pub(super) fn decode(params: &Params<'_>, config: &Config) -> mlua::Result<Value> {
    if params.len() != 1 {
        return Err(params.refuse(0, "expected 1 argument"));
    }
    let text = params.string(0)?;
    let text = text.as_bytes();
    if text.len() >= 2 && text[..2].contains(&0) {
        return Err(params.fail("JSON parser does not support UTF-16 or UTF-32"));
    }
    let mut decoder = Decoder { params, config, text: &text, at: 0, depth: 0 };
    let token = decoder.next();
    let value = decoder.value(token)?;
    match decoder.next() {
        (Token::End, _) => Ok(value),
        other => Err(decoder.unexpected("the end", other)),
    }
}

enum Token {
    ObjectBegin,
    ObjectEnd,
    ArrayBegin,
    ArrayEnd,
    String(Vec<u8>),
    Number(f64),
    Boolean(bool),
    Null,
    Colon,
    Comma,
    End,
    Bad(&'static str),
}

impl Token {
    /// As error messages call it.
    fn name(&self) -> &'static str {
        match self {
            Token::ObjectBegin => "T_OBJ_BEGIN",
            Token::ObjectEnd => "T_OBJ_END",
            Token::ArrayBegin => "T_ARR_BEGIN",
            Token::ArrayEnd => "T_ARR_END",
            Token::String(_) => "T_STRING",
            Token::Number(_) => "T_NUMBER",
            Token::Boolean(_) => "T_BOOLEAN",
            Token::Null => "T_NULL",
            Token::Colon => "T_COLON",
            Token::Comma => "T_COMMA",
            Token::End => "T_END",
            Token::Bad(what) => what,
        }
    }
}

struct Decoder<'a> {
    params: &'a Params<'a>,
    config: &'a Config,
    text: &'a [u8],
    at: usize,
    depth: i64,
}

/// A token and where it begins, or where it went wrong.
type Found = (Token, usize);

impl Decoder<'_> {
    /// The byte that far ahead; a NUL ends the text as its end does.
    fn ahead(&self, by: usize) -> u8 {
        self.text.get(self.at + by).copied().unwrap_or(0)
    }

    fn next(&mut self) -> Found {
        while matches!(self.ahead(0), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
        let start = self.at;
        let single = match self.ahead(0) {
            b'{' => Token::ObjectBegin,
            b'}' => Token::ObjectEnd,
            b'[' => Token::ArrayBegin,
            b']' => Token::ArrayEnd,
            b':' => Token::Colon,
            b',' => Token::Comma,
            0 => return (Token::End, start),
            _ => return self.long_token(start),
        };
        self.at += 1;
        (single, start)
    }

    fn long_token(&mut self, start: usize) -> Found {
        let rest = &self.text[self.at..];
        match self.ahead(0) {
            b'"' => {
                return match self.string() {
                    Ok(string) => (Token::String(string), start),
                    Err(what) => (Token::Bad(what), self.at),
                };
            }
            b'-' | b'0'..=b'9' => {
                if !self.config.decode_invalid && is_invalid_number(rest) {
                    return (Token::Bad("invalid number"), start);
                }
                return self.number(start);
            }
            _ => {}
        }
        for (word, token) in [
            (&b"true"[..], Token::Boolean(true)),
            (b"false", Token::Boolean(false)),
            (b"null", Token::Null),
        ] {
            if rest.starts_with(word) {
                self.at += word.len();
                return (token, start);
            }
        }
        let may_be_number = matches!(self.ahead(0), b'+' | b'i' | b'I' | b'n' | b'N');
        if may_be_number && self.config.decode_invalid && is_invalid_number(rest) {
            return self.number(start);
        }
        (Token::Bad("invalid token"), start)
    }

    fn number(&mut self, start: usize) -> Found {
        match strtod(&self.text[start..]) {
            Some((number, len)) => {
                self.at += len;
                (Token::Number(number), start)
            }
            None => (Token::Bad("invalid number"), start),
        }
    }

    /// A string, with `at` on its opening quote; on failure `at` is where it went wrong.
    fn string(&mut self) -> Result<Vec<u8>, &'static str> {
        self.at += 1;
        let mut string = Vec::new();
        loop {
            match self.ahead(0) {
                b'"' => break,
                0 => return Err("unexpected end of string"),
                b'\\' => {
                    let plain = match self.ahead(1) {
                        byte @ (b'"' | b'\\' | b'/') => byte,
                        b'b' => 8,
                        b't' => b'\t',
                        b'n' => b'\n',
                        b'f' => 12,
                        b'r' => b'\r',
                        b'u' => {
                            let (character, len) =
                                self.unicode().ok_or("invalid unicode escape code")?;
                            let mut utf8 = [0; 4];
                            string.extend_from_slice(character.encode_utf8(&mut utf8).as_bytes());
                            self.at += len;
                            continue;
                        }
                        _ => return Err("invalid escape code"),
                    };
                    string.push(plain);
                    self.at += 2;
                }
                byte => {
                    string.push(byte);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        Ok(string)
    }

    fn hex4(&self, by: usize) -> Option<u32> {
        (0..4).try_fold(0, |value, digit| {
            let digit = char::from(self.ahead(by + digit)).to_digit(16)?;
            Some(value << 4 | digit)
        })
    }

    /// The character of an escape at `at`, and how long the escape is.
    fn unicode(&self) -> Option<(char, usize)> {
        let first = self.hex4(2)?;
        if first & 0xF800 != 0xD800 {
            return Some((char::from_u32(first)?, 6));
        }
        if first & 0x400 != 0 || self.ahead(6) != b'\\' || self.ahead(7) != b'u' {
            return None;
        }
        let second = self.hex4(8)?;
        if second & 0xFC00 != 0xDC00 {
            return None;
        }
        let code = ((first & 0x3FF) << 10 | (second & 0x3FF)) + 0x1_0000;
        Some((char::from_u32(code)?, 12))
    }

    fn unexpected(&self, expected: &str, (token, at): Found) -> mlua::Error {
        let found = token.name();
        let text = format!("Expected {expected} but found {found} at character {}", at + 1);
        self.params.fail(text)
    }

    fn value(&mut self, (token, at): Found) -> mlua::Result<Value> {
        match token {
            Token::String(string) => self.params.lua.create_string(&string).map(Value::String),
            Token::Number(number) => Ok(Value::Number(number)),
            Token::Boolean(boolean) => Ok(Value::Boolean(boolean)),
            Token::Null => Ok(Value::NULL),
            Token::ObjectBegin => self.object().map(Value::Table),
            Token::ArrayBegin => self.array().map(Value::Table),
            other => Err(self.unexpected("value", (other, at))),
        }
    }

    fn descend(&mut self) -> mlua::Result<Table> {
        self.depth += 1;
        if self.depth > self.config.decode_depth_max.min(DEPTH_MAX) {
            let (depth, at) = (self.depth, self.at);
            let what = "Found too many nested data structures";
            return Err(self.params.fail(format!("{what} ({depth}) at character {at}")));
        }
        self.params.lua.create_table()
    }

    fn object(&mut self) -> mlua::Result<Table> {
        let table = self.descend()?;
        let mut found = self.next();
        if !matches!(found.0, Token::ObjectEnd) {
            loop {
                let (Token::String(key), _) = found else {
                    return Err(self.unexpected("object key string", found));
                };
                let colon = self.next();
                if !matches!(colon.0, Token::Colon) {
                    return Err(self.unexpected("colon", colon));
                }
                let token = self.next();
                let value = self.value(token)?;
                table.raw_set(BStr::new(&key), value)?;
                found = match self.next() {
                    (Token::ObjectEnd, _) => break,
                    (Token::Comma, _) => self.next(),
                    other => return Err(self.unexpected("comma or object end", other)),
                };
            }
        }
        self.depth -= 1;
        Ok(table)
    }

    fn array(&mut self) -> mlua::Result<Table> {
        let table = self.descend()?;
        let mut found = self.next();
        if !matches!(found.0, Token::ArrayEnd) {
            for index in 1_i64.. {
                let value = self.value(found)?;
                table.raw_set(index, value)?;
                found = match self.next() {
                    (Token::ArrayEnd, _) => break,
                    (Token::Comma, _) => self.next(),
                    other => return Err(self.unexpected("comma or array end", other)),
                };
            }
        }
        self.depth -= 1;
        Ok(table)
    }
}

/// Whether C's parser would take as a number what JSON does not.
fn is_invalid_number(text: &[u8]) -> bool {
    if text.first() == Some(&b'+') {
        return true;
    }
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let starts = |word: &[u8]| text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(word));
    match text {
        [b'0', next, ..] => *next | 0x20 == b'x' || next.is_ascii_digit(),
        [first, ..] if *first <= b'9' => false,
        _ => starts(b"inf") || starts(b"nan"),
    }
}

/// The number at the start of a text as C's `strtod` reads it, and how long it is.
fn strtod(text: &[u8]) -> Option<(f64, usize)> {
    let sign_len = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let negative = text.first() == Some(&b'-');
    let body = &text[sign_len..];
    let (number, len) = unsigned(body)?;
    Some((if negative { -number } else { number }, sign_len + len))
}

fn unsigned(text: &[u8]) -> Option<(f64, usize)> {
    let starts =
        |word: &[u8]| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    if starts(b"infinity") {
        return Some((f64::INFINITY, 8));
    }
    if starts(b"inf") {
        return Some((f64::INFINITY, 3));
    }
    if starts(b"nan") {
        return Some((f64::NAN, 3));
    }
    if starts(b"0x") && text.get(2).is_some_and(u8::is_ascii_hexdigit) {
        return Some(hexadecimal(&text[2..]));
    }
    let digits = |from: usize| text[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(0);
    let mut len = whole;
    let mut fraction = 0;
    if text.get(whole) == Some(&b'.') {
        fraction = digits(whole + 1);
        len = whole + 1 + fraction;
    }
    if whole + fraction == 0 {
        return None;
    }
    if matches!(text.get(len), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(len + 1), Some(b'+' | b'-')));
        let from = (len + 1 + sign).min(text.len());
        let exponent = digits(from);
        if exponent > 0 {
            len = from + exponent;
        }
    }
    let text = std::str::from_utf8(&text[..len]).ok()?;
    Some((text.parse().ok()?, len))
}

/// Digits behind `0x`, without the fraction and exponent that C allows, too.
fn hexadecimal(text: &[u8]) -> (f64, usize) {
    let digits = text.iter().map_while(|byte| char::from(*byte).to_digit(16));
    let (number, len) =
        digits.fold((0.0, 0), |(number, len), digit| (number * 16.0 + f64::from(digit), len + 1));
    (number, 2 + len)
}
