//! What COMMAND DOCS says of arguments, beside what a real redis-server says.

use std::collections::BTreeMap;

use testkit::{Kind, Layout, Reply, Server};

use crate::servers::kinds;

/// Commands whose arguments are not Redis 7.0's, and why.
const MEANT: &[(&str, &str)] = &[
    ("options that came later", "bitop client|kill client|list geosearch geosearchstore hscan set"),
    ("options that came later", "xadd xread xreadgroup xtrim zrank zrevrank"),
    ("options that came later", "zinter zinterstore zunion zunionstore"),
    ("told by later versions only", "command|getkeys command|getkeysandflags"),
    ("grouped otherwise by later versions", "xinfo|stream"),
    ("a group of one, which needs none", "config|get psubscribe"),
    ("what may be left out is told to be so", "geohash geopos pfmerge"),
    ("not told by Redis", "debug"),
];

/// What is told of each command and subcommand.
fn arguments(server: &Server) -> BTreeMap<String, Vec<String>> {
    let mut client = server.connect();
    client.ask("HELLO 3");
    let mut told = BTreeMap::new();
    add_commands(&client.ask("COMMAND DOCS"), &mut told);
    told
}

fn add_commands(reply: &Reply, told: &mut BTreeMap<String, Vec<String>>) {
    for (name, docs) in pairs(reply) {
        told.insert(text(name), members(docs));
        if let Some(subcommands) = field(docs, "subcommands") {
            add_commands(subcommands, told);
        }
    }
}

fn members(reply: &Reply) -> Vec<String> {
    field(reply, "arguments").map(elements).unwrap_or_default().iter().map(argument).collect()
}

/// All that clients go by. Redis writes the parts of a name together in several ways.
fn argument(reply: &Reply) -> String {
    let text_of = |name| field(reply, name).map(text).unwrap_or_default();
    let mut flags: Vec<_> =
        field(reply, "flags").map(elements).unwrap_or_default().iter().map(text).collect();
    flags.sort_unstable();
    let index = field(reply, "key_spec_index").map(testkit::show).unwrap_or_default();
    format!(
        "{} {} {:?}{index} {flags:?} {:?}",
        text_of("name").replace(['_', ':', '/'], "-"),
        text_of("type"),
        text_of("token"),
        members(reply)
    )
}

fn pairs(reply: &Reply) -> &[(Reply, Reply)] {
    match reply {
        Reply::Map(pairs) => pairs,
        other => panic!("no map: {other:?}"),
    }
}

fn field<'r>(reply: &'r Reply, name: &str) -> Option<&'r Reply> {
    pairs(reply).iter().find(|(key, _)| text(key) == name).map(|(_, value)| value)
}

fn elements(reply: &Reply) -> &[Reply] {
    match reply {
        Reply::Array(elements) | Reply::Set(elements) => elements,
        other => panic!("no array: {other:?}"),
    }
}

fn text(reply: &Reply) -> String {
    match reply {
        Reply::Bulk(text) | Reply::Simple(text) => String::from_utf8_lossy(text).into_owned(),
        other => panic!("no text: {other:?}"),
    }
}

#[test]
fn arguments_are_told_as_redis_tells_them() {
    let kinds = kinds();
    let ours = Kind::Merops(Layout::ONE);
    if !kinds.contains(&Kind::Redis) || !kinds.contains(&ours) {
        return;
    }
    let theirs = arguments(&Server::start(Kind::Redis, &[]));
    let meant: Vec<_> = MEANT.iter().flat_map(|(_, names)| names.split(' ')).collect();
    let mut compared = 0;
    for (name, ours) in arguments(&Server::start(ours, &[])) {
        let Some(theirs) = theirs.get(&name) else { continue };
        match meant.contains(&name.as_str()) {
            true => assert_ne!(&ours, theirs, "{name} need not be listed"),
            false => assert_eq!(&ours, theirs, "{name}"),
        }
        compared += 1;
    }
    assert!(compared > 250, "only {compared} commands are compared");
}
