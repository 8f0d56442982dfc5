//! Libraries of functions from strangers: payloads for FUNCTION RESTORE, and code for FUNCTION LOAD.

use script::{Library, Source};

use crate::Target;

pub(crate) const TARGET: Target = Target { name: "functions", run, words };

fn words() -> Vec<&'static [u8]> {
    vec![
        b"\xf5",
        b"\xf6",
        b"\xc3",
        b"\xc0\x01",
        b"\x80\xff\xff\xff\xff",
        b"#!lua name=a\n",
        b"#!",
        b"lua",
        b" name=b",
        b" flags=no-writes",
        b"\"",
        b"redis.register_function('f', function(keys, args) return 1 end)",
        b"redis.register_function{function_name='g', callback=function() end, flags={'no-writes'}}",
        b"redis.register_function(",
        b"redis.call('GET', 'x')",
        b"redis.log(redis.LOG_NOTICE, 'x')",
        b"error({err=1})",
        b"setmetatable(",
        b"_G",
        b"local x = ",
        b"function() end",
        b"\n",
    ]
}

/// A payload without version and checksum, and a library.
fn run(data: &[u8]) {
    drop(rdb::load_functions(data));
    let mut payload = data.to_vec();
    rdb::seal(&mut payload, 0);
    if let Ok(codes) = rdb::load_functions(&payload) {
        let dumped = rdb::dump_functions(codes.iter().map(Vec::as_slice));
        assert_eq!(rdb::load_functions(&dumped), Ok(codes.clone()), "what was dumped is sound");
        codes.iter().for_each(|code| load(code));
    }
    load(data);
}

fn load(code: &[u8]) {
    if let Ok(source) = Source::parse(code) {
        assert_eq!(source.body(), code);
    }
    let Ok(name) = Library::name_of(code) else { return };
    let Ok(library) = Library::load(code, &mut |_, _| {}) else { return };
    assert_eq!(library.name(), name);
    assert_eq!(library.body(), code);
    assert!(!library.functions().is_empty());
}
