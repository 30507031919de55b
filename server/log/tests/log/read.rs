//! Reading: from memory, from disk, while it is written.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use summit_context::spawn_thread;
use summit_log::{Log, LogError, Lsn, WalOptions};

use crate::fault_disk::FaultDisk;
use crate::setup::{DIR, Process, all, context, options, random_bytes};

#[test]
fn memory_and_disk_answer_the_same() {
    let seed = 4711;
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let disk = FaultDisk::new();
    let process = Process::start(&context(&disk), options()).unwrap();
    for _ in 0..100 {
        let burst: Vec<_> = (0..random.random_range(1..8))
            .map(|_| process.wal.append(random_bytes(&mut random, 6000)))
            .collect();
        for append in burst {
            process.answer(append).unwrap().unwrap();
        }
    }
    // the first has everything in memory, the others little and nothing
    let last = process.wal.committed();
    let image = disk.image();
    let others: Vec<_> = [0, 100_000]
        .map(|memory_bytes| {
            let options = WalOptions {
                memory_bytes,
                ..options()
            };
            let disk = FaultDisk::from_image(&image);
            Process::start(&context(&disk), options).unwrap()
        })
        .into();
    for _ in 0..500 {
        let from = Lsn::new(random.random_range(1..=last.get() + 1));
        let bytes_max = [0, 1, 5000, 50_000, usize::MAX][random.random_range(0..5)];
        let expected = process.wal.read(from, bytes_max).unwrap();
        let bytes: usize = expected.iter().map(|entry| entry.payload.len()).sum();
        assert!(bytes <= bytes_max || expected.len() == 1);
        assert_eq!(expected.is_empty(), from > last);
        for other in &others {
            let read = other.wal.read(from, bytes_max).unwrap();
            assert_eq!(read, expected, "from {from} at most {bytes_max}");
        }
    }
    for bytes_max in [0, 777, 30_000, usize::MAX] {
        let expected = all(&process.wal, bytes_max);
        for other in &others {
            assert_eq!(all(&other.wal, bytes_max), expected);
        }
    }
}

#[test]
fn a_reader_follows_the_writer_without_a_gap() {
    let disk = FaultDisk::new();
    // so little memory that most reads go to the disk
    let options = WalOptions {
        memory_bytes: 300,
        ..options()
    };
    let process = Process::start(&context(&disk), options).unwrap();
    let readers: Vec<_> = (0..3)
        .map(|number| {
            let wal = Arc::clone(&process.wal);
            spawn_thread("reader", move || {
                let mut next = Lsn::new(1);
                while next <= Lsn::new(2000) {
                    wal.wait_for(next, Duration::MAX);
                    for entry in wal.read(next, 100 << (number * 3)).unwrap() {
                        assert_eq!(entry.lsn, next);
                        assert_eq!(entry.payload, next.get().to_string().repeat(20));
                        next = next.next();
                    }
                }
            })
            .unwrap()
        })
        .collect();
    let mut appends = Vec::new();
    for number in 1..=2000 {
        appends.push(process.wal.append(number.to_string().repeat(20).into()));
        if number % 37 == 0 {
            for append in appends.drain(..) {
                process.answer(append).unwrap().unwrap();
            }
        }
    }
    for reader in readers {
        reader.join().unwrap();
    }
}

#[test]
fn a_position_before_the_first_is_out_of_range() {
    let process = Process::start(&context(&FaultDisk::new()), options()).unwrap();
    process.append("x");
    assert_eq!(process.wal.read(Lsn::ZERO, 10).unwrap().len(), 1);
    assert_eq!(process.wal.read(Lsn::new(2), 10).unwrap(), vec![]);
    assert_eq!(process.wal.read(Lsn::MAX, 10).unwrap(), vec![]);
}

#[test]
fn waiting_ends_with_the_time() {
    let process = Process::start(&context(&FaultDisk::new()), options()).unwrap();
    process.append("x");
    let waited = process.wal.wait_for(Lsn::new(2), Duration::from_millis(1));
    assert_eq!(waited, Lsn::new(1));
    assert_eq!(
        process.wal.wait_for(Lsn::new(1), Duration::ZERO),
        Lsn::new(1)
    );
}

#[test]
fn bytes_that_turn_bad_while_the_log_is_open_are_noticed_by_the_reader() {
    let disk = FaultDisk::new();
    let options = WalOptions {
        memory_bytes: 0,
        ..options()
    };
    let process = Process::start(&context(&disk), options).unwrap();
    for _ in 0..3 {
        process.append(Bytes::from_static(b"some bytes"));
    }
    let file = summit_context::Disk::open(
        &disk,
        &crate::setup::file(1),
        summit_context::OpenMode::Write,
    )
    .unwrap();
    file.write_all_at(b"S", 4096 + 40 + 37).unwrap();
    file.write_all_at(b"S", 4096 + 40 + 37).unwrap();
    assert_eq!(process.wal.read(Lsn::new(1), 0).unwrap().len(), 1);
    match process.wal.read(Lsn::new(2), 100) {
        Err(LogError::Damaged { path, offset, .. }) => {
            assert!(path.starts_with(DIR));
            assert_eq!(offset, 4096);
        }
        other => panic!("{other:?}"),
    }
}
