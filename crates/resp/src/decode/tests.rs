//! Requests, cut anywhere, and refused as Redis refuses them.

use proptest::prelude::*;

use super::{Decoder, Limits, ProtocolError, Span};
use crate::write_command;

const OPEN: Limits = Limits { bulk_bytes_max: 512 << 20, authenticated: true };
const CLOSED: Limits = Limits { bulk_bytes_max: 512 << 20, authenticated: false };

/// Feeds `stream` in pieces cut at `cuts` and collects the commands.
fn decode(
    stream: &[u8],
    cuts: &[usize],
    limits: Limits,
) -> Result<Vec<Vec<Vec<u8>>>, ProtocolError> {
    let mut decoder = Decoder::default();
    let (mut buffer, mut commands, mut spans) = (Vec::new(), Vec::new(), Vec::<Span>::new());
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
    cuts.push(stream.len());
    cuts.sort_unstable();
    let mut fed = 0;
    for cut in cuts {
        buffer.extend_from_slice(&stream[fed..cut]);
        fed = cut;
        let mut from = 0;
        while let Some(next) = decoder.next(&mut buffer, from, limits, &mut spans)? {
            commands.push(spans.drain(..).map(|span| span.of(&buffer).to_vec()).collect());
            from = next;
        }
        assert!(spans.is_empty());
        buffer.drain(..from);
    }
    Ok(commands)
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded_wherever_it_is_cut(
        commands in prop::collection::vec(
            prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..6), 1..6),
        cuts in prop::collection::vec(any::<usize>(), 0..8),
    ) {
        let mut stream = Vec::new();
        for command in &commands {
            write_command(&mut stream, command);
        }
        prop_assert_eq!(decode(&stream, &cuts, OPEN).unwrap(), commands);
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(
        stream in prop::collection::vec(
            prop_oneof![Just(b'*'), Just(b'$'), Just(b'\r'), Just(b'\n'), Just(b'1'), any::<u8>()],
            0..200),
        cuts in prop::collection::vec(any::<usize>(), 0..8),
    ) {
        prop_assert_eq!(decode(&stream, &cuts, OPEN), decode(&stream, &[], OPEN));
    }
}

#[test]
fn inline_commands() {
    let commands = decode(b"PING\r\n\r\nset \"a b\" 'c'\n", &[3, 9, 15], OPEN).unwrap();
    let words = |words: &[&str]| words.iter().map(|w| w.as_bytes().to_vec()).collect::<Vec<_>>();
    assert_eq!(commands, [words(&["PING"]), words(&[]), words(&["set", "a b", "c"])]);
}

#[test]
fn errors_as_redis_words_them() {
    let huge = vec![b'x'; 70_000];
    let mut long_count = b"*".to_vec();
    long_count.extend_from_slice(&huge);
    let mut long_bulk = b"*1\r\n$".to_vec();
    long_bulk.extend_from_slice(&huge);
    let cases: &[(&[u8], &str)] = &[
        (&huge, "too big inline request"),
        (b"set \"a\r\n", "unbalanced quotes in request"),
        (&long_count, "too big mbulk count string"),
        (b"*a\r\n", "invalid multibulk length"),
        (b"*2147483648\r\n", "invalid multibulk length"),
        (b"*01\r\n", "invalid multibulk length"),
        (&long_bulk, "too big bulk count string"),
        (b"*1\r\nfoo\r\n", "expected '$', got 'f'"),
        (b"*1\r\n\r\n\n\r", "expected '$', got '\r'"),
        (b"*1\r\n$-1\r\n", "invalid bulk length"),
        (b"*1\r\n$536870913\r\n", "invalid bulk length"),
    ];
    for (stream, text) in cases {
        assert_eq!(decode(stream, &[], OPEN).unwrap_err().to_string(), *text);
    }
}

#[test]
fn unauthenticated_clients_are_held_short() {
    assert_eq!(decode(b"*11\r\n", &[], CLOSED), Err(ProtocolError::UnauthenticatedCount));
    assert_eq!(
        decode(b"*1\r\n$16385\r\n", &[], CLOSED),
        Err(ProtocolError::UnauthenticatedBulkLength)
    );
    assert_eq!(decode(b"*10\r\n$16384\r\n", &[], CLOSED), Ok(vec![]));
}

#[test]
fn the_rest_of_a_big_bulk_is_known() {
    let mut decoder = Decoder::default();
    let mut data = b"*1\r\n$100\r\nabc".to_vec();
    assert_eq!(decoder.next(&mut data, 0, OPEN, &mut Vec::new()), Ok(None));
    assert_eq!(decoder.bytes_missing(data.len()), 99);
    assert_eq!(decoder.scanned(), data.len() - 3);
}
