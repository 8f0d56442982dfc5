//! Requests: however a stream is cut, the same commands come out of it.

use resp::{Decoder, Limits, ProtocolError, Span};
use stdx::rng::Rng;

use crate::Target;

pub(crate) const TARGET: Target = Target { name: "request", run, words };

fn words() -> Vec<&'static [u8]> {
    vec![
        b"*1\r\n",
        b"*2\r\n",
        b"*11\r\n",
        b"*-1\r\n",
        b"*0\r\n",
        b"$0\r\n\r\n",
        b"$1\r\nx\r\n",
        b"$4\r\nPING\r\n",
        b"$-1\r\n",
        b"$16385\r\n",
        b"\r\n",
        b"*1048577\r\n",
        b"PING\r\n",
        b"\"a b\"",
        b"'\\''",
        b"\\x00",
    ]
}

/// A client that has not authenticated gets less room; the first byte says which this one is.
fn run(data: &[u8]) {
    let Some((first, stream)) = data.split_first() else { return };
    let limits = Limits { bulk_bytes_max: 1 << 20, authenticated: first & 1 == 0 };
    let whole = decode(stream, limits, &[]);
    let mut rng = Rng::new(stdx::hash::hash(data));
    let mut cuts: Vec<usize> =
        (0..rng.below(8)).map(|_| rng.below(stream.len() as u64 + 1) as usize).collect();
    cuts.sort_unstable();
    assert_eq!(whole, decode(stream, limits, &cuts), "cut at {cuts:?}");
    if stream.len() <= 64 {
        let everywhere: Vec<usize> = (0..stream.len()).collect();
        assert_eq!(whole, decode(stream, limits, &everywhere), "cut everywhere");
    }
    let free = Limits { authenticated: true, ..limits };
    for command in &whole.commands {
        let mut encoded = Vec::new();
        resp::write_command(&mut encoded, command);
        let again = decode(&encoded, free, &[]);
        assert_eq!(again.commands, std::slice::from_ref(command), "written and read again");
        assert!(again.error.is_none() && again.rest == 0);
    }
}

/// What came out of a stream.
#[derive(Debug, PartialEq)]
struct Decoded {
    commands: Vec<Vec<Vec<u8>>>,
    error: Option<ProtocolError>,
    /// Bytes behind the last whole command.
    rest: usize,
}

/// Decodes as a connection does whose reads end at `cuts`.
fn decode(stream: &[u8], limits: Limits, cuts: &[usize]) -> Decoded {
    let mut decoder = Decoder::default();
    let mut decoded = Decoded { commands: Vec::new(), error: None, rest: 0 };
    let mut buffer: Vec<u8> = Vec::new();
    let mut from = 0;
    for end in cuts.iter().copied().chain([stream.len()]) {
        buffer.extend_from_slice(&stream[buffer.len()..end]);
        loop {
            let mut spans: Vec<Span> = Vec::new();
            match decoder.next(&mut buffer, from, limits, &mut spans) {
                Ok(Some(next)) => {
                    assert!(from < next && next <= buffer.len(), "it goes on, within the data");
                    let args = spans.iter().map(|span| span.of(&buffer).to_vec());
                    decoded.commands.extend((!spans.is_empty()).then(|| args.collect()));
                    from = next;
                }
                Ok(None) => {
                    assert!(spans.is_empty(), "an incomplete command shows nothing");
                    decoder.bytes_missing(buffer.len() - from);
                    break;
                }
                Err(error) => {
                    // Texts are for clients; here they must only be writable.
                    assert!(!error.to_string().is_empty());
                    decoded.error = Some(error);
                    return decoded;
                }
            }
        }
    }
    decoded.rest = buffer.len() - from;
    decoded
}
