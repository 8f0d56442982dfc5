//! The TOML dialect: keys are names of directives, with `-` or `_`.
//!
//! A scalar is one word, an array several; an array of arrays is one directive each, and so is
//! every entry of a table: its key, then its value. TOML knows no order, so `include` comes first
//! and what the file says itself wins.

use toml_edit::{Array, Document, InlineTable, Item, Value};

use crate::config::Config;
use crate::directive::Directive;
use crate::error::{Error, Place, Source};
use crate::kind::Kind;
use crate::params;
use crate::row::Row;

/// Splits a TOML file into directives.
pub fn parse_toml(text: &[u8], source: &Source) -> Result<Vec<Directive>, Error> {
    let syntax = |offset, reason: &str| Error::Syntax {
        place: Place { source: source.clone(), line: line_of(text, offset) },
        reason: reason.to_owned(),
    };
    let utf8 = std::str::from_utf8(text)
        .map_err(|error| syntax(error.valid_up_to(), "TOML must be UTF-8"))?;
    let document = Document::parse(utf8)
        .map_err(|error| syntax(error.span().map_or(0, |span| span.start), error.message()))?;

    let mut directives = Vec::new();
    for (key, item) in document.iter() {
        let offset = document.key(key).and_then(|key| key.span()).map_or(0, |span| span.start);
        let place = Place { source: source.clone(), line: line_of(text, offset) };
        let name = directive_name(key);
        let lists = item_lists(item).ok_or_else(|| {
            syntax(offset, &format!("'{key}' is nothing that a directive can be"))
        })?;
        directives.extend(lists.into_iter().map(|words| Directive {
            name: name.clone(),
            words,
            place: place.clone(),
        }));
    }
    directives.sort_by_key(|directive| !is_include(&directive.name));
    Ok(directives)
}

fn directive_name(key: &str) -> Vec<u8> {
    key.replace('_', "-").into_bytes()
}

/// The parameter that a key stands for, and the name that it goes by.
pub(crate) fn find(key: &str) -> Option<(&'static Row, &'static str)> {
    params::find(&directive_name(key))
}

/// Whether a directive reads another file.
pub(crate) fn is_include(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"include")
}

fn line_of(text: &[u8], offset: usize) -> usize {
    1 + memchr::memchr_iter(b'\n', &text[..offset.min(text.len())]).count()
}

type Words = Vec<Vec<u8>>;

/// The words of each directive that an item stands for; `None`: nothing a directive can be.
fn item_lists(item: &Item) -> Option<Vec<Words>> {
    match item {
        Item::Value(Value::InlineTable(table)) => table.iter().map(entry_words).collect(),
        Item::Value(Value::Array(array)) if array.iter().any(Value::is_array) => {
            array.iter().map(words).collect()
        }
        Item::Value(value) => Some(vec![words(value)?]),
        Item::Table(table) => {
            table.iter().map(|(key, item)| entry_words((key, item.as_value()?))).collect()
        }
        Item::None | Item::ArrayOfTables(_) => None,
    }
}

/// A key and the words of its value.
fn entry_words((key, value): (&str, &Value)) -> Option<Words> {
    let mut entry = vec![key.as_bytes().to_vec()];
    entry.extend(words(value)?);
    Some(entry)
}

fn words(value: &Value) -> Option<Words> {
    match value {
        Value::Array(array) => array.iter().map(word).collect(),
        _ => Some(vec![word(value)?]),
    }
}

fn word(value: &Value) -> Option<Vec<u8>> {
    let text = match value {
        Value::String(text) => text.value().clone(),
        Value::Integer(number) => number.value().to_string(),
        Value::Float(number) => number.value().to_string(),
        Value::Boolean(flag) => if *flag.value() { "yes" } else { "no" }.to_owned(),
        Value::Datetime(_) | Value::Array(_) | Value::InlineTable(_) => return None,
    };
    Some(text.into_bytes())
}

/// The value of a parameter as TOML; `None` where it is text that TOML cannot hold.
pub(crate) fn value(row: &Row, config: &Config) -> Option<Value> {
    let text = |bytes| Some(Value::from(String::from_utf8(bytes).ok()?));
    match &row.kind {
        Kind::Bool(at) => Some((at.get)(config).into()),
        Kind::Integer { at, .. } => Some((at.get)(config).into()),
        Kind::Memory { .. } | Kind::MemoryOrPercent(_) => {
            let line = String::from_utf8(row.kind.line(config)).expect("sizes are ASCII");
            // Sizes without a unit are plain numbers, unless too large for TOML's.
            Some(line.parse::<i64>().map_or_else(|_| line.into(), Value::from))
        }
        Kind::Addresses(at) => Some(Array::from_iter((at.get)(config)).into()),
        Kind::Percentiles(at) => Some((at.get)(config).into_iter().map(percentile).collect()),
        Kind::OutputLimits(_) => Some(output_limits(row, config).into()),
        Kind::Renames(at) => {
            let renames = (at.get)(config).into_iter();
            let entries = renames.map(|rename| {
                Some((String::from_utf8(rename.from).ok()?, String::from_utf8(rename.to).ok()?))
            });
            Some(entries.collect::<Option<InlineTable>>()?.into())
        }
        Kind::Octal { .. }
        | Kind::Choice { .. }
        | Kind::Text(_)
        | Kind::Title(_)
        | Kind::FileName { .. }
        | Kind::SavePoints(_)
        | Kind::Shutdown(_)
        | Kind::OomScores(_)
        | Kind::Events(_)
        | Kind::Fixed { .. } => text(row.get(config)),
    }
}

/// A whole number as an integer, so that it reads as it was most likely written.
fn percentile(value: f64) -> Value {
    if value.fract() == 0.0 { Value::from(value as i64) } else { Value::from(value) }
}

fn output_limits(row: &Row, config: &Config) -> InlineTable {
    let line = String::from_utf8(row.kind.line(config)).expect("limits are ASCII");
    let words: Vec<&str> = line.split(' ').collect();
    let (classes, []) = words.as_chunks::<4>() else { unreachable!("four words per class") };
    let number = |word: &&str| word.parse::<i64>().map_or_else(|_| (*word).into(), Value::from);
    classes
        .iter()
        .map(|[class, limits @ ..]| (*class, limits.iter().map(number).collect::<Array>()))
        .collect()
}

#[cfg(test)]
mod tests;
