use super::{Base, BaseFile, Increment, Manifest};

fn example() -> Manifest {
    Manifest {
        journal: 0xabc,
        base: Some(Base {
            generation: 3,
            stamp_ns: 77,
            files: vec![BaseFile { bytes: 9, checksum: 1 }, BaseFile { bytes: 8, checksum: 2 }],
        }),
        increments: vec![
            Increment { generation: 3, shards: 2, first_round: 5, last_round: Some(9) },
            Increment { generation: 4, shards: 4, first_round: 10, last_round: None },
        ],
    }
}

#[test]
fn what_is_written_is_read() {
    let manifest = example();
    assert_eq!(Manifest::read("m", &manifest.write()).unwrap(), manifest);
    assert_eq!(manifest.generation(), 4);
}

#[test]
fn every_flipped_byte_and_every_truncation_is_noticed() {
    let bytes = example().write();
    for at in 0..bytes.len() {
        assert!(Manifest::read("m", &bytes[..at]).is_err(), "cut at {at}");
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            assert!(Manifest::read("m", &flipped).is_err(), "flipped {at}.{bit}");
        }
    }
}

#[test]
fn rounds_must_follow_each_other() {
    let mut manifest = example();
    manifest.increments[1].first_round = 11;
    assert!(Manifest::read("m", &manifest.write()).is_err());
    manifest.increments[1].first_round = 10;
    manifest.increments[0].last_round = None;
    assert!(Manifest::read("m", &manifest.write()).is_err());
}
