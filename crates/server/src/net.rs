//! Listening sockets, and new connections: any thread accepts, the least loaded one serves.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use config::{Config, Network};
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::client::{Client, NewClient};
use crate::clock;
use crate::connection::Connection;
use crate::core::Core;
use crate::stats::add;
use crate::stream::Stream;

/// The sockets that the server listens on; every thread accepts from all.
#[derive(Default)]
pub(crate) struct Listeners {
    tcp: Vec<Tcp>,
    unix: Option<std::os::unix::net::UnixListener>,
    /// How often the TCP sockets were changed, or brought back after that failed. Threads must then
    /// accept anew: to their event queue a socket that was shut down stays so.
    generation: u64,
}

/// A socket and the configured address that it listens on.
struct Tcp {
    name: String,
    port: u16,
    socket: std::net::TcpListener,
}

impl Tcp {
    fn is(&self, address: &str, port: u16) -> bool {
        self.name == strip_optional(address).0 && self.port == port
    }
}

/// An address without the sign that it may be missing, and whether that was there.
fn strip_optional(address: &str) -> (&str, bool) {
    address.strip_prefix('-').map_or((address, false), |name| (name, true))
}

impl Listeners {
    /// Opens what the configuration names. The error says which address could not be had.
    pub(crate) fn open(config: &Config) -> Result<Self, String> {
        let network = &config.network;
        let tcp = listen_all(network, &[])?;
        let unix = match &network.unixsocket {
            None => None,
            Some(path) => Some(listen_unix(path, network.unixsocketperm).map_err(|error| {
                format!("Could not create server Unix socket {}: {error}", path.display())
            })?),
        };
        if tcp.is_empty() && unix.is_none() {
            return Err("Configured to not listen anywhere, exiting.".into());
        }
        Ok(Self { tcp, unix, generation: 0 })
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Listens on the TCP addresses of another configuration from now on. The error says which could
    /// not be had; then all is as it was.
    pub(crate) fn rebind(&mut self, network: &Network) -> Result<(), String> {
        self.generation += 1;
        let (mut kept, old): (Vec<Tcp>, Vec<Tcp>) = self
            .tcp
            .drain(..)
            .partition(|tcp| network.bind.iter().any(|address| tcp.is(address, network.port)));
        // While a socket listens, none can on an address that overlaps; one that is shut down can be
        // brought back, and nobody else gets its port meanwhile.
        for tcp in &old {
            let _ = SockRef::from(&tcp.socket).shutdown(std::net::Shutdown::Read);
        }
        let opened = listen_all(network, &kept);
        match opened {
            Ok(new) => kept.extend(new),
            Err(error) => {
                for tcp in &old {
                    let backlog = network.tcp_backlog.min(i32::MAX as u32) as i32;
                    let again = SockRef::from(&tcp.socket).listen(backlog);
                    again.map_err(|again| format!("{error}; nor listen again: {again}"))?;
                }
                self.tcp = kept.into_iter().chain(old).collect();
                return Err(error);
            }
        }
        self.tcp = kept;
        Ok(())
    }

    /// Nobody can connect from now on, whatever other handles there are.
    pub(crate) fn close(&mut self) {
        for tcp in &self.tcp {
            let _ = SockRef::from(&tcp.socket).shutdown(std::net::Shutdown::Read);
        }
        *self = Self::default();
    }

    /// A second set of handles on the same sockets, for another thread.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        let tcp = self.tcp.iter().map(|tcp| {
            let socket = tcp.socket.try_clone()?;
            Ok(Tcp { name: tcp.name.clone(), port: tcp.port, socket })
        });
        let tcp = tcp.collect::<io::Result<_>>()?;
        let unix = self.unix.as_ref().map(|unix| unix.try_clone()).transpose()?;
        Ok(Self { tcp, unix, generation: self.generation })
    }

    /// Accepts from all sockets, in tasks of this thread.
    pub(crate) fn accept(self, core: &Rc<Core>) -> io::Result<()> {
        accept_all(core, self.tcp)?;
        if let Some(listener) = self.unix {
            let listener = UnixListener::from_std(listener)?;
            tokio::task::spawn_local(accept_unix(core.clone(), listener));
        }
        Ok(())
    }
}

/// Accepts from these TCP sockets, and from no others any more.
fn accept_all(core: &Rc<Core>, sockets: Vec<Tcp>) -> io::Result<()> {
    let mut acceptors = core.acceptors.borrow_mut();
    acceptors.drain(..).for_each(|acceptor| acceptor.abort());
    for tcp in sockets {
        let listener = TcpListener::from_std(tcp.socket)?;
        let task = tokio::task::spawn_local(accept_tcp(core.clone(), listener));
        acceptors.push(task.abort_handle());
    }
    Ok(())
}

/// Accepts from the TCP sockets that the server has now, if they have changed.
pub(crate) fn accept_anew(core: &Rc<Core>) {
    let listeners = core.server.listeners();
    if core.listeners_seen.replace(listeners.generation()) == listeners.generation() {
        return;
    }
    let cloned = listeners.try_clone();
    if let Err(error) = cloned.and_then(|listeners| accept_all(core, listeners.tcp)) {
        tracing::error!("This thread accepts no TCP connections any more: {error}");
    }
}

/// Opens all TCP sockets but those that are open.
fn listen_all(network: &Network, open: &[Tcp]) -> Result<Vec<Tcp>, String> {
    let port = network.port;
    let mut sockets = Vec::new();
    for address in network.bind.iter().filter(|_| port != 0) {
        if open.iter().any(|tcp| tcp.is(address, port)) {
            continue;
        }
        let (name, optional) = strip_optional(address);
        match listen(name, port, network.tcp_backlog) {
            Ok(socket) => sockets.push(Tcp { name: name.to_owned(), port, socket }),
            Err(error) if optional && is_missing(&error) => {}
            Err(error) => {
                return Err(format!(
                    "Could not create server TCP listening socket {name}:{port}: {error}. Failed \
                     listening on port {port} (TCP)"
                ));
            }
        }
    }
    if sockets.is_empty() && open.is_empty() && port != 0 && !network.bind.is_empty() {
        return Err(format!("None of the addresses to bind exists: {:?}", network.bind));
    }
    Ok(sockets)
}

/// Whether the error says that this machine does not have the address.
fn is_missing(error: &io::Error) -> bool {
    use io::ErrorKind::{AddrNotAvailable, Unsupported};
    matches!(error.kind(), AddrNotAvailable | Unsupported)
        || error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
}

fn listen(name: &str, port: u16, backlog: u32) -> io::Result<std::net::TcpListener> {
    let name = match name {
        "*" => "0.0.0.0",
        "::*" => "::",
        other => other,
    };
    let address: SocketAddr = (name, port)
        .to_socket_addrs()?
        .next()
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"))?;
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(backlog.min(i32::MAX as u32) as i32)?;
    Ok(socket.into())
}

fn listen_unix(path: &Path, permissions: u32) -> io::Result<std::os::unix::net::UnixListener> {
    use std::os::unix::fs::PermissionsExt;
    // A socket that a process before left there.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = std::os::unix::net::UnixListener::bind(path)?;
    listener.set_nonblocking(true)?;
    if permissions != 0 {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(permissions))?;
    }
    Ok(listener)
}

/// How long accepting rests after an error such as too many open files.
const ACCEPT_REST: Duration = Duration::from_millis(100);
/// How long a refused client may take to leave.
const REFUSAL_PATIENCE: Duration = Duration::from_millis(100);

async fn accept_tcp(core: Rc<Core>, listener: TcpListener) {
    while !core.server.stopping.load(Ordering::Relaxed) {
        match listener.accept().await {
            Ok((stream, _)) => match stream.into_std() {
                Ok(stream) => hand_over(&core, Accepted::Tcp(stream)),
                Err(error) => tracing::warn!("Accepting client connection: {error}"),
            },
            // It is shut down, to be replaced or brought back: see `Listeners::rebind`.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                tokio::time::sleep(ACCEPT_REST).await;
            }
            Err(error) => {
                tracing::warn!("Accepting client connection: {error}");
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
}

async fn accept_unix(core: Rc<Core>, listener: UnixListener) {
    while !core.server.stopping.load(Ordering::Relaxed) {
        match listener.accept().await {
            Ok((stream, _)) => match stream.into_std() {
                Ok(stream) => hand_over(&core, Accepted::Unix(stream)),
                Err(error) => tracing::warn!("Accepting client connection: {error}"),
            },
            Err(error) => {
                tracing::warn!("Accepting client connection: {error}");
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
}

/// A connection that no thread has registered yet.
enum Accepted {
    Tcp(std::net::TcpStream),
    Unix(std::os::unix::net::UnixStream),
}

/// Gives a connection to the thread that has fewest.
fn hand_over(core: &Rc<Core>, accepted: Accepted) {
    let thread = core.server.least_loaded_thread();
    core.server.connections[thread].fetch_add(1, Ordering::Relaxed);
    if thread == core.router.thread() {
        start(core, accepted);
    } else {
        core.router.call(thread, move || start(&Core::current(), accepted));
    }
}

/// Starts the task of a connection on this thread.
fn start(core: &Rc<Core>, accepted: Accepted) {
    match register(core, accepted) {
        Ok((client, stream)) => {
            let core = core.clone();
            tokio::task::spawn_local(async move {
                match refusal(&core, &client) {
                    None => {
                        Connection::new(core.clone(), client.clone(), stream).serve().await;
                        leave(&core, &client);
                    }
                    Some(reason) => {
                        leave(&core, &client);
                        add(&core.stats.counters.connections_rejected, 1);
                        refuse(stream, reason).await;
                    }
                }
            });
        }
        Err(error) => {
            core.server.connections[core.router.thread()].fetch_sub(1, Ordering::Relaxed);
            tracing::warn!("Registering a client connection: {error}");
        }
    }
}

/// Forgets a client.
fn leave(core: &Rc<Core>, client: &Client) {
    crate::transaction::discard(core, client);
    crate::admin::monitor::stop(core, client);
    crate::pubsub::leave(core, client);
    crate::tracking::stop(core, client);
    core.clients.borrow_mut().remove(&client.id);
    core.server.connections[core.router.thread()].fetch_sub(1, Ordering::Relaxed);
}

fn register(core: &Rc<Core>, accepted: Accepted) -> io::Result<(Rc<Client>, Stream)> {
    let config = core.config();
    let is_unix = matches!(accepted, Accepted::Unix(_));
    let (stream, address, local_address, fd, is_local) = match accepted {
        Accepted::Tcp(stream) => {
            stream.set_nodelay(true)?;
            if config.network.tcp_keepalive_seconds > 0 {
                keep_alive(&stream, config.network.tcp_keepalive_seconds)?;
            }
            let (peer, local) = (stream.peer_addr()?, stream.local_addr()?);
            let fd = stream.as_raw_fd();
            let stream = Stream::from(TcpStream::from_std(stream)?);
            (
                stream,
                peer.to_string(),
                local.to_string(),
                fd,
                peer.ip().to_canonical().is_loopback(),
            )
        }
        Accepted::Unix(stream) => {
            let fd = stream.as_raw_fd();
            let path = config.network.unixsocket.as_ref();
            let address =
                format!("{}:0", path.map_or_else(String::new, |p| p.display().to_string()));
            let stream = Stream::from(UnixStream::from_std(stream)?);
            (stream, address.clone(), address, fd, true)
        }
    };
    let client = Rc::new(Client::new(NewClient {
        id: core.server.next_client_id.fetch_add(1, Ordering::Relaxed),
        address,
        local_address,
        fd,
        is_local,
        is_unix,
        authenticated: config.security.requirepass.is_empty(),
        now_ms: clock::now_ms(),
    }));
    core.clients.borrow_mut().insert(client.id, client.clone());
    add(&core.stats.counters.connections_received, 1);
    Ok((client, stream))
}

/// Probes start after `seconds`, and three that fail in a third of that each end the connection.
fn keep_alive(stream: &std::net::TcpStream, seconds: u32) -> io::Result<()> {
    let interval = (seconds / 3).max(1);
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(u64::from(seconds)))
        .with_interval(Duration::from_secs(u64::from(interval)))
        .with_retries(3);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

/// Why a connection may not stay, if so.
fn refusal(core: &Core, client: &Client) -> Option<&'static str> {
    let config = core.config();
    let network = &config.network;
    let open_to_all =
        network.protected_mode && config.security.requirepass.is_empty() && !client.is_local;
    if core.server.connection_count() > config.clients.maxclients as usize {
        Some("-ERR max number of clients reached\r\n")
    } else if open_to_all {
        Some(
            "-DENIED Redis is running in protected mode because protected mode is enabled and no \
             password is set for the default user. In this mode connections are only accepted from \
             the loopback interface. To connect from other hosts, set a password with \
             'requirepass' in the configuration or with CONFIG SET, or, if the server is not \
             reachable from the internet, disable protected mode with 'protected-mode no'.\r\n",
        )
    } else {
        None
    }
}

/// Says why, and waits a moment for the client to leave: closing a socket that has unread input
/// would take back what was written to it.
async fn refuse(mut stream: Stream, reason: &str) {
    let farewell = async {
        stream.write_all(reason.as_bytes()).await?;
        stream.shutdown().await?;
        let mut unread = [0; 512];
        while stream.read(&mut unread).await? > 0 {}
        io::Result::Ok(())
    };
    // Best effort: a client that has left needs no reason.
    let _ = tokio::time::timeout(REFUSAL_PATIENCE, farewell).await;
}
