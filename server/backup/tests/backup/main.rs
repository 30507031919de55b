//! Backups over directories, a store that misbehaves and a real S3 server.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "tests damage files behind the program's back"
)]

mod damage;
mod directory;
mod durability;
mod pruning;
mod s3;
mod stores;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use summit_backup::{
    BackupError, BackupInfo, CreateOptions, Restored, S3Settings, Selection, Target, To, create,
    restore,
};
use summit_context::Context;
use summit_log::{Append, CommitTime, Cut, Entry, Log, LogError, Lsn};

/// 2026-11-24 15:30:00 UTC.
pub(crate) const NOW: i64 = 1_795_534_200_000_000;
pub(crate) const DAY: i64 = 24 * 3600 * 1_000_000;

/// A log in memory.
#[derive(Debug)]
pub(crate) struct MemoryLog(pub(crate) Vec<Entry>);

impl Log for MemoryLog {
    fn append(&self, _: Bytes) -> Append {
        Box::pin(async { Err(LogError::Closed) })
    }

    fn read(&self, from: Lsn, bytes_max: usize) -> Result<Vec<Entry>, LogError> {
        let start = usize::try_from(from.get() - 1).unwrap();
        let mut bytes = 0;
        Ok(self.0[start..]
            .iter()
            .take_while(|entry| {
                bytes += entry.payload.len();
                bytes <= bytes_max || bytes == entry.payload.len()
            })
            .cloned()
            .collect())
    }

    fn committed(&self) -> Lsn {
        self.0.last().map_or(Lsn::ZERO, |entry| entry.lsn)
    }

    fn wait_for(&self, _: Lsn, _: Duration) -> Lsn {
        self.committed()
    }

    fn close(&self) {}
}

/// A log of `count` entries of random sizes; entry n is committed n seconds before NOW's end.
pub(crate) fn random_log(seed: u64, count: u64, bytes_max: usize) -> Arc<MemoryLog> {
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut time = NOW - 1_000_000_000;
    let entries = (1..=count)
        .map(|lsn| {
            let mut payload = vec![0; random.random_range(0..=bytes_max)];
            random.fill(payload.as_mut_slice());
            // several entries may share a time
            time += random.random_range(0..3) * 1_000;
            let (lsn, time) = (Lsn::new(lsn), CommitTime::from_micros(time));
            Entry {
                lsn,
                time,
                payload: payload.into(),
            }
        })
        .collect();
    Arc::new(MemoryLog(entries))
}

pub(crate) fn options(object_bytes: usize) -> CreateOptions {
    let mut options = CreateOptions::new("db-1", "0.1.0", CommitTime::from_micros(NOW));
    options.object_bytes = object_bytes;
    options
}

pub(crate) fn directory(dir: &tempfile::TempDir) -> Target {
    let url = format!("file://{}/backups", dir.path().display());
    Target::open(&url, Context::system(), &S3Settings::default()).unwrap()
}

/// Backs up a whole log in objects of some 4 KiB.
pub(crate) async fn back_up(target: &Target, log: &Arc<MemoryLog>) -> BackupInfo {
    back_up_at(target, log, NOW).await
}

pub(crate) async fn back_up_at(target: &Target, log: &Arc<MemoryLog>, now: i64) -> BackupInfo {
    let mut options = options(4096);
    options.now = CommitTime::from_micros(now);
    let at = Cut::at(log.committed());
    create(
        target,
        Arc::clone(log) as Arc<dyn Log>,
        Lsn::new(1),
        at,
        options,
    )
    .await
    .unwrap()
}

pub(crate) async fn restored(
    target: &Target,
    selection: &Selection,
    to: Option<To>,
) -> (Vec<Entry>, Result<Restored, BackupError>) {
    let mut entries = Vec::new();
    let result = restore(target, selection, to, |group| {
        entries.extend(group);
        Ok(())
    })
    .await;
    (entries, result)
}
