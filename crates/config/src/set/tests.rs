//! CONFIG GET and CONFIG SET, without a server.

use super::*;
use crate::config::MaxmemoryPolicy;

type Pair<'a> = (&'a str, &'a str);

fn set(config: &Config, pairs: &[Pair<'_>]) -> Result<Config, String> {
    let pairs: Vec<(&[u8], &[u8])> =
        pairs.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    config.set(&pairs, false).map_err(|error| error.to_string())
}

fn refusal(pairs: &[Pair<'_>]) -> String {
    set(&Config::default(), pairs).unwrap_err()
}

fn get(config: &Config, patterns: &[&str]) -> Vec<(String, String)> {
    let patterns: Vec<&[u8]> = patterns.iter().map(|pattern| pattern.as_bytes()).collect();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    config.get(&patterns).iter().map(|(name, value)| (text(name), text(value))).collect()
}

fn pairs(pairs: &[Pair<'_>]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

#[test]
fn sets_several_at_once() {
    let old = Config::default();
    let new = set(&old, &[("maxmemory", "1gb"), ("MAXMEMORY-POLICY", "AllKeys-LRU")]).unwrap();
    assert_eq!(new.memory.maxmemory_bytes, 1 << 30);
    assert_eq!(new.memory.maxmemory_policy, MaxmemoryPolicy::AllkeysLru);
    let mut expected = old;
    expected.memory = new.memory.clone();
    assert_eq!(new, expected);
}

#[test]
fn refuses_all_for_one() {
    assert_eq!(
        refusal(&[("maxmemory", "1gb"), ("maxmemory-clients", "200%"), ("hz", "x")]),
        "CONFIG SET failed (possibly related to argument 'maxmemory-clients') - \
         percentage argument must be less or equal to 100"
    );
}

#[test]
fn an_address_needs_no_quotes() {
    let refused = "CONFIG SET failed (possibly related to argument 'bind') - \
                   Failed to bind to specified addresses.";
    assert_eq!(refusal(&[("bind", "a \"b\"")]), refused);
}

#[test]
fn names_come_before_values_and_the_first_bad_one_counts() {
    let unknown = "Unknown option or number of arguments for CONFIG SET - 'Nope'";
    assert_eq!(refusal(&[("hz", "x"), ("Nope", "1"), ("daemonize", "no")]), unknown);
    let immutable =
        "CONFIG SET failed (possibly related to argument 'Daemonize') - can't set immutable config";
    assert_eq!(refusal(&[("Daemonize", "no"), ("Nope", "1")]), immutable);
    assert_eq!(
        refusal(&[("hz", "1"), ("HZ", "2")]),
        "CONFIG SET failed (possibly related to argument 'HZ') - duplicate parameter"
    );
    assert_eq!(
        refusal(&[("dir", "/")]),
        "CONFIG SET failed (possibly related to argument 'dir') - can't set protected config"
    );
    assert_eq!(
        refusal(&[("rename-command", "a b")]),
        "Unknown option or number of arguments for CONFIG SET - 'rename-command'"
    );
}

#[test]
fn protected_parameters_need_leave() {
    let config = Config::default().set(&[(b"dir", b"/data")], true).unwrap();
    assert_eq!(config.process.dir, std::path::Path::new("/data"));
}

#[test]
fn an_error_names_the_parameter_as_redis_does() {
    // In lower case, but by the alias that was used.
    assert_eq!(
        refusal(&[("HASH-max-ziplist-ENTRIES", "x")]),
        "CONFIG SET failed (possibly related to argument 'hash-max-ziplist-entries') - \
         argument couldn't be parsed into an integer"
    );
    assert_eq!(
        SetError::refused("port", "Unable to listen on this port. Check server logs.").to_string(),
        "CONFIG SET failed (possibly related to argument 'port') - \
         Unable to listen on this port. Check server logs."
    );
}

#[test]
fn gets_by_name_and_by_pattern() {
    let config = Config::default();
    assert_eq!(get(&config, &["port"]), pairs(&[("port", "6379")]));
    assert_eq!(get(&config, &["PORT", "port"]), pairs(&[("PORT", "6379")]));
    assert_eq!(get(&config, &["nope", "rename-command"]), []);
    assert_eq!(
        get(&config, &["maxmemory-?olicy", "MAX*-samples", "maxmemory*amples"]),
        pairs(&[("maxmemory-policy", "noeviction"), ("maxmemory-samples", "5")])
    );
    assert_eq!(
        get(&config, &["hash-max-*-entries"]),
        pairs(&[("hash-max-listpack-entries", "512"), ("hash-max-ziplist-entries", "512")])
    );
    assert!(get(&config, &["*"]).iter().all(|(name, _)| name != "rename-command"));
    // What tests alone need is shown to who knows its name.
    assert_eq!(get(&config, &["key-load-del?y", "*-save-delay"]), []);
    assert_eq!(get(&config, &["KEY-load-delay"]), pairs(&[("KEY-load-delay", "0")]));
}

#[test]
fn values_look_as_in_redis() {
    let config = set(
        &Config::default(),
        &[
            ("maxmemory-clients", "5%"),
            ("client-output-buffer-limit", "replica 1mb 2k 3"),
            ("latency-tracking-info-percentiles", "50 99.123456789 0.5 1e1"),
            ("bind", "127.0.0.1 ::1"),
            ("lazyfree-lazy-user-del", "YES"),
            ("list-max-ziplist-size", "-5"),
        ],
    )
    .unwrap();
    for (name, value) in [
        ("maxmemory-clients", "5%"),
        (
            "client-output-buffer-limit",
            "normal 0 0 0 slave 1048576 2000 3 pubsub 33554432 8388608 60",
        ),
        ("latency-tracking-info-percentiles", "50 99.123457 0.5 10"),
        ("bind", "127.0.0.1 ::1"),
        ("lazyfree-lazy-user-del", "yes"),
        ("list-max-listpack-size", "-5"),
        ("unixsocketperm", "0"),
        ("requirepass", ""),
    ] {
        assert_eq!(get(&config, &[name]), pairs(&[(name, value)]));
    }
}

#[test]
fn empty_lists_and_any_bytes_are_values() {
    let config = set(
        &Config::default(),
        &[
            ("bind", ""),
            ("latency-tracking-info-percentiles", ""),
            ("client-output-buffer-limit", ""),
        ],
    )
    .unwrap();
    assert_eq!(config.network.bind, Vec::<String>::new());
    assert_eq!(config.monitoring.latency_tracking_info_percentiles, Vec::<f64>::new());
    assert_eq!(config.clients.output_buffer_limit, Config::default().clients.output_buffer_limit);

    let config = Config::default().set(&[(b"requirepass", b"\xff\x00 x")], false).unwrap();
    assert_eq!(
        config.get(&[b"requirepass"]),
        [(b"requirepass".as_slice(), b"\xff\x00 x".to_vec())]
    );
}
