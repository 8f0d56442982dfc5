//! What decoding requests and writing replies costs, per pipeline of 16.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use resp::{Decoder, Limits, Protocol, Writer, write_command};

const PIPELINE: u64 = 16;
const LIMITS: Limits = Limits { bulk_bytes_max: 512 << 20, authenticated: true };

fn pipeline(command: &[&[u8]]) -> Vec<u8> {
    let mut data = Vec::new();
    (0..PIPELINE).for_each(|_| write_command(&mut data, command));
    data
}

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("codec/decode");
    group.throughput(Throughput::Elements(PIPELINE));
    let value = [b'v'; 64];
    let cases: [(&str, &[&[u8]]); 2] =
        [("get", &[b"GET", b"key:000000000001"]), ("set", &[b"SET", b"key:000000000001", &value])];
    for (name, command) in cases {
        let mut data = pipeline(command);
        let (mut decoder, mut spans) = (Decoder::default(), Vec::new());
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                spans.clear();
                let mut at = 0;
                while let Ok(Some(next)) = decoder.next(&mut data, at, LIMITS, &mut spans) {
                    at = next;
                }
                black_box(&spans);
            });
        });
    }
    group.finish();
}

fn encode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("codec/encode");
    group.throughput(Throughput::Elements(PIPELINE));
    let value = [b'v'; 64];
    let mut out = Vec::new();
    group.bench_function("bulk", |bencher| {
        bencher.iter(|| {
            out.clear();
            let mut writer = Writer::new(&mut out, Protocol::Resp2);
            (0..PIPELINE).for_each(|_| writer.bulk(black_box(&value)));
            black_box(&out);
        });
    });
    group.finish();
}

criterion_group!(codec, decode, encode);
criterion_main!(codec);
