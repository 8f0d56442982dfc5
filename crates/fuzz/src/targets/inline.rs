//! Words with quotes: quoting is undone exactly, and never makes a line longer.

use resp::split_args;

use crate::Target;

pub(crate) const TARGET: Target = Target { name: "inline", run, words };

fn words() -> Vec<&'static [u8]> {
    vec![b"\"", b"'", b"\\", b"\\x", b"\\xff", b"\\n", b"\\\"", b"\\'", b"\0", b" ", b"\t", b"\"\""]
}

fn run(line: &[u8]) {
    let Ok(words) = split_args(line) else { return };
    assert!(words.iter().map(Vec::len).sum::<usize>() <= line.len(), "words fit into their line");
    let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
    assert_eq!(split_args(quoted.join(" ").as_bytes()), Ok(words), "{quoted:?}");
}

/// The word as a double-quoted one in which every byte is escaped.
fn quote(word: &[u8]) -> String {
    let escaped: String = word.iter().map(|byte| format!("\\x{byte:02X}")).collect();
    format!("\"{escaped}\"")
}
