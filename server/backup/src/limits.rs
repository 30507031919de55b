//! The bounds.

use std::time::Duration;

/// An object is closed once it holds this much; its last entry may take it past that.
pub const OBJECT_BYTES_TARGET: usize = 16 << 20;
/// The largest object: a full one and one more entry of the largest size.
pub const OBJECT_BYTES_MAX: usize =
    OBJECT_BYTES_TARGET + summit_log::limits::ENTRY_BYTES_MAX + (64 << 10);
/// The largest manifest: some 200,000 objects, 3 TiB.
pub const MANIFEST_BYTES_MAX: usize = 64 << 20;
/// Bytes that one read of the log asks for.
pub const READ_BYTES_MAX: usize = 4 << 20;
/// Objects that are fetched ahead.
pub const FETCH_AHEAD: usize = 2;
/// Manifests and deletions at one time.
pub const SMALL_REQUESTS: usize = 8;
/// Tries of one request after the first.
pub const RETRIES_MAX: usize = 6;
/// From a request's start to its last retry.
pub const RETRY_TIMEOUT: Duration = Duration::from_secs(60);
/// One try of a request.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
/// A connection's start.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of a label.
pub const LABEL_BYTES_MAX: usize = 256;
/// What a store's error text is cut to.
pub const REASON_CHARS_MAX: usize = 600;
/// How old an unfinished backup must be before its objects count as left behind.
pub const UNFINISHED_MICROS: i64 = 24 * 3600 * 1_000_000;
