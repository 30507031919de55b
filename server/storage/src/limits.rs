//! Storage's bounds.

/// Bytes of stream rows kept in memory by default; older rows are read from the log.
pub const TAIL_BYTES_DEFAULT: usize = 512 << 20;
