//! The report: what was measured, where and with what, as markdown.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{fs, io};

use crate::arguments::Settings;
use crate::contestants;
use crate::load::Generator;
use crate::numbers::date;

/// A report that grows; every line of it is printed at once.
#[derive(Debug)]
pub(crate) struct Report {
    text: String,
    verdicts: Vec<Verdict>,
}

/// A target, and what became of it.
#[derive(Clone, Debug)]
struct Verdict {
    what: String,
    target: String,
    measured: String,
    is_met: bool,
}

/// How a table's column is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

impl Report {
    /// A report with its head: machine, servers, settings.
    pub(crate) fn new(settings: &Settings) -> Report {
        let mut report = Report { text: String::new(), verdicts: Vec::new() };
        report.line(&format!("# Comparison of {}", date(unix_s())));
        report.line("");
        report.line(&format!("- machine: {}", machine()));
        for contestant in contestants::all(settings) {
            report.line(&format!("- {}: {}", contestant.name, contestant.version()));
        }
        let generator = Generator::find(settings.keys).name();
        let (keys, rounds, seconds) = (settings.keys, settings.rounds, settings.seconds);
        report.line(&format!(
            "- load: {generator}, {keys} keys with values of 64 bytes; {rounds} rounds of {seconds} s, \
             the servers in turns; medians, and medians of the ratios to redis of the same round"
        ));
        if settings.quick {
            report.line("- **quick: shows that it works; the figures mean nothing**");
        }
        report
    }

    /// Adds a line.
    pub(crate) fn line(&mut self, line: &str) {
        println!("{line}");
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Adds a heading.
    pub(crate) fn heading(&mut self, title: &str) {
        self.line(&format!("\n## {title}\n"));
    }

    /// Adds a table whose columns line up as text too.
    pub(crate) fn table(&mut self, head: &[(&str, Align)], rows: &[Vec<String>]) {
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([head[column].0.chars().count(), 3]).max().unwrap_or(3)
        };
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        let join = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
        let pad = |text: &str, column: usize| {
            let space = " ".repeat(widths[column] - text.chars().count());
            match head[column].1 {
                Align::Left => format!("{text}{space}"),
                Align::Right => format!("{space}{text}"),
            }
        };
        self.line(&join((0..head.len()).map(|column| pad(head[column].0, column)).collect()));
        let rule = |column: usize| match head[column].1 {
            Align::Left => "-".repeat(widths[column]),
            Align::Right => format!("{}:", "-".repeat(widths[column] - 1)),
        };
        self.line(&join((0..head.len()).map(rule).collect()));
        for row in rows {
            self.line(&join((0..head.len()).map(|column| pad(&row[column], column)).collect()));
        }
    }

    /// Notes a target for the list at the end.
    pub(crate) fn verdict(&mut self, what: String, target: String, measured: String, is_met: bool) {
        self.verdicts.push(Verdict { what, target, measured, is_met });
    }

    /// Writes the report, targets last.
    pub(crate) fn save(mut self, settings: &Settings) -> io::Result<PathBuf> {
        if !self.verdicts.is_empty() {
            self.heading("Targets");
            let rows: Vec<Vec<String>> = std::mem::take(&mut self.verdicts)
                .into_iter()
                .map(|verdict| {
                    let met = if verdict.is_met { "yes" } else { "**no**" };
                    vec![verdict.what, verdict.target, verdict.measured, met.into()]
                })
                .collect();
            let head = [
                ("what", Align::Left),
                ("target", Align::Right),
                ("Merops", Align::Right),
                ("met", Align::Left),
            ];
            self.table(&head, &rows);
        }
        let runs = Path::new(env!("CARGO_MANIFEST_DIR")).join("runs");
        let path = match &settings.out {
            Some(path) => path.clone(),
            None => free_name(&runs),
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, &self.text)?;
        Ok(path)
    }
}

/// `DATE.md`, or `DATE-2.md` and so on when there was one today.
fn free_name(folder: &Path) -> PathBuf {
    let day = date(unix_s());
    let name = |number: u32| match number {
        1 => folder.join(format!("{day}.md")),
        _ => folder.join(format!("{day}-{number}.md")),
    };
    (1..).map(name).find(|path| !path.exists()).expect("numbers do not end")
}

fn unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The processor, how many cores there are, and the kernel.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let processor = read("/proc/cpuinfo");
    let model =
        processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut text = format!("{cores} cores, {}", model.map_or("unknown", |(_, model)| model));
    write!(text, ", Linux {}", read("/proc/sys/kernel/osrelease").trim())
        .expect("strings take all");
    text
}
