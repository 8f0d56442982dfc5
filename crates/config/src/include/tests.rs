//! Patterns behind `include`.

use super::*;
use crate::files::tests::MemoryFiles;

fn expand_in(files: &[&str], pattern: &str) -> Vec<String> {
    let files = MemoryFiles::new(files.iter().map(|path| (*path, "")));
    expand(Path::new(pattern), &files)
        .into_iter()
        .map(|path| path.to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_plain_path_is_itself() {
    assert_eq!(expand_in(&[], "/etc/./none.conf"), ["/etc/none.conf"]);
    assert_eq!(expand_in(&[], "../a.conf"), ["../a.conf"]);
}

#[test]
fn wildcards_match_what_is_there_in_order() {
    let files = ["/d/b.conf", "/d/a.conf", "/d/.hidden.conf", "/d/c.toml", "/e/a.conf"];
    assert_eq!(expand_in(&files, "/d/*.conf"), ["/d/a.conf", "/d/b.conf"]);
    assert_eq!(expand_in(&files, "/d/.*"), ["/d/.hidden.conf"]);
    assert_eq!(expand_in(&files, "/?/[ab].conf"), ["/d/a.conf", "/d/b.conf", "/e/a.conf"]);
    assert_eq!(expand_in(&files, "/[de]/a.conf"), ["/d/a.conf", "/e/a.conf"]);
    assert_eq!(expand_in(&files, "/d/*.json"), Vec::<String>::new());
    assert_eq!(expand_in(&files, "/none/*"), Vec::<String>::new());
}

#[test]
fn a_relative_pattern_starts_in_the_working_directory() {
    assert_eq!(expand_in(&["./a.conf", "./b.conf"], "*.conf"), ["a.conf", "b.conf"]);
}
