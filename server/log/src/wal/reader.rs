//! Reads committed entries from the files.

use std::path::PathBuf;

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use summit_context::{Context, OpenMode};

use super::block::{ALIGN, ENTRY_HEADER_BYTES, Header};
use super::files::{self, SUFFIX};
use super::index::{Index, Place};
use super::window::Window;
use crate::{Entry, LogError, Lsn};

/// Reads entries that are not in memory any more.
pub(super) struct Reader {
    context: Context,
    dir: PathBuf,
    /// Where the last read ended: who reads on from there needs no search and, for the most
    /// part, no disk. One, because catching up is done by one reader at a time as a rule.
    last: Mutex<Option<Cursor>>,
}

/// A place in the files.
struct Cursor {
    /// The entry that a reader is expected to ask for.
    next: Lsn,
    place: Place,
    /// How much of the body of the block there was read; the block's checksum is then known
    /// to be right.
    body_bytes: usize,
    path: PathBuf,
    window: Window,
}

impl Reader {
    pub(super) fn new(context: &Context, dir: PathBuf) -> Self {
        Reader {
            context: context.clone(),
            dir,
            last: Mutex::new(None),
        }
    }

    /// The entries from `from` up to `upto` that fit `bytes_max`, at least one. Both are
    /// committed, so the index has the blocks of both.
    pub(super) fn read(
        &self,
        index: &RwLock<Index>,
        from: Lsn,
        upto: Lsn,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, LogError> {
        // taken out, so that a slow disk holds up nobody else
        let held = self.last.lock().take();
        let mut cursor = match held {
            Some(cursor) if cursor.next == from => cursor,
            _ => {
                let place = index.read().find(from);
                self.open(from, place.ok_or_else(|| self.lost(from))?)?
            }
        };
        let mut wanted = Wanted {
            from,
            upto,
            bytes_left: bytes_max,
            entries: Vec::new(),
        };
        loop {
            let (end, after) = {
                let index = index.read();
                let file = cursor.place.file;
                (index.end_of(file), index.file_after(file))
            };
            if cursor.place.offset >= end {
                let file = after.ok_or_else(|| self.lost(from))?;
                cursor = self.open(from, Place { file, offset: 0 })?;
                continue;
            }
            match cursor.block(end, &mut wanted)? {
                Some(block_bytes) => {
                    cursor.place.offset += block_bytes;
                    cursor.body_bytes = 0;
                }
                None => break,
            }
            // no look at the next block when there is nothing in it for us
            if !wanted.entries.is_empty() && (wanted.bytes_left == 0 || wanted.next() > upto) {
                break;
            }
        }
        cursor.next = wanted.next();
        *self.last.lock() = Some(cursor);
        Ok(wanted.entries)
    }

    fn open(&self, next: Lsn, place: Place) -> Result<Cursor, LogError> {
        let path = files::path_of(&self.dir, place.file, SUFFIX);
        let file = self
            .context
            .disk
            .open(&path, OpenMode::Read)
            .map_err(|error| LogError::io("cannot open the log file", &path, &error))?;
        Ok(Cursor {
            next,
            place,
            body_bytes: 0,
            path,
            window: Window::new(file),
        })
    }

    fn lost(&self, lsn: Lsn) -> LogError {
        LogError::damaged(&self.dir, 0, format!("entry {lsn} is in no file"))
    }
}

impl Cursor {
    /// Takes what is wanted of the block here; answers its size, or none when more is in it
    /// than fits.
    fn block(&mut self, end: u64, wanted: &mut Wanted) -> Result<Option<u64>, LogError> {
        let offset = self.place.offset;
        let io = |error| LogError::io("cannot read the log file", &self.path, &error);
        let damaged = |what: &str| LogError::damaged(&self.path, offset, what);
        let page = self.window.get(offset, ALIGN, end).map_err(io)?;
        let header = Header::parse(page).map_err(|_| damaged("the header is damaged"))?;
        let bytes = self
            .window
            .get(offset, header.used_bytes(), end)
            .map_err(io)?;
        if self.body_bytes == 0 && !header.matches(bytes) {
            return Err(damaged("the checksum of a block does not match"));
        }
        for entry in header.entries_after(bytes, self.body_bytes) {
            let entry = entry.map_err(damaged)?;
            if entry.lsn < wanted.from {
                self.body_bytes += ENTRY_HEADER_BYTES + entry.payload.len();
                continue;
            }
            if entry.lsn != wanted.next() {
                return Err(damaged("an entry is out of order"));
            }
            if entry.lsn > wanted.upto || !wanted.fits(entry.payload.len()) {
                return Ok(None);
            }
            self.body_bytes += ENTRY_HEADER_BYTES + entry.payload.len();
            wanted.entries.push(Entry {
                lsn: entry.lsn,
                time: entry.time,
                // a copy: who keeps one entry does not keep its whole block
                payload: Bytes::copy_from_slice(entry.payload),
            });
        }
        Ok(Some(header.block_bytes() as u64))
    }
}

/// What a reader asked for, and has so far.
struct Wanted {
    from: Lsn,
    upto: Lsn,
    bytes_left: usize,
    entries: Vec<Entry>,
}

impl Wanted {
    fn next(&self) -> Lsn {
        self.entries
            .last()
            .map_or(self.from, |entry| entry.lsn.next())
    }

    fn fits(&mut self, bytes: usize) -> bool {
        if bytes > self.bytes_left && !self.entries.is_empty() {
            return false;
        }
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        true
    }
}
