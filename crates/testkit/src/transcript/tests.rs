//! The runner against a target that only echoes: it must be able to fail.

use super::*;

/// Answers every command with its words.
struct Echo;

struct EchoWire(std::collections::VecDeque<Reply>);

impl Target for Echo {
    fn open(&mut self) -> io::Result<Box<dyn Wire>> {
        Ok(Box::new(EchoWire(Default::default())))
    }

    fn pause(&mut self, _: Duration) {}
}

impl Wire for EchoWire {
    fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while let Ok(Some((reply, length))) = resp::parse_reply(bytes) {
            self.0.push_back(reply);
            bytes = &bytes[length..];
        }
        Ok(())
    }

    fn receive(&mut self) -> io::Result<Reply> {
        self.0.pop_front().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn is_silent(&mut self) -> bool {
        self.0.is_empty()
    }
}

const GOOD: &str = "\
# only: merops — because
# server: --port 1 --save \"\"
> A b
> C
< [\"A\", \"b\"]
< [\"C\"]
x> D
x< [(any)]
x< (nothing)
~ 10
x< (closed)
! send \"*1\\r\\n$1\\r\\nq\\r\\n\"
< [\"q\"]
";

#[test]
fn a_right_transcript_passes() {
    let transcript = Transcript::parse(GOOD).unwrap();
    assert_eq!(transcript.only_merops.as_deref(), Some("because"));
    assert_eq!(transcript.arguments, ["--port", "1", "--save", ""]);
    transcript.run(&mut Echo).unwrap();
    assert_eq!(transcript.record(&mut Echo).unwrap(), GOOD);
}

#[test]
fn a_wrong_reply_fails_with_its_line() {
    let wrong = GOOD.replace("[\"C\"]", "[\"c\"]");
    let problem = Transcript::parse(&wrong).unwrap().run(&mut Echo).unwrap_err();
    assert!(problem.starts_with("line 6: got [\"C\"]"), "{problem}");
    let twice = "> A\n< +a\n> B\n< [\"B\"]\n> C\n< +c\n";
    let problem = Transcript::parse(twice).unwrap().run(&mut Echo).unwrap_err();
    assert!(problem.contains("line 2:") && problem.contains("line 6:"), "{problem}");
    for wrong in ["> A\nx< (any)\n", "> A\n< (closed)\n", "> A\n< (nothing)\n"] {
        assert!(Transcript::parse(wrong).unwrap().run(&mut Echo).is_err(), "{wrong}");
    }
    for nonsense in ["?", "> \"a", "< [", "~ x", "! what"] {
        assert!(Transcript::parse(nonsense).is_err(), "{nonsense}");
    }
}

#[test]
fn recording_fills_in_replies() {
    let bare = Transcript::parse("> A\n> B\n\n> C\n< +wrong\n").unwrap();
    let recorded = bare.record(&mut Echo).unwrap();
    assert_eq!(recorded, "> A\n< [\"A\"]\n> B\n< [\"B\"]\n\n> C\n< [\"C\"]\n");
}
