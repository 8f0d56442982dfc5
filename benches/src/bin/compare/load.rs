//! The load generators: memtier_benchmark where it is installed, else redis-benchmark.

use std::path::PathBuf;
use std::process::Command as Process;
use std::time::{Duration, Instant};

use testkit::programs;

use crate::contestants::{Item, Running};
use crate::transactions;

/// Bytes of every value.
pub(crate) const VALUE_BYTES: usize = 64;
/// Keys of an MSET or an MGET.
const GROUP: usize = 10;
/// Commands of the run that finds out how many commands a round is to have.
const TRIAL_COMMANDS: usize = 20_000;

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Get,
    Set,
    /// Of ten keys.
    Mget,
    /// Of ten keys.
    Mset,
    /// These words, by redis-benchmark, which puts a random number below the number of keys in the
    /// place of each `__rand_int__`. Of what such a command takes away, enough must be there for
    /// `most` per run.
    Words {
        words: &'static str,
        most: usize,
    },
    /// MULTI, five SETs and EXEC, on one key or on five.
    Transaction {
        is_one_key: bool,
    },
}

/// A load: commands on random keys, so many at a time on so many connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) command: Command,
    pub(crate) pipeline: usize,
    pub(crate) connections: usize,
}

/// What one run of a load showed. Times are in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) commands_per_s: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Where the generator says it.
    pub(crate) p999_ms: Option<f64>,
    pub(crate) cpu_us_per_command: f64,
}

/// A load generator.
#[derive(Clone, Debug)]
pub(crate) struct Generator {
    program: PathBuf,
    /// Empty where it is not installed.
    redis_benchmark: PathBuf,
    is_memtier: bool,
    /// Keys that are there.
    keys: usize,
}

impl Generator {
    /// The best one that is installed.
    ///
    /// # Panics
    /// When none is.
    pub(crate) fn find(keys: usize) -> Generator {
        let redis_benchmark = programs::find("redis-benchmark").unwrap_or_default();
        let memtier = programs::find("memtier_benchmark");
        let is_memtier = memtier.is_some();
        let program = memtier.unwrap_or_else(|| redis_benchmark.clone());
        assert!(program.is_file(), "memtier_benchmark or redis-benchmark is installed");
        Generator { program, redis_benchmark, is_memtier, keys }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &'static str {
        if self.is_memtier { "memtier_benchmark" } else { "redis-benchmark" }
    }

    /// Whether it can put this load on this server.
    pub(crate) fn can(&self, load: Load, running: &Running) -> bool {
        let is_plain = matches!(load.command, Command::Get | Command::Set);
        running.contestant.speaks_resp() || (self.uses_memtier(load) && is_plain)
    }

    /// How many keys the loads use.
    pub(crate) fn keys(&self) -> usize {
        self.keys
    }

    /// All keys that the loads use.
    pub(crate) fn items(&self) -> impl Iterator<Item = Item> + use<> {
        let is_memtier = self.is_memtier;
        (0..self.keys).map(move |number| Item {
            key: match is_memtier {
                true => format!("memtier-{}", number + 1),
                false => format!("key:{number:012}"),
            },
            value: "x".repeat(VALUE_BYTES),
            ttl_s: None,
        })
    }

    fn uses_memtier(&self, load: Load) -> bool {
        let is_own = matches!(load.command, Command::Words { .. } | Command::Transaction { .. });
        self.is_memtier && !is_own
    }

    /// How many commands keep the server busy for about `seconds`.
    pub(crate) fn commands_for(&self, seconds: f64, load: Load, running: &Running) -> usize {
        let trial = self.run(TRIAL_COMMANDS, load, running, None);
        let most = match load.command {
            Command::Words { most, .. } => most,
            _ => usize::MAX,
        };
        ((trial.commands_per_s * seconds) as usize).max(TRIAL_COMMANDS).min(most)
    }

    /// Puts the load on the server; `core` is where the generator runs, if it matters.
    pub(crate) fn run(
        &self,
        commands: usize,
        load: Load,
        running: &Running,
        core: Option<u16>,
    ) -> Sample {
        if let Command::Transaction { is_one_key } = load.command {
            return transactions::run(commands, load, self.keys, is_one_key, running, core);
        }
        let per_connection = commands.div_ceil(load.connections);
        let total = per_connection * load.connections;
        let is_memtier = self.uses_memtier(load);
        let program = if is_memtier { &self.program } else { &self.redis_benchmark };
        let mut process = match core {
            None => Process::new(program),
            Some(core) => {
                let mut process = Process::new("taskset");
                process.args(["-c", &core.to_string()]).arg(program);
                process
            }
        };
        process.args(match is_memtier {
            true => memtier_arguments(load, per_connection, self.keys, running),
            false => redis_benchmark_arguments(load, total, self.keys, running),
        });
        let cpu_before_s = running.cpu_s();
        let begin = Instant::now();
        let output = process.output().expect("the load generator starts");
        let elapsed_s = begin.elapsed().as_secs_f64();
        // What the server does after the last reply (closing connections) is part of the work.
        std::thread::sleep(Duration::from_millis(20));
        let cpu_s = running.cpu_s() - cpu_before_s;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let parsed = if is_memtier { parse_memtier(&said) } else { parse_csv(&said) };
        let (commands_per_s, [p50_ms, p99_ms], p999_ms) = parsed.unwrap_or_else(|| {
            let problem = String::from_utf8_lossy(&output.stderr);
            panic!("{process:?} on {}:\n{said}\n{problem}", running.contestant.name)
        });
        // memtier says 0 of a run that ends within its first second.
        let commands_per_s =
            if commands_per_s > 0.0 { commands_per_s } else { total as f64 / elapsed_s };
        let cpu_us_per_command = cpu_s * 1e6 / total as f64;
        Sample { commands_per_s, p50_ms, p99_ms, p999_ms, cpu_us_per_command }
    }
}

fn memtier_arguments(
    load: Load,
    per_connection: usize,
    keys: usize,
    running: &Running,
) -> Vec<String> {
    let protocol = if running.contestant.speaks_resp() { "redis" } else { "memcache_text" };
    // Up to 200 connections, one thread is enough and leaves the core to itself.
    let threads = load.connections.div_ceil(200);
    let mut words = vec![
        "--server=127.0.0.1".to_owned(),
        format!("--port={}", running.port()),
        format!("--protocol={protocol}"),
        format!("--threads={threads}"),
        format!("--clients={}", load.connections / threads),
        format!("--requests={per_connection}"),
        format!("--pipeline={}", load.pipeline),
        format!("--data-size={VALUE_BYTES}"),
        "--key-minimum=1".into(),
        format!("--key-maximum={keys}"),
        "--distinct-client-seed".into(),
        "--hide-histogram".into(),
    ];
    words.extend(match load.command {
        Command::Words { .. } | Command::Transaction { .. } => {
            unreachable!("others send these")
        }
        Command::Get => ["--ratio=0:1".into(), "--key-pattern=R:R".into()],
        Command::Set => ["--ratio=1:0".into(), "--key-pattern=R:R".into()],
        Command::Mget => [format!("--command=MGET{}", " __key__".repeat(GROUP)), random_keys()],
        Command::Mset => {
            [format!("--command=MSET{}", " __key__ __data__".repeat(GROUP)), random_keys()]
        }
    });
    words
}

fn random_keys() -> String {
    "--command-key-pattern=R".into()
}

fn redis_benchmark_arguments(
    load: Load,
    total: usize,
    keys: usize,
    running: &Running,
) -> Vec<String> {
    let mut words: Vec<String> = vec!["-p".into(), running.port().to_string(), "--csv".into()];
    for (option, value) in [
        ("-n", total),
        ("-c", load.connections),
        ("-P", load.pipeline),
        ("-r", keys),
        ("-d", VALUE_BYTES),
    ] {
        words.extend([option.to_owned(), value.to_string()]);
    }
    let value = "x".repeat(VALUE_BYTES);
    let pair = format!("key:__rand_int__ {value} ");
    let command = match load.command {
        Command::Words { words, .. } => words.into(),
        Command::Transaction { .. } => unreachable!("a loop of our own sends these"),
        Command::Get => "GET key:__rand_int__".into(),
        Command::Set => format!("SET {pair}"),
        Command::Mget => format!("MGET {}", "key:__rand_int__ ".repeat(GROUP)),
        Command::Mset => format!("MSET {}", pair.repeat(GROUP)),
    };
    words.extend(command.split_whitespace().map(str::to_owned));
    words
}

type Parsed = Option<(f64, [f64; 2], Option<f64>)>;

/// memtier's `Totals` line: commands per second first; at its end mean, p50, p99, p99.9 and KB/s.
fn parse_memtier(said: &str) -> Parsed {
    let line = said.lines().find(|line| line.starts_with("Totals"))?;
    let fields: Vec<f64> =
        line.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    let [.., p50_ms, p99_ms, p999_ms, _] = fields.as_slice() else { return None };
    Some((*fields.first()?, [*p50_ms, *p99_ms], Some(*p999_ms)))
}

/// redis-benchmark's last line: name, commands per second, mean, minimum, p50, p95, p99, maximum.
fn parse_csv(said: &str) -> Parsed {
    let line = said.lines().rfind(|line| line.starts_with('"'))?;
    let fields: Vec<f64> =
        line.rsplit("\",\"").filter_map(|field| field.trim_matches('"').parse().ok()).collect();
    // From the end, since the name may hold anything.
    let [_, p99_ms, _, p50_ms, _, _, commands_per_s, ..] = fields.as_slice() else { return None };
    Some((*commands_per_s, [*p50_ms, *p99_ms], None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generators_are_understood() {
        let totals = "Totals  1234.50  0.00  9.00  0.81  0.79  1.50  2.25  4321.00\n";
        assert_eq!(parse_memtier(totals), Some((1234.5, [0.79, 1.5], Some(2.25))));
        let totals = "Totals  1234.50  0.81  0.79  1.50  2.25  4321.00\n";
        assert_eq!(parse_memtier(totals), Some((1234.5, [0.79, 1.5], Some(2.25))));
        assert_eq!(parse_memtier("connection refused\n"), None);
        let csv = "\"test\",\"rps\"\n\"SET k x\",\"5000.00\",\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"\n";
        assert_eq!(parse_csv(csv), Some((5000.0, [3.0, 5.0], None)));
    }
}
