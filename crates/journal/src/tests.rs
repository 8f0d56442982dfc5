//! Small journals with every byte flipped, and cut at every length: the right data or an error.

use std::sync::Arc;

use crate::journal::{Journal, Options};
use crate::{Buffer, FakeDisk, Finding, Handover, Names, Report, check, fix, recover};

fn names() -> Names {
    Names::new("a")
}

/// A journal of two shards and four rounds, and what its records say.
fn example(closed: bool) -> (FakeDisk, Vec<(u64, String)>) {
    let disk = FakeDisk::new(1);
    let options = Options { shards: 2, ..Options::default() };
    let mut journal = Journal::create(Arc::new(disk.clone()), names(), options, 7).unwrap();
    let mut all = Vec::new();
    for round in 1..=4u64 {
        let reports = (0..2).map(|shard| {
            let mut buffer = Buffer::default();
            if round != 2 || shard == 0 {
                let word = format!("{shard}-{round}");
                buffer.push(round, 0, 0, None, [word.as_bytes()].into_iter());
                all.push((round, word));
            }
            let handover = Some((shard, buffer.hand_over(Handover::default())));
            Report { gaps: Vec::new(), handover }
        });
        let reports = reports.collect();
        assert!(journal.close_round(round, reports));
        assert!(journal.settle());
    }
    if closed {
        journal.close().unwrap();
    }
    (disk, all)
}

fn read(disk: &FakeDisk) -> Result<Vec<(u64, String)>, String> {
    let recovered = recover(disk, &names(), true).map_err(|error| error.to_string())?;
    let recovered = recovered.ok_or("there is none")?;
    let mut all = Vec::new();
    for increment in &recovered.increments {
        let mut merged = increment.merged(0, u64::MAX).map_err(|error| error.to_string())?;
        while let Some((_, (stamp, _, effects))) =
            merged.next_group().map_err(|error| error.to_string())?
        {
            let words = effects.into_iter().flat_map(|effect| effect.1);
            all.extend(words.map(|word| (stamp, String::from_utf8(word).unwrap())));
        }
    }
    Ok(all)
}

/// Everything, or what comes before some round, and then it is said.
fn is_prefix(
    disk: &FakeDisk,
    found: &[(u64, String)],
    all: &[(u64, String)],
    closed: bool,
) -> bool {
    let last = found.last().map_or(0, |record| record.0);
    let expected: Vec<_> = all.iter().filter(|record| record.0 <= last).cloned().collect();
    let recovered = recover(disk, &names(), true).unwrap().unwrap();
    // Three rounds were known to be durable when the fourth was written.
    found == expected && (last == 4 || (!closed && last == 3 && !recovered.cuts.is_empty()))
}

#[test]
fn every_flipped_byte_and_every_truncation_gives_the_right_data_or_an_error() {
    for closed in [true, false] {
        let (disk, all) = example(closed);
        assert_eq!(read(&disk).unwrap(), all);
        for shard in 0..2 {
            let name = names().increment(1, shard);
            let content = disk.content(&name).unwrap();
            let mut errors = 0;
            for at in 0..content.len() {
                let mut broken = content.clone();
                broken[at] ^= 1 << (at % 8);
                for bytes in [&broken[..], &content[..at]] {
                    disk.put(&name, bytes);
                    match read(&disk) {
                        Ok(found) => assert!(
                            is_prefix(&disk, &found, &all, closed),
                            "byte {at}, closed {closed}: {found:?}"
                        ),
                        Err(error) => {
                            assert!(error.contains(&name), "{error}");
                            errors += 1;
                        }
                    }
                }
            }
            assert!(errors > 200, "{errors}");
            disk.put(&name, &content);
        }
    }
}

#[test]
fn damage_in_the_middle_is_found_said_and_cut_off_on_demand() {
    let (disk, all) = example(false);
    let name = names().increment(1, 0);
    // In the payload of the second block.
    let at = 48 + 57 + 30 + 57 + 20;
    disk.flip(&name, at, 3);
    let error = read(&disk).unwrap_err();
    assert!(error.contains(&name) && error.contains("round 2"), "{error}");
    assert!(check(&disk, &names()).iter().any(|finding| matches!(finding, Finding::Bad(_))));
    let gone = fix(&disk, &names()).unwrap();
    assert!(gone.iter().any(|line| line.starts_with(&name)), "{gone:?}");
    let kept: Vec<_> = all.into_iter().filter(|record| record.0 == 1).collect();
    assert_eq!(read(&disk).unwrap(), kept);
    assert!(check(&disk, &names()).iter().all(|finding| matches!(finding, Finding::Good(_))));
}

#[test]
fn swapped_and_foreign_files_are_refused() {
    let (disk, _) = example(true);
    let (one, two) = (names().increment(1, 0), names().increment(1, 1));
    let (first, second) = (disk.content(&one).unwrap(), disk.content(&two).unwrap());
    disk.put(&one, &second);
    disk.put(&two, &first);
    assert!(read(&disk).unwrap_err().contains("does not belong here"));
    disk.put(&one, &first);
    assert!(read(&disk).unwrap_err().contains("does not belong here"));
    disk.put(&two, &second);
    assert!(read(&disk).is_ok());
}
