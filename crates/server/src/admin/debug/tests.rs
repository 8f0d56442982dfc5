//! Finding subcommands.

use resp::Span;

use super::*;

fn found(line: &str) -> Option<&'static str> {
    let mut start = 0;
    let spans: Vec<Span> = line
        .split(' ')
        .map(|word| {
            let span = Span { start, len: word.len() as u32 };
            start += span.len + 1;
            span
        })
        .collect();
    find(Args::new(line.as_bytes(), &spans)).map(|subcommand| subcommand.name)
}

#[test]
fn subcommands_go_by_name_and_number_of_arguments() {
    assert_eq!(found("debug sleep 1"), Some("SLEEP"));
    assert_eq!(found("debug Reload nosave noflush"), Some("RELOAD"));
    for unknown in ["debug sleep", "debug sleep 1 2", "debug nosuch", "debug populate"] {
        assert_eq!(found(unknown), None, "{unknown}");
    }
}
