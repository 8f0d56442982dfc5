//! Those who listen while a load publishes.

use std::io::Read;
use std::thread;

use testkit::{Client, Reply, show};

use crate::contestants::Running;
use crate::load::Generator;

/// How many listen.
const COUNT: usize = 50;
/// The channel that they listen to.
const CHANNEL: &str = "channel";

/// Subscribers on connections of their own, which read whatever comes until the server ends.
pub(crate) fn begin(running: &Running, _: &Generator) {
    for _ in 0..COUNT {
        let mut client = Client::connect(running.address()).expect("the server listens");
        let reply = client.ask(&format!("SUBSCRIBE {CHANNEL}"));
        assert!(!matches!(reply, Reply::Error(_)), "{}", show(&reply));
        let mut stream = client.stream().try_clone().expect("a second handle");
        thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while matches!(stream.read(&mut buffer), Ok(1..)) {}
        });
    }
}

/// Whether all of them are still there: a server may cut off who reads too slowly.
pub(crate) fn are_there(running: &Running) -> bool {
    let mut client = Client::connect(running.address()).expect("the server listens");
    client.ask(&format!("PUBLISH {CHANNEL} end")) == Reply::Integer(COUNT as i64)
}
