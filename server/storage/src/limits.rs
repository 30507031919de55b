//! Storage's bounds.

/// Bytes of stream rows kept in memory by default; older rows are read from the log.
pub const TAIL_BYTES_DEFAULT: usize = 512 << 20;
/// Rows of a chunk: what small batches are gathered into, and the most rows in a batch that
/// a reader is given.
pub const CHUNK_ROWS: usize = 8192;
/// Bytes after which a chunk of stream rows is full, however few its rows.
pub const CHUNK_BYTES: usize = 4 << 20;
/// Bytes of a table's recent changes kept in memory; older ones are read from the log.
pub const CHANGELOG_BYTES: usize = 16 << 20;
/// Bytes that a reader asks the log for at a time.
pub const LOG_READ_BYTES: usize = 1 << 20;
/// Chunks that one call of compaction looks at, per relation.
pub const COMPACT_CHUNKS_SCANNED: usize = 256;
/// Chunks that one call of compaction rewrites, per relation.
pub const COMPACT_CHUNKS_REWRITTEN: usize = 16;
/// Rows in one record batch of an entry.
pub const BATCH_ROWS_MAX: usize = i32::MAX as usize;
/// Writes, and batches of one write, in one entry.
pub const ENTRY_PARTS_MAX: usize = 1 << 16;
/// Partitions of a stream.
pub const PARTITIONS_MAX: u32 = 1 << 16;
