//! Why a database cannot be opened.

use std::path::PathBuf;

use summit_log::LogError;

/// Why a database cannot be opened: one clear line for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Not a directory that we can use.
    #[error("cannot use data directory {path}: {message}")]
    DataDir {
        /// Which.
        path: PathBuf,
        /// Why, and what to do.
        message: String,
    },
    /// Another process has it.
    #[error(
        "data directory {path} is in use by another process; stop it, or give another --data-dir"
    )]
    Locked {
        /// Which.
        path: PathBuf,
    },
    /// Files of something else.
    #[error(
        "data directory {path} is not empty and not Summit's (it has {found}, but no SUMMIT file); give an empty or new --data-dir"
    )]
    Foreign {
        /// Which.
        path: PathBuf,
        /// A file that is there.
        found: String,
    },
    /// The log.
    #[error("{0}")]
    Log(#[from] LogError),
    /// An entry of the log does not make sense.
    #[error("log entry {lsn}: {message}; was the directory written by a newer version?")]
    Entry {
        /// Which.
        lsn: u64,
        /// Why.
        message: String,
    },
    /// The machine refused a thread.
    #[error("cannot start a thread: {0}")]
    Thread(String),
    /// A backup that cannot be restored.
    #[error(transparent)]
    Backup(#[from] summit_backup::BackupError),
    /// Not empty, and must be.
    #[error("{path} is not empty; restore writes only into a new or empty directory")]
    NotEmpty {
        /// Which.
        path: PathBuf,
    },
}
