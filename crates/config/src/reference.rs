//! `config/merops.toml`: every parameter with its default, written from the rows.

use crate::config::Config;
use crate::kind::Kind;
use crate::params;
use crate::row::{Mutability, Row, Unit};
use crate::toml;

const HEAD: &str = "\
# Every parameter of Merops with its default. Start with a changed copy: merops my.toml
#
# The same names work in a redis.conf (merops my.conf), as flags (merops --port 7000) and, unless
# they say \"at start\", in CONFIG SET. What is left out keeps its default. `include = [\"a.toml\"]`
# reads other files first.
#
# Written by crates/config from its rows; after changing one: MEROPS_BLESS=1 cargo test -p config
";

/// The text of `config/merops.toml`.
pub fn reference_toml() -> String {
    let config = Config::default();
    let mut text = HEAD.to_owned();
    for group in params::GROUPS {
        text.push_str(&format!("\n\n# ---- {} ----\n", group.title));
        for row in group.rows {
            let value = toml::value(row, &config).expect("defaults are UTF-8");
            text.push_str(&format!("\n# {}\n", row.doc));
            push_comment(&mut text, &note(row));
            text.push_str(&format!("{} = {value}\n", row.name));
        }
    }
    text
}

/// Appends `comment` in lines of up to 100 columns.
fn push_comment(text: &mut String, comment: &str) {
    let mut column = usize::MAX;
    for word in comment.split(' ') {
        if column.saturating_add(1 + word.len()) > 100 {
            if column != usize::MAX {
                text.push('\n');
            }
            text.push('#');
            column = 1;
        }
        text.push(' ');
        text.push_str(word);
        column += 1 + word.len();
    }
    text.push('\n');
}

/// What a value may be, its unit, when it can change, and other names.
fn note(row: &Row) -> String {
    let mut parts = vec![row.allowed()];
    match row.unit {
        Unit::Bytes if matches!(row.kind, Kind::Integer { .. }) => {
            parts.push("in bytes".to_owned());
        }
        // What sizes are measured in is said by what is allowed.
        Unit::None | Unit::Bytes => {}
        Unit::Microseconds => parts.push("in microseconds".to_owned()),
        Unit::Milliseconds => parts.push("in milliseconds".to_owned()),
        Unit::Seconds => parts.push("in seconds".to_owned()),
        Unit::Minutes => parts.push("in minutes".to_owned()),
    }
    match row.mutability {
        Mutability::Mutable => {}
        Mutability::Protected => parts.push("protected".to_owned()),
        Mutability::Immutable | Mutability::StartOnly => parts.push("at start".to_owned()),
    }
    parts.extend(row.aliases.iter().map(|alias| format!("also {alias}")));
    format!("({})", parts.join("; "))
}

#[cfg(test)]
mod tests;
