//! A stream's last rows, in memory.

use std::collections::VecDeque;

use arrow::array::RecordBatch;
use summit_log::Lsn;

use crate::StorageError;
use crate::limits::{CHUNK_BYTES, CHUNK_ROWS};
use crate::parts::{Parts, SHARED_ROWS_MIN, owned};

/// Rows in the order of the log, gathered into chunks.
#[derive(Debug, Default)]
pub(super) struct Tail {
    chunks: VecDeque<TailChunk>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct TailChunk {
    parts: Parts,
    runs: Vec<Run>,
}

/// Rows of one entry: those from the run before to `end`.
#[derive(Debug, Clone, Copy)]
struct Run {
    lsn: Lsn,
    end: u32,
}

impl TailChunk {
    fn bytes(&self) -> usize {
        self.parts.bytes() + self.runs.len() * size_of::<Run>()
    }

    fn first(&self) -> Lsn {
        self.runs.first().map_or(Lsn::MAX, |run| run.lsn)
    }

    fn last(&self) -> Lsn {
        self.runs.last().map_or(Lsn::ZERO, |run| run.lsn)
    }

    fn is_full(&self) -> bool {
        self.parts.rows() >= CHUNK_ROWS || self.parts.bytes() >= CHUNK_BYTES
    }

    fn push(&mut self, run: Run, rows: RecordBatch) -> Result<(), StorageError> {
        self.parts.push(rows)?;
        match self.runs.last_mut() {
            // another partition's
            Some(last) if last.lsn == run.lsn => *last = run,
            _ => self.runs.push(run),
        }
        if self.is_full() {
            self.parts.seal()?;
        }
        Ok(())
    }
}

impl Tail {
    pub fn push(&mut self, lsn: Lsn, rows: &RecordBatch) -> Result<(), StorageError> {
        let mut from = 0;
        while from < rows.num_rows() {
            let left = rows.num_rows() - from;
            // rows that keep their memory have a chunk of their own: they are not copied
            let room = match self.chunks.back() {
                Some(chunk) if !chunk.is_full() && left < SHARED_ROWS_MIN => {
                    CHUNK_ROWS - chunk.parts.rows()
                }
                _ => {
                    self.seal_last()?;
                    self.chunks.push_back(TailChunk::default());
                    CHUNK_ROWS
                }
            };
            let count = room.min(left);
            let part = owned(&rows.slice(from, count))?;
            let chunk = self
                .chunks
                .back_mut()
                .expect("there is one, or one was added");
            let end = (chunk.parts.rows() + count) as u32;
            let before = chunk.bytes();
            chunk.push(Run { lsn, end }, part)?;
            self.bytes = self.bytes + chunk.bytes() - before;
            from += count;
        }
        Ok(())
    }

    fn seal_last(&mut self) -> Result<(), StorageError> {
        self.chunks
            .back_mut()
            .map_or(Ok(()), |chunk| chunk.parts.seal())
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The oldest position it has rows of.
    pub fn first(&self) -> Option<Lsn> {
        self.chunks.front().map(TailChunk::first)
    }

    /// Drops the oldest chunk, and what later ones have of its last entry; answers the last
    /// position that is not whole any more.
    pub fn evict(&mut self) -> Lsn {
        let Some(oldest) = self.chunks.front() else {
            return Lsn::ZERO;
        };
        let evicted = oldest.last();
        while let Some(chunk) = self.chunks.pop_front_if(|chunk| chunk.last() <= evicted) {
            self.bytes -= chunk.bytes();
        }
        evicted
    }

    /// Rows of whole entries in (`after`, `upto`], about a chunk of them, and up to where.
    pub fn rows(&self, after: Lsn, upto: Lsn) -> (Vec<RecordBatch>, Lsn) {
        let mut found = Vec::new();
        let mut rows = 0;
        let mut reached = after;
        let start = self.chunks.partition_point(|chunk| chunk.last() <= after);
        for chunk in self.chunks.iter().skip(start) {
            if chunk.first() > upto || rows >= CHUNK_ROWS && chunk.first() > reached {
                break;
            }
            let low = chunk.runs.partition_point(|run| run.lsn <= after);
            // what is left of an entry once there are enough rows
            let stop = if rows >= CHUNK_ROWS { reached } else { upto };
            let high = chunk.runs.partition_point(|run| run.lsn <= stop);
            let end_of = |run: usize| {
                run.checked_sub(1)
                    .map_or(0, |run| chunk.runs[run].end as usize)
            };
            let (from, to) = (end_of(low), end_of(high));
            if from < to {
                rows += to - from;
                reached = chunk.runs[high - 1].lsn;
                found.extend(chunk.parts.slices(from, to));
            }
        }
        if rows < CHUNK_ROWS {
            (found, upto)
        } else {
            (found, reached)
        }
    }

    /// The first entries in (`after`, `upto`], `count` at most, each with its rows; and up
    /// to where.
    pub fn entries(
        &self,
        after: Lsn,
        upto: Lsn,
        count: usize,
    ) -> (Vec<(Lsn, Vec<RecordBatch>)>, Lsn) {
        let mut entries: Vec<(Lsn, Vec<RecordBatch>)> = Vec::new();
        let start = self.chunks.partition_point(|chunk| chunk.last() <= after);
        for chunk in self.chunks.iter().skip(start) {
            let mut from = 0;
            for run in &chunk.runs {
                let to = run.end as usize;
                if run.lsn > upto {
                    return (entries, upto);
                }
                if run.lsn > after {
                    let slices = chunk.parts.slices(from, to);
                    let is_full = entries.len() == count;
                    match entries.last_mut() {
                        Some((lsn, rows)) if *lsn == run.lsn => rows.extend(slices),
                        Some((last, _)) if is_full => {
                            let reached = *last;
                            return (entries, reached);
                        }
                        _ => entries.push((run.lsn, slices)),
                    }
                }
                from = to;
            }
        }
        (entries, upto)
    }
}
