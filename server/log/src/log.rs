//! What the rest of the server sees of a log.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;

use crate::{CommitTime, LogError, Lsn};

/// Resolves when the entry is durable, or when it certainly is not part of the log.
pub type Append = Pin<Box<dyn Future<Output = Result<Committed, LogError>> + Send>>;

/// Where and when an entry was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// Its position.
    pub lsn: Lsn,
    /// Its time.
    pub time: CommitTime,
}

/// An entry that was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its position.
    pub lsn: Lsn,
    /// Its time.
    pub time: CommitTime,
    /// What was appended.
    pub payload: Bytes,
}

/// A database's log. The write-ahead log of a single node today, a replicated one later:
/// callers cannot tell.
pub trait Log: Send + Sync {
    /// Hands in an entry. Entries get their positions in the order of the calls. The call
    /// itself never blocks; when the log's queue is full the future waits for room.
    /// Dropping the future does not take the entry back.
    fn append(&self, payload: Bytes) -> Append;

    /// Committed entries from `from` on, in order, from memory or disk: at least one when
    /// there is one, then as many as fit `bytes_max`.
    ///
    /// # Errors
    /// [`LogError::Damaged`] when an entry's bytes on disk are not what was written.
    fn read(&self, from: Lsn, bytes_max: usize) -> Result<Vec<Entry>, LogError>;

    /// The last committed position.
    fn committed(&self) -> Lsn;

    /// Blocks the thread until a position from `lsn` on is committed, the log is closed or
    /// the time is over; answers the last committed position.
    fn wait_for(&self, lsn: Lsn, timeout: Duration) -> Lsn;

    /// Makes what was handed in durable, then refuses further entries.
    fn close(&self);
}
