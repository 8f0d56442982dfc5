//! A message as subscribers get it, written at most once per protocol and thread.

use std::cell::OnceCell;

use resp::{Protocol, Writer};

/// A published message.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) is_sharded: bool,
    pub(super) channel: Vec<u8>,
    pub(super) payload: Vec<u8>,
}

impl Message {
    /// What a subscriber of the channel, or of a pattern, reads.
    fn write(&self, pattern: Option<&[u8]>, protocol: Protocol) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.channel.len() + self.payload.len() + 64);
        let mut writer = Writer::new(&mut out, protocol);
        match pattern {
            None => {
                writer.push(3);
                writer.bulk(if self.is_sharded { b"smessage" } else { b"message" });
            }
            Some(pattern) => {
                writer.push(4);
                writer.bulk(b"pmessage");
                writer.bulk(pattern);
            }
        }
        writer.bulk(&self.channel);
        writer.bulk(&self.payload);
        out
    }
}

/// A message for some subscribers who all read the same, but for the protocol.
pub(super) struct Written<'a> {
    message: &'a Message,
    pattern: Option<&'a [u8]>,
    resp2: OnceCell<Vec<u8>>,
    resp3: OnceCell<Vec<u8>>,
}

impl<'a> Written<'a> {
    pub(super) fn new(message: &'a Message, pattern: Option<&'a [u8]>) -> Self {
        Self { message, pattern, resp2: OnceCell::new(), resp3: OnceCell::new() }
    }

    pub(super) fn bytes(&self, protocol: Protocol) -> &[u8] {
        let written = match protocol {
            Protocol::Resp2 => &self.resp2,
            Protocol::Resp3 => &self.resp3,
        };
        written.get_or_init(|| self.message.write(self.pattern, protocol))
    }
}
