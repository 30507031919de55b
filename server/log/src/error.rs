//! What can go wrong with a log.

use std::io;
use std::path::PathBuf;

use crate::Lsn;

/// An error of the log.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// The user's: the entry is larger than a log takes.
    #[error("an entry of {bytes} bytes is larger than the limit of {limit_bytes} bytes")]
    TooLarge {
        /// What was handed in.
        bytes: usize,
        /// What is allowed.
        limit_bytes: usize,
    },
    /// Nobody's: the node is shutting down.
    #[error("the log is closed: the server is shutting down")]
    Closed,
    /// Nobody's, to be tried again: more was handed in than may wait for the disk.
    #[error(
        "the log cannot take the entry now: {entries} entries of {bytes} bytes wait for the disk"
    )]
    Overloaded {
        /// How many entries wait.
        entries: usize,
        /// How large they are together.
        bytes: usize,
    },
    /// The operator's: bytes on disk are not what was written.
    #[error("log file {path}: {what} (at byte {offset})")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// What was found.
        what: String,
    },
    /// The caller's: the position is not in the log.
    #[error("position {lsn} is not in the log, which starts at {first}")]
    OutOfRange {
        /// What was asked for.
        lsn: Lsn,
        /// The first position there is.
        first: Lsn,
    },
    /// The operator's: the disk refused.
    #[error("{what} {path}: {message}")]
    Io {
        /// What was tried, as "cannot open".
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// The kind of failure.
        kind: io::ErrorKind,
        /// What the system said.
        message: String,
    },
}

impl LogError {
    /// Bytes on disk that are not what was written.
    pub fn damaged(path: impl Into<PathBuf>, offset: u64, what: impl Into<String>) -> Self {
        LogError::Damaged {
            path: path.into(),
            offset,
            what: what.into(),
        }
    }

    /// An error of the disk.
    pub fn io(what: &'static str, path: impl Into<PathBuf>, error: &io::Error) -> Self {
        LogError::Io {
            what,
            path: path.into(),
            kind: error.kind(),
            message: error.to_string(),
        }
    }
}
