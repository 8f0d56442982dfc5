//! What an entry shows of a command, and when a log is off.

use resp::Span;

use super::*;

fn shown(spec: &Spec, words: &[&[u8]]) -> Vec<String> {
    let (mut data, mut spans) = (Vec::new(), Vec::new());
    for word in words {
        spans.push(Span { start: data.len() as u32, len: word.len() as u32 });
        data.extend_from_slice(word);
    }
    let shown = shown_args(spec, Args::new(&data, &spans));
    shown.into_iter().map(|word| String::from_utf8(word).unwrap()).collect()
}

const PLAIN: Spec = Spec::new(Group::Server, "PLAIN", -1, 0);

#[test]
fn long_commands_are_cut() {
    let words: Vec<&[u8]> = vec![b"x"; 33];
    let cut = shown(&PLAIN, &words);
    assert_eq!((cut.len(), cut[31].as_str()), (32, "... (2 more arguments)"));
    assert_eq!(shown(&PLAIN, &words[..32]).len(), 32);

    let long = [b'A'; 129];
    let cut = shown(&PLAIN, &[&long, &long[..128]]);
    assert_eq!(cut[0], format!("{}... (1 more bytes)", "A".repeat(128)));
    assert_eq!(cut[1], "A".repeat(128));
}

#[test]
fn secrets_are_not_shown() {
    let secret = PLAIN.hiding(|_, at| at == 1);
    assert_eq!(shown(&secret, &[b"auth", b"password", b"x"]), ["auth", "(redacted)", "x"]);
}

#[test]
fn a_log_without_room_or_threshold_is_off() {
    let mut monitoring = Monitoring::default();
    for (limit, len_max, expected) in
        [(0, 1, Some(0)), (5, 1, Some(5)), (-1, 1, None), (0, 0, None)]
    {
        monitoring.slow_execution = Limits { threshold: limit, len_max };
        assert_eq!(threshold(&monitoring, Kind::Slow), expected);
    }
}
