//! The log's bounds.

use std::time::Duration;

/// The largest entry.
pub const ENTRY_BYTES_MAX: usize = 64 << 20;
/// Entries that may wait for the writer; past it, appenders wait.
pub const QUEUE_ENTRIES_MAX: usize = 4096;
/// Bytes that one commit block may hold before the next one starts.
pub const BLOCK_BYTES_MAX: usize = 16 << 20;

/// Entries that may wait for room in the writer's queue; past it, an append is refused.
/// Only a caller that appends without waiting for earlier appends can get there.
pub const WAITING_ENTRIES_MAX: usize = 65_536;
/// Bytes that may wait for the writer, in its queue or for room in it; past it, an append is
/// refused.
pub const WAITING_BYTES_MAX: usize = 1 << 30;
/// The size of a file of the write-ahead log.
pub const FILE_BYTES: u64 = 64 << 20;
/// Recent entries that are kept in memory for readers.
pub const MEMORY_BYTES: usize = 64 << 20;
/// How long after the last commit a block is written that vouches for it.
pub const SEAL_AFTER: Duration = Duration::from_millis(20);
/// Damaged places that a check reports before it stops counting.
pub const DAMAGE_REPORTS_MAX: usize = 100;
