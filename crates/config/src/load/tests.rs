//! From command lines and files to values, warnings and errors.

use proptest::prelude::*;

use super::*;
use crate::config::{RenameCommand, Security};
use crate::files::tests::MemoryFiles;

fn run(arguments: &[&str], files: &MemoryFiles) -> Result<Loaded, String> {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    match load_with(&arguments, files) {
        Ok(Invocation::Serve(loaded)) => Ok(*loaded),
        Ok(other) => panic!("not a server: {other:?}"),
        Err(error) => Err(error.to_string()),
    }
}

fn run_file(path: &str, text: impl AsRef<[u8]>) -> Result<Loaded, String> {
    run(&[path], &MemoryFiles::new([(path, text)]))
}

fn flags(arguments: &[&str]) -> Loaded {
    run(arguments, &MemoryFiles::default()).unwrap()
}

fn warnings(loaded: &Loaded) -> Vec<String> {
    loaded.warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn without_arguments_all_is_default() {
    let loaded = flags(&[]);
    assert_eq!(loaded.config, Config::default());
    assert_eq!((loaded.path, loaded.warnings), (None, vec![]));
}

#[test]
fn version_and_help_are_first_arguments() {
    let invocation = |argument: &str| load_with(&[argument.into()], &MemoryFiles::default());
    assert!(matches!(invocation("-v"), Ok(Invocation::Version)));
    assert!(matches!(invocation("--version"), Ok(Invocation::Version)));
    assert!(matches!(invocation("-h"), Ok(Invocation::Help)));
    assert!(matches!(invocation("--help"), Ok(Invocation::Help)));
}

#[test]
fn flags_may_be_spelled_in_many_ways() {
    let expected = flags(&["--port", "7000", "--maxmemory", "1gb"]).config;
    assert_eq!((expected.network.port, expected.memory.maxmemory_bytes), (7000, 1 << 30));
    for arguments in [
        &["--port=7000", "--maxmemory=1gb"][..],
        &["--port 7000", "--maxmemory '1gb'"],
        &["--PORT", "7000", "--MAXMEMORY", "1gb"],
        &["--port", "1", "--maxmemory", "1gb", "--port", "7000"],
    ] {
        assert_eq!(flags(arguments).config, expected, "{arguments:?}");
    }
}

#[test]
fn words_before_the_first_flag_are_a_directive() {
    let files = MemoryFiles::new([("/a.conf", "port 1\n")]);
    let loaded = run(&["/a.conf", "loglevel", "verbose", "--port 2"], &files).unwrap();
    assert_eq!(loaded.config.process.loglevel.word(), "verbose");
    assert_eq!(loaded.config.network.port, 2);
}

#[test]
fn a_flag_takes_words_up_to_the_next_but_at_least_one() {
    let loaded = flags(&["--bind", "127.0.0.1", "::1", "--requirepass", "--port", "--port", "5"]);
    assert_eq!(loaded.config.network.bind, ["127.0.0.1", "::1"]);
    assert_eq!(loaded.config.security.requirepass, b"--port");
    assert_eq!(loaded.config.network.port, 5);
    assert_eq!(flags(&["--bind", "a b"]).config.network.bind, ["a", "b"]);
    assert_eq!(flags(&["--bind", ""]).config.network.bind, Vec::<String>::new());
    assert_eq!(flags(&["--requirepass", "a=b"]).config.security.requirepass, b"a=b");
    assert_eq!(flags(&["--requirepass=a=b"]).config.security.requirepass, b"a=b");
}

#[test]
fn save_may_go_without_a_value() {
    for arguments in
        [&["--save", "--port", "5"][..], &["--save", "", "--port", "5"], &["--port", "5", "--save"]]
    {
        assert_eq!(flags(arguments).config.network.port, 5, "{arguments:?}");
    }
}

#[test]
fn a_missing_value_is_an_error() {
    assert_eq!(
        run(&["--port"], &MemoryFiles::default()).unwrap_err(),
        "command line: bad value for 'port'\nwrong number of arguments\n\
         allowed: an integer from 0 to 65535"
    );
}

#[test]
fn file_then_standard_input_then_flags() {
    let mut files = MemoryFiles::new([("/a.conf", "port 1\nhz 11\ntimeout 1\n")]);
    files.stdin = b"port 2\nhz 12\n".to_vec();
    let loaded = run(&["/a.conf", "--port", "3", "-"], &files).unwrap();
    let config = &loaded.config;
    assert_eq!(
        (config.network.port, config.process.hz, config.clients.timeout_seconds),
        (3, 12, 1)
    );
    assert_eq!(loaded.path.as_deref(), Some(Path::new("/a.conf")));

    let loaded = run(&["-", "--port", "3"], &files).unwrap();
    assert_eq!((loaded.config.network.port, loaded.config.process.hz), (3, 12));
    assert_eq!(loaded.path, None);
}

#[test]
fn the_last_value_counts_and_limits_add_up() {
    let text = "port 1\nPORT 2\nbind a b\nbind c\n\
                client-output-buffer-limit normal 1 2 3\n\
                client-output-buffer-limit \"slave 4mb 5kb 6\"\n";
    let config = run_file("/a.conf", text).unwrap().config;
    assert_eq!((config.network.port, config.network.bind), (2, vec!["c".to_owned()]));
    let limits = config.clients.output_buffer_limit;
    assert_eq!((limits.normal.hard_bytes, limits.normal.soft_seconds), (1, 3));
    assert_eq!((limits.replica.hard_bytes, limits.replica.soft_bytes), (4 << 20, 5 << 10));
    assert_eq!(limits.pubsub, Config::default().clients.output_buffer_limit.pubsub);
}

#[test]
fn renames_gather() {
    let conf = "rename-command FLUSHALL \"\"\nrename-command CONFIG c\n";
    let toml = "rename-command = { FLUSHALL = '', CONFIG = 'c' }";
    let rename = |from: &str, to: &str| RenameCommand { from: from.into(), to: to.into() };
    for (path, text) in [("/a.conf", conf), ("/a.toml", toml)] {
        let Security { rename_command, .. } = run_file(path, text).unwrap().config.security;
        assert_eq!(rename_command, [rename("FLUSHALL", ""), rename("CONFIG", "c")], "{path}");
    }
}

#[test]
fn save_points_gather_and_replace_the_default() {
    let shown = |text: &str| {
        let config = run_file("/a.conf", text).unwrap().config;
        String::from_utf8(config.get(&[b"save"])[0].1.clone()).unwrap()
    };
    assert_eq!(shown("port 7\n"), "3600 1 300 100 60 10000");
    assert_eq!(shown("save 100 1\nsave 10 2 5 3\n"), "100 1 10 2 5 3");
    assert_eq!(shown("save 100 1\nsave \"\"\n"), "");
    assert_eq!(shown("save \"\"\nsave 7 8\n"), "7 8");
    let config = Config::default().set(&[(b"save", b"1 2")], false).unwrap();
    assert_eq!(config.get(&[b"save"])[0].1, b"1 2");
    assert_eq!(config.set(&[(b"save", b"")], false).unwrap().get(&[b"save"])[0].1, b"");
    assert!(config.set(&[(b"save", b"1 2 3")], false).is_err());
    assert!(config.set(&[(b"dbfilename", b"a/b")], true).is_err());
}

#[test]
fn directives_that_cannot_act_are_warnings() {
    let loaded = run_file("/a.conf", "\naof-use-rdb-preamble no\nport 7\nnosuch yes\n").unwrap();
    assert_eq!(loaded.config.network.port, 7);
    assert_eq!(
        warnings(&loaded),
        [
            "/a.conf, line 2: directive 'aof-use-rdb-preamble' is ignored: a log always begins with an RDB file",
            "/a.conf, line 4: unknown directive 'nosuch' is ignored"
        ]
    );
    assert_eq!(
        warnings(&flags(&["--aof-use-rdb-preamble", "no"])),
        [
            "command line: directive 'aof-use-rdb-preamble' is ignored: a log always begins with an RDB file"
        ]
    );
    let loaded = run_file("/a.toml", "port = 7\n[network]\nport = 8\n").unwrap();
    assert_eq!(loaded.config.network.port, 7);
    assert_eq!(warnings(&loaded), ["/a.toml, line 2: unknown directive 'network' is ignored"]);
}

#[test]
fn a_bad_value_says_where_what_and_what_else() {
    assert_eq!(
        run_file("/a.conf", "\nport 70000\n").unwrap_err(),
        "/a.conf, line 2: bad value for 'port': 70000\n\
         argument must be between 0 and 65535 inclusive\nallowed: an integer from 0 to 65535"
    );
    assert_eq!(
        run_file("/a.toml", "maxmemory = 'lots of'").unwrap_err(),
        "/a.toml, line 1: bad value for 'maxmemory': \"lots of\"\n\
         argument must be a memory value\nallowed: bytes, or with unit k, kb, m, mb, g, gb"
    );
    assert_eq!(
        run_file("/a.conf", "slowlog-max-len 1 2").unwrap_err(),
        "/a.conf, line 1: bad value for 'commandlog-slow-execution-max-len': 1 2\n\
         wrong number of arguments\nallowed: an integer from 0"
    );
}

#[test]
fn no_error_shows_a_password() {
    let error = run_file("/a.conf", "requirepass my secret").unwrap_err();
    assert_eq!(
        error,
        "/a.conf, line 1: bad value for 'requirepass'\nwrong number of arguments\nallowed: any text"
    );
    assert_eq!(
        run(&["--requirepass 'secret"], &MemoryFiles::default()).unwrap_err(),
        "command line: quotes are not balanced in '--requirepass'"
    );
}

#[test]
fn files_include_others() {
    let files = MemoryFiles::new([
        ("/a.conf", "port 1\nhz 20\ninclude /d/*.conf\ninclude /b.toml\ntimeout 4\n"),
        ("/d/2.conf", "port 2\n"),
        ("/d/1.conf", "port 3\nunknown x\n"),
        ("/b.toml", "hz = 30\ntimeout = 9\n"),
    ]);
    let loaded = run(&["/a.conf"], &files).unwrap();
    let config = &loaded.config;
    assert_eq!(
        (config.network.port, config.process.hz, config.clients.timeout_seconds),
        (2, 30, 4)
    );
    assert_eq!(warnings(&loaded), ["/d/1.conf, line 2: unknown directive 'unknown' is ignored"]);
}

#[test]
fn a_toml_file_wins_over_what_it_includes() {
    let files = MemoryFiles::new([
        ("/a.toml", "port = 1\ninclude = '/b.conf'"),
        ("/b.conf", "port 2\nhz 9"),
    ]);
    let config = run(&["/a.toml"], &files).unwrap().config;
    assert_eq!((config.network.port, config.process.hz), (1, 9));
}

#[test]
fn missing_files_are_errors_but_patterns_may_match_nothing() {
    assert_eq!(
        run(&["/none.conf"], &MemoryFiles::default()).unwrap_err(),
        "cannot read '/none.conf': entity not found"
    );
    assert_eq!(
        run_file("/a.conf", "\ninclude /none.conf").unwrap_err(),
        "/a.conf, line 2: cannot read '/none.conf': entity not found"
    );
    assert_eq!(run_file("/a.conf", "include /none/*.conf\n").unwrap().config, Config::default());
}

#[test]
fn a_file_that_includes_itself_is_an_error() {
    assert_eq!(
        run_file("/a.conf", "include /a.conf\n").unwrap_err(),
        "/a.conf, line 1: includes are nested more than 16 deep"
    );
}

/// Lines that mean something more often than any bytes do.
fn some_file() -> impl Strategy<Value = Vec<u8>> {
    let name = prop::sample::select(params::rows().map(|row| row.name).collect::<Vec<_>>());
    let value = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string().into_bytes()),
        prop::sample::select(vec!["yes", "1gb", "5%", "", "'", "\"\\x", "include", "normal 0 0 0"])
            .prop_map(|word| word.as_bytes().to_vec()),
        any::<Vec<u8>>(),
    ];
    let separator = prop::sample::select(vec![" ", " = ", "\t", " \"", " = [", " = {"]);
    let line = (name, separator, value).prop_map(|(name, separator, value)| {
        [name.as_bytes(), separator.as_bytes(), &value].concat()
    });
    prop::collection::vec(line, 0..8).prop_map(|lines| lines.join(&b'\n'))
}

proptest! {
    #[test]
    fn no_file_panics(text in prop_oneof![any::<Vec<u8>>(), some_file()]) {
        // A file may name itself in an include; anything else it names is not there.
        let _ = run_file("/a.conf", &text);
        let _ = run_file("/a.toml", &text);
    }

    #[test]
    fn no_command_line_panics(
        arguments in prop::collection::vec("(--?[a-z=-]{0,9})|.{0,9}", 0..6),
    ) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let arguments = [&["--hz", "10"], &arguments[..]].concat();
        let _ = run(&arguments, &MemoryFiles::default());
    }
}
