//! Where and how clients connect.

use super::{INT_MAX, field, flag, integer, optional_path};
use crate::kind::Kind;
use crate::row::{Mutability, Row, Unit};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "bind",
        Kind::Addresses(field!(network.bind)),
        "127.0.0.1 -::1",
        "Addresses to listen on; * and ::* are all, a leading - allows one to be missing.",
    ),
    Row::new("port", integer!(0..=65535, network.port), "6379", "TCP port to listen on; 0: none."),
    Row::new(
        "unixsocket",
        optional_path!(network.unixsocket),
        "",
        "Path of a Unix socket to listen on.",
    )
    .mutability(Mutability::Immutable),
    Row::new(
        "unixsocketperm",
        Kind::Octal { max: 0o777, at: field!(network.unixsocketperm) },
        "0",
        "Permission bits of the Unix socket; 0: as the umask leaves them.",
    )
    .mutability(Mutability::Immutable),
    Row::new(
        "tcp-backlog",
        integer!(0..=INT_MAX, network.tcp_backlog),
        "511",
        "Length of the queue of connections that are not yet accepted.",
    )
    .mutability(Mutability::Immutable),
    Row::new(
        "tcp-keepalive",
        integer!(0..=INT_MAX, network.tcp_keepalive_seconds),
        "300",
        "Silence after which the system probes whether a client still lives; 0: never.",
    )
    .unit(Unit::Seconds),
    Row::new(
        "protected-mode",
        flag!(network.protected_mode),
        "yes",
        "Refuses clients of other hosts while the default user has no password.",
    ),
];
