use std::collections::BTreeMap;
use std::path::Path;

use command::{Group, flag};
use config::RenameCommand;

use super::{Registry, Row};

fn registry(renames: &[(&str, &str)]) -> Result<Registry, String> {
    let rename = |(from, to): &(&str, &str)| RenameCommand {
        from: from.as_bytes().to_vec(),
        to: to.as_bytes().to_vec(),
    };
    let renames: Vec<_> = renames.iter().map(rename).collect();
    Registry::new(crate::boot::actions(), &renames)
}

#[test]
fn names_are_found_in_any_case() {
    let registry = registry(&[]).unwrap();
    let name = |name: &[u8]| registry.find(name).map(|row| row.name.as_str());
    assert_eq!(name(b"gEt"), Some("get"));
    assert_eq!(name(b"INCRBYFLOAT"), Some("incrbyfloat"));
    for absent in [&b"GET\0"[..], b"", b"GETT", &[b'A'; 15], &[b'A'; 16], &[b'A'; 500]] {
        assert_eq!(name(absent), None, "{absent:?}");
    }
    let list = registry.find_full(b"client|LIST").unwrap();
    assert_eq!((list.name.as_str(), list.spec.name), ("client|list", "LIST"));
}

#[test]
fn renaming_and_removing() {
    let renamed = registry(&[("get", "fetch"), ("DEL", "")]).unwrap();
    assert!(renamed.find(b"GET").is_none() && renamed.find(b"del").is_none());
    assert_eq!(renamed.find(b"Fetch").unwrap().name, "get");
    assert!(registry(&[("nosuch", "x")]).is_err());
    assert!(registry(&[("get", "set")]).is_err());
}

#[test]
fn rows_are_complete_and_consistent() {
    let registry = registry(&[]).unwrap();
    for row in registry.rows() {
        let spec = row.spec;
        assert!(!spec.doc.is_empty() && !spec.complexity.is_empty(), "{}", row.name);
        assert!(spec.arity != 0, "{}", row.name);
        assert!(!(spec.has(flag::WRITE) && spec.has(flag::READONLY)), "{}", row.name);
        // Whoever listens takes memory as well.
        let may_grow = spec.has(flag::WRITE)
            || spec.has(flag::PUBSUB)
            // What HIMPORT keeps for a connection.
            || spec.group == Group::Hash;
        assert!(may_grow || !spec.has(flag::DENYOOM), "{}", row.name);
    }
}

const START: &str = "<!-- commands -->\n";
const END: &str = "<!-- /commands -->";

/// The README's list of commands follows from the rows; `MEROPS_BLESS=1` writes it.
#[test]
fn the_readme_lists_the_commands() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(START).expect("the list has a start");
    let (_, after) = rest.split_once(END).expect("the list has an end");
    let expected = format!("{before}{START}{}{END}{after}", listing(&registry(&[]).unwrap()));
    if std::env::var_os("MEROPS_BLESS").is_some() {
        std::fs::write(&path, expected).unwrap();
        return;
    }
    assert!(
        readme == expected,
        "README.md lists other commands than there are; MEROPS_BLESS=1 cargo test -p server mends it"
    );
}

fn listing(registry: &Registry) -> String {
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for row in registry.rows().iter().filter(|row| !row.name.contains('|')) {
        groups.entry(row.spec.group.name()).or_default().push(entry(registry, row));
    }
    let mut text = String::from("| group | commands |\n|---|---|\n");
    for (group, mut names) in groups {
        names.sort_by(|a, b| a.trim_end_matches('`').cmp(b.trim_end_matches('`')));
        text += &format!("| {group} | {} |\n", names.join(" · "));
    }
    text
}

fn entry(registry: &Registry, row: &Row) -> String {
    let mut subs: Vec<_> = row.subcommands.iter().map(|id| registry.row(*id).spec.name).collect();
    subs.sort_unstable();
    match subs.is_empty() {
        true => format!("`{}`", row.spec.name),
        false => format!("`{}` ({})", row.spec.name, subs.join(" ").to_ascii_lowercase()),
    }
}
