//! The one RESP2/RESP3 codec: server, replica link, append files, clients and tests use it.
//!
//! It knows no command, no socket and no session: bytes in, spans and replies out.

mod decode;
mod encode;
mod inline;
mod reply;

pub use decode::{Decoder, LINE_BYTES_MAX, Limits, ProtocolError, Span};
pub use encode::{Protocol, Writer, write_command};
pub use inline::{UnbalancedQuotes, split_args};
pub use reply::{Reply, ReplyError, parse_reply, skip_reply};
