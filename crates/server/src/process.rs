//! The process among others: its directory, limits, pid file, title, and going to the background.

use std::cell::RefCell;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Mutex;

use config::{Config, FileSystem, Files};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use stdx::title::Title;

/// Set in the environment of the process that runs in the background.
const DETACHED: &str = "MEROPS_DETACHED";
/// What that process says to the one that started it when it is ready.
const READY: &str = "ready";
/// Descriptors that are not clients': files, listening sockets, the runtimes' own.
const RESERVED_DESCRIPTORS: u64 = 32;
/// And of those for each core thread.
const RESERVED_DESCRIPTORS_PER_THREAD: u64 = 8;

/// The file system, with what was read from standard input kept: a process that goes to the
/// background passes it on.
#[derive(Default)]
pub(crate) struct KeepingFiles {
    stdin: RefCell<Vec<u8>>,
}

impl KeepingFiles {
    /// What was read from standard input.
    pub(crate) fn into_stdin(self) -> Vec<u8> {
        self.stdin.into_inner()
    }
}

impl Files for KeepingFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        FileSystem.read(path)
    }

    fn read_stdin(&self) -> io::Result<Vec<u8>> {
        let content = FileSystem.read_stdin()?;
        self.stdin.borrow_mut().clone_from(&content);
        Ok(content)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        FileSystem.list(directory)
    }

    fn replace(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        FileSystem.replace(path, content)
    }
}

/// Whether this is the process that runs in the background.
pub(crate) fn is_detached() -> bool {
    env::var_os(DETACHED).is_some()
}

/// Starts this program once more, as a process that stays when its terminal goes, and waits until
/// that is ready or has failed. What it has to say about failing it says itself.
///
/// A fork would be shorter, but what Rust can safely do in a forked process is next to nothing.
pub(crate) fn detach(stdin: &[u8]) -> io::Result<ExitCode> {
    let mut child = Command::new(env::current_exe()?)
        .args(env::args_os().skip(1))
        .env(DETACHED, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    child.stdin.take().expect("it was asked for").write_all(stdin)?;
    Ok(if says_ready(&mut child)? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Passes on what the process logs until it is ready; it is not if it ends before.
fn says_ready(child: &mut Child) -> io::Result<bool> {
    let lines = BufReader::new(child.stdout.take().expect("it was asked for")).lines();
    for line in lines {
        match line? {
            line if line == READY => return Ok(true),
            line => println!("{line}"),
        }
    }
    Ok(false)
}

/// Leaves the terminal: no signal from it reaches this process any more.
pub(crate) fn leave_terminal() -> io::Result<()> {
    Ok(rustix::process::setsid().map(|_| ())?)
}

/// Tells the process that started this one that it is ready, and lets go of its output.
pub(crate) fn report_ready() -> io::Result<()> {
    println!("{READY}");
    let null = fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    Ok(rustix::stdio::dup2_stderr(&null)?)
}

/// Changes the working directory; returns where that is.
pub(crate) fn change_dir(dir: &Path) -> io::Result<PathBuf> {
    env::set_current_dir(dir)?;
    env::current_dir()
}

/// The system's text for an error, without its number.
pub(crate) fn system_text(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// Makes room for the descriptors of `clients` connections. The error is how many there is room
/// for instead, and why.
pub(crate) fn make_room(clients: u32, threads: usize) -> Result<(), (u32, io::Error)> {
    let reserved = RESERVED_DESCRIPTORS + RESERVED_DESCRIPTORS_PER_THREAD * threads as u64;
    let wanted = u64::from(clients) + reserved;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    let maximum = limit.maximum.map(|maximum| maximum.max(wanted));
    let raised = Rlimit { current: Some(wanted), maximum };
    let Err(error) = setrlimit(Resource::Nofile, raised) else { return Ok(()) };
    // Without privileges there is what the hard limit allows.
    let most = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let current = match setrlimit(Resource::Nofile, most) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    match current.map(|current| current.saturating_sub(reserved)) {
        Some(room) if room < u64::from(clients) => Err((room as u32, error.into())),
        _ => Ok(()),
    }
}

/// A file that holds the process id as long as this value lives.
pub(crate) struct PidFile(PathBuf);

impl PidFile {
    /// Writes it.
    pub(crate) fn write(path: &Path) -> io::Result<Self> {
        fs::write(path, format!("{}\n", std::process::id()))?;
        // Absolute, as CONFIG SET dir may change what a path is relative to.
        Ok(Self(std::path::absolute(path)?))
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Best effort: somebody may have removed it.
        let _ = fs::remove_file(&self.0);
    }
}

/// Where the title goes, and what of it does not change.
struct Titled {
    memory: Title,
    program: String,
}

static TITLED: Mutex<Option<Titled>> = Mutex::new(None);

/// To be called first of all: what the process calls itself later lies where its arguments are.
pub(crate) fn keep_title() {
    let program = env::args_os().next().unwrap_or_default().to_string_lossy().into_owned();
    let titled = Title::take().map(|memory| Titled { memory, program });
    *TITLED.lock().expect("a panic ends the process") = titled;
}

/// Names the process after what it does, and its main thread, of which the system keeps 15 bytes.
pub(crate) fn set_title(config: &Config, config_file: Option<&Path>) {
    if !config.process.set_proc_title {
        return;
    }
    if let Some(titled) = &mut *TITLED.lock().expect("a panic ends the process") {
        let value = |name: &str| title_variable(name, &titled.program, config, config_file);
        let title = config::expand_title(&config.process.proc_title_template, value);
        titled.memory.set(title.unwrap_or_default().as_bytes());
    }
    let network = &config.network;
    let name = match &network.unixsocket {
        Some(path) if network.port == 0 => format!("merops {}", path.display()),
        _ => format!("merops :{}", network.port),
    };
    if rustix::process::getpid().as_raw_nonzero() == rustix::thread::gettid().as_raw_nonzero() {
        let name = std::ffi::CString::new(name).unwrap_or_default();
        // Only looks: no reason to fail.
        let _ = rustix::thread::set_name(&name);
    }
}

/// What a variable of `proc-title-template` stands for.
fn title_variable(
    name: &str,
    program: &str,
    config: &Config,
    config_file: Option<&Path>,
) -> Option<String> {
    let network = &config.network;
    let shown = |path: Option<&Path>| path.map(|path| path.display().to_string());
    let socket = shown(network.unixsocket.as_deref()).unwrap_or_default();
    Some(match name {
        "title" => program.to_owned(),
        "listen-addr" if network.port == 0 => socket,
        "listen-addr" => {
            let address =
                network.bind.first().map_or("*", |address| address.trim_start_matches('-'));
            format!("{address}:{}", network.port)
        }
        "port" => network.port.to_string(),
        // There is neither cluster nor sentinel, nor TLS.
        "server-mode" => String::new(),
        "tls-port" => "0".to_owned(),
        "unixsocket" => socket,
        "config-file" => {
            let absolute = config_file.map(std::path::absolute).and_then(Result::ok);
            shown(absolute.as_deref()).unwrap_or_default()
        }
        _ => return None,
    })
}
