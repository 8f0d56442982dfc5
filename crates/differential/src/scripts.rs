//! Scripts and libraries, and commands of other rows within scripts and transactions.

use testkit::Random;

use crate::meant::SORTED_SET_READERS;
use crate::shapes::Shape;
use crate::stream::Step;
use crate::table::Compare;

/// Scripts of their own: conversions both ways, errors, the libraries. A few are wrong.
pub(crate) const SCRIPTS: &[&[u8]] = &[
    b"return 1",
    b"return redis.call(unpack(ARGV))",
    b"return {1, 2.7, -3.9, 'x', true, false, {ok='fine'}, {err='ERR bad'}, {}, nil, 5}",
    b"return {err='no code'}",
    b"return {err='-CODE with dash'}",
    b"return {ok='two\\r\\nlines'}",
    b"return {err='two\\r\\nlines'}",
    b"return redis.error_reply('MINE is here')",
    b"return redis.error_reply('-MINE is here')",
    b"return redis.error_reply('')",
    b"return redis.status_reply('ST ' .. ARGV[1])",
    b"return {redis.error_reply(ARGV[1]), redis.status_reply(ARGV[1])}",
    b"return tonumber(ARGV[1])",
    b"return {tostring(tonumber(ARGV[1])), ARGV[1] * 1}",
    b"return {#KEYS, #ARGV, KEYS[1], ARGV[1], ARGV[2]}",
    b"redis.setresp(3) return {double=3.5}",
    b"redis.setresp(3) return {map={a=1}}",
    b"redis.setresp(3) return {set={a=true}}",
    b"return {big_number='123456789012345678901234567890'}",
    b"return {verbatim_string={format='txt', string='text'}}",
    b"return {double=0/0}",
    b"return {double=1/0}",
    b"return {double='x'}",
    b"redis.setresp(3) return redis.call('HGETALL', KEYS[1])",
    b"redis.setresp(3) return redis.call('ZSCORE', KEYS[1], ARGV[1])",
    b"redis.setresp(3) local r = redis.call('GET', KEYS[1]) return {type(r), r}",
    b"local r = redis.call('GET', KEYS[1]) return {type(r), r}",
    b"redis.setresp(4)",
    b"redis.setresp('3')",
    b"redis.setresp()",
    b"return redis.call('SET', KEYS[1], ARGV[1])",
    b"return redis.call('INCR', KEYS[1])",
    b"return redis.pcall('INCR', KEYS[1])",
    b"local r = redis.pcall('INCR', KEYS[1]) return type(r) == 'table' and {'caught', r.err} or r",
    b"return {pcall(redis.call, 'INCR', KEYS[1])}",
    b"local ok, e = pcall(redis.call, 'NOSUCH') return {tostring(ok), type(e), e.err or e}",
    b"redis.call('SET', 'k1', 1) error('stop here')",
    b"error({err='MINE error table'})",
    b"error(ARGV[1])",
    b"error()",
    b"return redis.call()",
    b"return redis.call('GET')",
    b"return redis.call('GET', {})",
    b"return redis.call('SET', 'k2', 12.5)",
    b"return redis.call('SET', 'k2', 1e20)",
    b"return redis.call('SET', 'k2', 3)",
    b"return redis.call('SET', 'k2', true)",
    b"return redis.call('MULTI')",
    b"return redis.call('EVAL', 'return 1', 0)",
    b"return redis.call('SUBSCRIBE', 'c1')",
    b"return redis.call('PUBLISH', 'c1', ARGV[1])",
    b"redis.call('SELECT', 1) return redis.call('SET', 'k3', 'x')",
    b"x = 1",
    b"return x",
    b"local t = {} t.x.y = 1",
    b"return 'a' + 1",
    b"return ('x'):rep(3) .. nil",
    b"return {",
    b"goto out",
    b"#!lua\nreturn 1",
    b"#!lua flags=no-writes\nreturn redis.call('SET', 'k1', 'v')",
    b"#!lua flags=no-writes,allow-stale\nreturn redis.call('GET', 'k1')",
    b"#!lua flags=nonsense\nreturn 1",
    b"#!lua name=x\nreturn 1",
    b"#!other\nreturn 1",
    b"#!lua",
    b"return redis.sha1hex(ARGV[1])",
    b"return redis.sha1hex()",
    b"return {redis.LOG_DEBUG, redis.LOG_VERBOSE, redis.LOG_NOTICE, redis.LOG_WARNING}",
    b"return {redis.REPL_ALL, redis.REPL_AOF, redis.REPL_NONE, redis.REPL_SLAVE}",
    b"return redis.set_repl(ARGV[1])",
    b"return redis.set_repl(redis.REPL_ALL)",
    b"return redis.log(1)",
    b"return redis.log('x', 'y')",
    b"return redis.replicate_commands()",
    b"return redis.breakpoint()",
    b"return redis.debug('x')",
    b"return tostring(redis.acl_check_cmd('GET', 'k'))",
    b"return redis.acl_check_cmd('NOSUCH')",
    b"return cjson.encode({1, 2, 'x', {}, {a=1}, cjson.null, 1.5, 1e100, -0})",
    b"return cjson.encode(ARGV)",
    b"return cjson.encode(cjson.decode(ARGV[1]))",
    b"local t = cjson.decode('[1, 2.5, \"x\", null, true, [], {}]') return {#t, t[1], t[3], type(t[4])}",
    b"return cjson.decode('{\"a\": {\"b\": [1, 2, 3]}}').a.b",
    b"return cjson.decode('[')",
    b"return cjson.encode({[1]=1, [3]=3})",
    b"return cjson.encode({[1]=1, x=2})",
    b"return cjson.encode({[1000]=1})",
    b"return cjson.encode(function() end)",
    b"return cjson.encode(0/0)",
    b"return cmsgpack.pack(1, -1, 'x', true, nil, 1.5, {1, 2}, 300, -40000)",
    b"return {cmsgpack.unpack(cmsgpack.pack(ARGV[1], {1, 2, 3}, 7))}",
    b"return cmsgpack.unpack(ARGV[1])",
    b"return struct.pack('>I2i4sBhLd', 1, -2, 'abc', 3, -4, 5, 1.5)",
    b"return {struct.unpack('<I2I2', 'abcdef')}",
    b"return struct.size('>I2 i4 B')",
    b"return struct.unpack('>I8', ARGV[1])",
    b"return struct.pack('z', 1)",
    b"return {bit.band(255, 15), bit.bor(1, 6), bit.bxor(5, 1), bit.bnot(0), bit.lshift(1, 31)}",
    b"return {bit.tohex(255), bit.tohex(-1, 4), bit.tobit(4294967296), bit.rol(1, 33), bit.bswap(1)}",
    b"return bit.band(ARGV[1], 255)",
    b"return {tostring(1e15), tostring(1e16), tostring(0.1), tostring(-0), tostring(1/0), 1e3}",
    b"return {string.format('%5.2f|%d|%s|%q|%x', 3.14159, 42, 'x', 'a\"b', 255)}",
    b"return {('hello world'):find('o w'), ('key=val'):match('(%w+)=(%w+)'), ('abc'):byte(1, -1)}",
    b"return {string.rep('x', 3), ('a,b,c'):gsub(',', ';')}",
    b"return {math.floor(-1.5), math.max(1, 5, 3), math.fmod(7, 3), tostring(math.pi), math.huge}",
    b"return type(io)",
    b"return type(require)",
    b"return type(loadfile)",
    b"return type(dofile)",
    b"return type(print)",
    b"return type(debug)",
    b"return type(package)",
    b"return type(collectgarbage)",
    b"return tostring(_VERSION) .. ' ' .. tostring(redis.REDIS_VERSION ~= nil)",
    b"math.randomseed(7) return {math.random(100), math.random(100), tostring(math.random())}",
    b"local t = {} for i = 1, 300 do t[i] = i end return t",
    b"local t = {5, 3, 9} table.sort(t) return {table.concat(t, '-'), unpack(t)}",
    b"local t = {1, nil, 3} return #t",
    b"return setmetatable({1, 2}, {__index = function() return 'x' end})",
    b"return {{{{1}}}}",
    b"_G.redis = nil",
    b"redis.call = nil",
    b"string.x = 1",
    b"setmetatable(_G, {})",
    b"return getmetatable(_G) == nil",
    b"return rawset(_G, 'y', 1)",
    b"return tostring(loadstring('return 7')())",
    b"return loadstring('return')",
    b"local f = function(...) return select('#', ...) end return f(nil, nil)",
    b"return {coroutine.resume(coroutine.create(function(a) coroutine.yield(a) end), 4)}",
];

/// Of the first two scripts, and of none.
pub(crate) const DIGESTS: &[&[u8]] = &[
    b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db",
    b"E0E1F9FABFC9D4800C877A703B823AC0578FF8DB",
    b"3c44b7a40779a5c68a6e3920550ff76660a813aa",
    b"ffffffffffffffffffffffffffffffffffffffff",
    b"x",
];

/// Libraries. A few are wrong.
pub(crate) const LIBRARIES: &[&[u8]] = &[
    b"#!lua name=l1\nredis.register_function('f1', function(keys, args) return {#keys, args[1]} end)",
    b"#!lua name=l2\nredis.register_function('f2', function(k, a) return redis.call('INCR', k[1]) end)",
    b"#!lua name=l2\nredis.register_function{function_name='f2', flags={'no-writes'}, description='d', callback=function(k, a) return redis.call('GET', k[1]) end}",
    b"#!lua name=l3\nlocal n = 7\nredis.register_function('f3', function() return n + 1 end)",
    b"#!lua name=l3\nredis.register_function{function_name='f3', flags={'no-writes'}, callback=function(k, a) return redis.call('SET', k[1], 1) end}",
    b"#!lua name=l1\nredis.register_function('f2', function() return 'taken' end)",
    b"#!lua name=l1\nredis.register_function('f1', function() return redis.setresp(3) end)\nredis.register_function('f1', function() end)",
    b"#!lua name=l1\nredis.register_function('f1', function() error('inside') end)",
    b"#!lua name=l1\nredis.register_function('f1', function(k) return redis.error_reply('MINE') end)",
    b"#!lua name=l1\nreturn 1",
    b"#!lua name=l1\nredis.call('GET', 'x')",
    b"#!lua name=l1\nerror('at load')",
    b"#!lua name=l1\nredis.register_function('bad name', function() end)",
    b"#!lua name=l1\nredis.register_function('f1')",
    b"#!lua name=l1\nredis.register_function('f1', 'x')",
    b"#!lua name=l1\nredis.register_function(1, 2, 3)",
    b"#!lua name=l1\nredis.register_function{function_name='f1', callback=function() end, other=1}",
    b"#!lua name=l1\nredis.register_function{function_name='f1', callback=function() end, flags={'x'}}",
    b"#!lua name=l1\nx = 1",
    b"#!lua name=l1\nlocal",
    b"#!lua name=bad-name\nreturn 1",
    b"#!lua name=\nreturn 1",
    b"#!lua\nreturn 1",
    b"#!lua name=l1 name=l2\nreturn 1",
    b"#!lua other=1 name=l1\nreturn 1",
    b"#!js name=l1\nreturn 1",
    b"return 1",
    b"",
    b"#!lua name=l1",
];

/// What FUNCTION DUMP of Redis 7.0 gave: nothing, a library, and that damaged.
pub(crate) const PAYLOADS: &[&[u8]] = &[
    b"\xf5\xc3@_@g\x1f#!lua name=l2\x0aredis.register_fun\x0bction('f2', \xe0\x00\x0e\x19keys, args) return {'resto @ (\x00#\x80 \x00#@!\x05} end)\x0a\x00)\xbfc B2\xd9\xe0",
    b"\xf5\xc3@_@g\x1f#!lua name=l2\x0aredis.register_fun\x0bction('f2', \xe0\x00\x0e\x19keys, args) return {'restO @ (\x00#\x80 \x00#@!\x05} end)\x0a\x00)\xbfc B2\xd9\xe0",
    b"",
    b"x",
];

/// How a command's reply is returned as it came.
const PLAIN: &[&str] = &[
    "return redis.call(unpack(ARGV))",
    "return redis.pcall(unpack(ARGV))",
    "redis.setresp(3) return redis.call(unpack(ARGV))",
    "local r = redis.pcall(unpack(ARGV)) return r",
    "redis.setresp(3) local r = redis.pcall(unpack(ARGV)) redis.setresp(2) return r",
];

/// And how looked at. What it shows is the same only for replies that are.
const SHOWN: &[&str] = &[
    "local r = redis.call(unpack(ARGV)) return {type(r), r}",
    "local r = redis.pcall(unpack(ARGV)) return {r, r, {r}}",
    "local function show(v)
       if type(v) ~= 'table' then return type(v) .. ':' .. tostring(v) end
       local parts = {}
       for k, x in pairs(v) do parts[#parts + 1] = show(k) .. '=' .. show(x) end
       table.sort(parts)
       return '{' .. table.concat(parts, ',') .. '}'
     end
     if #ARGV % 2 == 0 then redis.setresp(3) end
     return show(redis.pcall(unpack(ARGV)))",
    "local r = redis.pcall(unpack(ARGV)) return r.err and {err = r.err} or cjson.encode(r)",
    "local r = redis.pcall(unpack(ARGV)) return {cmsgpack.unpack(cmsgpack.pack(r))}",
];

/// Commands whose replies differ on purpose in ways that could not be told from what is shown.
const DIFFERENT: &[&str] = &[
    "GETRANGE",
    "SUBSTR",
    "SCAN",
    "SSCAN",
    "HSCAN",
    "ZSCAN",
    "COMMAND",
    "OBJECT",
    "SORT",
    "SORT_RO",
    "BITCOUNT",
    "BITPOS",
    "XREAD",
    "XREADGROUP",
    "XINFO",
    "XGROUP",
    "LOLWUT",
    "LPOS",
    "LREM",
    "GEOSEARCH",
    "GEORADIUS",
    "GEORADIUS_RO",
    "GEORADIUSBYMEMBER",
    "GEORADIUSBYMEMBER_RO",
    "GEODIST",
    "INCRBYFLOAT",
];

/// Commands that may wait. In scripts they answer what they would at once; before 7.2 scripts could
/// not call them.
const WAIT: &[&str] =
    &["BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP"];

/// Whether [`wrap`] takes it.
pub(crate) fn can_wrap(words: &[Vec<u8>]) -> bool {
    let is = |word: &Vec<u8>, name: &&str| word.eq_ignore_ascii_case(name.as_bytes());
    // Sets within a reply of COMMAND come in an order of Lua's own.
    !WAIT.iter().chain(&["COMMAND"]).any(|name| is(&words[0], name))
        && !words.iter().any(|word| is(word, &"BLOCK"))
}

/// The same command, run by a script.
pub(crate) fn wrap(words: &[Vec<u8>], compare: Compare, random: &mut Random) -> Vec<Vec<u8>> {
    let mut different = DIFFERENT.iter().chain(SORTED_SET_READERS);
    let is_plain = different.any(|name| words[0].eq_ignore_ascii_case(name.as_bytes()));
    let bodies = match compare {
        Compare::Bytes if !is_plain && random.one_in(2) => SHOWN,
        _ => PLAIN,
    };
    let name = if random.one_in(12) { "EVAL_RO" } else { "EVAL" };
    let keys = &words[1..words.len().min(1 + random.below(2))];
    let mut wrapped =
        vec![name.into(), (*random.pick(bodies)).into(), keys.len().to_string().into()];
    wrapped.extend_from_slice(keys);
    wrapped.extend_from_slice(words);
    wrapped
}

/// The command that a script runs, if [`wrap`] made it.
pub(crate) fn wrapped(words: &[Vec<u8>]) -> Option<&[Vec<u8>]> {
    let body = words.get(1).map(Vec::as_slice)?;
    let is_ours = PLAIN.iter().chain(SHOWN).any(|ours| ours.as_bytes() == body);
    let keys: usize = std::str::from_utf8(words.get(2)?).ok()?.parse().ok()?;
    words.get(3_usize.checked_add(keys)?..).filter(|rest| is_ours && !rest.is_empty())
}

/// Whether a command is the same change to those who watch at both servers. Here whatever changes a
/// stream's groups is one; Redis does not look at all of them.
fn breaks_watch_alike(step: &Step) -> bool {
    let Step::Command { words, .. } = step else { return true };
    let words = wrapped(words).unwrap_or(words);
    let is = |name: &&str| words[0].eq_ignore_ascii_case(name.as_bytes());
    !["XGROUP", "XACK", "XREADGROUP", "XCLAIM", "XAUTOCLAIM", "PFDEBUG", "FCALL"].iter().any(is)
}

/// A transaction of commands that `draw` gives.
pub(crate) fn transaction(
    random: &mut Random,
    mut draw: impl FnMut(&mut Random) -> Step,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let one = |word: &str, joined| Step::plain(vec![word.into()], joined);
    if random.one_in(3) {
        let mut words = vec![b"WATCH".to_vec()];
        words.extend((0..1 + random.below(3)).map(|_| Shape::Key.draw(random)));
        steps.push(Step::plain(words, false));
        steps
            .extend(Some(draw(random)).filter(|step| random.one_in(2) && breaks_watch_alike(step)));
    }
    steps.push(one("MULTI", !random.one_in(4)));
    for _ in 0..1 + random.below(6) {
        steps.push(draw(random));
    }
    let end = if random.one_in(8) { "DISCARD" } else { "EXEC" };
    steps.push(one(end, !random.one_in(4)));
    steps
}
