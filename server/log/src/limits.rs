//! The log's bounds.

/// The largest entry.
pub const ENTRY_BYTES_MAX: usize = 64 << 20;
/// Entries that may wait for the writer; past it, appenders wait.
pub const QUEUE_ENTRIES_MAX: usize = 4096;
/// Bytes that one commit block may hold before the next one starts.
pub const BLOCK_BYTES_MAX: usize = 16 << 20;
