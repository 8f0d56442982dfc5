//! Which sections an INFO shows, and how numbers look.

use super::text::{human, percent, ratio};
use super::view::DatabaseView;
use super::*;

fn shown(args: &[&str]) -> Vec<&'static str> {
    let words: Vec<&[u8]> = args.iter().map(|arg| arg.as_bytes()).collect();
    let wanted = |section: &&Section| section.is_wanted(words.iter().copied());
    SECTIONS.iter().filter(wanted).map(|section| section.name).collect()
}

#[test]
fn sections_by_name_and_by_group() {
    let default = shown(&[]);
    assert_eq!(default, shown(&["DEFAULT"]));
    assert!(default.contains(&"errorstats") && default.contains(&"keyspace"));
    assert!(!default.contains(&"commandstats") && !default.contains(&"threads"));

    let all = shown(&["all"]);
    assert_eq!(all, shown(&["everything", "cpu"]), "no section twice");
    assert!(all.contains(&"commandstats") && all.contains(&"latencystats"));
    assert!(!all.contains(&"debug"));

    assert_eq!(shown(&["keyspace", "CPU", "sentinel"]), ["cpu", "keyspace"]);
    assert_eq!(shown(&["commandSTATS"]), ["commandstats"]);
    assert_eq!(shown(&["debug"]), ["debug"]);
    assert!(shown(&["nosuch"]).is_empty());
}

#[test]
fn bytes_for_humans() {
    for (bytes, text) in [
        (0, "0B"),
        (1023, "1023B"),
        (1024, "1.00K"),
        (1536, "1.50K"),
        (1 << 20, "1.00M"),
        (5 << 30, "5.00G"),
        (3 << 40, "3.00T"),
        (7 << 50, "7.00P"),
        (u64::MAX, "16384.00P"),
    ] {
        assert_eq!(human(bytes), text);
    }
}

#[test]
fn nothing_is_divided_by_zero() {
    assert_eq!((percent(1, 0), ratio(1, 0)), (0.0, 0.0));
    assert_eq!((percent(1, 4), ratio(1, 4)), (25.0, 0.25));
    assert_eq!(DatabaseView::default().average_ttl_ms(), 0);
    let view = DatabaseView { keys: 3, expires: 2, ttl_ms_sum: 300, ..DatabaseView::default() };
    assert_eq!(view.average_ttl_ms(), 150);
}

#[test]
fn the_text_has_redis_shape() {
    let mut text = Text::default();
    text.section("One");
    text.bytes("used", 2048);
    text.section("Two");
    text.numbers([("a", 1), ("b", 2)]);
    assert_eq!(
        text.as_bytes(),
        b"# One\r\nused:2048\r\nused_human:2.00K\r\n\r\n# Two\r\na:1\r\nb:2\r\n"
    );
}
