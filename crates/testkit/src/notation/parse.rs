//! The parser of the notation: recursive descent over bytes.

use resp::Reply;

use super::Expected;

/// Parses a text that holds one pattern.
pub(super) fn whole(text: &str) -> Result<Expected, String> {
    let text = text.trim();
    // At the top a simple string or an error goes on to the end of the line.
    let line = |rest: &str| rest.as_bytes().to_vec();
    match text.split_at_checked(1) {
        Some(("+", rest)) if !rest.starts_with('"') => {
            return Ok(Expected::Exactly(Reply::Simple(line(rest))));
        }
        Some(("-", rest)) if !rest.starts_with('"') => {
            return Ok(Expected::Exactly(Reply::Error(line(rest))));
        }
        _ => {}
    }
    let mut parser = Parser { rest: text.as_bytes() };
    let pattern = parser.pattern().map_err(|problem| parser.complain(problem))?;
    match parser.rest {
        [] => Ok(pattern),
        _ => Err(parser.complain("more than one reply")),
    }
}

struct Parser<'a> {
    rest: &'a [u8],
}

type Parsed<T> = Result<T, &'static str>;

impl Parser<'_> {
    fn complain(&self, problem: &str) -> String {
        format!("{problem} at `{}`", String::from_utf8_lossy(self.rest))
    }

    fn pattern(&mut self) -> Parsed<Expected> {
        let exactly = |reply| Ok(Expected::Exactly(reply));
        match self.rest {
            [b'"', ..] => exactly(Reply::Bulk(self.quoted()?)),
            [b'+', ..] => exactly(Reply::Simple(self.word()?)),
            [b'-', ..] => exactly(Reply::Error(self.word()?)),
            [b':', ..] => {
                self.rest = &self.rest[1..];
                exactly(Reply::Integer(self.number()?))
            }
            [b',', ..] => {
                self.rest = &self.rest[1..];
                exactly(Reply::Double(self.number()?))
            }
            [b'#', flag @ (b't' | b'f'), ..] => {
                let flag = *flag == b't';
                self.rest = &self.rest[2..];
                exactly(Reply::Boolean(flag))
            }
            [b'=', ..] => {
                self.rest = &self.rest[1..];
                exactly(Reply::Verbatim(self.quoted()?))
            }
            [b'(', ..] => self.named(),
            [b'[', ..] => self.aggregate(b'*', 1),
            [b'~', b'[', ..] => self.aggregate(b'~', 2),
            [b'>', b'[', ..] => self.aggregate(b'>', 2),
            [b'{', ..] => self.aggregate(b'%', 1),
            _ => Err("no reply"),
        }
    }

    /// `(nil)`, `(any)`, `(integer 1..9)` and their like.
    fn named(&mut self) -> Parsed<Expected> {
        self.rest = &self.rest[1..];
        let name = self.until(|byte| !byte.is_ascii_alphabetic());
        self.skip_spaces();
        let pattern = match name.as_slice() {
            b"nil" if self.eat(b"array") => Expected::Exactly(Reply::NullArray),
            b"nil" => Expected::Exactly(Reply::Null),
            b"any" => Expected::Any,
            b"bulk" => Expected::Bulk,
            b"big" => Expected::Exactly(Reply::BigNumber(self.until(|byte| byte == b')'))),
            b"integer" if self.rest.starts_with(b")") => Expected::Integer(i64::MIN..=i64::MAX),
            b"integer" => {
                let low = self.number()?;
                if !self.eat(b"..") {
                    return Err("expected `..`");
                }
                Expected::Integer(low..=self.number()?)
            }
            b"like" => Expected::Like(self.quoted()?),
            b"unordered" => match self.aggregate(b'*', 1)? {
                Expected::Aggregate { items, open: false, .. } => Expected::Unordered(items),
                _ => return Err("`...` has no meaning without an order"),
            },
            _ => return Err("unknown name"),
        };
        if self.eat(b")") { Ok(pattern) } else { Err("expected `)`") }
    }

    /// The elements between brackets, of which `opening` bytes are the opening one.
    fn aggregate(&mut self, kind: u8, opening: usize) -> Parsed<Expected> {
        self.rest = self.rest.get(opening..).ok_or("expected `[`")?;
        let (close, between) = if kind == b'%' { (b"}", b":") } else { (b"]", b",") };
        let mut items = Vec::new();
        let mut open = false;
        loop {
            self.skip_spaces();
            if self.eat(close) {
                break;
            }
            if self.eat(b"...") {
                open = true;
                continue;
            }
            items.push(self.pattern()?);
            self.skip_spaces();
            let wanted: &[u8] = if items.len() % 2 == 1 { between } else { b"," };
            if !self.eat(wanted) && !self.rest.starts_with(close) {
                return Err("expected a separator or the closing bracket");
            }
        }
        Ok(Expected::Aggregate { kind, items, open })
    }

    /// `+OK` or `+"two words"`, as they are written inside brackets.
    fn word(&mut self) -> Parsed<Vec<u8>> {
        self.rest = &self.rest[1..];
        match self.rest {
            [b'"', ..] => self.quoted(),
            _ => Ok(self.until(|byte| !byte.is_ascii_alphanumeric())),
        }
    }

    fn quoted(&mut self) -> Parsed<Vec<u8>> {
        let mut end = 1;
        loop {
            match self.rest.get(end) {
                None => return Err("no closing quote"),
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
            }
        }
        let (quoted, rest) = self.rest.split_at(end + 1);
        let words = resp::split_args(quoted).map_err(|_| "bad quotes")?;
        self.rest = rest;
        words.into_iter().next().ok_or("bad quotes")
    }

    fn number<T: std::str::FromStr>(&mut self) -> Parsed<T> {
        let end = self.rest.windows(2).position(|pair| pair == b"..");
        let rest = &self.rest[..end.unwrap_or(self.rest.len())];
        let length = rest
            .iter()
            .position(|byte| !(byte.is_ascii_alphanumeric() || b"+-.".contains(byte)))
            .unwrap_or(rest.len());
        let digits = std::str::from_utf8(&rest[..length]).map_err(|_| "no number")?;
        let number = digits.parse().map_err(|_| "no number")?;
        self.rest = &self.rest[length..];
        Ok(number)
    }

    fn until(&mut self, end: impl Fn(u8) -> bool) -> Vec<u8> {
        let length = self.rest.iter().position(|&byte| end(byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken.to_vec()
    }

    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn eat(&mut self, token: &[u8]) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
}
