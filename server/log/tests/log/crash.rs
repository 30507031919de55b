//! Crashes: what was acknowledged is there, what is there was handed in, nothing is twice.

use std::time::Duration;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use summit_log::{CommitTime, Log, Lsn, WalOptions, verify};

use crate::fault_disk::{FaultDisk, Image};
use crate::setup::{DIR, Process, all, context, file, numbered, open_image, options, random_bytes};

/// One disk through many crashes.
fn crash_again_and_again(seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut disk = FaultDisk::new();
    let mut durable: Vec<(Lsn, Bytes)> = Vec::new();
    let mut opened = 0;
    for round in 0..12 {
        let what = format!("seed {seed} round {round}");
        let options = WalOptions {
            file_bytes: [8 << 10, 32 << 10, 64 << 10][random.random_range(0..3)],
            seal_after: [Duration::ZERO, Duration::MAX][random.random_range(0..2)],
            memory_bytes: [0, 1 << 20][random.random_range(0..2)],
            ..options()
        };
        if random.random_bool(0.9) {
            disk.fail_after(random.random_range(0..80));
        }
        // a crash in the middle of recovery is one too
        if let Ok(process) = Process::start(&context(&disk), options) {
            opened += 1;
            let before = numbered(&all(&process.wal, 10_000));
            assert_eq!(before, durable, "{what}");
            let mut handed_in = Vec::new();
            let mut acknowledged = 0;
            while handed_in.len() < 60 {
                let burst: Vec<_> = (0..random.random_range(1..6))
                    .map(|_| {
                        let payload = random_bytes(&mut random, 9000);
                        handed_in.push(payload.clone());
                        process.wal.append(payload)
                    })
                    .collect();
                for append in burst {
                    if let Some(Ok(committed)) = process.answer(append) {
                        acknowledged += 1;
                        let position = durable.len() as u64 + acknowledged;
                        assert_eq!(committed.lsn, Lsn::new(position), "{what}");
                    }
                }
            }
            if random.random_bool(0.2) {
                process.wal.close();
            }
            disk = disk.crash(&mut random);
            drop(process);
            let after = Process::start(&context(&disk), crate::setup::options())
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            let entries = all(&after.wal, 10_000);
            assert!(
                entries.is_sorted_by_key(|entry| entry.time),
                "{what}: time went back"
            );
            let entries = numbered(&entries);
            let acknowledged = durable.len() + usize::try_from(acknowledged).unwrap();
            assert!(entries.len() >= acknowledged, "{what}: lost entries");
            let all_handed_in = durable.iter().map(|(_, payload)| payload).chain(&handed_in);
            for (position, ((lsn, payload), expected)) in
                (1..).zip(entries.iter().zip(all_handed_in))
            {
                assert_eq!(*lsn, Lsn::new(position), "{what}");
                assert_eq!(payload, expected, "{what}: entry {lsn}");
            }
            assert!(entries.len() <= durable.len() + handed_in.len(), "{what}");
            durable = entries;
            after.wal.close();
            let report = verify(&context(&disk), DIR.as_ref()).unwrap();
            assert_eq!(report.damage.len(), 0, "{what}: {:?}", report.damage);
            assert_eq!(report.entries, durable.len() as u64, "{what}");
        }
        disk = disk.crash(&mut random);
    }
    assert!(opened > 0, "seed {seed}");
}

#[test]
fn what_was_acknowledged_survives_every_crash() {
    for seed in 0..30 {
        println!("seed {seed}");
        crash_again_and_again(seed);
    }
}

/// A log of three blocks, the last of 5 pages; and where that one starts.
fn three_blocks() -> (Image, usize, usize) {
    let disk = FaultDisk::new();
    let process = Process::start(&context(&disk), options()).unwrap();
    process.append("one");
    process.append("two");
    process.append(vec![0xa5; 20_000 - 77]);
    (disk.image(), 2 * 4096, 20_000)
}

fn check_torn(image: &Image, whole: bool, what: &str) {
    let disk = FaultDisk::from_image(image);
    let process = Process::start(&context(&disk), options())
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    let entries = all(&process.wal, 1 << 20);
    assert_eq!(entries.len(), if whole { 3 } else { 2 }, "{what}");
    let committed = process.append("after");
    assert_eq!(committed.lsn.get(), entries.len() as u64 + 1, "{what}");
    drop(process);
    let again = open_image(&disk.image()).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(again.len(), entries.len() + 1, "{what}");
    assert_eq!(&again[..entries.len()], &entries, "{what}");
}

#[test]
fn a_last_block_that_is_torn_anywhere_is_cut() {
    let seed = 99;
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (image, start, bytes) = three_blocks();
    let cuts = (0..=40).map(|sector| sector * 512);
    let cuts: Vec<usize> = cuts
        .chain(0..45)
        .chain((0..100).map(|_| random.random_range(0..bytes)))
        .collect();
    for cut in cuts {
        let mut torn = image.clone();
        let content = torn.get_mut(&file(1)).unwrap();
        content[start + cut..start + 20_480].fill(0);
        check_torn(&torn, cut >= bytes, &format!("only the first {cut} bytes"));
        if cut > 0 && cut % 512 == 0 {
            let mut torn = image.clone();
            let content = torn.get_mut(&file(1)).unwrap();
            content[start..start + cut].fill(0);
            check_torn(&torn, false, &format!("not the first {cut} bytes"));
        }
        let mut torn = image.clone();
        torn.get_mut(&file(1)).unwrap().truncate(start + cut);
        check_torn(
            &torn,
            cut >= bytes,
            &format!("the file ends after {cut} bytes"),
        );
    }
}

#[test]
fn a_cut_is_a_cut_for_ever() {
    let (mut image, start, _) = three_blocks();
    image.get_mut(&file(1)).unwrap()[start + 9_000] ^= 1;
    let disk = FaultDisk::from_image(&image);
    let process = Process::start(&context(&disk), options()).unwrap();
    process.wal.close();
    let content = &disk.image()[&file(1)];
    // nothing of the torn block is left that a later crash could bring back
    assert!(content[start + 4096..].iter().all(|byte| *byte == 0));
}

#[test]
fn a_file_without_a_block_is_what_a_crash_leaves() {
    let (image, _, _) = three_blocks();
    for last in [vec![], vec![0; 100], vec![0; 4096], vec![0; 65_536]] {
        for numbers in [vec![2], vec![2, 3]] {
            let mut image = image.clone();
            for number in numbers {
                image.insert(file(number), last.clone());
            }
            let disk = FaultDisk::from_image(&image);
            let process = Process::start(&context(&disk), options()).unwrap();
            assert_eq!(all(&process.wal, 1 << 20).len(), 3);
            for _ in 0..3 {
                process.append(vec![1; 30_000]);
            }
            drop(process);
            assert_eq!(open_image(&disk.image()).unwrap().len(), 6);
        }
        let only = Image::from([(file(1), last)]);
        assert_eq!(open_image(&only).unwrap(), vec![]);
    }
}

#[test]
fn a_block_that_was_only_in_the_cache_is_made_durable_before_it_is_shown() {
    let disk = FaultDisk::new();
    let process = Process::start(&context(&disk), options()).unwrap();
    process.append("one");
    // the process dies after its write and before its sync; the machine does not
    disk.hold();
    let _two = process.wal.append(Bytes::from_static(b"two"));
    disk.wait_until_held();
    let image = disk.image();
    disk.release();
    let disk = FaultDisk::from_image(&Image::new());
    for (path, bytes) in &image {
        let file = summit_context::Disk::open(&disk, path, summit_context::OpenMode::Create);
        file.unwrap().write_all_at(bytes, 0).unwrap();
    }
    let reopened = Process::start(&context(&disk), options()).unwrap();
    let shown = all(&reopened.wal, 100);
    assert_eq!(shown.len(), 2);
    assert!(shown[1].time > CommitTime::from_micros(0));
    for seed in 0..10 {
        let disk = FaultDisk::from_image(&disk.crash(&mut StdRng::seed_from_u64(seed)).image());
        let process = Process::start(&context(&disk), options()).unwrap();
        assert_eq!(all(&process.wal, 100), shown, "seed {seed}");
    }
}
