//! A log that is written anew from a backup.

use std::path::Path;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use summit_context::Disk;
use summit_log::{CommitTime, Entry, Log, LogError, Lsn, Wal, WalOptions, verify};

use crate::fault_disk::FaultDisk;
use crate::setup::{DIR, Process, all, context, options, random_bytes};

fn entries(first: u64, count: u64, random: &mut StdRng) -> Vec<Entry> {
    (0..count)
        .map(|number| Entry {
            lsn: Lsn::new(first + number),
            time: CommitTime::from_micros(-3 + i64::try_from(number / 2).unwrap()),
            payload: random_bytes(random, 9000),
        })
        .collect()
}

fn restore(disk: &FaultDisk, entries: &[Entry], options: &WalOptions) -> Result<Lsn, LogError> {
    let entries = entries.iter().cloned().map(Ok);
    Wal::restore(&context(disk), Path::new(DIR), options, entries)
}

#[test]
fn a_restored_log_has_the_positions_and_times_it_was_given() {
    let mut random = StdRng::seed_from_u64(5);
    for first in [1, 1000] {
        for block_bytes_max in [16 << 20, 20_000] {
            let options = WalOptions {
                block_bytes_max,
                ..options()
            };
            let disk = FaultDisk::new();
            let entries = entries(first, 200, &mut random);
            let last = restore(&disk, &entries, &options).unwrap();
            assert_eq!(last, Lsn::new(first + 199));
            let disk = disk.crash(&mut random);
            let process = Process::start(&context(&disk), options).unwrap();
            assert_eq!(process.wal.first(), Lsn::new(first));
            assert_eq!(process.wal.committed(), last);
            assert_eq!(all(&process.wal, 50_000), entries);
            assert_eq!(process.append("more").lsn, last.next());
            if first > 1 {
                let before = process.wal.read(Lsn::new(first - 1), 10);
                assert!(
                    matches!(before, Err(LogError::OutOfRange { .. })),
                    "{before:?}"
                );
            }
        }
    }
}

#[test]
fn a_restore_of_nothing_is_an_empty_log() {
    let disk = FaultDisk::new();
    assert_eq!(restore(&disk, &[], &options()).unwrap(), Lsn::ZERO);
    let process = Process::start(&context(&disk), options()).unwrap();
    assert_eq!(process.append("x").lsn, Lsn::new(1));
}

#[test]
fn a_restore_that_crashes_leaves_no_log_that_looks_whole() {
    let mut whole = 0;
    for seed in 0..80 {
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let entries = entries(7, 60, &mut random);
        let disk = FaultDisk::new();
        disk.fail_after(random.random_range(0..60));
        let restored = restore(&disk, &entries, &options());
        let disk = disk.crash(&mut random);
        let opened = Process::start(&context(&disk), options());
        match opened {
            Ok(process) if process.wal.committed() == Lsn::ZERO => {
                assert!(restored.is_err(), "seed {seed}");
                drop(process);
                // the empty log that was just opened is in the way; without it, it goes well
                let names = disk.list(Path::new(DIR)).unwrap();
                for name in names.iter().filter(|name| name.ends_with(".wal")) {
                    disk.remove_file(&Path::new(DIR).join(name)).unwrap();
                }
                restore(&disk, &entries, &options()).unwrap();
                let process = Process::start(&context(&disk), options()).unwrap();
                assert_eq!(all(&process.wal, 50_000), entries, "seed {seed}");
            }
            Ok(process) => {
                whole += 1;
                assert_eq!(all(&process.wal, 50_000), entries, "seed {seed}");
            }
            Err(error) => {
                assert!(restored.is_err(), "seed {seed}");
                assert!(
                    matches!(error, LogError::Damaged { .. }),
                    "seed {seed}: {error}"
                );
            }
        }
    }
    assert!(whole > 0);
}

#[test]
fn a_restore_refuses_what_is_no_log() {
    let mut random = StdRng::seed_from_u64(6);
    let good = entries(1, 3, &mut random);
    let mut gap = good.clone();
    gap.remove(1);
    let mut back = good.clone();
    back[2].time = CommitTime::from_micros(-100);
    let mut zero = good.clone();
    zero[0].lsn = Lsn::ZERO;
    for (bad, what) in [
        (gap, "entry 3 follows entry 1"),
        (back, "older than the one before"),
        (zero, "position 0"),
    ] {
        let error = restore(&FaultDisk::new(), &bad, &options()).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
    }
    let disk = FaultDisk::new();
    restore(&disk, &good, &options()).unwrap();
    let error = restore(&disk, &good, &options()).unwrap_err().to_string();
    assert!(error.contains("has a log already"), "{error}");
}

#[test]
fn an_error_of_the_source_ends_the_restore() {
    let disk = FaultDisk::new();
    let entries = [
        Ok(Entry {
            lsn: Lsn::new(1),
            time: CommitTime::from_micros(1),
            payload: Bytes::from_static(b"x"),
        }),
        Err(LogError::Closed),
    ];
    let dir = Path::new(DIR);
    let restored = Wal::restore(&context(&disk), dir, &options(), entries.into_iter());
    assert!(matches!(restored, Err(LogError::Closed)));
    assert_eq!(verify(&context(&disk), dir).unwrap().entries, 0);
}
