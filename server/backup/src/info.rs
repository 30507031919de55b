//! What is known of a backup.

use summit_log::{CommitTime, Cut, Lsn};

use crate::BackupId;

/// A complete backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupInfo {
    /// Its name.
    pub id: BackupId,
    /// What its maker called it.
    pub label: Option<String>,
    /// The database that it is of.
    pub database_id: String,
    /// The version of the program that made it.
    pub server_version: String,
    /// When it was begun: microseconds since 1970-01-01 UTC.
    pub created: CommitTime,
    /// Its first position.
    pub first: Lsn,
    /// Its last position.
    pub at: Cut,
    /// The time of its last entry; `None` when it has none.
    pub last_time: Option<CommitTime>,
    /// Its entries.
    pub entries: u64,
    /// Its size, without the manifest.
    pub bytes: u64,
    /// Its objects, without the manifest.
    pub objects: usize,
}
