use super::*;

fn wrong(text: &str) -> (usize, &'static str) {
    parse(text.as_bytes()).unwrap_err()
}

#[test]
fn lines_are_read() {
    let text = "# a remark\n\
                file \"a b.1.base.rdb\" seq 1 type b\n\
                file x.1.incr.aof seq 1 type h\r\n\
                file x.2.incr.aof seq 2 type i startoffset 10\n";
    let entries = parse(text.as_bytes()).unwrap();
    let found: Vec<_> = entries.iter().map(|entry| (entry.name.as_str(), entry.kind)).collect();
    let expected = [
        ("a b.1.base.rdb", Kind::Base),
        ("x.1.incr.aof", Kind::History),
        ("x.2.incr.aof", Kind::Increment),
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_is_wrong_is_named() {
    let good = "file a seq 2 type i\n";
    assert_eq!(wrong("").1, "Found an empty AOF manifest");
    let invalid = "Invalid AOF manifest file format";
    for line in ["\n", "file a seq 1\n", "file a seq x type i\n", "seq 1 type i more x\n", "\"\n"] {
        assert_eq!(wrong(&format!("{good}{line}")), (2, invalid), "{line}");
    }
    let line = |text: &str| wrong(&format!("{good}{text}\n")).1;
    assert_eq!(line("file b seq 2 type i"), "Found a non-monotonic sequence number");
    assert_eq!(line("file b seq 3 type x"), "Unknown AOF file type");
    assert_eq!(line("file b/c seq 3 type i"), "File can't be a path, just a filename");
    let long = format!("file {} seq 3 type i", "x".repeat(2000));
    assert_eq!(line(&long), "The AOF manifest file contains too long line");
    let twice = "file b seq 1 type b\nfile c seq 1 type b\n";
    assert_eq!(wrong(twice), (2, "Found duplicate base file information"));
}

#[test]
fn a_list_that_is_cut_short_is_refused() {
    let text = b"file a seq 1 type b\nfile b seq 1 type i\n";
    for end in 1..text.len() {
        assert_eq!(parse(&text[..end]).is_ok(), text[end - 1] == b'\n', "at {end}");
    }
}
