//! Scripts on strange arguments and replies: conversions both ways, the decoders of the libraries,
//! patterns, formats and code that is compiled at run time. A script always ends with a reply that
//! a client can read.

use std::cell::OnceCell;

use resp::{Protocol, skip_reply};
use script::{Called, Host, LogLevel, Options, Program, Resume, Runtime, Slice, Source, Step};

use crate::Target;

pub(crate) const TARGET: Target = Target { name: "script", run, words };

/// What a script may use.
const MEMORY_BYTES_MAX: usize = 32 << 20;
/// How often the host is asked before it ends a script.
const LOOKS_MAX: usize = 3;

/// ARGV: the whole input, and its two halves.
const SCRIPTS: [&str; 16] = [
    "redis.setresp(3) return redis.call('raw')",
    "return redis.pcall('raw')",
    "local value = cjson.decode(ARGV[1])
     local text = cjson.encode(value)
     assert(#text == #cjson.encode(cjson.decode(text)))
     return text",
    "local packed = cmsgpack.pack(cmsgpack.unpack(ARGV[1]))
     return {packed, assert(pcall(cmsgpack.unpack, packed))}",
    "return {cmsgpack.unpack_limit(ARGV[1], 3, #ARGV[2])}",
    "return {struct.unpack(ARGV[2], ARGV[3]), struct.size(ARGV[2])}",
    "return struct.pack(ARGV[2], 1, -2, 'three', 4.5, ARGV[3], 6)",
    "return {ARGV[3]:find(ARGV[2]), ARGV[3]:gsub(ARGV[2], '%0'), ARGV[2]:format(ARGV[3], 1, 2)}",
    "return loadstring(ARGV[1]) ~= nil",
    "return loadstring(ARGV[1])()",
    "return redis.call(unpack(ARGV))",
    "return {redis.error_reply(ARGV[1]), redis.status_reply(ARGV[2]), {err=ARGV[3]}, {ok=ARGV[1]}}",
    "error(#ARGV[2] % 2 == 0 and {err=ARGV[1]} or ARGV[1])",
    "return {{map={[ARGV[2]]=ARGV[3]}}, {set={[ARGV[1]]=true}}, {big_number=ARGV[1]},
        {verbatim_string={format=ARGV[2], string=ARGV[3]}}, {double=tonumber(ARGV[2]) or 0/0},
        tonumber(ARGV[3]), ARGV}",
    "return {bit.tohex(ARGV[2], #ARGV[3]), bit.lshift(ARGV[2], ARGV[3]), bit.arshift(ARGV[3], 40)}",
    "local value = redis.pcall('raw')
     local packed = cmsgpack.pack(value, ARGV)
     return {cmsgpack.unpack_one(packed, #ARGV[2]), redis.sha1hex(packed), cjson.encode({value})}",
];

fn words() -> Vec<&'static [u8]> {
    vec![
        b"*2\r\n",
        b"%1\r\n",
        b"~1\r\n",
        b"_\r\n",
        b"#t\r\n",
        b",1.5\r\n",
        b"(1\r\n",
        b"|1\r\n+a\r\n+b\r\n",
        b"=5\r\ntxt:x\r\n",
        b"$-1\r\n",
        b"-ERR x\r\n",
        b"$1\r\nx\r\n",
        b":1\r\n",
        b"[1,",
        b"{\"a\":",
        b"null",
        b"\"\\ud83d\\ude00\"",
        b"1e5",
        b"Infinity",
        b"0x1F",
        b"\xdc\0\x01",
        b"\xdd\xff\xff\xff\xff",
        b"\xde\0\x01",
        b"\xdb\xff\xff\xff\xff",
        b"\xcb",
        b"i16",
        b"!8",
        b">I3",
        b"c0",
        b"s",
        b"T",
        b"x",
        b"%b()",
        b"%f[%w]",
        b"(.-)",
        b"a?",
        b"[^%]]",
        b"%1",
        b"%5.3f",
        b"%q",
        b"return ",
        b"redis.call('raw')",
        b"pcall(",
        b"error({err=1})",
        b"setmetatable(",
        b"ARGV",
        b"unpack(",
        b"coroutine.wrap(",
        b"for k, v in pairs(_G) do ",
        b"end ",
        b"string.rep(",
        b"..",
    ]
}

thread_local! {
    static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() };
}

/// Answers every command with the input.
struct Echo<'a> {
    reply: &'a [u8],
    looks: usize,
}

impl Host for Echo<'_> {
    fn call(&mut self, _: &[&[u8]], _: bool, reply: &mut Vec<u8>) -> Called {
        reply.extend_from_slice(self.reply);
        self.looks += 1;
        if self.looks.is_multiple_of(2) { Called::Suspend } else { Called::Done }
    }

    fn slice(&mut self) -> Slice {
        self.looks += 1;
        if self.looks > LOOKS_MAX { Slice::Kill("too long".to_owned()) } else { Slice::Suspend }
    }

    fn log(&mut self, _: LogLevel, _: &[u8]) {}

    fn set_replication(&mut self, _: u8) {}

    fn may_call(&mut self, _: &[&[u8]]) -> Option<bool> {
        None
    }
}

fn run(data: &[u8]) {
    let (first, second) = data.split_at(data.len() / 2);
    RUNTIME.with(|runtime| {
        let runtime = runtime.get_or_init(|| Runtime::new(MEMORY_BYTES_MAX));
        for script in SCRIPTS {
            run_one(runtime, script, data, [data, first, second]);
        }
    });
}

fn run_one(runtime: &Runtime, script: &str, data: &[u8], args: [&[u8]; 3]) {
    let source = Source::parse(script).expect("no first line");
    let program = Program::Eval { source: &source, keys: &[b"key"], args: &args };
    // Both protocols, each time with other bytes.
    let protocol = if data.len().is_multiple_of(2) { Protocol::Resp3 } else { Protocol::Resp2 };
    let options = Options { protocol };
    let mut run = runtime.start(program, options).expect("it compiles");
    let mut host = Echo { reply: data, looks: 0 };
    let mut with = Resume::Continue;
    loop {
        with = match run.resume(&mut host, with) {
            Step::Slice => Resume::Continue,
            Step::Call { .. } => Resume::Reply(data.to_vec()),
            Step::Done(finished) => {
                let reply = &finished.reply;
                assert_eq!(skip_reply(reply), reply.len(), "{script}: {}", reply.escape_ascii());
                let error = finished.error.unwrap_or_default();
                let text = String::from_utf8_lossy(&error);
                assert!(!text.contains("assertion failed"), "{script}: {text}");
                return;
            }
        };
    }
}
