//! All rows against the facts in `facts.tsv`.

use command::{Begin, Find, KeySpec, Spec, access, flag};

use crate::harness::Engine;

/// Name, arity, flags, ACL categories, key specs; the words are Redis's and Valkey's.
const FACTS: &str = include_str!("facts.tsv");

fn described(spec: &Spec, name: &str) -> String {
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names.join(",")
    };
    // Redis keeps to itself which commands that do not write reach replicas all the same.
    let shown = spec.flags & !flag::MAY_REPLICATE;
    let flags = flag::names(shown, flag::FLAG_NAMES).map(str::to_owned).collect();
    let categories = flag::names(spec.categories, flag::category::CATEGORY_NAMES)
        .map(|name| format!("@{name}"))
        .collect();
    let keys: Vec<String> = spec.keys.iter().map(key_text).collect();
    [name, &spec.arity.to_string(), &sorted(flags), &sorted(categories), &keys.join(";")].join("\t")
}

fn key_text(keys: &KeySpec) -> String {
    let names: Vec<&str> = flag::names(keys.access, access::NAMES).collect();
    let names = names.join(",");
    let begin = match keys.begin {
        Begin::Index(index) => index.to_string(),
        Begin::Keyword { word, start_from } => format!("keyword:{word}:{start_from}"),
        Begin::Option { .. } | Begin::Unknown => return format!("unknown unknown {names}"),
    };
    let find = match keys.find {
        Find::Range { last, step, limit } => format!("range:{last}:{step}:{limit}"),
        Find::KeyNum { count_at, first, step } => format!("keynum:{count_at}:{first}:{step}"),
    };
    format!("{begin} {find} {names}")
}

#[test]
fn rows_agree_with_the_facts() {
    let mut facts: Vec<&str> = FACTS.lines().collect();
    let mut rows: Vec<String> = Vec::new();
    for row in crate::all() {
        rows.push(described(&row.spec, row.spec.name));
        for sub in row.subcommands {
            rows.push(described(&sub.spec, &format!("{} {}", row.spec.name, sub.spec.name)));
        }
    }
    facts.sort_unstable();
    rows.sort_unstable();
    for row in &rows {
        let name = row.split('\t').next().expect("a row begins with its name");
        let fact = facts.iter().find(|fact| fact.split('\t').next() == Some(name));
        assert_eq!(Some(row.as_str()), fact.copied());
    }
}

#[test]
fn rows_are_documented_and_sorted() {
    for family in crate::FAMILIES {
        assert!(family.is_sorted_by_key(|row| row.spec.name));
        for row in family.iter().flat_map(|row| row.subcommands.iter().chain([row])) {
            let Spec { name, doc, complexity, since, .. } = row.spec;
            assert!(doc.ends_with('.') && !complexity.is_empty(), "{name}");
            assert_eq!(since.split('.').count(), 3, "{name}");
        }
    }
}

#[test]
fn counting_commands_sum_over_shards() {
    for shards in [1, 4] {
        Engine::new(shards).check(
            "
            MSET a 1 b 2 c 3 d 4 e 5 => OK
            EXISTS a b absent a => 3
            TOUCH a b absent a => 3
            TYPE a => string
            TYPE absent => none
            DEL a b absent a => 2
            UNLINK c d absent => 2
            DBSIZE => 1
            ",
        );
    }
}
