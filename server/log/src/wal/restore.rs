//! Writes a log anew from entries that are committed already, with their positions and times.

use std::path::Path;

use summit_context::Context;

use super::block::BlockBuilder;
use super::blocks::{Blocks, Target};
use super::files::{self, SUFFIX, UNFINISHED_SUFFIX};
use super::options::WalOptions;
use crate::limits::ENTRY_BYTES_MAX;
use crate::{Entry, LogError, Lsn};

/// See [`super::Wal::restore`].
pub(super) fn restore(
    context: &Context,
    dir: &Path,
    options: &WalOptions,
    entries: impl Iterator<Item = Result<Entry, LogError>>,
) -> Result<Lsn, LogError> {
    let disk = context.disk.as_ref();
    files::create_dir(disk, dir)?;
    if !files::list(disk, dir, SUFFIX)?.is_empty() {
        return Err(refused(dir, "the directory has a log already"));
    }
    for number in files::list(disk, dir, UNFINISHED_SUFFIX)? {
        let path = files::path_of(dir, number, UNFINISHED_SUFFIX);
        disk.remove_file(&path)
            .map_err(|error| LogError::io("cannot remove the unfinished file", &path, &error))?;
    }
    let target = Target {
        dir: dir.to_owned(),
        suffix: UNFINISHED_SUFFIX,
        file_bytes: options.file_bytes,
        log_id: context.random.next_u64(),
    };
    let mut blocks = Blocks::create(context, target)?;
    let mut builder = BlockBuilder::new();
    let mut last: Option<Entry> = None;
    for entry in entries {
        let entry = entry?;
        follows(dir, last.as_ref(), &entry)?;
        let full = builder.block_bytes_with(entry.payload.len()) > options.one_block();
        if full && builder.first().is_some() {
            blocks.write(&mut builder)?;
            builder.clear();
        }
        builder.push(entry.lsn, entry.time, &entry.payload);
        last = Some(entry);
    }
    if builder.first().is_some() {
        blocks.write(&mut builder)?;
    }
    blocks.sync()?;
    if last.is_some() {
        builder.clear();
        blocks.write(&mut builder)?;
        blocks.sync()?;
    }
    // the first file last: without it a log is refused, so a crash in between never leaves a
    // shorter log that looks whole
    let rename = |number| {
        let from = files::path_of(dir, number, UNFINISHED_SUFFIX);
        let to = files::path_of(dir, number, SUFFIX);
        disk.rename(&from, &to)
            .map_err(|error| LogError::io("cannot rename the log file", &from, &error))
    };
    let sync = || {
        disk.sync_dir(dir)
            .map_err(|error| LogError::io("cannot sync the log directory", dir, &error))
    };
    let numbers = files::list(disk, dir, UNFINISHED_SUFFIX)?;
    for number in numbers.iter().skip(1) {
        rename(*number)?;
    }
    sync()?;
    if let Some(number) = numbers.first() {
        rename(*number)?;
    }
    sync()?;
    Ok(last.map_or(Lsn::ZERO, |last| last.lsn))
}

/// Checks that an entry may follow the one before it.
fn follows(dir: &Path, last: Option<&Entry>, entry: &Entry) -> Result<(), LogError> {
    if entry.payload.len() > ENTRY_BYTES_MAX {
        return Err(LogError::TooLarge {
            bytes: entry.payload.len(),
            limit_bytes: ENTRY_BYTES_MAX,
        });
    }
    match last {
        _ if entry.lsn == Lsn::MAX => Err(refused(dir, "an entry has the last position")),
        None if entry.lsn == Lsn::ZERO => Err(refused(dir, "an entry has position 0")),
        Some(last) if entry.lsn != last.lsn.next() => Err(refused(
            dir,
            &format!("entry {} follows entry {}", entry.lsn, last.lsn),
        )),
        Some(last) if entry.time < last.time => Err(refused(
            dir,
            &format!("entry {} is older than the one before it", entry.lsn),
        )),
        _ => Ok(()),
    }
}

fn refused(dir: &Path, what: &str) -> LogError {
    let error = std::io::Error::new(std::io::ErrorKind::InvalidInput, what.to_owned());
    LogError::io("cannot restore a log into", dir, &error)
}
