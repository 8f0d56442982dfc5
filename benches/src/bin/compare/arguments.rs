//! What was asked for on the command line.

use std::path::PathBuf;

const HELP: &str = "\
compare [--rows a,b] [--servers a,b] [--quick] [--rounds N] [--seconds S] [--keys N] [--out FILE]
compare --scaling 1,2,4,8,16    throughput and tails over thread counts
compare --messages 2,4,8,16     messages between threads per command over shard counts

  --rows     only these rows, by the names that the report gives them (a prefix is enough)
  --servers  only these: merops redis valkey dragonfly memcached (redis is what ratios are to)
  --quick    one short round and few keys: shows that it works, and no more
  --out      where the report goes instead of benches/runs/DATE.md";

/// What to measure.
#[derive(Clone, Debug)]
pub(crate) enum Mode {
    /// The table of targets.
    Rows,
    /// Throughput over these numbers of threads.
    Scaling(Vec<u16>),
    /// Messages per command over these numbers of shards.
    Messages(Vec<u16>),
}

/// All choices.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) mode: Mode,
    pub(crate) rows: Vec<String>,
    pub(crate) servers: Vec<String>,
    /// Each server gets each load so often, in turns.
    pub(crate) rounds: usize,
    /// How long one server has one load, about.
    pub(crate) seconds: f64,
    /// Keys that are there before a load begins.
    pub(crate) keys: usize,
    pub(crate) quick: bool,
    pub(crate) out: Option<PathBuf>,
}

impl Settings {
    /// Reads the arguments that follow the program's name.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Settings, String> {
        let mut settings = Settings {
            mode: Mode::Rows,
            rows: Vec::new(),
            servers: Vec::new(),
            rounds: 7,
            seconds: 2.0,
            keys: 1_000_000,
            quick: false,
            out: None,
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value\n{HELP}"));
            match word.as_str() {
                "--rows" => settings.rows = list(&value()?),
                "--servers" => settings.servers = list(&value()?),
                "--rounds" => settings.rounds = number(&word, &value()?)?,
                "--seconds" => settings.seconds = number(&word, &value()?)?,
                "--keys" => settings.keys = number(&word, &value()?)?,
                "--out" => settings.out = Some(value()?.into()),
                "--scaling" => settings.mode = Mode::Scaling(numbers(&word, &value()?)?),
                "--messages" => settings.mode = Mode::Messages(numbers(&word, &value()?)?),
                "--quick" => {
                    (settings.quick, settings.rounds) = (true, 1);
                    (settings.seconds, settings.keys) = (0.3, 20_000);
                }
                _ => return Err(HELP.into()),
            }
        }
        Ok(settings)
    }

    /// Whether a row was asked for.
    pub(crate) fn wants_row(&self, name: &str) -> bool {
        self.rows.is_empty() || self.rows.iter().any(|row| name.starts_with(row.as_str()))
    }

    /// Whether a server was asked for. What ratios are to is always there.
    pub(crate) fn wants_server(&self, name: &str) -> bool {
        name == "redis"
            || self.servers.is_empty()
            || self.servers.iter().any(|wanted| wanted == name)
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}

fn number<T: std::str::FromStr>(option: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{option}: `{text}` is no number\n{HELP}"))
}

fn numbers(option: &str, text: &str) -> Result<Vec<u16>, String> {
    text.split(',').map(|part| number(option, part)).collect()
}
