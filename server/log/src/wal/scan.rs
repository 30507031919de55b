//! Walks all blocks of a log from the first to the last and judges what it finds. Recovery and
//! `verify` both stand on this; nothing is changed here.
//!
//! A block is right when its checksum is, it carries its file's generation and the next number,
//! and its entries have the next positions. Where the next block should be and is not, the log
//! ends, if nothing shows that more was there: a right block anywhere after, or a block that
//! says that a later number was durable. Otherwise the place is damaged.

use std::path::{Path, PathBuf};

use summit_context::{Context, OpenMode};

use super::block::{ALIGN, Header, NotAHeader};
use super::files;
use super::index::{Index, Place};
use super::window::Window;
use crate::limits::DAMAGE_REPORTS_MAX;
use crate::{CommitTime, LogError, Lsn};

/// What a walk over the files found.
#[derive(Default)]
pub(super) struct Scan {
    /// The files there are, ascending.
    pub(super) files: Vec<u64>,
    pub(super) index: Index,
    /// The log's random number; none without a block.
    pub(super) log_id: Option<u64>,
    pub(super) blocks: u64,
    pub(super) block_bytes: u64,
    pub(super) entries: u64,
    pub(super) last_number: u64,
    /// The last block that has entries.
    pub(super) last_number_with_entries: u64,
    /// The last block known durable.
    pub(super) synced_upto: u64,
    pub(super) first: Option<Lsn>,
    pub(super) last: Option<Lsn>,
    pub(super) last_time: Option<CommitTime>,
    /// After the last block; none without a block.
    pub(super) end: Option<Place>,
    /// Bytes of a block that was never finished.
    pub(super) torn: Option<Torn>,
    pub(super) damage: Vec<LogError>,
}

/// The first bytes after the last block that are not zero.
#[derive(Debug, Clone)]
pub(super) struct Torn {
    pub(super) path: PathBuf,
    pub(super) offset: u64,
}

/// A place where a block should be and none is.
struct Gap {
    path: PathBuf,
    offset: u64,
    what: String,
    /// Whether nothing is written there, as at the end of a file that another follows.
    zeros: bool,
}

/// What is at a place.
enum Found {
    Block(Header),
    Zeros,
    /// Not a block, and why.
    Other(String),
    /// Bytes that no torn write of ours leaves.
    Foreign(String),
}

/// Walks the files of `dir` that end in `suffix`.
pub(super) fn scan(context: &Context, dir: &Path, suffix: &str) -> Result<Scan, LogError> {
    let mut scan = Scan {
        files: files::list(context.disk.as_ref(), dir, suffix)?,
        ..Scan::default()
    };
    let mut gap = None;
    for number in scan.files.clone() {
        let path = files::path_of(dir, number, suffix);
        scan.file(context, number, &path, &mut gap)?;
    }
    // blocks that were durable and are gone
    if scan.last_number < scan.synced_upto {
        let gap = gap.unwrap_or_else(|| Gap {
            path: dir.to_owned(),
            offset: 0,
            what: "a file is missing".to_owned(),
            zeros: true,
        });
        scan.damaged(&gap.path, gap.offset, &gap.what);
    }
    Ok(scan)
}

impl Scan {
    fn file(
        &mut self,
        context: &Context,
        number: u64,
        path: &Path,
        gap: &mut Option<Gap>,
    ) -> Result<(), LogError> {
        let io = |error| LogError::io("cannot read the log file", path, &error);
        let file = context.disk.open(path, OpenMode::Read).map_err(io)?;
        let len = file.len().map_err(io)?;
        let mut window = Window::new(file);
        let mut offset = 0;
        // whether the place is one where the next block has to be, if there is one
        let mut due = true;
        while offset < len {
            let found = self.look(&mut window, number, offset, len).map_err(io)?;
            match found {
                Found::Block(header) => {
                    self.fits(&header, path, offset, due, gap.take());
                    let block = window.get(offset, header.used_bytes(), len).map_err(io)?;
                    self.take(
                        &header,
                        block,
                        path,
                        Place {
                            file: number,
                            offset,
                        },
                    );
                    offset += header.block_bytes() as u64;
                    due = true;
                    continue;
                }
                Found::Foreign(what) if due => {
                    self.damaged(path, offset, &what);
                    return Ok(());
                }
                Found::Zeros => self.note(gap, due, path, offset, None),
                Found::Other(what) | Found::Foreign(what) => {
                    self.torn.get_or_insert_with(|| Torn {
                        path: path.to_owned(),
                        offset,
                    });
                    self.note(gap, due, path, offset, Some(&what));
                }
            }
            due = false;
            offset += ALIGN as u64;
        }
        Ok(())
    }

    /// Notes a place without a block. The first such place counts, unless it is just the end
    /// of a file and the next file starts without a block as well.
    fn note(&self, gap: &mut Option<Gap>, due: bool, path: &Path, offset: u64, bad: Option<&str>) {
        if due && gap.as_ref().is_none_or(|gap| gap.zeros) {
            let number = self.last_number.saturating_add(1);
            *gap = Some(Gap {
                path: path.to_owned(),
                offset,
                what: match bad {
                    Some(what) => format!("block {number} is damaged: {what}"),
                    None => format!("block {number} is missing"),
                },
                zeros: bad.is_none(),
            });
        }
    }

    /// What is at `offset`. Looks into the middle of what may be a torn block too.
    fn look(
        &self,
        window: &mut Window,
        file: u64,
        offset: u64,
        len: u64,
    ) -> std::io::Result<Found> {
        let page = window.get(offset, ALIGN, len)?;
        let header = match Header::parse(page) {
            Ok(header) => header,
            Err(NotAHeader::Zeros) if page.iter().all(|byte| *byte == 0) => {
                return Ok(Found::Zeros);
            }
            Err(NotAHeader::Magic { torn: false }) if offset == 0 => {
                return Ok(Found::Foreign("not a log file of Summit".to_owned()));
            }
            Err(NotAHeader::Version(version)) => {
                return Ok(Found::Foreign(format!(
                    "written in format {version}, which this server does not know"
                )));
            }
            Err(_) => return Ok(Found::Other("its header is damaged".to_owned())),
        };
        if offset + header.used_bytes() as u64 > len {
            return Ok(Found::Other("it ends too soon".to_owned()));
        }
        let bytes = window.get(offset, header.used_bytes(), len)?;
        if !header.matches(bytes) {
            return Ok(Found::Other("its checksum does not match".to_owned()));
        }
        let log_id = header.generation.wrapping_sub(file);
        if self.log_id.is_some_and(|ours| ours != log_id) {
            let what = "it belongs to another log or file".to_owned();
            return Ok(if offset == 0 {
                Found::Foreign(what)
            } else {
                Found::Other(what)
            });
        }
        Ok(Found::Block(header))
    }

    /// Notes damage when a block is not the one that has to follow.
    fn fits(&mut self, header: &Header, path: &Path, offset: u64, due: bool, gap: Option<Gap>) {
        let expected = self.last_number.saturating_add(1);
        if due && header.number == expected {
            return;
        }
        // a right block after a bad one: the bad one is no torn tail
        match gap {
            Some(gap) if header.number >= expected => {
                self.damaged(&gap.path, gap.offset, &gap.what);
            }
            _ => {
                let what = format!("block {} where block {expected} should be", header.number);
                self.damaged(path, offset, &what);
            }
        }
    }

    /// Takes in a right block.
    fn take(&mut self, header: &Header, block: &[u8], path: &Path, place: Place) {
        let next = self.last.map(Lsn::next);
        let mut first_here = None;
        for entry in header.entries(block) {
            match entry {
                Ok(entry) => {
                    let in_order = match self.last {
                        Some(last) => last.next() == entry.lsn,
                        None => entry.lsn > Lsn::ZERO,
                    };
                    if entry.lsn == Lsn::MAX || !in_order && self.damage.is_empty() {
                        let what = format!("entry {} is out of order", entry.lsn);
                        self.damaged(path, place.offset, &what);
                        if entry.lsn == Lsn::MAX {
                            break;
                        }
                    }
                    first_here.get_or_insert(entry.lsn);
                    self.first.get_or_insert(entry.lsn);
                    self.last = Some(entry.lsn);
                    self.last_time = Some(entry.time);
                    self.entries += 1;
                }
                Err(what) => {
                    self.damaged(path, place.offset, what);
                    break;
                }
            }
        }
        if first_here.is_some() {
            self.last_number_with_entries = header.number;
        }
        let next = first_here.or(next).unwrap_or(Lsn::new(1));
        let block_bytes = header.block_bytes() as u64;
        self.index.add(place, block_bytes, next);
        self.log_id = Some(header.generation.wrapping_sub(place.file));
        self.blocks += 1;
        self.block_bytes += block_bytes;
        self.last_number = header.number;
        self.synced_upto = self.synced_upto.max(header.synced_upto);
        self.end = Some(Place {
            file: place.file,
            offset: place.offset + block_bytes,
        });
        // what lay between the blocks of two files is nobody's tail
        self.torn = None;
    }

    fn damaged(&mut self, path: &Path, offset: u64, what: &str) {
        if self.damage.len() < DAMAGE_REPORTS_MAX {
            self.damage.push(LogError::damaged(path, offset, what));
        }
    }
}
