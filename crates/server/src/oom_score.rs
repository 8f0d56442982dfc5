//! How soon the kernel ends this process when memory runs out.

use std::fs;
use std::io;
use std::sync::Mutex;

use config::{OomScoreAdj, Process};

const FILE: &str = "/proc/self/oom_score_adj";
/// What Linux allows.
const RANGE: (i32, i32) = (-1000, 1000);

/// What was in force before the server changed it.
#[derive(Default)]
pub(crate) struct OomScore {
    before: Mutex<Option<i32>>,
}

impl OomScore {
    /// Makes the kernel know what a configuration says; one that says nothing has it know again what
    /// it knew before.
    pub(crate) fn obey(&self, process: &Process) -> io::Result<()> {
        let mut before = self.before.lock().expect("a panic ends the process");
        if process.oom_score_adj == OomScoreAdj::No {
            // Where the server has changed nothing, others may have.
            return before.take().map_or(Ok(()), write);
        }
        let base = match *before {
            Some(base) => base,
            None => read()?,
        };
        let [own, ..] = process.oom_score_adj_values;
        let score = match process.oom_score_adj {
            OomScoreAdj::Absolute => own,
            _ => base + own,
        };
        write(score)?;
        *before = Some(base);
        Ok(())
    }
}

fn read() -> io::Result<i32> {
    let text = fs::read_to_string(FILE)?;
    text.trim().parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))
}

fn write(score: i32) -> io::Result<()> {
    fs::write(FILE, score.clamp(RANGE.0, RANGE.1).to_string())
}
