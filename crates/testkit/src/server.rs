//! A server process on a port and in a folder of its own, gone when dropped.

use std::collections::hash_map::RandomState;
use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit, setrlimit};

use crate::{Client, Reply, programs};

const START_LIMIT: Duration = Duration::from_secs(20);
const STOP_LIMIT: Duration = Duration::from_secs(20);
/// Ports below those that the kernel gives to outgoing connections.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// Which server to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ours, in the given shape.
    Merops(Layout),
    /// The `redis-server` on the `PATH`.
    Redis,
}

/// How many threads and shards Merops is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named after the directives")]
pub struct Layout {
    pub threads: u16,
    pub shards: u16,
}

impl Layout {
    /// Everything on one thread.
    pub const ONE: Layout = Layout { threads: 1, shards: 1 };
    /// The smallest layout in which keys live on different threads.
    pub const TWO: Layout = Layout { threads: 2, shards: 2 };
}

/// A running server. Dropping it kills the process and removes its folder.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Server {
    /// Starts a server and waits until it answers; `arguments` come after the ones every test
    /// needs.
    ///
    /// # Panics
    /// When it does not come up, with the end of its log.
    pub fn start(kind: Kind, arguments: &[&str]) -> Server {
        match kind {
            Kind::Redis => Server::start_program(Path::new("redis-server"), arguments),
            Kind::Merops(Layout { threads, shards }) => {
                let (threads, shards) = (threads.to_string(), shards.to_string());
                let mut all = vec!["--threads", &threads, "--shards", &shards];
                all.extend(arguments);
                Server::start_program(programs::merops(), &all)
            }
        }
    }

    /// Starts a program that takes redis-server's arguments.
    ///
    /// # Panics
    /// As [`Server::start`].
    pub fn start_program(program: &Path, arguments: &[&str]) -> Server {
        Server::start_command(Command::new(program), arguments)
    }

    /// Starts a program with a configuration file, which comes before all other arguments.
    ///
    /// # Panics
    /// As [`Server::start`].
    pub fn start_configured(program: &Path, config: &Path, arguments: &[&str]) -> Server {
        let mut command = Command::new(program);
        command.arg(config);
        Server::start_command(command, arguments)
    }

    fn start_command(mut command: Command, arguments: &[&str]) -> Server {
        let prepare = |port: u16, folder: &Path| {
            command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
            command.arg("--dir").arg(folder).args(arguments);
            command
        };
        // Nearly any reply will do: a server with a password answers `PING` with an error.
        let is_ready = |address| {
            let reply = Client::connect(address).and_then(|mut client| client.call(&["PING"]));
            reply.is_ok_and(
                |reply| !matches!(reply, Reply::Error(error) if error.starts_with(b"LOADING")),
            )
        };
        Server::start_prepared(prepare, is_ready)
    }

    /// Starts whatever `prepare` makes for a free port and an empty folder, and waits until
    /// `is_ready`.
    ///
    /// # Panics
    /// As [`Server::start`].
    pub fn start_prepared(
        prepare: impl FnOnce(u16, &Path) -> Command,
        is_ready: impl Fn(SocketAddr) -> bool,
    ) -> Server {
        let port = free_port();
        let folder = fresh_folder().expect("the folder for temporary files is writable");
        let mut command = tied_to_this_process(&prepare(port, &folder));
        let child = spawn(&mut command, &folder)
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let mut server = Server { child, port, folder };
        let begin = Instant::now();
        while !is_ready(server.address()) {
            if let Ok(Some(status)) = server.child.try_wait() {
                panic!("{command:?} ended at once ({status}):\n{}", server.log());
            }
            assert!(begin.elapsed() < START_LIMIT, "no answer to PING:\n{}", server.log());
            thread::sleep(Duration::from_millis(2));
        }
        server
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its folder: working directory, `dir`, and the file `log`.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The end of what it printed; if it panicked, from there on.
    pub fn log(&self) -> String {
        let text = fs::read(self.folder.join("log")).unwrap_or_default();
        let end = text.len().saturating_sub(4000);
        let panicked = b" panicked at ";
        let panic = text.windows(panicked.len()).position(|bytes| bytes == panicked);
        String::from_utf8_lossy(&text[panic.unwrap_or(end).min(end)..]).into_owned()
    }

    /// A new connection.
    ///
    /// # Panics
    /// When it is refused.
    pub fn connect(&self) -> Client {
        Client::connect(self.address())
            .unwrap_or_else(|error| panic!("no connection: {error}\n{}", self.log()))
    }

    /// From now on its files cannot grow beyond so many bytes, as on a disk that is full.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let pid = Pid::from_raw(self.pid() as i32).expect("a process has a number");
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(pid), Resource::Fsize, limit).expect("a process of ours");
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks it to end with SIGTERM and waits.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn stop(mut self) -> ExitStatus {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).expect("a child that was not waited for can be signalled");
        self.wait()
    }

    /// Ends it at once, as a crash does; its folder stays.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn kill(&mut self) {
        // It fails only when it has ended already.
        self.child.kill().ok();
        self.wait();
    }

    /// Asks it to end with SIGTERM.
    pub fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM)
            .expect("a child that was not waited for can be signalled");
    }

    /// Waits until the process has ended by itself.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn wait(&mut self) -> ExitStatus {
        let begin = Instant::now();
        loop {
            match self.child.try_wait().expect("a child can be waited for") {
                Some(status) => return status,
                None => assert!(begin.elapsed() < STOP_LIMIT, "does not end:\n{}", self.log()),
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if thread::panicking() {
            // Shown with the test that failed; a server that died has its reason there.
            println!("the server's log:\n{}", self.log());
        }
        // Both fail only when it has ended already.
        self.child.kill().ok();
        self.child.wait().ok();
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// Raises this process's limit of open files (servers started later inherit it) to at least
/// `wanted`; says whether that worked.
pub fn raise_open_files(wanted: u64) -> bool {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return true;
    }
    let maximum = limit.maximum.map(|maximum| maximum.max(wanted));
    let raised = Rlimit { current: Some(wanted), maximum };
    setrlimit(Resource::Nofile, raised).is_ok()
}

/// A port that nobody listens on. Ports are handed out in turn, from a start that differs between
/// processes, so that tests running side by side hardly ever want the same.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let count = PORTS.end - PORTS.start;
    let start = (u64::from(std::process::id()) * 97 % u64::from(count)) as u16;
    loop {
        let offset = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = PORTS.start + (start + offset % count) % count;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The same command, to be killed by the system when this process ends: a test that is killed, or
/// aborts, drops nothing. (Strictly it is the thread that starts it: it must outlive the server.)
fn tied_to_this_process(command: &Command) -> Command {
    let mut tied = match programs::find("setpriv") {
        None => Command::new(command.get_program()),
        Some(setpriv) => {
            let mut tied = Command::new(setpriv);
            tied.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program());
            tied
        }
    };
    tied.args(command.get_args());
    tied
}

fn spawn(command: &mut Command, folder: &Path) -> io::Result<Child> {
    let log = File::create(folder.join("log"))?;
    command.current_dir(folder).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()
}

fn fresh_folder() -> io::Result<PathBuf> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    // Process ids come again, and a killed test leaves its folder behind.
    let salt = RandomState::new().build_hasher().finish();
    let name = format!("merops-test-{}-{number}-{salt:016x}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
