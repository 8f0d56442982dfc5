mod host;

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
