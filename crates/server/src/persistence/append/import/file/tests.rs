use super::*;

const FILE: &[u8] = b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n#TS:17\r\n#other\r\n*1\r\n$4\r\nPING\r\n";

/// What a file holds, as text, and how it ends.
fn read(bytes: &[u8]) -> (Vec<String>, Result<(), Broken>) {
    let mut commands = Commands::new(bytes, 0);
    let mut found = Vec::new();
    loop {
        found.push(match commands.advance() {
            Ok(Next::End) => return (found, Ok(())),
            Err(broken) => return (found, Err(broken)),
            Ok(Next::Time(seconds)) => format!("time {seconds}"),
            Ok(Next::Command) => {
                let words = commands.args().iter().map(|word| word.escape_ascii().to_string());
                format!("{} {}", commands.start(), words.collect::<Vec<_>>().join(" "))
            }
        });
    }
}

#[test]
fn commands_and_times_are_read() {
    let expected = vec!["0 SELECT 0".to_owned(), "time 17".to_owned(), "39 PING".to_owned()];
    assert_eq!(read(FILE), (expected, Ok(())));
    assert_eq!(read(b""), (Vec::new(), Ok(())));
}

#[test]
fn every_truncation_is_torn_or_between_commands() {
    let whole = [23, 31, 39, 53];
    for end in 0..FILE.len() {
        let (found, result) = read(&FILE[..end]);
        let is_whole = end == 0 || whole.contains(&end);
        assert_eq!(result.is_ok(), is_whole, "at {end}: {found:?}");
        if let Err(broken) = result {
            assert!(matches!(broken, Broken::Torn(_)), "at {end}: {broken:?}");
        }
    }
}

#[test]
fn what_cannot_have_been_written_so_is_found() {
    let format = |bytes: &[u8]| match read(bytes).1 {
        Err(Broken::Format(offset, _)) => offset,
        other => panic!("{}: {other:?}", bytes.escape_ascii()),
    };
    let tails: [&[u8]; 6] = [
        b"!!!",
        b"PING\r\n",
        b"\0\0\0\0",
        b"*0\r\n",
        b"*1\r\n$5\r\nPING\r\n*",
        b"*1\r\n:4\r\nPING\r\n",
    ];
    for tail in tails {
        assert_eq!(format(&[FILE, tail].concat()), FILE.len() as u64, "{}", tail.escape_ascii());
    }
}
