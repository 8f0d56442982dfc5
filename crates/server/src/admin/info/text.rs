//! The text of INFO: sections of `name:value` lines.

use std::fmt::Display;

/// INFO's reply while it is written.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Text {
    /// Begins a section.
    pub(super) fn section(&mut self, title: &str) {
        if !self.0.is_empty() {
            self.0.push_str("\r\n");
        }
        self.0.push_str(&format!("# {title}\r\n"));
    }

    /// A line.
    pub(super) fn field(&mut self, name: &str, value: impl Display) {
        self.0.push_str(&format!("{name}:{value}\r\n"));
    }

    /// Lines of names and numbers.
    pub(super) fn numbers<const N: usize>(&mut self, fields: [(&str, u64); N]) {
        for (name, value) in fields {
            self.field(name, value);
        }
    }

    /// A number of bytes, and again for humans.
    pub(super) fn bytes(&mut self, name: &str, bytes: u64) {
        self.field(name, bytes);
        self.field(&format!("{name}_human"), human(bytes));
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Bytes as Redis shows them to humans: `512B`, `1.50K`, `2.00G`.
pub(crate) fn human(bytes: u64) -> String {
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut units = "KMGTP".chars();
    let mut unit = units.next();
    while value >= 1024.0 && units.clone().next().is_some() {
        value /= 1024.0;
        unit = units.next();
    }
    format!("{value:.2}{}", unit.unwrap_or('P'))
}

/// `part` of `whole` in percent; 0 of nothing.
pub(crate) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

/// `part` divided by `whole`; 0 of nothing.
pub(crate) fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
