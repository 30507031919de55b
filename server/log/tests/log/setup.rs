//! What the tests share.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, RngCore};
use summit_context::{Clock, Context};
use summit_log::{Append, Committed, Entry, Log, LogError, Lsn, Wal, WalOptions};
use tokio::sync::watch;

use crate::fault_disk::{FaultDisk, Image};

pub const DIR: &str = "/data/wal";

/// Where a file of the log is.
pub fn file(number: u64) -> PathBuf {
    Path::new(DIR).join(format!("{number:016x}.wal"))
}

/// A clock that is set by hand.
#[derive(Default)]
pub struct HandClock(pub AtomicI64);

impl Clock for HandClock {
    fn now_micros(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

pub fn context(disk: &FaultDisk) -> Context {
    Context {
        disk: Arc::new(disk.clone()),
        ..Context::system()
    }
}

/// A log in a process that is told when the disk fails, and does not die of it.
pub struct Process {
    pub wal: Arc<Wal>,
    pub failed: watch::Receiver<Option<LogError>>,
    runtime: tokio::runtime::Runtime,
}

/// Small files and no seals, so that a test decides what is in which file.
pub fn options() -> WalOptions {
    WalOptions {
        file_bytes: 64 << 10,
        seal_after: Duration::MAX,
        ..WalOptions::default()
    }
}

impl Process {
    pub fn start(context: &Context, options: WalOptions) -> Result<Process, LogError> {
        let (failing, failed) = watch::channel(None);
        let options = WalOptions {
            on_fatal: Arc::new(move |error| {
                failing.send_replace(Some(error));
            }),
            ..options
        };
        let wal = Wal::open(context, Path::new(DIR), options)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        Ok(Process {
            wal,
            failed,
            runtime,
        })
    }

    /// The answer to an append, or none when the disk fails first.
    pub fn answer(&self, append: Append) -> Option<Result<Committed, LogError>> {
        let mut failed = self.failed.clone();
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                answer = append => Some(answer),
                _ = failed.wait_for(Option::is_some) => None,
            }
        })
    }

    /// Appends on a disk that does not fail.
    pub fn append(&self, payload: impl Into<Bytes>) -> Committed {
        let append = self.wal.append(payload.into());
        self.answer(append)
            .expect("the disk works")
            .expect("the log takes it")
    }

    /// The error that ended the log.
    pub fn failure(&self) -> LogError {
        let mut failed = self.failed.clone();
        self.runtime.block_on(async {
            let failed = failed.wait_for(Option::is_some).await.expect("the log");
            failed.clone().expect("waited for it")
        })
    }
}

/// Everything in a log, read in pieces.
pub fn all(wal: &Wal, bytes_max: usize) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut from = wal.first();
    loop {
        let piece = wal.read(from, bytes_max).expect("a whole log");
        match piece.last() {
            Some(last) => from = last.lsn.next(),
            None => return entries,
        }
        entries.extend(piece);
    }
}

/// Everything in the log of an image, or why it does not open.
pub fn open_image(image: &Image) -> Result<Vec<Entry>, LogError> {
    let process = Process::start(&context(&FaultDisk::from_image(image)), options())?;
    Ok(all(&process.wal, 1 << 20))
}

pub fn random_bytes(random: &mut StdRng, bytes_max: usize) -> Bytes {
    let mut bytes = vec![0; random.random_range(0..=bytes_max)];
    random.fill_bytes(&mut bytes);
    bytes.into()
}

/// Positions and payloads.
pub fn numbered(entries: &[Entry]) -> Vec<(Lsn, Bytes)> {
    entries
        .iter()
        .map(|entry| (entry.lsn, entry.payload.clone()))
        .collect()
}
