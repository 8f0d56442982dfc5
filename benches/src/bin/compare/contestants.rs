//! The servers: how each is started, filled and observed.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::{Client, Reply, Server, encode, programs, show};

use crate::arguments::Settings;

/// Clock ticks per second in `/proc`: a constant of Linux's interface.
const TICKS_PER_SECOND: f64 = 100.0;
/// Commands per write while filling.
const FILL_BATCH: usize = 1000;

/// A kind of server that is installed here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contestant {
    /// `merops`, `redis` …
    pub(crate) name: &'static str,
    program: PathBuf,
}

/// How a server is to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Threads (and shards) of the servers that have them.
    pub(crate) threads: u16,
    /// On core 0 alone, the load generator on core 1; otherwise both share all cores.
    pub(crate) is_pinned: bool,
    /// Merops's `pipeline-order`.
    pub(crate) is_relaxed: bool,
    /// More arguments, for servers that have Redis's directives.
    pub(crate) options: &'static [&'static str],
}

impl Shape {
    /// One thread on one core.
    pub(crate) const PINNED: Shape = Shape { is_pinned: true, ..Shape::threads(1) };

    /// Some threads on all cores.
    pub(crate) const fn threads(threads: u16) -> Shape {
        Shape { threads, is_pinned: false, is_relaxed: false, options: &[] }
    }
}

/// The contestants that are installed and wanted: Merops, then redis-server, then the others.
pub(crate) fn all(settings: &Settings) -> Vec<Contestant> {
    let others = [
        ("redis", "redis-server"),
        ("valkey", "valkey-server"),
        ("dragonfly", "dragonfly"),
        ("memcached", "memcached"),
    ];
    let merops = settings
        .wants_server("merops")
        .then(|| Contestant { name: "merops", program: programs::merops().to_owned() });
    let installed = others.into_iter().filter_map(|(name, program)| {
        let program = programs::find(program)?;
        settings.wants_server(name).then_some(Contestant { name, program })
    });
    merops.into_iter().chain(installed).collect()
}

impl Contestant {
    /// Whether it speaks RESP.
    pub(crate) fn speaks_resp(&self) -> bool {
        self.name != "memcached"
    }

    /// Whether it has Redis's directives.
    pub(crate) fn is_redis_like(&self) -> bool {
        matches!(self.name, "merops" | "redis" | "valkey")
    }

    /// The first line of what it says about itself.
    pub(crate) fn version(&self) -> String {
        let output = Command::new(&self.program).arg("--version").output();
        let text = output.map(|output| output.stdout).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        text.lines().next().unwrap_or("version unknown").trim().to_owned()
    }

    /// Starts it, empty.
    pub(crate) fn start(&self, shape: Shape) -> Running {
        let prepare = |port: u16, folder: &Path| {
            let mut command = if shape.is_pinned {
                let mut command = Command::new("taskset");
                command.args(["-c", "0"]).arg(&self.program);
                command
            } else {
                Command::new(&self.program)
            };
            command.args(self.arguments(shape, port, folder));
            command
        };
        let is_ready = |address| match self.speaks_resp() {
            // While it loads, it answers an error.
            true => Client::connect(address)
                .and_then(|mut client| client.call(&["PING"]))
                .is_ok_and(|reply| !matches!(reply, Reply::Error(_))),
            false => TcpStream::connect(address).is_ok(),
        };
        Running { contestant: self.clone(), server: Server::start_prepared(prepare, is_ready) }
    }

    fn arguments(&self, shape: Shape, port: u16, folder: &Path) -> Vec<String> {
        let (port, threads) = (port.to_string(), shape.threads.to_string());
        let folder = folder.to_string_lossy();
        let order = if shape.is_relaxed { "relaxed" } else { "strict" };
        let common = ["--port", &port, "--bind", "127.0.0.1", "--dir", &folder];
        let words: Vec<&str> = match self.name {
            "merops" => {
                let own = ["--threads", &threads, "--shards", &threads, "--pipeline-order", order];
                [&common[..], &["--save", "", "--maxclients", "10000"], &own[..]].concat()
            }
            "dragonfly" => {
                [&common[..], &["--proactor_threads", &threads, "--dbfilename", ""]].concat()
            }
            "memcached" => {
                let most = ["-m", "16000", "-c", "10000", "-u", "root"];
                [&["-l", "127.0.0.1", "-U", "0", "-p", &port, "-t", &threads], &most[..]].concat()
            }
            _ => [&common[..], &["--save", "", "--maxclients", "10000"]].concat(),
        };
        let options = if self.is_redis_like() { shape.options } else { &[] };
        words.into_iter().chain(options.iter().copied()).map(str::to_owned).collect()
    }
}

/// A contestant at work.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) contestant: Contestant,
    server: Server,
}

/// A key and its value, and how long it lives.
pub(crate) struct Item {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) ttl_s: Option<u32>,
}

impl Running {
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.port()
    }

    /// CPU time of the process so far, of user and system, in seconds; precise to 1/100 s.
    pub(crate) fn cpu_s(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.server.pid()));
        let stat = stat.expect("the server runs");
        // The name, in parentheses, may hold anything; fields are counted behind it.
        let fields: Vec<&str> =
            stat.rsplit(") ").next().map(|rest| rest.split(' ').collect()).unwrap_or_default();
        let ticks = |index: usize| fields[index].parse::<f64>().expect("a count of ticks");
        (ticks(11) + ticks(12)) / TICKS_PER_SECOND
    }

    /// Resident bytes of the process.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server.pid()));
        let status = status.expect("the server runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kilobytes.expect("a running process has a VmRSS line") * 1024
    }

    /// Sends all commands, some at a time; none may fail.
    pub(crate) fn send(&self, commands: impl Iterator<Item = Vec<String>>) {
        /// Commands per write.
        const BATCH: usize = 100;
        let mut client = Client::connect(self.address()).expect("the server listens");
        let mut commands = commands.peekable();
        while commands.peek().is_some() {
            let batch: Vec<Vec<String>> = commands.by_ref().take(BATCH).collect();
            for reply in client.pipeline(&batch).expect("every command is answered") {
                assert!(!matches!(reply, Reply::Error(_)), "{}", show(&reply));
            }
        }
    }

    /// Sets all items, a thousand per write.
    pub(crate) fn fill(&self, items: impl Iterator<Item = Item>) {
        let mut stream = TcpStream::connect(self.address()).expect("the server listens");
        stream.set_nodelay(true).expect("a TCP stream");
        let mut bytes = Vec::new();
        let mut waiting = 0;
        for item in items {
            self.write_set(&item, &mut bytes);
            waiting += 1;
            if waiting == FILL_BATCH {
                self.send_batch(&mut stream, &mut bytes, &mut waiting);
            }
        }
        self.send_batch(&mut stream, &mut bytes, &mut waiting);
    }

    fn write_set(&self, item: &Item, bytes: &mut Vec<u8>) {
        let Item { key, value, ttl_s } = item;
        match (self.contestant.speaks_resp(), ttl_s) {
            (true, None) => encode(&["SET", key, value], bytes),
            (true, Some(ttl_s)) => encode(&["SET", key, value, "EX", &ttl_s.to_string()], bytes),
            (false, _) => {
                let (ttl_s, length) = (ttl_s.unwrap_or(0), value.len());
                write!(bytes, "set {key} 0 {ttl_s} {length}\r\n{value}\r\n").expect("memory");
            }
        }
    }

    fn send_batch(&self, stream: &mut TcpStream, bytes: &mut Vec<u8>, waiting: &mut usize) {
        stream.write_all(bytes).expect("the server takes commands");
        let wanted = if self.contestant.speaks_resp() { "+OK\r\n" } else { "STORED\r\n" };
        let mut replies = vec![0; *waiting * wanted.len()];
        stream.read_exact(&mut replies).expect("every command is answered");
        let all_well = replies.chunks(wanted.len()).all(|reply| reply == wanted.as_bytes());
        assert!(all_well, "{}: a key was not set", self.contestant.name);
        bytes.clear();
        *waiting = 0;
    }

    /// A number from INFO.
    pub(crate) fn info(&self, section: &str, field: &str) -> Option<u64> {
        let mut client = Client::connect(self.address()).expect("the server listens");
        let reply = client.call(&["INFO", section]).expect("INFO is answered");
        let Reply::Bulk(text) = reply else { panic!("INFO says {}", show(&reply)) };
        BufReader::new(text.as_slice())
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix(field)?.strip_prefix(':')?.trim().parse().ok())
    }
}
