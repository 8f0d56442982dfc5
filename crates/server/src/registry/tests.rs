use std::collections::BTreeMap;
use std::path::Path;

use command::{Argument, ArgumentType, Group, access, flag};
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

/// Rows whose arguments make another arity. A polygon, with its three corners, takes the place of a
/// centre and a shape; and QUIT takes what it does not look at.
const OTHER_ARITIES: &[(&str, i32)] = &[("geosearch", -5), ("geosearchstore", -6), ("quit", 1)];

#[test]
fn what_rows_say_of_their_arguments_fits_their_arity() {
    let registry = registry(&[]).unwrap();
    let (containers, rows): (Vec<_>, Vec<_>) =
        registry.rows().iter().partition(|row| !row.subcommands.is_empty());
    for row in containers {
        assert_eq!(row.spec.syntax, "", "{} has subcommands", row.name);
    }
    let faults: Vec<_> = rows.into_iter().filter_map(syntax_fault).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn syntax_fault(row: &Row) -> Option<String> {
    let Row { name, spec, .. } = row;
    let arguments = match spec.arguments() {
        Ok(arguments) => arguments,
        Err(fault) => return Some(format!("{name}: {fault}")),
    };
    let own = name.split('|').count();
    let least = own + arguments.iter().map(Argument::words_min).sum::<usize>();
    let is_exact = arguments.iter().all(Argument::is_fixed);
    let arity = if is_exact { least as i32 } else { -(least as i32) };
    let takes_keys = spec.keys.iter().any(|keys| keys.access & access::NOT_KEY == 0);
    if arguments.iter().any(has_key) != takes_keys {
        return Some(format!("{name}: keys in the key specs or in the arguments only"));
    }
    let other = OTHER_ARITIES.iter().find(|(other, _)| other == name);
    let expected = other.map_or(spec.arity, |(_, arity)| *arity);
    (arity != expected).then(|| format!("{name}: {arity} by the arguments, not {expected}"))
}

fn has_key(argument: &Argument<'_>) -> bool {
    argument.kind == ArgumentType::Key || argument.members.iter().any(has_key)
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
