//! The repository is tidy, and the rules notice when it is not.

use super::*;

#[test]
fn the_repository_is_tidy() {
    let faults = faults(crate::root());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The faults of one file, without its path.
fn of(path: &str, text: &str) -> Vec<String> {
    let file = File { path: path.to_owned(), text: text.to_owned() };
    let mut faults = Vec::new();
    check(&file, &mut faults);
    faults.iter().map(|fault| fault.replace(path, "")).collect()
}

#[test]
fn files_open_with_their_purpose_and_keep_their_size() {
    assert_eq!(of("a.rs", "//! Good.\n"), [""; 0]);
    assert_eq!(of("a.rs", "fn main() {}\n"), [": does not open with //!"]);
    assert_eq!(of("a.rs", &"//! Long.\n".repeat(801)), [": more than 800 lines"]);
    let wide = format!("//! {}\n", "é".repeat(101));
    assert_eq!(of("a.rs", &wide), [":1: more than 104 columns"]);
    assert_eq!(of("a.md", &wide), [""; 0]);
    let text = format!("//! x\nlet x = {:?};\n", "x".repeat(101));
    assert_eq!(of("a.rs", &text), [":2: more than 104 columns"]);
    assert_eq!(of("a/tests.rs", &text), [""; 0]);
}

#[test]
fn homes_are_outside() {
    let inside = ["see ./work/x", "docs/home/x", "{}/root/x"];
    assert_eq!(of("a.md", &inside.join("\n")), [""; 0]);
    for home in ["work", "home"] {
        assert_eq!(of("a.md", &format!("in /{home}/x")), [":1: a path outside the repository"]);
    }
}

#[test]
fn unsafe_has_its_places() {
    let code = "//! x\nlet x = unsafe { y };\n";
    assert_eq!(of("crates/stdx/src/a.rs", code), [""; 0]);
    assert_eq!(of("crates/resp/src/a.rs", code).len(), 1);
    assert_eq!(of("crates/resp/src/a.rs", "//! x\n// unsafe { is a comment\n"), [""; 0]);
}

#[test]
fn names_of_commands_are_compared_in_no_place() {
    let comparisons = [
        "if row.spec.name == \"GET\" {",
        "if args.at(0).eq_ignore_ascii_case(b\"EXEC\") {",
        "matches!(name, \"MULTI\")",
    ];
    for code in comparisons.map(|code| format!("//! x\n{code}\n")) {
        assert_eq!(of("crates/server/src/a.rs", &code).len(), 1, "{code}");
        assert_eq!(of("crates/server/src/a/tests.rs", &code), [""; 0], "{code}");
    }
    let options = [
        "if word.eq_ignore_ascii_case(b\"AUTH\") {",
        "Spec::new(Group::String, \"GET\", 2, flag::READONLY)",
        "rows.find(|row| row.spec.name.as_bytes().eq_ignore_ascii_case(name))",
    ];
    for code in options.map(|code| format!("//! x\n{code}\n")) {
        assert_eq!(of("crates/server/src/a.rs", &code), [""; 0], "{code}");
    }
}

#[test]
fn arrows_point_downward() {
    let known = ["engine", "server", "testkit", "txn"];
    let manifest = |name: &str| format!("[dependencies]\n{name}.workspace = true\nserde = \"1\"\n");
    let check = |name: &str, manifest: &str| arrows::check_one(name, manifest, &known);
    assert_eq!(check("engine", &manifest("txn")), [""; 0]);
    assert_eq!(check("txn", &manifest("engine")), ["crates/txn: must not use engine"]);
    assert_eq!(check("commands", &manifest("server")), ["crates/commands: must not use server"]);
    assert_eq!(check("txn", &manifest("testkit")), ["crates/txn: must not use testkit"]);
    assert_eq!(check("txn", "[dev-dependencies]\ntestkit.workspace = true\n"), [""; 0]);
    assert_eq!(check("fresh", ""), ["crates/fresh: has no place among the arrows of xtask"]);
}
