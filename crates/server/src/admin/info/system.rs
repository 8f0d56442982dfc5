//! What the system says of this process, from `/proc`; zeros where there is none.

use std::fs;
use std::path::{Path, PathBuf};

/// Processor time of a process or a thread, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct CpuTime {
    pub(super) user: f64,
    pub(super) system: f64,
    /// That of processes it started and that have ended.
    pub(super) user_children: f64,
    pub(super) system_children: f64,
}

/// Resident memory of the process, in bytes.
pub(crate) fn resident_bytes() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or(0) * rustix::param::page_size()
}

/// Memory of the machine, in bytes.
pub(crate) fn total_bytes() -> u64 {
    let info = rustix::system::sysinfo();
    info.totalram as u64 * u64::from(info.mem_unit.max(1))
}

/// Processor time of the process.
pub(super) fn process_cpu() -> CpuTime {
    stat(Path::new("/proc/self/stat")).map_or_else(CpuTime::default, |(_, time)| time)
}

/// Processor time of the thread that `main` runs on.
pub(super) fn main_thread_cpu() -> CpuTime {
    let path = format!("/proc/self/task/{}/stat", std::process::id());
    stat(Path::new(&path)).map_or_else(CpuTime::default, |(_, time)| time)
}

/// Name and processor time of every thread.
pub(super) fn threads_cpu() -> Vec<(String, CpuTime)> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    tasks.filter_map(|task| stat(&task.path().join("stat"))).collect()
}

/// System, release and machine, as `uname -srm`.
pub(super) fn os() -> String {
    let uname = rustix::system::uname();
    let words = [uname.sysname(), uname.release(), uname.machine()];
    words.map(|word| word.to_string_lossy().into_owned()).join(" ")
}

/// The file that runs.
pub(super) fn executable() -> PathBuf {
    std::env::current_exe().unwrap_or_default()
}

fn stat(path: &Path) -> Option<(String, CpuTime)> {
    parse_stat(&fs::read_to_string(path).ok()?, rustix::param::clock_ticks_per_second())
}

/// Name and times of a line of `/proc/…/stat`.
fn parse_stat(line: &str, ticks_per_second: u64) -> Option<(String, CpuTime)> {
    // The name is in parentheses, and may hold some itself.
    let (head, tail) = line.rsplit_once(") ")?;
    let name = head.split_once('(')?.1.to_owned();
    // The state, field 3 of the line, is now number 0.
    let fields: Vec<&str> = tail.split(' ').collect();
    let seconds = |field: usize| {
        let ticks = fields.get(field - 3)?.trim_end().parse::<u64>().ok()?;
        Some(ticks as f64 / ticks_per_second as f64)
    };
    let (user, system) = (seconds(14)?, seconds(15)?);
    let (user_children, system_children) = (seconds(16)?, seconds(17)?);
    Some((name, CpuTime { user, system, user_children, system_children }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_stat_is_parsed_whatever_the_name() {
        let line = "7 (a (b) c) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 20 10 20 0 1 0 99 0 0\n";
        let (name, time) = parse_stat(line, 100).unwrap();
        assert_eq!(name, "a (b) c");
        let expected = CpuTime { user: 2.5, system: 0.5, user_children: 0.2, system_children: 0.1 };
        assert_eq!(time, expected);
        assert_eq!(parse_stat("7 (a", 100), None);
        assert_eq!(parse_stat("7 (a) S 1 2", 100), None);
    }
}
