//! Appending: order, group commit, bounds, time, a disk that fails.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use summit_context::{Context, spawn_task};
use summit_log::limits::{ENTRY_BYTES_MAX, WAITING_BYTES_MAX, WAITING_ENTRIES_MAX};
use summit_log::{Log, LogError, Lsn, Wal, WalOptions, verify};

use crate::fault_disk::FaultDisk;
use crate::setup::{DIR, HandClock, Process, all, context, numbered, options};

#[test]
fn a_new_log_is_empty_and_starts_at_1() {
    let process = Process::start(&context(&FaultDisk::new()), options()).unwrap();
    assert_eq!(process.wal.first(), Lsn::new(1));
    assert_eq!(process.wal.committed(), Lsn::ZERO);
    assert_eq!(process.wal.read(Lsn::new(1), 100).unwrap(), vec![]);
    assert_eq!(process.wal.read(Lsn::ZERO, 100).unwrap(), vec![]);
    assert_eq!(process.append("a").lsn, Lsn::new(1));
    assert_eq!(process.append("b").lsn, Lsn::new(2));
    assert_eq!(process.wal.committed(), Lsn::new(2));
}

#[test]
fn entries_that_come_during_a_sync_share_the_next_one() {
    let disk = FaultDisk::new();
    let process = Process::start(&context(&disk), options()).unwrap();
    disk.hold();
    let first = process.wal.append(Bytes::from_static(b"first"));
    disk.wait_until_held();
    let others: Vec<_> = (1..64_u8)
        .map(|number| process.wal.append(vec![number].into()))
        .collect();
    assert_eq!(process.wal.committed(), Lsn::ZERO);
    disk.release();
    let first = process.answer(first).unwrap().unwrap();
    assert_eq!(first.lsn, Lsn::new(1));
    for (number, other) in (2..).zip(others) {
        let committed = process.answer(other).unwrap().unwrap();
        assert_eq!(committed.lsn, Lsn::new(number));
    }
    let stats = process.wal.stats();
    assert_eq!((stats.entries, stats.blocks, stats.syncs), (64, 2, 2));
}

#[test]
fn concurrent_appenders_share_syncs_on_a_real_disk() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("deep/wal");
    let wal = Wal::open(&Context::system(), &dir, WalOptions::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let appenders: Vec<_> = (0..64_u8)
            .map(|number| {
                let wal = Arc::clone(&wal);
                spawn_task("appender", async move {
                    let mut last = Lsn::ZERO;
                    for _ in 0..50 {
                        let committed = wal.append(vec![number; 100].into()).await.unwrap();
                        assert!(committed.lsn > last);
                        last = committed.lsn;
                    }
                })
            })
            .collect();
        for appender in appenders {
            appender.await.unwrap();
        }
    });
    let stats = wal.stats();
    assert_eq!(stats.entries, 3200);
    assert!(
        stats.syncs * 8 < stats.entries,
        "{} syncs for 3200 entries",
        stats.syncs
    );
    let entries = all(&wal, 1 << 20);
    drop(wal);
    let wal = Wal::open(&Context::system(), &dir, WalOptions::default()).unwrap();
    assert_eq!(all(&wal, 1 << 20), entries);
    assert_eq!(entries.len(), 3200);
}

#[test]
fn an_append_never_blocks_and_what_may_wait_has_a_bound() {
    let disk = FaultDisk::new();
    let process = Process::start(&context(&disk), options()).unwrap();
    disk.hold();
    let first = process.wal.append(Bytes::from_static(b"x"));
    disk.wait_until_held();
    let waiting: Vec<_> = (0..WAITING_ENTRIES_MAX)
        .map(|_| process.wal.append(Bytes::from_static(b"y")))
        .collect();
    let refused = process.wal.append(Bytes::from_static(b"z"));
    let refused = process.answer(refused).unwrap();
    assert!(
        matches!(refused, Err(LogError::Overloaded { .. })),
        "{refused:?}"
    );
    disk.release();
    process.answer(first).unwrap().unwrap();
    for (number, entry) in (2..).zip(waiting) {
        assert_eq!(
            process.answer(entry).unwrap().unwrap().lsn,
            Lsn::new(number)
        );
    }
    // the refused entry took no position
    assert_eq!(
        process.append("after").lsn.get(),
        WAITING_ENTRIES_MAX as u64 + 2
    );
}

#[test]
fn the_bytes_that_may_wait_have_a_bound() {
    let disk = FaultDisk::new();
    let process = Process::start(&context(&disk), options()).unwrap();
    disk.hold();
    let _first = process.wal.append(Bytes::from_static(b"x"));
    disk.wait_until_held();
    // one allocation, handed in many times
    let large = Bytes::from(vec![0; ENTRY_BYTES_MAX]);
    let waiting: Vec<_> = (0..WAITING_BYTES_MAX / ENTRY_BYTES_MAX)
        .map(|_| process.wal.append(large.clone()))
        .collect();
    let refused = process.wal.append(Bytes::from_static(b"z"));
    let refused = process.answer(refused).unwrap();
    assert!(
        matches!(refused, Err(LogError::Overloaded { .. })),
        "{refused:?}"
    );
    // nobody writes a gigabyte for this test
    disk.fail_after(0);
    disk.release();
    for entry in waiting {
        if let Some(answer) = process.answer(entry) {
            assert!(matches!(answer, Err(LogError::Closed)), "{answer:?}");
        }
    }
}

#[test]
fn an_entry_whose_future_is_dropped_is_committed() {
    let disk = FaultDisk::new();
    let process = Process::start(&context(&disk), options()).unwrap();
    drop(process.wal.append(Bytes::from_static(b"dropped")));
    assert_eq!(process.append("kept").lsn, Lsn::new(2));
    let entries = all(&process.wal, 100);
    assert_eq!(entries[0].payload, Bytes::from_static(b"dropped"));
}

#[test]
fn the_largest_entry_is_taken_and_a_larger_one_is_refused() {
    let disk = FaultDisk::new();
    let process = Process::start(&context(&disk), options()).unwrap();
    process.append("small");
    let large = Bytes::from(vec![7; ENTRY_BYTES_MAX]);
    process.append(large.clone());
    process.append("small again");
    let refused = process.wal.append(vec![7; ENTRY_BYTES_MAX + 1].into());
    assert!(matches!(
        process.answer(refused),
        Some(Err(LogError::TooLarge { .. }))
    ));
    process.wal.close();
    let process = Process::start(&context(&disk), options()).unwrap();
    let entries = all(&process.wal, 100);
    assert_eq!(entries.len(), 3);
    assert!(entries[1].payload == large);
    assert_eq!(entries[2].payload, Bytes::from_static(b"small again"));
}

#[test]
fn commit_times_never_go_back_not_even_after_a_restart() {
    let disk = FaultDisk::new();
    let clock = Arc::new(HandClock::default());
    let context = Context {
        clock: Arc::clone(&clock) as _,
        ..context(&disk)
    };
    let mut last = None;
    for (now, expected) in [(50, 50), (40, 50), (60, 60), (-5, 60), (61, 61)] {
        clock.0.store(now, Ordering::SeqCst);
        let process = Process::start(&context, options()).unwrap();
        let committed = process.append("x");
        assert_eq!(committed.time.micros(), expected);
        assert!(last <= Some(committed.time));
        clock.0.store(now - 7, Ordering::SeqCst);
        assert_eq!(process.append("y").time.micros(), expected);
        last = Some(committed.time);
    }
    let process = Process::start(&context, options()).unwrap();
    let times: Vec<_> = all(&process.wal, 100)
        .iter()
        .map(|entry| entry.time.micros())
        .collect();
    assert_eq!(times, [50, 50, 50, 50, 60, 60, 60, 60, 61, 61]);
}

#[test]
fn after_a_failed_sync_nothing_is_acknowledged() {
    let disk = FaultDisk::new();
    let process = Process::start(&context(&disk), options()).unwrap();
    process.append("durable");
    disk.hold();
    let unknown = process.wal.append(Bytes::from_static(b"unknown"));
    disk.wait_until_held();
    let queued = process.wal.append(Bytes::from_static(b"queued"));
    disk.crash(&mut rand::SeedableRng::seed_from_u64(1));
    let failure = process.failure();
    assert!(failure.to_string().contains("cannot sync"), "{failure}");
    // what was not written is not part of the log; of the other nobody can know
    assert!(matches!(
        process.answer(queued),
        Some(Err(LogError::Closed))
    ));
    assert!(process.answer(unknown).is_none());
    let late = process.wal.append(Bytes::from_static(b"late"));
    assert!(matches!(process.answer(late), Some(Err(LogError::Closed))));
    assert_eq!(process.wal.committed(), Lsn::new(1));
    let waited = process.wal.wait_for(Lsn::new(2), Duration::MAX);
    assert_eq!(waited, Lsn::new(1));
}

#[test]
fn close_makes_durable_what_was_handed_in_and_refuses_more() {
    let disk = FaultDisk::new();
    let process = Process::start(&context(&disk), options()).unwrap();
    let appends: Vec<_> = (0..100_u8)
        .map(|number| process.wal.append(vec![number; 1000].into()))
        .collect();
    process.wal.close();
    assert_eq!(process.wal.committed(), Lsn::new(100));
    for append in appends {
        process.answer(append).unwrap().unwrap();
    }
    let late = process.wal.append(Bytes::new());
    assert!(matches!(process.answer(late), Some(Err(LogError::Closed))));
    // closed for those who wait, readable for those who read
    assert_eq!(process.wal.wait_for(Lsn::MAX, Duration::MAX), Lsn::new(100));
    let entries = numbered(&all(&process.wal, 100));
    process.wal.close();
    let disk = disk.crash(&mut rand::SeedableRng::seed_from_u64(2));
    let process = Process::start(&context(&disk), options()).unwrap();
    assert_eq!(numbered(&all(&process.wal, 100)), entries);
}

#[test]
fn an_idle_log_vouches_for_its_last_block() {
    let disk = FaultDisk::new();
    let options = WalOptions {
        seal_after: Duration::from_millis(1),
        ..options()
    };
    let process = Process::start(&context(&disk), options).unwrap();
    let syncs = disk.syncs();
    process.append("x");
    disk.wait_for_syncs(syncs + 2);
    let report = verify(&context(&disk), DIR.as_ref()).unwrap();
    assert_eq!((report.blocks, report.entries), (2, 1));
    // closing and opening again adds no further block: there is nothing to vouch for
    process.wal.close();
    let process = Process::start(&context(&disk), crate::setup::options()).unwrap();
    process.wal.close();
    assert_eq!(process.wal.stats().blocks, 0);
}
