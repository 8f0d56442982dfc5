use std::collections::HashMap;

use resp::{Protocol, Writer};

use crate::{Called, Host, LogLevel, Resume, Run, Slice, Step};

/// A host with strings and few commands.
#[derive(Default)]
pub(super) struct Map {
    pub(super) keys: HashMap<Vec<u8>, Vec<u8>>,
    pub(super) is_remote: bool,
    /// After how many looks the script stops, if ever.
    pub(super) slices: Option<usize>,
    pub(super) looks: usize,
    pub(super) log: Vec<String>,
    pub(super) replication: Vec<u8>,
}

impl Map {
    pub(super) fn run(&mut self, args: &[&[u8]], resp3: bool, reply: &mut Vec<u8>) {
        let protocol = if resp3 { Protocol::Resp3 } else { Protocol::Resp2 };
        let mut writer = Writer::new(reply, protocol);
        match args {
            [b"GET" | b"get", key] => match self.keys.get(*key) {
                Some(value) => writer.bulk(value),
                None => writer.null(),
            },
            [b"SET" | b"set", key, value] => {
                self.keys.insert(key.to_vec(), value.to_vec());
                writer.ok();
            }
            [b"count", ..] => writer.integer(args.len() as i64),
            [b"echo", text] => writer.bulk(text),
            // Answers what it is given.
            [b"raw", reply] => writer.raw(reply),
            [b"incr", _] => {
                writer.error("WRONGTYPE Operation against a key holding the wrong kind of value")
            }
            _ => writer.error("ERR Unknown Redis command called from script"),
        }
    }
}

impl Host for Map {
    fn call(&mut self, args: &[&[u8]], resp3: bool, reply: &mut Vec<u8>) -> Called {
        if self.is_remote {
            return Called::Suspend;
        }
        self.run(args, resp3, reply);
        Called::Done
    }

    fn slice(&mut self) -> Slice {
        self.looks += 1;
        match self.slices {
            Some(slices) if self.looks.is_multiple_of(slices) => Slice::Suspend,
            _ => Slice::Continue,
        }
    }

    fn log(&mut self, level: LogLevel, text: &[u8]) {
        self.log.push(format!("{level:?} {}", String::from_utf8_lossy(text)));
    }

    fn set_replication(&mut self, flags: u8) {
        self.replication.push(flags);
    }

    fn may_call(&mut self, args: &[&[u8]]) -> Option<bool> {
        match args[0] {
            b"get" => Some(true),
            b"set" => Some(false),
            _ => None,
        }
    }
}

/// Runs to the end; the reply in one line.
pub(super) fn finish(mut run: Run, host: &mut Map) -> String {
    let mut with = Resume::Continue;
    loop {
        match run.resume(host, with) {
            Step::Done(finished) => {
                assert_eq!(finished.error.is_some(), finished.reply.starts_with(b"-"));
                return show(&finished.reply);
            }
            Step::Slice => with = Resume::Continue,
            Step::Call { args, resp3 } => {
                let args: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
                let mut reply = Vec::new();
                host.run(&args, resp3, &mut reply);
                with = Resume::Reply(reply);
            }
        }
    }
}

/// A reply in one line, without the lengths of strings.
pub(super) fn show(reply: &[u8]) -> String {
    let text = String::from_utf8_lossy(reply);
    let mut shown = Vec::new();
    let mut lines = text.split_terminator("\r\n");
    while let Some(line) = lines.next() {
        match line.as_bytes().first() {
            Some(b'$' | b'=') if !line.ends_with("-1") => {
                shown.push(format!("{}{}", &line[..1], lines.next().unwrap_or_default()));
            }
            _ => shown.push(line.to_owned()),
        }
    }
    shown.join(" ")
}
