//! What people use, doing real work: client libraries, and programs that are built on them;
//! redis-cli and redis-benchmark.

use std::path::Path;
use std::process::Command;

use testkit::{Server, programs};

use crate::servers::{on_every_server, on_several_threads};

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    said
}

/// Runs a script of `clients/` with the server's port.
fn script(interpreter: &str, name: &str, server: &Server) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(name);
    run(Command::new(interpreter).arg(file).arg(server.port().to_string()));
}

/// Whether `interpreter` can load what the script needs; says so when not.
fn has(interpreter: &str, load: &[&str], what: &str) -> bool {
    let loads = Command::new(interpreter).args(load).output();
    let found = loads.is_ok_and(|output| output.status.success());
    if !found {
        programs::skipped(&format!("what needs {what}: it is not installed"));
    }
    found
}

#[test]
fn redis_py() {
    if has("python3", &["-c", "import redis"], "redis-py") {
        on_every_server(&[], |server| {
            script("python3", "redis_py.py", server);
            script("python3", "examples_py.py", server);
        });
    }
}

/// Found through `NODE_PATH`.
#[test]
fn ioredis() {
    if has("node", &["-e", "require('ioredis')"], "ioredis") {
        on_every_server(&[], |server| {
            script("node", "ioredis.js", server);
            script("node", "examples_js.js", server);
        });
    }
}

/// A script that drives Python packages.
fn python_program(packages: &[&str], name: &str) {
    let load = format!("import {}", packages.join(", "));
    if has("python3", &["-c", &load], &packages.join(" and ")) {
        on_several_threads(|server| script("python3", name, server));
    }
}

/// A script that drives npm packages.
fn node_program(packages: &[&str], name: &str) {
    let load: String = packages.iter().map(|package| format!("require('{package}');")).collect();
    if has("node", &["-e", &load], &packages.join(" and ")) {
        on_several_threads(|server| script("node", name, server));
    }
}

#[test]
fn patterns() {
    python_program(&["redis"], "patterns.py");
}

#[test]
fn bullmq() {
    node_program(&["bullmq", "ioredis"], "bullmq.js");
}

#[test]
fn limiters_and_locks() {
    let packages = ["ioredis", "rate-limiter-flexible", "redis", "redlock"];
    node_program(&packages, "limiters_locks.js");
}

#[test]
fn sessions() {
    node_program(&["connect-redis", "express-session", "redis"], "sessions.js");
}

#[test]
fn celery() {
    python_program(&["celery", "redis"], "celery_work.py");
}

#[test]
fn rq() {
    python_program(&["rq", "redis"], "rq_work.py");
}

#[test]
fn redis_cli() {
    let Some(cli) = programs::require("redis-cli") else { return };
    on_every_server(&[], |server| {
        let port = server.port().to_string();
        let ask = |words: &[&str]| run(Command::new(&cli).args(["-p", &port]).args(words));
        assert_eq!(ask(&["SET", "k", "v"]), "OK\n");
        assert_eq!(ask(&["GET", "k"]), "v\n");
        assert_eq!(ask(&["-3", "CONFIG", "GET", "hz"]), "hz 10\n");
        assert_eq!(ask(&["--scan", "--pattern", "k*"]), "k\n");
        assert!(ask(&["--bigkeys"]).contains("Biggest string found"));
        assert!(ask(&["INFO"]).contains("connected_clients"));
    });
}

#[test]
fn redis_benchmark() {
    let Some(benchmark) = programs::require("redis-benchmark") else { return };
    on_every_server(&[], |server| {
        let port = server.port().to_string();
        let mut command = Command::new(&benchmark);
        command.args([
            "-p",
            &port,
            "-n",
            "20000",
            "-P",
            "16",
            "-q",
            "-t",
            "ping,set,get,incr,mset",
        ]);
        let said = run(&mut command);
        assert!(said.contains("GET") && !said.contains("rror"), "{said}");
    });
}
