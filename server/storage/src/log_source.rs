//! Entries of the log, by position.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use summit_log::{Log, Lsn};

use crate::StorageError;
use crate::limits::LOG_READ_BYTES;

const READ_BYTES_MIN: usize = 64 << 10;

/// Reads growing positions. Reads ahead more while what it read is wanted, so that a
/// relation with few entries among many does not read all of the log.
pub(crate) struct LogSource {
    log: Arc<dyn Log>,
    ahead: VecDeque<summit_log::Entry>,
    /// The position after what was read.
    next: Lsn,
    bytes: usize,
}

impl LogSource {
    pub fn new(log: Arc<dyn Log>) -> Self {
        LogSource {
            log,
            ahead: VecDeque::new(),
            next: Lsn::ZERO,
            bytes: READ_BYTES_MIN,
        }
    }

    /// The entry at `lsn`, which is after the last one asked for.
    pub fn entry(&mut self, lsn: Lsn) -> Result<Bytes, StorageError> {
        while self.ahead.pop_front_if(|entry| entry.lsn < lsn).is_some() {}
        if self.ahead.is_empty() {
            self.bytes = if self.next == lsn {
                (self.bytes * 2).min(LOG_READ_BYTES)
            } else {
                READ_BYTES_MIN
            };
            self.ahead = self.log.read(lsn, self.bytes)?.into();
            self.next = self
                .ahead
                .back()
                .map_or(Lsn::ZERO, |entry| entry.lsn.next());
        }
        match self.ahead.front() {
            Some(entry) if entry.lsn == lsn => Ok(entry.payload.clone()),
            _ => Err(StorageError::Invalid(format!(
                "entry {lsn} was applied and is not in the log"
            ))),
        }
    }
}
