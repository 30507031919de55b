//! Looks at a log without changing it.

use std::path::{Path, PathBuf};

use summit_context::Context;

use super::files::SUFFIX;
use super::scan::scan;
use crate::{CommitTime, LogError, Lsn};

/// What is in a log's files.
#[derive(Debug, Clone, Default)]
pub struct VerifyReport {
    /// Files.
    pub files: u64,
    /// Right blocks, those without entries included.
    pub blocks: u64,
    /// Bytes of these blocks.
    pub bytes: u64,
    /// Entries in these blocks.
    pub entries: u64,
    /// The first entry's position.
    pub first: Option<Lsn>,
    /// The last entry's position.
    pub last: Option<Lsn>,
    /// The last entry's time.
    pub last_time: Option<CommitTime>,
    /// File and byte of a half written block at the end, which the next start cuts off. On a
    /// log that is being written it may just be the block of this moment.
    pub torn_tail: Option<(PathBuf, u64)>,
    /// The damaged places, at most [`DAMAGE_REPORTS_MAX`](crate::limits::DAMAGE_REPORTS_MAX).
    pub damage: Vec<LogError>,
}

/// Reads all files of the log in `dir` and reports what is in them. Changes nothing.
///
/// # Errors
/// [`LogError::Io`] when a file cannot be read. Damage is no error but in the report.
pub fn verify(context: &Context, dir: &Path) -> Result<VerifyReport, LogError> {
    let found = scan(context, dir, SUFFIX)?;
    Ok(VerifyReport {
        files: found.files.len() as u64,
        blocks: found.blocks,
        bytes: found.block_bytes,
        entries: found.entries,
        first: found.first,
        last: found.last,
        last_time: found.last_time,
        torn_tail: found.torn.map(|torn| (torn.path, torn.offset)),
        damage: found.damage,
    })
}
