//! Writes commit blocks one after the other, into file after file.

use std::path::PathBuf;

use summit_context::{Context, DiskFile, OpenMode};

use super::block::{ALIGN, BlockBuilder};
use super::files;
use super::index::Place;
use crate::LogError;

/// Zeros that are written at once.
static ZEROS: [u8; 256 << 10] = [0; 256 << 10];
/// How far a file is filled with zeros ahead of its blocks, at the least and at the most. A
/// sync is several times faster when it overwrites written blocks than when the file grows.
const FILL_BYTES_MIN: u64 = 256 << 10;
const FILL_BYTES_MAX: u64 = 4 << 20;

/// The end of the log on disk.
pub(super) struct Blocks {
    context: Context,
    dir: PathBuf,
    suffix: &'static str,
    file_bytes: u64,
    log_id: u64,
    file: Tail,
    next_number: u64,
    synced_upto: u64,
}

/// The file that is being written.
struct Tail {
    number: u64,
    path: PathBuf,
    file: Box<dyn DiskFile>,
    /// Where the next block goes.
    offset: u64,
    /// Up to where the file holds blocks and zeros.
    filled: u64,
}

/// Where blocks are written, and whose they are.
pub(super) struct Target {
    pub(super) dir: PathBuf,
    pub(super) suffix: &'static str,
    pub(super) file_bytes: u64,
    pub(super) log_id: u64,
}

impl Blocks {
    /// Starts a log with its first file.
    pub(super) fn create(context: &Context, target: Target) -> Result<Self, LogError> {
        let file = Tail::create(context, &target, 1)?;
        Ok(Blocks::new(context, target, file, 1))
    }

    /// Goes on in a file, after the last block.
    pub(super) fn resume(
        context: &Context,
        target: Target,
        end: Place,
        next_number: u64,
    ) -> Result<Self, LogError> {
        let path = files::path_of(&target.dir, end.file, target.suffix);
        let io = |error| LogError::io("cannot open the log file", &path, &error);
        let file = context.disk.open(&path, OpenMode::Write).map_err(io)?;
        let len = file.len().map_err(io)?;
        let file = Tail {
            number: end.file,
            file,
            offset: end.offset,
            // a crash while the file grew can have left a part of a page
            filled: (len - len % ALIGN as u64).max(end.offset),
            path,
        };
        Ok(Blocks::new(context, target, file, next_number))
    }

    fn new(context: &Context, target: Target, file: Tail, next_number: u64) -> Self {
        Blocks {
            context: context.clone(),
            dir: target.dir,
            suffix: target.suffix,
            file_bytes: target.file_bytes,
            log_id: target.log_id,
            file,
            next_number,
            synced_upto: next_number - 1,
        }
    }

    /// Writes a block, not yet durable; answers where it is.
    pub(super) fn write(&mut self, builder: &mut BlockBuilder) -> Result<Place, LogError> {
        let block_bytes = builder.block_bytes() as u64;
        if self.file.offset > 0 && self.file.offset + block_bytes > self.file_bytes {
            // the next file must never be durable before this one is
            self.sync()?;
            let target = Target {
                dir: self.dir.clone(),
                suffix: self.suffix,
                file_bytes: self.file_bytes,
                log_id: self.log_id,
            };
            self.file = Tail::create(&self.context, &target, self.file.number + 1)?;
        }
        let end = self.file.offset + block_bytes;
        self.file.fill(end, self.file_bytes)?;
        let place = Place {
            file: self.file.number,
            offset: self.file.offset,
        };
        let generation = self.log_id.wrapping_add(self.file.number);
        let bytes = builder.finish(generation, self.next_number, self.synced_upto);
        self.file
            .file
            .write_all_at(bytes, place.offset)
            .map_err(|error| self.file.error("cannot write the log file", &error))?;
        self.file.offset = end;
        self.next_number += 1;
        Ok(place)
    }

    /// Fills the file ahead when it is soon needed, for a moment when nobody waits.
    pub(super) fn fill_ahead(&mut self) -> Result<(), LogError> {
        let soon = self.file.offset + FILL_BYTES_MAX / 2;
        if soon > self.file.filled {
            let upto = (self.file.offset + FILL_BYTES_MAX).min(self.file_bytes);
            self.file.fill(upto, self.file_bytes)?;
        }
        Ok(())
    }

    /// Makes what was written durable.
    pub(super) fn sync(&mut self) -> Result<(), LogError> {
        self.file
            .file
            .sync_data()
            .map_err(|error| self.file.error("cannot sync the log file", &error))?;
        self.synced_upto = self.next_number - 1;
        Ok(())
    }
}

impl Tail {
    fn create(context: &Context, target: &Target, number: u64) -> Result<Self, LogError> {
        let path = files::path_of(&target.dir, number, target.suffix);
        let io = |error| LogError::io("cannot create the log file", &path, &error);
        let file = context.disk.open(&path, OpenMode::Create).map_err(io)?;
        let mut tail = Tail {
            number,
            file,
            offset: 0,
            filled: 0,
            path: path.clone(),
        };
        tail.fill(ALIGN as u64, target.file_bytes)?;
        context.disk.sync_dir(&target.dir).map_err(io)?;
        Ok(tail)
    }

    /// Makes sure that a block which ends at `end` lies on zeros. The more a file holds, the
    /// further it is filled ahead.
    fn fill(&mut self, end: u64, file_bytes: u64) -> Result<(), LogError> {
        if end <= self.filled {
            return Ok(());
        }
        let ahead = self.filled.clamp(FILL_BYTES_MIN, FILL_BYTES_MAX);
        let upto = end.max((self.filled + ahead).min(file_bytes));
        write_zeros(self.file.as_ref(), self.filled, upto)
            .map_err(|error| self.error("cannot write the log file", &error))?;
        self.filled = upto;
        Ok(())
    }

    fn error(&self, what: &'static str, error: &std::io::Error) -> LogError {
        LogError::io(what, &self.path, error)
    }
}

/// Overwrites a part of a file with zeros, not yet durable.
pub(super) fn write_zeros(file: &dyn DiskFile, from: u64, to: u64) -> std::io::Result<()> {
    let mut offset = from;
    while offset < to {
        let bytes = usize::try_from(to - offset).map_or(ZEROS.len(), |left| left.min(ZEROS.len()));
        file.write_all_at(&ZEROS[..bytes], offset)?;
        offset += bytes as u64;
    }
    Ok(())
}
