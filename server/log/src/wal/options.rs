//! How a write-ahead log is run.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::LogError;
use crate::limits::{BLOCK_BYTES_MAX, FILE_BYTES, MEMORY_BYTES, SEAL_AFTER};

/// Called once when the disk refuses a write or sync. What was being written may or may not
/// be durable, and no later sync can tell.
pub type OnFatal = Arc<dyn Fn(LogError) + Send + Sync>;

/// How a write-ahead log is run.
#[derive(Clone)]
pub struct WalOptions {
    /// The size of a file in bytes. A single larger entry gets a larger file.
    pub file_bytes: u64,
    /// Bytes of recent entries that readers find in memory.
    pub memory_bytes: usize,
    /// Bytes that one commit block may hold before the next one starts.
    pub block_bytes_max: usize,
    /// How long after the last commit a block is written that vouches for it.
    pub seal_after: Duration,
    /// Ends the process when the disk refuses a write. Something else only for tests.
    pub on_fatal: OnFatal,
}

impl Default for WalOptions {
    fn default() -> Self {
        WalOptions {
            file_bytes: FILE_BYTES,
            memory_bytes: MEMORY_BYTES,
            block_bytes_max: BLOCK_BYTES_MAX,
            seal_after: SEAL_AFTER,
            on_fatal: Arc::new(abort),
        }
    }
}

impl WalOptions {
    /// Up to which size entries share a block.
    pub(super) fn one_block(&self) -> usize {
        usize::try_from(self.file_bytes).map_or(self.block_bytes_max, |file_bytes| {
            self.block_bytes_max.min(file_bytes)
        })
    }
}

impl fmt::Debug for WalOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WalOptions")
            .field("file_bytes", &self.file_bytes)
            .field("memory_bytes", &self.memory_bytes)
            .field("block_bytes_max", &self.block_bytes_max)
            .field("seal_after", &self.seal_after)
            .finish_non_exhaustive()
    }
}

/// After a failed sync the kernel may have dropped the pages, and the next sync succeeds
/// without them. Only a restart, which reads what is really there, is safe.
fn abort(error: LogError) {
    tracing::error!(%error, "the log cannot be written; the server stops at once");
    std::process::abort();
}
