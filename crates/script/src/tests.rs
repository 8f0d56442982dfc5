mod compare;
mod host;

use std::sync::Arc;

use host::Map;

use crate::*;

fn eval_in(runtime: &Runtime, script: &str) -> String {
    let source = Source::parse(script).unwrap();
    let mut host = Map::default();
    let program = Program::Eval { source: &source, keys: &[b"k"], args: &[b"a", b"b"] };
    match runtime.start(program, Options::default()) {
        Ok(run) => host::finish(run, &mut host),
        Err(error) => format!("-{error}"),
    }
}

fn eval(script: &str) -> String {
    eval_in(&Runtime::new(0), script)
}

#[test]
fn runs_a_script() {
    assert_eq!(eval("return 1"), ":1");
    assert_eq!(eval("return {KEYS[1], ARGV[2], #ARGV}"), "*3 $k $b :2");
    assert_eq!(eval("redis.call('SET', KEYS[1], 5) return redis.call('GET', 'k')"), "$5");
}

/// A host whose calls suspend, and who wants the thread back every so many looks.
fn remote(slices: usize) -> Map {
    Map { is_remote: true, slices: Some(slices), ..Map::default() }
}

fn start(runtime: &Runtime, script: &str) -> Run {
    let source = Source::parse(script).unwrap();
    let program = Program::Eval { source: &source, keys: &[b"k"], args: &[] };
    runtime.start(program, Options::default()).unwrap()
}

#[test]
fn a_call_that_is_not_answered_at_once_suspends_at_any_depth() {
    let runtime = Runtime::new(0);
    let script = "
        local function deep(n)
            if n == 0 then return redis.call('GET', KEYS[1]) end
            local ok, value = pcall(deep, n - 1)
            return value
        end
        redis.call('SET', KEYS[1], 'v')
        local co = coroutine.wrap(function() coroutine.yield(deep(20)) end)
        local sorted = {3, 1, 2}
        table.sort(sorted, function(a, b) redis.call('echo', 'x') return a < b end)
        return {co(), sorted}";
    assert_eq!(host::finish(start(&runtime, script), &mut remote(1)), "*2 $v *3 :1 :2 :3");
    let mut run = start(&runtime, "return redis.pcall('incr', KEYS[1], 5)");
    let Step::Call { args, resp3 } = run.resume(&mut remote(1), Resume::Continue) else {
        panic!("it calls")
    };
    assert_eq!(args, [&b"incr"[..], b"k", b"5"]);
    assert!(!resp3);
    let reply = b"-ERR no\r\n".to_vec();
    let Step::Done(finished) = run.resume(&mut remote(1), Resume::Reply(reply)) else {
        panic!("it is over")
    };
    assert_eq!(finished.error.as_deref(), Some(&b"ERR no"[..]));
    assert!(finished.counted);
}

#[test]
fn two_scripts_take_turns() {
    let runtime = Runtime::new(0);
    let script = "local a = redis.call('echo', ARGV[1] or KEYS[1]) .. redis.call('echo', 'y')
        return a";
    let mut runs = [start(&runtime, script), start(&runtime, script)];
    let mut host = remote(1);
    for _ in 0..2 {
        for run in &mut runs {
            let step = run.resume(&mut host, Resume::Continue);
            assert!(matches!(step, Step::Call { .. }), "{step:?}");
            let step = run.resume(&mut host, Resume::Reply(b"$1\r\nz\r\n".to_vec()));
            assert!(matches!(step, Step::Call { .. } | Step::Done(_)));
            if let Step::Call { .. } = step {
                let Step::Done(finished) =
                    run.resume(&mut host, Resume::Reply(b"$1\r\n!\r\n".to_vec()))
                else {
                    panic!("it is over")
                };
                assert_eq!(finished.reply, b"$2\r\nz!\r\n");
            }
        }
        runs = [start(&runtime, script), start(&runtime, script)];
    }
}

#[test]
fn long_scripts_give_way() {
    let runtime = Runtime::new(0);
    let mut host = Map { slices: Some(2), ..Map::default() };
    let mut run = start(&runtime, "local n = 0 for i = 1, 1000000 do n = n + 1 end return n");
    let mut slices = 0;
    loop {
        match run.resume(&mut host, Resume::Continue) {
            Step::Slice => slices += 1,
            Step::Done(finished) => {
                assert_eq!(finished.reply, b":1000000\r\n");
                break;
            }
            Step::Call { .. } => panic!("it calls nothing"),
        }
    }
    assert!((50..500).contains(&slices), "{slices}");
}

#[test]
fn nothing_keeps_a_script_from_being_killed() {
    let runtime = Runtime::new(0);
    for script in [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "while true do xpcall(function() while true do end end, function(e) return e end) end",
        "while true do xpcall(function() while true do end end, error) end",
        "while true do local co = coroutine.create(function() while true do end end)
            coroutine.resume(co) end",
        "while true do pcall(coroutine.wrap(function() while true do end end)) end",
        "while true do load(function() while true do end end) end",
        "while true do pcall(redis.call, 'GET', 'k') end",
        "while true do coroutine.wrap(function() for i = 1, 9000 do local x = i end end)() end",
        "local t = setmetatable({}, {__index = function(t, k) while true do end end})
            return pcall(function() return t.x end)",
        "error(setmetatable({}, {__index = function(t, k) while true do end end}))",
    ] {
        let mut host = Map { slices: Some(1), ..Map::default() };
        let mut run = start(&runtime, script);
        assert!(matches!(run.resume(&mut host, Resume::Continue), Step::Slice), "{script}");
        let kill = Resume::Kill("Script killed by user".to_owned());
        let Step::Done(finished) = run.resume(&mut host, kill) else { panic!("{script}") };
        let text = String::from_utf8(finished.error.unwrap()).unwrap();
        assert!(text.starts_with("ERR "), "{script}: {text}");
        // Given up by who runs it: the same.
        let mut run = start(&runtime, script);
        assert!(matches!(run.resume(&mut host, Resume::Continue), Step::Slice), "{script}");
        drop(run);
        assert_eq!(eval_in(&runtime, "return 7"), ":7", "after {script}");
    }
    let mut host = remote(1);
    let mut run = start(&runtime, "while true do redis.pcall('GET', 'k') end");
    assert!(matches!(run.resume(&mut host, Resume::Continue), Step::Call { .. }));
    let step = run.resume(&mut host, Resume::Kill("gone".to_owned()));
    let Step::Done(finished) = step else { panic!("{step:?}") };
    let text = String::from_utf8(finished.error.unwrap()).unwrap();
    assert!(text.starts_with("ERR gone script: "), "{text}");
    // One that never began.
    drop(start(&runtime, "return 1"));
}

#[test]
fn memory_has_an_end() {
    let runtime = Runtime::new(16 << 20);
    for script in [
        "local s = 'x' while true do s = s .. s end",
        "local t = {} while true do t[#t + 1] = {} end",
        "return ('x'):rep(100000000)",
        "return ('x'):rep(2000000000)",
        "return (''):rep(2000000000) .. 'end'",
        "return cjson.decode('[' .. ('[],'):rep(1000000) .. '1]')",
        "local t = {} for i = 1, 100 do t[i] = ('x'):rep(1000000) end return table.concat(t)",
    ] {
        let reply = eval_in(&runtime, script);
        let bounded = ["not enough memory", "string too large", "$end"];
        assert!(bounded.iter().any(|text| reply.contains(text)), "{script}: {reply}");
        assert_eq!(eval_in(&runtime, "return 7"), ":7", "after {script}");
    }
}

#[test]
fn depth_has_an_end() {
    let runtime = Runtime::new(256 << 20);
    for script in [
        "local function f() return 1 + f() end return f()",
        "local function f() return pcall(f) end return {f()}",
        "local function f(s) return (s:gsub('.', f)) end return f('x')",
        "local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k + 1] end
            return t[1]",
        "return loadstring('return ' .. ('('):rep(100000) .. '1' .. (')'):rep(100000))",
        "return loadstring(('do '):rep(100000))",
        "return ('a'):rep(100000):find(('a?'):rep(1000000))",
        "return ('a'):rep(100000):match(('a-'):rep(1000000))",
        "return #('a'):rep(3000):gsub(('a?'):rep(2000), '')",
        "local t = {} t[1] = t return t",
        "local t = {} t.map = t return t",
        "local t = {} for i = 1, 100000 do t = {t} end return t",
        "local t = {} for i = 1, 100000 do t = {t} end return cjson.encode(t)",
        "local c = cjson.new() c.decode_max_depth(2000000000) return c.decode(('['):rep(1000000))",
        "local c = cjson.new() c.encode_max_depth(2000000000) local t = {} t[1] = t return c.encode(t)",
        "return cmsgpack.unpack(('\\145'):rep(1000000))",
        "return cmsgpack.unpack(('\\129'):rep(1000000))",
        "return {cmsgpack.unpack(('\\1'):rep(1000000))}",
        "return {struct.unpack(('b'):rep(100000), ('x'):rep(100000))}",
        "return unpack({}, -2147483648, 2147483647)",
        "return unpack({}, 0, 2147483647)",
        "return unpack({}, 1, 0/0)",
        "local co co = coroutine.wrap(function() return co() end) return co()",
        "local function f() return coroutine.wrap(f)() end return f()",
    ] {
        eval_in(&runtime, script);
        assert_eq!(eval_in(&runtime, "return 7"), ":7", "after {script}");
    }
    let reply = eval_in(&runtime, "local t = {} t[1] = t return t");
    assert!(reply.ends_with("*1 -ERR reached lua stack limit"), "{reply}");
}

#[test]
fn scripts_leave_nothing_behind() {
    let runtime = Runtime::new(0);
    for script in [
        "KEYS[5] = 'x' ARGV.y = 1",
        "local _, t = pairs(redis) t.call = 1",
        "table.insert(_G, 1)",
        "string.rep = nil",
        "('x').rep = 1",
        "getmetatable('').__index = {}",
        "rawset(string, 'rep', 1)",
        "rawset(getmetatable(''), '__index', 1)",
        "coroutine.wrap = 1",
        "collectgarbage('stop')",
        "table.sort(redis)",
        "table.remove(redis)",
        "for k in pairs(_G) do pcall(rawset, _G, k, 1) end",
        "pcall(error, redis) error(redis)",
        "error(_G)",
        "setmetatable(redis, {})",
        "local t = next(_G) for k, v in next, redis do redis[k] = 1 end",
    ] {
        eval_in(&runtime, script);
        let intact =
            "return {KEYS[5] or 0, ARGV.y or 0, type(redis.call), ('x'):rep(2), type(wrap)}";
        let intact = intact.replace("type(wrap)", "type(coroutine.wrap)");
        let reply = eval_in(&runtime, &intact);
        assert_eq!(reply, "*5 :0 :0 $function $xx $function", "after {script}");
    }
}

#[test]
fn code_is_text() {
    let dumped = "local code = '\\27Lua' return {pcall(loadstring, code)}";
    assert!(eval(dumped).contains(":1"), "{}", eval(dumped));
    let dumped = eval("return loadstring(string.dump(function() return 1 end))()");
    assert!(dumped.contains("attempt to call a nil value"), "{dumped}");
    let source = Source::parse(b"\x1bLuaQ".to_vec()).unwrap();
    let refused = Runtime::new(0).compile(&source).unwrap_err().to_string();
    assert!(refused.starts_with("ERR Error compiling script (new function): "), "{refused}");
}

#[test]
fn the_host_hears_what_scripts_say() {
    let runtime = Runtime::new(0);
    let mut host = Map::default();
    let script = "redis.log(redis.LOG_WARNING, 'a', 1, {}, 'b') redis.set_repl(redis.REPL_AOF)
        return {redis.acl_check_cmd('get', 'x'), redis.acl_check_cmd('set', 'x')}";
    assert_eq!(host::finish(start(&runtime, script), &mut host), "*2 :1 $-1");
    assert_eq!(host.log, ["Warning a 1 b"]);
    assert_eq!(host.replication, [1]);
}

#[test]
fn replies_of_every_type_reach_scripts() {
    let ask = |reply: &str, show: &str| {
        eval(&format!("local r = redis.call('raw', '{reply}') return {show}"))
    };
    assert_eq!(ask("*2\\r\\n:1\\r\\n*-1\\r\\n", "{r[1], tostring(r[2])}"), "*2 :1 $false");
    assert_eq!(ask("%1\\r\\n+a\\r\\n:1\\r\\n", "type(next(r.map)) "), "$table");
    assert_eq!(
        ask("~2\\r\\n:1\\r\\n$1\\r\\nx\\r\\n", "{tostring(r.set[1]), tostring(r.set.x)}"),
        "*2 $true $true"
    );
    assert_eq!(ask(",1.5\\r\\n", "tostring(r.double)"), "$1.5");
    assert_eq!(ask("#t\\r\\n", "tostring(r)"), "$true");
    assert_eq!(ask("_\\r\\n", "tostring(r)"), "$nil");
    assert_eq!(ask("(123\\r\\n", "r.big_number"), "$123");
    assert_eq!(
        ask("=8\\r\\ntxt:abcd\\r\\n", "{r.verbatim_string.format, r.verbatim_string.string}"),
        "*2 $txt $abcd"
    );
    assert_eq!(ask("|1\\r\\n+a\\r\\n+b\\r\\n:5\\r\\n", "r"), ":5");
    for bad in [
        "",
        ":x\\r\\n",
        "$5\\r\\nab",
        "*3\\r\\n:1\\r\\n",
        "%1\\r\\n_\\r\\n:1\\r\\n",
        "?",
        "=2\\r\\nab\\r\\n",
    ] {
        assert!(ask(bad, "1").starts_with("-ERR"), "{bad}");
    }
}

#[test]
fn libraries_keep_their_functions_apart() {
    let runtime = Runtime::new(0);
    let load = |code: &str| Arc::new(Library::load(code, &mut |_, _| {}).unwrap());
    let call = |library: &Arc<Library>, name: &str| {
        let program =
            Program::Function { library, name: name.as_bytes(), keys: &[], args: &[b"x"] };
        host::finish(runtime.start(program, Options::default()).unwrap(), &mut Map::default())
    };
    let one = load(
        "#!lua name=l\nlocal n = 0
        redis.register_function('f', function(k, a) n = n + 1 return {n, a[1]} end)
        redis.register_function{function_name='g', description='d', flags={'no-writes'},
            callback=function() return KEYS end}",
    );
    let two = load("#!lua name=l\nredis.register_function('f', function() return 'two' end)");
    assert_eq!(call(&one, "f"), "*2 :1 $x");
    assert_eq!(call(&two, "f"), "$two");
    assert_eq!(call(&one, "f"), "*2 :2 $x");
    assert_eq!(call(&one, "h"), "-ERR Function not found");
    assert_eq!(eval_in(&runtime, "return KEYS"), "*1 $k");
    assert!(call(&one, "g").contains("nonexistent global variable 'KEYS'"));
    let described = &one.functions()[1];
    assert_eq!((&*described.name, described.description.as_deref()), ("g", Some(&b"d"[..])));
    assert_eq!(described.flags, Flags::NO_WRITES);
}

#[test]
fn what_libraries_see_while_loading_is_no_way_around() {
    let runtime = Runtime::new(0);
    let code = "#!lua name=l
        local lib = redis
        lib.register_function('f', function() lib.redis = redis end)
        lib.register_function('g', function() lib.register_function('h', function() end) end)
        lib.register_function('i', function() return lib.call end)";
    let library = Arc::new(Library::load(code, &mut |_, _| {}).unwrap());
    for (name, expected) in [
        ("f", "Attempt to modify a readonly table"),
        ("g", "redis.register_function can only be called on FUNCTION LOAD command"),
        ("i", "Script attempted to access nonexistent global variable 'call'"),
    ] {
        let program =
            Program::Function { library: &library, name: name.as_bytes(), keys: &[], args: &[] };
        let run = runtime.start(program, Options::default()).unwrap();
        let reply = host::finish(run, &mut Map::default());
        assert!(reply.contains(expected), "{reply}");
    }
    let refused = |code: &str| Library::load(code, &mut |_, _| {}).unwrap_err().to_string();
    let reply = refused("#!lua name=l\nredis.redis.call('ping')");
    assert!(reply.contains("nonexistent global variable 'redis'"), "{reply}");
}

#[test]
fn loading_takes_no_forever() {
    let refused = Library::load("#!lua name=l\nwhile true do end", &mut |_, _| {}).unwrap_err();
    let expected = "ERR Error registering functions: ERR FUNCTION LOAD timeout";
    assert_eq!(refused.to_string(), expected);
}

#[test]
fn scripts_beyond_the_cache_are_compiled_again() {
    let runtime = Runtime::new(0);
    for round in 0..2 {
        for number in 0..1100 {
            let reply = eval_in(&runtime, &format!("return {number}"));
            assert_eq!(reply, format!(":{number}"), "{round}");
        }
    }
}

#[test]
fn commands_have_as_many_arguments_as_lua_allows() {
    let runtime = Runtime::new(64 << 20);
    for (count, element) in
        [(7999, "1"), (7000, "tostring(i) .. 'x'"), (7000, "('x'):rep(100)"), (5, "i"), (6, "i")]
    {
        let script = format!(
            "local a = {{}} for i = 1, {count} do a[i] = {element} end
             return redis.call('count', 'l', unpack(a))"
        );
        assert_eq!(eval_in(&runtime, &script), format!(":{}", count + 2));
    }
    let wrong = "-ERR Lua redis lib command arguments must be strings or integers script: ";
    for given in ["'x', nil", "'x', 2, 3, 4, 5, 6, 7, nil", "nil", "'x', true"] {
        let reply = eval_in(&runtime, &format!("return redis.call({given})"));
        assert!(reply.starts_with(wrong), "{given}: {reply}");
    }
    let code = "#!lua name=state\nlocal n = 0
                redis.register_function('next', function() n = n + 1 return n end)";
    let library = Arc::new(Library::load(code, &mut |_, _| {}).unwrap());
    let program = Program::Function { library: &library, name: b"next", keys: &[], args: &[] };
    for count in [":1", ":2", ":3"] {
        let run = runtime.start(program, Options::default()).unwrap();
        assert_eq!(host::finish(run, &mut Map::default()), count);
        runtime.flush_scripts();
    }
    let many: Vec<String> = (0..300)
        .map(|n| format!("redis.register_function('f{n}', function() return {n} end)"))
        .collect();
    let code = format!("#!lua name=many\n{}", many.join("\n"));
    let library = Arc::new(Library::load(code, &mut |_, _| {}).unwrap());
    let program = Program::Function { library: &library, name: b"f299", keys: &[], args: &[] };
    let run = runtime.start(program, Options::default()).unwrap();
    assert_eq!(host::finish(run, &mut Map::default()), ":299");
    assert!(runtime.used_memory() > 10_000);
    runtime.flush();
    assert_eq!(runtime.used_memory(), 0);
}
