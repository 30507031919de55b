//! Where entries lie. Derived from the files, never written, never evidence.

use crate::Lsn;

/// A block is remembered when it starts this far after the one remembered before it: 24 bytes
/// of memory for 64 KiB of log, however small the blocks are.
const MARK_EVERY_BYTES: u64 = 64 << 10;

/// Where blocks start, by file.
#[derive(Debug, Default)]
pub(super) struct Index {
    files: Vec<FileMarks>,
}

#[derive(Debug)]
struct FileMarks {
    number: u64,
    /// After the last block.
    end: u64,
    marks: Vec<Mark>,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    /// The first entry in or after the block.
    lsn: Lsn,
    offset: u64,
}

/// A place where a block starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: u64,
    pub(super) offset: u64,
}

impl Index {
    /// Takes in a block that follows all blocks so far. `next` is the first entry in or, when
    /// the block has none, after it.
    pub(super) fn add(&mut self, place: Place, block_bytes: u64, next: Lsn) {
        if self
            .files
            .last()
            .is_none_or(|last| last.number != place.file)
        {
            self.files.push(FileMarks {
                number: place.file,
                end: 0,
                marks: Vec::new(),
            });
        }
        let Some(file) = self.files.last_mut() else {
            return;
        };
        file.end = place.offset + block_bytes;
        if file
            .marks
            .last()
            .is_none_or(|mark| place.offset >= mark.offset + MARK_EVERY_BYTES)
        {
            file.marks.push(Mark {
                lsn: next,
                offset: place.offset,
            });
        }
    }

    /// A block that is not after the one with this entry, and not far before it.
    pub(super) fn find(&self, lsn: Lsn) -> Option<Place> {
        let before = |marks: &[Mark]| marks.first().is_some_and(|mark| mark.lsn <= lsn);
        let files = self.files.partition_point(|file| before(&file.marks));
        let file = self.files.get(files.checked_sub(1)?)?;
        let marks = file.marks.partition_point(|mark| mark.lsn <= lsn);
        let mark = file.marks.get(marks.checked_sub(1)?)?;
        Some(Place {
            file: file.number,
            offset: mark.offset,
        })
    }

    /// Where the blocks of a file end.
    pub(super) fn end_of(&self, file: u64) -> u64 {
        self.position(file).map_or(0, |at| self.files[at].end)
    }

    /// The file after this one.
    pub(super) fn file_after(&self, file: u64) -> Option<u64> {
        let at = self.position(file)?;
        self.files.get(at + 1).map(|file| file.number)
    }

    fn position(&self, file: u64) -> Option<usize> {
        self.files
            .binary_search_by_key(&file, |file| file.number)
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_found_at_or_shortly_after_the_place_in_the_index() {
        let mut index = Index::default();
        let mut starts = Vec::new();
        let mut lsn = 5;
        for file in [3, 4, 7] {
            for block in 0..100_u64 {
                let place = Place {
                    file,
                    offset: block * 4096,
                };
                index.add(place, 4096, Lsn::new(lsn));
                // every third block is without entries
                if block % 3 != 0 {
                    starts.push((lsn, place));
                    lsn += 2;
                }
            }
        }
        assert_eq!(index.find(Lsn::new(4)), None);
        for (first, place) in &starts {
            for lsn in [*first, first + 1] {
                let found = index.find(Lsn::new(lsn)).unwrap();
                assert_eq!(found.file, place.file);
                assert!(found.offset <= place.offset);
                assert!(place.offset - found.offset <= MARK_EVERY_BYTES);
            }
        }
        assert_eq!(index.end_of(4), 409_600);
        assert_eq!(index.file_after(4), Some(7));
        assert_eq!(index.file_after(7), None);
        assert!(index.files.iter().all(|file| file.marks.len() == 7));
    }
}
