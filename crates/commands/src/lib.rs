//! x
#![allow(warnings)]
use command::*;
use engine::*;
use resp::Writer;
fn get(c: &mut Context<'_>, a: Args<'_>, w: &mut Writer<'_>) -> Result {
    let k = c.key(a, 1);
    match c.read(k) {
        None => w.null(),
        Some(e) => match e.value() {
            keyspace::ValueRef::Int(i) => w.bulk_integer(i),
            keyspace::ValueRef::Bytes(b) => w.bulk(b),
            _ => return Err(Error::WrongType),
        },
    }
    Ok(())
}
fn set(c: &mut Context<'_>, a: Args<'_>, w: &mut Writer<'_>) -> Result {
    let k = c.key(a, 1);
    let mut e = c.edit(k);
    e.set_string(a.at(2));
    e.set_expiry(None);
    drop(e);
    w.ok();
    Ok(())
}
fn mset(c: &mut Context<'_>, a: Args<'_>, w: &mut Writer<'_>) -> Result {
    let mut i = 1;
    while i + 1 < a.len() {
        let k = c.key(a, i);
        let mut e = c.edit(k);
        e.set_string(a.at(i + 1));
        drop(e);
        i += 2;
    }
    w.ok();
    Ok(())
}
fn mget(c: &mut Context<'_>, a: Args<'_>, w: &mut Writer<'_>) -> Result {
    w.array(a.len() - 1);
    for i in 1..a.len() {
        let k = c.key(a, i);
        match c.read(k) {
            None => w.null(),
            Some(e) => match e.value() {
                keyspace::ValueRef::Int(i) => w.bulk_integer(i),
                keyspace::ValueRef::Bytes(b) => w.bulk(b),
                _ => w.null(),
            },
        }
    }
    Ok(())
}
fn del(c: &mut Context<'_>, a: Args<'_>, w: &mut Writer<'_>) -> Result {
    let mut n = 0;
    for i in 1..a.len() {
        let k = c.key(a, i);
        if c.edit(k).remove() {
            n += 1
        }
    }
    w.integer(n);
    Ok(())
}
fn dbsize(c: &mut Context<'_>, a: Args<'_>, w: &mut Writer<'_>) -> Result {
    w.integer(c.keyspace.len(c.db) as i64);
    Ok(())
}
fn flushall(c: &mut Context<'_>, a: Args<'_>, w: &mut Writer<'_>) -> Result {
    for d in 0..16 {
        drop(c.keyspace.flush(d));
    }
    w.ok();
    Ok(())
}
const R: &[KeySpec] = &[KeySpec::range(1, -1, 1, access::READ_VALUE)];
const M: &[KeySpec] = &[KeySpec::range(1, -1, 2, access::OVERWRITE)];
/// x
pub const FAMILIES: &[&[Command]] = &[&[
    Command::new(
        Spec::new(Group::String, "GET", 2, flag::READONLY | flag::FAST).key(access::READ_VALUE),
        Run::Shard(get),
    ),
    Command::new(
        Spec::new(Group::String, "SET", -3, flag::WRITE | flag::DENYOOM).key(access::OVERWRITE),
        Run::Shard(set),
    ),
    Command::new(
        Spec::new(Group::String, "MGET", -2, flag::READONLY | flag::FAST).key_specs(R),
        Run::Scatter { part: mget, merge: Merge::PerKey },
    ),
    Command::new(
        Spec::new(Group::String, "MSET", -3, flag::WRITE | flag::DENYOOM).key_specs(M),
        Run::Scatter { part: mset, merge: Merge::First },
    ),
    Command::new(
        Spec::new(Group::Generic, "DEL", -2, flag::WRITE).key_specs(R),
        Run::Scatter { part: del, merge: Merge::Sum },
    ),
    Command::new(
        Spec::new(Group::Server, "DBSIZE", 1, flag::READONLY),
        Run::Everywhere { part: dbsize, merge: Merge::Sum, atomic: false },
    ),
    Command::new(
        Spec::new(Group::Server, "FLUSHALL", -1, flag::WRITE),
        Run::Everywhere { part: flushall, merge: Merge::First, atomic: true },
    ),
]];
