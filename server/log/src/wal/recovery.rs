//! Brings the files of a log into the state from which writing goes on.

use std::path::Path;

use summit_context::{Context, OpenMode};

use super::blocks::{Blocks, Target, write_zeros};
use super::files::{self, SUFFIX};
use super::index::{Index, Place};
use super::options::WalOptions;
use super::scan::{Scan, scan};
use crate::{CommitTime, LogError, Lsn};

/// A log that is ready to be written.
pub(super) struct Recovered {
    pub(super) blocks: Blocks,
    pub(super) index: Index,
    /// The first position; with `last.next()` equal to it the log is empty.
    pub(super) first: Lsn,
    pub(super) last: Lsn,
    pub(super) last_time: CommitTime,
    /// Whether the last block is one that nothing vouches for.
    pub(super) unsealed: bool,
}

/// Reads all files, cuts off what a crash left half written, and refuses anything else that
/// is not as it was written.
pub(super) fn recover(
    context: &Context,
    dir: &Path,
    options: &WalOptions,
) -> Result<Recovered, LogError> {
    files::create_dir(context.disk.as_ref(), dir)?;
    let mut found = scan(context, dir, SUFFIX)?;
    if let Some(damage) = found.damage.first() {
        return Err(damage.clone());
    }
    cut(context, dir, &found)?;
    let target = Target {
        dir: dir.to_owned(),
        suffix: SUFFIX,
        file_bytes: options.file_bytes,
        log_id: found.log_id.unwrap_or_else(|| context.random.next_u64()),
    };
    let mut blocks = match found.end {
        Some(end) => Blocks::resume(context, target, end, found.last_number.saturating_add(1))?,
        None => Blocks::create(context, target)?,
    };
    // what was read may only be in the page cache of a killed process
    blocks.sync()?;
    context
        .disk
        .sync_dir(dir)
        .map_err(|error| LogError::io("cannot sync the log directory", dir, &error))?;
    let first = found.first.unwrap_or(Lsn::new(1));
    Ok(Recovered {
        blocks,
        index: std::mem::take(&mut found.index),
        first,
        last: found.last.unwrap_or(Lsn::ZERO),
        last_time: found.last_time.unwrap_or(CommitTime::from_micros(i64::MIN)),
        unsealed: found.last_number_with_entries > found.synced_upto,
    })
}

/// Removes what follows the last block: bytes of a torn block, and files without a block, which
/// a crash leaves that comes between the creation of a file and its first block.
fn cut(context: &Context, dir: &Path, found: &Scan) -> Result<(), LogError> {
    if let Some(torn) = &found.torn {
        tracing::info!(
            file = %torn.path.display(),
            offset = torn.offset,
            last_lsn = found.last.unwrap_or(Lsn::ZERO).get(),
            "cut a block that was half written when the server stopped"
        );
    }
    if let (Some(end), Some(_)) = (found.end, &found.torn) {
        zero(context, dir, end)?;
    }
    for number in &found.files {
        if found.end.is_some_and(|end| *number <= end.file) {
            continue;
        }
        let path = files::path_of(dir, *number, SUFFIX);
        context
            .disk
            .remove_file(&path)
            .map_err(|error| LogError::io("cannot remove the empty log file", &path, &error))?;
    }
    Ok(())
}

fn zero(context: &Context, dir: &Path, end: Place) -> Result<(), LogError> {
    let path = files::path_of(dir, end.file, SUFFIX);
    let io = |error| LogError::io("cannot cut the log file", &path, &error);
    let file = context.disk.open(&path, OpenMode::Write).map_err(io)?;
    let len = file.len().map_err(io)?;
    write_zeros(file.as_ref(), end.offset, len).map_err(io)?;
    file.sync_data().map_err(io)
}
