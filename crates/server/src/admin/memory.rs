//! MEMORY but for USAGE, which is a data command: what memory is used for.

use std::rc::Rc;

use command::{Group, Result, Spec};
use resp::Writer;

use super::info::system;
use super::info::text::{human, percent, ratio};
use super::info::view::View;
use crate::command::{LaterFuture, Request, SessionCommand};
use crate::core::Core;
use crate::help;

const EACH_SHARD: &[&str] =
    &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"];

pub(crate) const COMMANDS: &[SessionCommand] = &[SessionCommand::container(
    Spec::new(Group::Server, "MEMORY", -2, 0).doc(
        "4.0.0",
        "depends on the subcommand",
        "What memory is used for.",
    ),
    &[
        SessionCommand::later(
            Spec::new(Group::Server, "DOCTOR", 2, 0).tips(EACH_SHARD).doc(
                "4.0.0",
                "O(threads)",
                "A report on the use of memory, for humans.",
            ),
            doctor,
        ),
        SessionCommand::later(
            Spec::new(Group::Server, "MALLOC-STATS", 2, 0).tips(EACH_SHARD).doc(
                "4.0.0",
                "O(1)",
                "The allocator's own statistics.",
            ),
            malloc_stats,
        ),
        SessionCommand::later(
            Spec::new(Group::Server, "PURGE", 2, 0)
                .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
                .doc("4.0.0", "O(pages)", "Gives free pages back to the system."),
            purge,
        ),
        SessionCommand::later(
            Spec::new(Group::Server, "STATS", 2, 0).tips(EACH_SHARD).doc(
                "4.0.0",
                "O(threads)",
                "Numbers on the use of memory.",
            ),
            stats,
        ),
        help::row(Group::Server, "4.0.0"),
    ],
)];

/// The numbers behind STATS and DOCTOR, in bytes unless they are shares.
#[derive(Clone, Debug, PartialEq)]
struct Numbers {
    used: u64,
    peak: u64,
    startup: u64,
    resident: u64,
    overhead: u64,
    clients: u64,
    client_count: u64,
    keys: u64,
    /// What scripts have in interpreters.
    interpreters: u64,
    scripts: u64,
    functions: u64,
    /// Databases that have keys, with what finds these.
    tables: Vec<(usize, u64)>,
}

impl Numbers {
    async fn take(core: &Rc<Core>) -> Self {
        let view = View::take(core, false).await;
        let databases = view.databases.iter().map(|database| database.table_bytes).enumerate();
        Self {
            interpreters: view.sum(|thread| thread.script_bytes),
            scripts: view.server.scripts.memory_bytes() as u64,
            functions: view.server.libraries.read().memory_bytes() as u64,
            tables: databases.filter(|(_, bytes)| *bytes > 0).collect(),
            used: view.used_memory,
            peak: view.peak_bytes(),
            startup: view.startup_bytes(),
            resident: system::resident_bytes() as u64,
            overhead: view.overhead_bytes(),
            clients: view.sum(|thread| thread.clients.memory_bytes),
            client_count: view.sum(|thread| thread.clients.count),
            keys: view.databases.iter().map(|database| database.keys).sum(),
        }
    }

    /// What is there beyond what an empty server needs.
    fn net(&self) -> u64 {
        self.used.saturating_sub(self.startup)
    }

    fn dataset(&self) -> u64 {
        self.used.saturating_sub(self.overhead)
    }

    /// Resident bytes per byte in use.
    fn fragmentation(&self) -> f64 {
        ratio(self.resident, self.used)
    }
}

fn stats(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let numbers = Numbers::take(&request.core).await;
        write_stats(&mut request.reply(), &numbers);
        Ok(())
    })
}

/// Redis's names, as far as what they name exists here.
fn write_stats(reply: &mut Writer<'_>, numbers: &Numbers) {
    let integers = [
        ("peak.allocated", numbers.peak),
        ("total.allocated", numbers.used),
        ("startup.allocated", numbers.startup),
        ("replication.backlog", 0),
        ("clients.slaves", 0),
        ("clients.normal", numbers.clients),
        ("cluster.links", 0),
        ("aof.buffer", 0),
        ("lua.caches", numbers.scripts),
        ("functions.caches", numbers.functions),
        ("script.VMs", numbers.interpreters),
        ("overhead.db.hashtable.lut", numbers.tables.iter().map(|(_, bytes)| bytes).sum()),
        // Tables grow segment by segment: there is never a second one.
        ("overhead.db.hashtable.rehashing", 0),
        ("db.dict.rehashing.count", 0),
        ("overhead.total", numbers.overhead),
        ("keys.count", numbers.keys),
        ("keys.bytes-per-key", numbers.net().checked_div(numbers.keys).unwrap_or(0)),
        ("dataset.bytes", numbers.dataset()),
    ];
    let doubles = [
        ("dataset.percentage", percent(numbers.dataset(), numbers.net()).min(100.0)),
        ("peak.percentage", percent(numbers.used, numbers.peak)),
        ("fragmentation", numbers.fragmentation()),
    ];
    reply.map(numbers.tables.len() + integers.len() + doubles.len() + 1);
    for (name, value) in integers {
        reply.bulk(name.as_bytes());
        reply.integer(value as i64);
    }
    for (db, bytes) in &numbers.tables {
        reply.bulk(format!("db.{db}").as_bytes());
        reply.map(2);
        // Deadlines lie with the keys.
        for (name, bytes) in [("main", *bytes), ("expires", 0)] {
            reply.bulk(format!("overhead.hashtable.{name}").as_bytes());
            reply.integer(bytes as i64);
        }
    }
    for (name, value) in doubles {
        reply.bulk(name.as_bytes());
        reply.double(value);
    }
    reply.bulk(b"fragmentation.bytes");
    reply.integer(numbers.resident as i64 - numbers.used as i64);
}

fn doctor(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let numbers = Numbers::take(&request.core).await;
        request.reply().verbatim("txt", diagnose(&numbers).as_bytes());
        Ok(())
    })
}

/// With less than this in use, shares say nothing.
const TELLING_BYTES_MIN: u64 = 5 << 20;
/// What is worth a word: peak over used, resident over used, bytes per client. Redis's limits.
const PEAK_RATIO_MAX: f64 = 1.5;
const FRAGMENTATION_MAX: f64 = 1.4;
const CLIENT_BYTES_MAX: u64 = 200 << 10;

/// The report.
fn diagnose(numbers: &Numbers) -> String {
    if numbers.used < TELLING_BYTES_MIN {
        return format!("Only {} in use: too little to judge.\n", human(numbers.used));
    }
    let mut findings = Vec::new();
    if ratio(numbers.peak, numbers.used) > PEAK_RATIO_MAX {
        findings.push(format!(
            "Peak: {} were in use once, {} are now. Pages of then may still be resident; MEMORY \
             PURGE gives back those that are wholly free.",
            human(numbers.peak),
            human(numbers.used),
        ));
    }
    if numbers.fragmentation() > FRAGMENTATION_MAX {
        findings.push(format!(
            "Fragmentation: {} resident for {} in use. Values of changing sizes leave gaps, which \
             new values of such sizes fill.",
            human(numbers.resident),
            human(numbers.used),
        ));
    }
    if numbers.clients.checked_div(numbers.client_count).unwrap_or(0) > CLIENT_BYTES_MAX {
        findings.push(format!(
            "Clients: {} in buffers of {} clients. CLIENT LIST shows whose; \
             client-output-buffer-limit and maxmemory-clients bound them.",
            human(numbers.clients),
            numbers.client_count,
        ));
    }
    if findings.is_empty() {
        return format!("{} in use, and nothing unusual.\n", human(numbers.used));
    }
    findings.iter().map(|finding| format!("* {finding}\n")).collect()
}

fn purge(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        // Every thread has a heap of its own.
        request.core.gather(|_| stdx::alloc::collect()).await;
        request.reply().ok();
        Ok(())
    })
}

fn malloc_stats(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let text = stdx::alloc::statistics();
        request.reply().verbatim("txt", text.as_bytes());
        Result::Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1 << 20;
    const HEALTHY: Numbers = Numbers {
        used: 100 * MB,
        peak: 110 * MB,
        startup: 10 * MB,
        resident: 120 * MB,
        overhead: 11 * MB,
        clients: MB,
        client_count: 50,
        keys: 1000,
        interpreters: 0,
        scripts: 0,
        functions: 0,
        tables: Vec::new(),
    };

    #[test]
    fn the_doctor_finds_what_is_there() {
        assert!(diagnose(&HEALTHY).contains("nothing unusual"));
        let small = Numbers { used: MB, ..HEALTHY };
        assert!(diagnose(&small).contains("too little"));
        let sick = Numbers { peak: 200 * MB, resident: 150 * MB, client_count: 2, ..HEALTHY };
        let report = diagnose(&sick);
        for finding in ["Peak: 200.00M", "Fragmentation: 150.00M", "Clients: 1.00M"] {
            assert!(report.contains(finding), "{finding} in {report}");
        }
    }

    #[test]
    fn stats_are_a_map_of_names() {
        let mut out = Vec::new();
        let numbers = Numbers { tables: vec![(0, 64), (3, 128)], ..HEALTHY };
        write_stats(&mut Writer::new(&mut out, resp::Protocol::Resp3), &numbers);
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("%24\r\n$14\r\npeak.allocated\r\n"), "{text}");
        let database = "$4\r\ndb.3\r\n%2\r\n$23\r\noverhead.hashtable.main\r\n:128\r\n";
        assert!(text.contains(database), "{text}");
        assert!(text.contains("overhead.db.hashtable.lut\r\n:192\r\n"), "{text}");
        assert!(text.contains("keys.bytes-per-key\r\n:94371\r\n"), "{text}");
        assert!(text.contains("dataset.bytes\r\n:93323264\r\n"), "{text}");
        assert!(text.ends_with("fragmentation.bytes\r\n:20971520\r\n"), "{text}");
    }
}
