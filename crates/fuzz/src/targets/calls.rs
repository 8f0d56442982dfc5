//! Commands with arbitrary arguments: one well-formed reply each, the same on one shard and on
//! three.

use resp::{Protocol, Reply};

use crate::Target;
use crate::engine::{Engine, row_of, rows};

pub(crate) const TARGET: Target = Target { name: "calls", run, words };

/// More would only make a run slower.
const CALLS_MAX: usize = 64;

fn words() -> Vec<&'static [u8]> {
    let names = commands::all().chain(rows()).map(|row| row.spec.name.as_bytes());
    let others: [&[u8]; 49] = [
        b"a",
        b"b",
        b"c",
        b"{a}1",
        b"\"\"",
        b"NX",
        b"XX",
        b"GT",
        b"LT",
        b"EX",
        b"PX",
        b"EXAT",
        b"PXAT",
        b"KEEPTTL",
        b"PERSIST",
        b"GET",
        b"IFEQ",
        b"IFNE",
        b"IFDEQ",
        b"IFDNE",
        b"MATCH",
        b"COUNT",
        b"TYPE",
        b"string",
        b"IDX",
        b"LEN",
        b"MINMATCHLEN",
        b"WITHMATCHLEN",
        b"REPLACE",
        b"DB",
        b"SYNC",
        b"ASYNC",
        b"BYINT",
        b"BYFLOAT",
        b"LBOUND",
        b"UBOUND",
        b"OVERFLOW",
        b"SAT",
        b"WRAP",
        b"FAIL",
        b"REJECT",
        b"ENX",
        b"10",
        b"3.0e3",
        b"1700000000",
        b":wait 1000",
        b":db 1",
        b":resp3",
        b"\n",
    ];
    names.chain(others).collect()
}

/// A call per line. `:wait MS`, `:db NUMBER` and `:resp3` stand for time and the connection.
fn run(data: &[u8]) {
    let lines = data.split(|byte| *byte == b'\n').take(CALLS_MAX);
    let story: Vec<Vec<Vec<u8>>> = lines.filter_map(|line| resp::split_args(line).ok()).collect();
    let alone = tell(&story, Engine::new(1));
    let together = tell(&story, Engine::new(3));
    for ((words, one), three) in story.iter().zip(&alone).zip(&together) {
        let shown: Vec<_> = words.iter().map(|word| word.escape_ascii().to_string()).collect();
        assert_eq!(one, three, "one shard and three differ on {}", shown.join(" "));
    }
}

/// The replies to a story's calls, as far as they do not depend on chance and order.
fn tell(story: &[Vec<Vec<u8>>], mut engine: Engine) -> Vec<Option<Reply>> {
    story.iter().map(|words| step(words, &mut engine)).collect()
}

fn step(words: &[Vec<u8>], engine: &mut Engine) -> Option<Reply> {
    let number = || words.get(1).and_then(|word| stdx::number::parse_i64(word)).unwrap_or(0);
    match words.first()?.as_slice() {
        b":wait" => engine.wait_ms(number().clamp(0, 1 << 40)),
        b":db" => engine.db = number().clamp(0, 15) as u16,
        b":resp3" => engine.protocol = Protocol::Resp3,
        _ => {
            let command = row_of(words)?;
            let reply = engine.reply(command, words);
            let is_certain =
                !command.spec.tips.iter().any(|tip| tip.starts_with("nondeterministic"));
            return is_certain.then_some(reply);
        }
    }
    None
}
