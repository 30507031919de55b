//! The one thread that writes: group commit.

use std::sync::Arc;
use std::thread;

use metrics::{counter, histogram};
use summit_context::Context;

use super::block::BlockBuilder;
use super::blocks::Blocks;
use super::options::WalOptions;
use super::queue::{Waiting, Work};
use super::shared::Shared;
use crate::{CommitTime, Committed, Entry, LogError, Lsn};

pub(super) struct Writer {
    pub(super) context: Context,
    pub(super) options: WalOptions,
    pub(super) shared: Arc<Shared>,
    pub(super) blocks: Blocks,
    pub(super) builder: BlockBuilder,
    pub(super) last: Lsn,
    pub(super) last_time: CommitTime,
    /// Whether the last block is one that no later block vouches for.
    pub(super) unsealed: bool,
}

impl Writer {
    /// Writes until the log is closed or the disk fails.
    pub(super) fn run(mut self) {
        let _stop = StopAtEnd {
            shared: Arc::clone(&self.shared),
            options: self.options.clone(),
        };
        if let Err(error) = self.work() {
            // nothing more is taken, then the process ends
            self.shared.stop();
            (self.options.on_fatal)(error);
        }
    }

    fn work(&mut self) -> Result<(), LogError> {
        loop {
            self.builder.clear();
            let idle_after = self.unsealed.then_some(self.options.seal_after);
            let mut size = self.builder.block_bytes_with(0);
            let block_bytes_max = self.options.one_block();
            let fits = |payload_bytes: usize| {
                size += super::block::ENTRY_HEADER_BYTES + payload_bytes;
                size <= block_bytes_max
            };
            match self.shared.queue.take(idle_after, fits) {
                Work::Commit(waiting) => self.commit(waiting)?,
                Work::Idle => self.seal()?,
                Work::Closed => {
                    if self.unsealed {
                        self.seal()?;
                    }
                    return Ok(());
                }
            }
        }
    }

    /// Commits entries with one write and one sync.
    fn commit(&mut self, waiting: Vec<Waiting>) -> Result<(), LogError> {
        self.last_time = self
            .last_time
            .max(CommitTime::from_micros(self.context.clock.now_micros()));
        let mut entries = Vec::with_capacity(waiting.len());
        let mut answers = Vec::with_capacity(waiting.len());
        let mut bytes = 0;
        for Waiting { payload, done } in waiting {
            self.last = self.last.next();
            self.builder.push(self.last, self.last_time, &payload);
            bytes += payload.len() as u64;
            entries.push(Entry {
                lsn: self.last,
                time: self.last_time,
                payload,
            });
            let committed = Committed {
                lsn: self.last,
                time: self.last_time,
            };
            answers.push((done, committed));
        }
        let count = entries.len() as u64;
        // when this fails, `answers` is dropped without an answer: nobody can know whether
        // these entries are part of the log
        self.write()?;
        self.unsealed = true;
        {
            let mut stats = self.shared.stats.lock();
            stats.entries += count;
            stats.entry_bytes += bytes;
        }
        counter!("summit_log_entries_total").increment(count);
        counter!("summit_log_appended_bytes_total").increment(bytes);
        self.shared.publish(entries);
        for (done, committed) in answers {
            // the entry stays, whether or not someone still waits for it
            let _ = done.send(Ok(committed));
        }
        Ok(())
    }

    /// Writes a block without entries, whose header vouches for the block before it: bytes of
    /// that one that turn bad later are then damage, not a torn tail.
    fn seal(&mut self) -> Result<(), LogError> {
        self.blocks.fill_ahead()?;
        self.write()?;
        self.unsealed = false;
        Ok(())
    }

    fn write(&mut self) -> Result<(), LogError> {
        let next = self.builder.first().unwrap_or(self.last.next());
        let block_bytes = self.builder.block_bytes() as u64;
        let place = self.blocks.write(&mut self.builder)?;
        let before = self.context.clock.monotonic();
        self.blocks.sync()?;
        let took = self.context.clock.monotonic().saturating_sub(before);
        self.shared.index.write().add(place, block_bytes, next);
        {
            let mut stats = self.shared.stats.lock();
            stats.blocks += 1;
            stats.block_bytes += block_bytes;
            stats.syncs += 1;
        }
        counter!("summit_log_syncs_total").increment(1);
        histogram!("summit_log_sync_seconds").record(took.as_secs_f64());
        Ok(())
    }
}

/// Lets go of everyone who waits when the thread ends, and ends the process when it ends by a
/// panic.
struct StopAtEnd {
    shared: Arc<Shared>,
    options: WalOptions,
}

impl Drop for StopAtEnd {
    fn drop(&mut self) {
        self.shared.stop();
        if thread::panicking() {
            let error = std::io::Error::other("the writer's thread panicked");
            (self.options.on_fatal)(LogError::io("cannot write", "the log", &error));
        }
    }
}
