//! Damage: never a shorter log without an error.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use summit_log::{Log, LogError, verify};

use crate::fault_disk::{FaultDisk, Image};
use crate::setup::{DIR, Process, context, file, open_image, options, random_bytes};

/// A log of several files, closed or killed.
fn some_log(random: &mut StdRng, closed: bool) -> (Image, usize) {
    let disk = FaultDisk::new();
    let process = Process::start(&context(&disk), options()).unwrap();
    let entries = 40;
    for _ in 0..entries {
        process.append(random_bytes(random, 9000));
    }
    if closed {
        process.wal.close();
    }
    (disk.image(), entries)
}

/// Where the last block starts, when no block is sealed: the last page with a magic.
fn last_block(image: &Image) -> (u64, usize) {
    let mut last = (0, 0);
    for number in 1..=image.len() as u64 {
        for (page, bytes) in image[&file(number)].chunks(4096).enumerate() {
            if bytes.starts_with(b"SMWL") {
                last = (number, page * 4096);
            }
        }
    }
    last
}

fn flips_are_noticed(seed: u64, closed: bool) {
    println!("seed {seed} closed {closed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (image, entries) = some_log(&mut random, closed);
    let whole = open_image(&image).unwrap();
    assert_eq!(whole.len(), entries);
    assert!(image.len() > 2, "{} files", image.len());
    let last = last_block(&image);
    let mut damaged = 0;
    for _ in 0..400 {
        let number = random.random_range(1..=image.len() as u64);
        let mut flipped = image.clone();
        let content = flipped.get_mut(&file(number)).unwrap();
        let byte = random.random_range(0..content.len());
        content[byte] ^= 1 << random.random_range(0..8);
        let what = format!("seed {seed} closed {closed} file {number} byte {byte}");
        // nothing vouches for the very last block
        let in_last = !closed && (number, byte) >= last;
        match open_image(&flipped) {
            Ok(read) if in_last => assert!(whole.starts_with(&read), "{what}"),
            Ok(read) => assert_eq!(read, whole, "{what}"),
            Err(LogError::Damaged { path, offset, .. }) => {
                damaged += 1;
                assert_eq!(path, file(number), "{what}");
                assert!(offset <= byte as u64, "{what}: reported at {offset}");
                let disk = FaultDisk::from_image(&flipped);
                let report = verify(&context(&disk), DIR.as_ref()).unwrap();
                assert_eq!(report.damage.len(), 1, "{what}: {:?}", report.damage);
                assert!(report.entries + 1 >= entries as u64, "{what}");
                assert_eq!(disk.image(), flipped, "{what}: verify changed something");
            }
            Err(error) => panic!("{what}: {error}"),
        }
    }
    assert!(damaged > 50, "{damaged}");
}

#[test]
fn a_flipped_bit_is_damage_and_never_a_shorter_log() {
    for seed in 0..3 {
        flips_are_noticed(seed, true);
        flips_are_noticed(seed, false);
    }
}

#[test]
fn pages_that_were_lost_in_the_middle_are_damage() {
    let mut random = StdRng::seed_from_u64(8);
    let (image, _) = some_log(&mut random, true);
    let last = last_block(&image);
    for number in 1..=image.len() as u64 {
        let pages = image[&file(number)].len() / 4096;
        for page in 0..pages {
            let mut lost = image.clone();
            let bytes = &mut lost.get_mut(&file(number)).unwrap()[page * 4096..][..4096];
            if bytes.iter().all(|byte| *byte == 0) || (number, page * 4096) >= last {
                continue;
            }
            bytes.fill(0);
            match open_image(&lost) {
                Err(LogError::Damaged { path, .. }) => assert_eq!(path, file(number)),
                other => panic!(
                    "file {number} page {page}: {:?}",
                    other.map(|all| all.len())
                ),
            }
        }
    }
}

#[test]
fn a_missing_file_is_damage() {
    let mut random = StdRng::seed_from_u64(9);
    let (image, _) = some_log(&mut random, true);
    for number in 1..image.len() as u64 {
        let mut missing = image.clone();
        missing.remove(&file(number));
        let error = open_image(&missing).unwrap_err();
        assert!(matches!(error, LogError::Damaged { .. }), "{error}");
    }
}

#[test]
fn a_file_of_another_log_is_refused() {
    let mut random = StdRng::seed_from_u64(10);
    let (image, _) = some_log(&mut random, true);
    let (other, _) = some_log(&mut random, true);
    let mut mixed = image.clone();
    mixed.insert(file(2), other[&file(2)].clone());
    let error = open_image(&mixed).unwrap_err().to_string();
    assert!(error.contains("belongs to another log"), "{error}");
    // and a file of this log under another's name
    let mut mixed = image.clone();
    mixed.insert(file(2), image[&file(1)].clone());
    let error = open_image(&mixed).unwrap_err().to_string();
    assert!(error.contains("belongs to another log"), "{error}");
}

#[test]
fn foreign_files_and_other_versions_are_refused_with_a_clear_error() {
    let mut random = StdRng::seed_from_u64(11);
    let (image, _) = some_log(&mut random, true);
    let foreign = Image::from([(file(1), b"#!/bin/sh\necho hello\n".to_vec())]);
    let error = open_image(&foreign).unwrap_err().to_string();
    assert!(error.contains("not a log file of Summit"), "{error}");
    assert!(error.contains("0000000000000001.wal"), "{error}");

    let mut newer = image.clone();
    newer.get_mut(&file(1)).unwrap()[4] = 9;
    let error = open_image(&newer).unwrap_err().to_string();
    assert!(error.contains("format 9"), "{error}");

    let mut named = image.clone();
    let path = file(1).with_file_name("backup.wal");
    named.insert(path, Vec::new());
    let error = open_image(&named).unwrap_err().to_string();
    assert!(error.contains("backup.wal"), "{error}");

    // other files are nobody's business
    let mut beside = image;
    beside.insert(file(1).with_file_name("lost+found"), vec![1, 2, 3]);
    assert_eq!(open_image(&beside).unwrap().len(), 40);
}

#[test]
fn random_bytes_never_panic() {
    for seed in 0..200 {
        let mut random = StdRng::seed_from_u64(seed);
        let (mut image, _) = three(&mut random);
        let content = image.get_mut(&file(1)).unwrap();
        for _ in 0..random.random_range(1..200) {
            let at = random.random_range(0..16_384.min(content.len()));
            content[at] = random.random();
        }
        let disk = FaultDisk::from_image(&image);
        let _ = verify(&context(&disk), DIR.as_ref()).unwrap();
        let _ = open_image(&image);
    }
}

fn three(random: &mut StdRng) -> (Image, usize) {
    let disk = FaultDisk::new();
    let process = Process::start(&context(&disk), options()).unwrap();
    for _ in 0..3 {
        process.append(random_bytes(random, 4000));
    }
    process.wal.close();
    (disk.image(), 3)
}
