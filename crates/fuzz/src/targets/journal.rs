//! Append files of anything: refused, or records; and the same bytes as a list of files, and as
//! records.

use journal::{FakeDisk, Groups, Increment, Manifest, Names, check, fix, recover};

use crate::{Target, targets};

pub(crate) const TARGET: Target = Target { name: "journal", run, words: targets::no_words };

/// The only file of the only increment of a journal that is number 7.
fn run(data: &[u8]) {
    let _ = Manifest::read("manifest", data);
    Groups::new(data).for_each(drop);
    let names = Names::new("a");
    for last_round in [None, Some(2)] {
        let disk = FakeDisk::new(0);
        let open = Increment { generation: 1, shards: 1, first_round: 1, last_round };
        let manifest = Manifest { journal: 7, base: None, increments: vec![open] };
        disk.put(&names.manifest(), &manifest.write());
        disk.put(&names.increment(1, 0), data);
        check(&disk, &names);
        let found = read(&disk, &names);
        if found.is_none() {
            fix(&disk, &names, |_| {}).expect("there is a manifest");
            read(&disk, &names).expect("it was fixed");
        }
    }
}

fn read(disk: &FakeDisk, names: &Names) -> Option<usize> {
    let recovered = recover(disk, names, true).ok()?.expect("there is a manifest");
    let mut groups = 0;
    for increment in &recovered.increments {
        let mut merged = increment.merged(0, u64::MAX).expect("what is checked can be read");
        while merged.next_group().is_ok_and(|next| next.is_some()) {
            groups += 1;
        }
    }
    Some(groups)
}
