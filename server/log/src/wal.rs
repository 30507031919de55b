//! The log of a single node: one write-ahead log.
//!
//! One thread writes. It takes everything that waits, writes it as one block, syncs once and
//! answers all; meanwhile the next block's entries gather. Blocks are 4 KiB aligned and never
//! written twice, in files that are filled with zeros ahead. After a crash the unfinished block
//! at the end is cut off; any other bytes that are not as they were written make
//! [`Wal::open`] refuse with their place, because what follows them was acknowledged.
//!
//! What is not noticed: bytes of the very last block that turn bad after a crash within
//! [`WalOptions::seal_after`] of its commit. They cannot be told from a torn write.

mod block;
mod blocks;
mod files;
mod index;
mod options;
mod queue;
mod reader;
mod recovery;
mod restore;
mod scan;
mod shared;
mod tail;
mod verify;
mod window;
mod writer;

use std::future::{pending, ready};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use metrics::{describe_counter, describe_histogram};
use parking_lot::Mutex;
use summit_context::{Context, spawn_thread};

pub use options::{OnFatal, WalOptions};
pub use shared::WalStats;
pub use verify::{VerifyReport, verify};

use crate::limits::ENTRY_BYTES_MAX;
use crate::{Append, Entry, Log, LogError, Lsn};
use block::BlockBuilder;
use reader::Reader;
use shared::Shared;
use writer::Writer;

/// The write-ahead log of a single node.
pub struct Wal {
    context: Context,
    first: Lsn,
    shared: Arc<Shared>,
    reader: Reader,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Wal {
    /// Opens the log whose files are in `dir`, or starts one there. The caller makes sure that
    /// no other process has it open.
    ///
    /// # Errors
    /// [`LogError::Damaged`] with file and byte when what is there is not what was written, and
    /// is more than the unfinished end that a crash leaves; [`LogError::Io`].
    pub fn open(context: &Context, dir: &Path, options: WalOptions) -> Result<Arc<Wal>, LogError> {
        describe_metrics();
        let recovered = recovery::recover(context, dir, &options)?;
        let shared = Arc::new(Shared::new(
            recovered.index,
            options.memory_bytes,
            recovered.last,
        ));
        let writer = Writer {
            context: context.clone(),
            options,
            shared: Arc::clone(&shared),
            blocks: recovered.blocks,
            builder: BlockBuilder::new(),
            last: recovered.last,
            last_time: recovered.last_time,
            unsealed: recovered.unsealed,
        };
        let writer = spawn_thread("summit-log", move || writer.run())
            .map_err(|error| LogError::io("cannot start the writer of", dir, &error))?;
        Ok(Arc::new(Wal {
            context: context.clone(),
            first: recovered.first,
            shared,
            reader: Reader::new(context, dir.to_owned()),
            writer: Mutex::new(Some(writer)),
        }))
    }

    /// Writes a log from entries that have their positions and times already, into a `dir`
    /// without a log, and makes it durable; answers the last position. The positions must
    /// follow each other and may start anywhere: the first one is then the log's
    /// [`Wal::first`]. After a crash in the middle there is no log in `dir`, or one that
    /// [`Wal::open`] refuses.
    ///
    /// # Errors
    /// The first error of `entries`; [`LogError::Io`], also for a `dir` with a log and for
    /// entries that do not follow each other.
    pub fn restore(
        context: &Context,
        dir: &Path,
        options: &WalOptions,
        entries: impl Iterator<Item = Result<Entry, LogError>>,
    ) -> Result<Lsn, LogError> {
        restore::restore(context, dir, options, entries)
    }

    /// The first position in the log, or, while it is empty, the one that the first entry gets.
    pub fn first(&self) -> Lsn {
        self.first
    }

    /// Counts since the log was opened.
    pub fn stats(&self) -> WalStats {
        *self.shared.stats.lock()
    }
}

impl Log for Wal {
    fn append(&self, payload: Bytes) -> Append {
        if payload.len() > ENTRY_BYTES_MAX {
            return Box::pin(ready(Err(LogError::TooLarge {
                bytes: payload.len(),
                limit_bytes: ENTRY_BYTES_MAX,
            })));
        }
        match self.shared.queue.push(payload) {
            Ok(answer) => Box::pin(async move {
                match answer.await {
                    Ok(answer) => answer,
                    // the disk failed in the middle of the commit: whether the entry is part of
                    // the log shows after the restart, so neither answer would be true
                    Err(_) => pending().await,
                }
            }),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }

    fn read(&self, from: Lsn, bytes_max: usize) -> Result<Vec<Entry>, LogError> {
        let committed = self.shared.committed();
        // with nothing before the first entry, "from the start" is no position that is gone
        let from = if from == Lsn::ZERO && self.first == Lsn::new(1) {
            self.first
        } else {
            from
        };
        if from < self.first {
            return Err(LogError::OutOfRange {
                lsn: from,
                first: self.first,
            });
        }
        if from > committed {
            return Ok(Vec::new());
        }
        match self.shared.read_tail(from, bytes_max) {
            Some(entries) => Ok(entries),
            None => self
                .reader
                .read(&self.shared.index, from, committed, bytes_max),
        }
    }

    fn committed(&self) -> Lsn {
        self.shared.committed()
    }

    fn wait_for(&self, lsn: Lsn, timeout: Duration) -> Lsn {
        self.shared.wait_for(&self.context, lsn, timeout)
    }

    fn close(&self) {
        self.shared.queue.close();
        let writer = self.writer.lock().take();
        let Some(writer) = writer else {
            // someone else closes it: to return is to say that it is closed
            self.wait_for(Lsn::MAX, Duration::MAX);
            return;
        };
        // `on_fatal` runs on the writer's thread, which cannot wait for itself
        if writer.thread().id() != thread::current().id() && writer.join().is_err() {
            tracing::error!("the writer of the log ended by a panic");
        }
    }
}

impl Drop for Wal {
    fn drop(&mut self) {
        self.close();
    }
}

fn describe_metrics() {
    describe_counter!(
        "summit_log_appended_bytes_total",
        "Bytes of the entries committed to the log"
    );
    describe_counter!("summit_log_entries_total", "Entries committed to the log");
    describe_counter!("summit_log_syncs_total", "Syncs of the log's files");
    describe_histogram!(
        "summit_log_sync_seconds",
        metrics::Unit::Seconds,
        "Time of one sync of the log's files"
    );
}
