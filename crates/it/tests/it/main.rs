//! Tests of a whole server over TCP: one binary, one module per concern.
//!
//! The same tests run against Merops on one and on two threads, and where they are about Redis's
//! behaviour also against a real `redis-server`, so that they themselves are held to the truth.
//! `IT_SERVERS=redis` or `IT_SERVERS=merops` leaves the others out.
#![allow(clippy::disallowed_methods, reason = "tests start threads and measure time")]

mod appends;
mod blocking;
mod clients;
mod connections;
mod consistency;
mod documentation;
mod endless;
mod exchange;
mod faults;
mod functions;
mod imports;
mod keyspace;
mod kills;
mod late;
mod limits;
mod load;
mod process;
mod protocol;
mod scripts;
mod servers;
mod snapshots;
mod threads;
mod transcripts;
