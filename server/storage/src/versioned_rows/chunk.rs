//! Rows and when each came and went.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{BooleanArray, RecordBatch};
use arrow::buffer::BooleanBuffer;

use crate::StorageError;
use crate::limits::CHUNK_ROWS;
use crate::parts::Parts;

/// Of a row that is there.
pub(super) const LIVE: u64 = u64::MAX;
/// Bytes after which a chunk is full, however few its rows.
const CHUNK_BYTES_MAX: usize = 16 << 20;

/// When rows came and went. Written by the one writer while snapshots read it: a row's
/// removal only ever goes from [`LIVE`] to a position after every snapshot there is, and
/// both mean the same to them. So neither locks nor copies are needed, and an outgrown
/// array that a snapshot still holds stays right.
#[derive(Debug)]
struct Versions {
    added: Box<[AtomicU64]>,
    removed: Box<[AtomicU64]>,
}

impl Versions {
    fn new(capacity: usize) -> Self {
        let filled = |value| (0..capacity).map(|_| AtomicU64::new(value)).collect();
        Versions {
            added: filled(0),
            removed: filled(LIVE),
        }
    }

    fn grown(&self, capacity: usize) -> Self {
        let grown = Versions::new(capacity);
        for (from, to) in [(&self.added, &grown.added), (&self.removed, &grown.removed)] {
            for (from, to) in from.iter().zip(to) {
                to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
            }
        }
        grown
    }
}

/// What a snapshot shares with the writer.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    parts: Parts,
    versions: Arc<Versions>,
}

impl Chunk {
    pub fn new() -> Self {
        Chunk {
            parts: Parts::default(),
            versions: Arc::new(Versions::new(0)),
        }
    }

    /// Rows, each with when it came and went, as they were in other chunks.
    pub fn rewritten(rows: RecordBatch, versions: &[(u64, u64)]) -> Self {
        let kept = Versions::new(versions.len());
        for (row, (added, removed)) in versions.iter().enumerate() {
            kept.added[row].store(*added, Ordering::Relaxed);
            kept.removed[row].store(*removed, Ordering::Relaxed);
        }
        Chunk {
            parts: Parts::new(rows),
            versions: Arc::new(kept),
        }
    }

    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    pub fn rows(&self) -> usize {
        self.parts.rows()
    }

    pub fn is_full(&self) -> bool {
        self.rows() >= CHUNK_ROWS || self.parts.bytes() >= CHUNK_BYTES_MAX
    }

    pub fn memory_bytes(&self) -> usize {
        self.parts.bytes() + self.versions.added.len() * 16
    }

    pub fn push(&mut self, rows: RecordBatch, added: u64) -> Result<(), StorageError> {
        let (from, to) = (self.rows(), self.rows() + rows.num_rows());
        self.parts.push(rows)?;
        let capacity = self.versions.added.len();
        if to > capacity {
            let capacity = to.max(capacity * 2).clamp(16, CHUNK_ROWS.max(to));
            self.versions = Arc::new(self.versions.grown(capacity));
        }
        for row in from..to {
            self.versions.added[row].store(added, Ordering::Relaxed);
        }
        Ok(())
    }

    pub fn seal(&mut self) -> Result<(), StorageError> {
        self.parts.seal()
    }

    pub fn remove(&self, row: usize, at: u64) {
        self.versions.removed[row].store(at, Ordering::Relaxed);
    }

    pub fn version(&self, row: usize) -> (u64, u64) {
        (
            self.versions.added[row].load(Ordering::Relaxed),
            self.versions.removed[row].load(Ordering::Relaxed),
        )
    }

    pub fn is_there(&self, row: usize, at: u64) -> bool {
        let (added, removed) = self.version(row);
        added <= at && at < removed
    }

    /// Which of the rows from `from` on were there; `None` when all were.
    pub fn selection(&self, from: usize, count: usize, at: u64) -> Option<BooleanArray> {
        let there = BooleanBuffer::collect_bool(count, |row| self.is_there(from + row, at));
        (there.count_set_bits() < count).then(|| BooleanArray::new(there, None))
    }
}
