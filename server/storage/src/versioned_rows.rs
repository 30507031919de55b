//! The contents of a changing relation, readable at its last positions.

mod chunk;
mod compaction;
mod index;
mod position;
mod search;
mod snapshot;

use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::{interleave_record_batch, take_record_batch};
use arrow::datatypes::SchemaRef;
use hashbrown::HashMap;
use summit_log::Lsn;

use crate::limits::CHUNK_ROWS;
use crate::parts::{arrow_error, conform, copied, trim_views};
use crate::row_key::{Numbers, RowKey};
use crate::{Change, StorageError};
use chunk::Chunk;
use index::{Index, Link};
pub(crate) use position::Position;
use search::found;
pub use snapshot::Snapshot;
use snapshot::SnapshotChunk;

/// Copies that one change may add.
const ADDED_ROWS_MAX: usize = 1 << 30;

/// How [`VersionedRows`] finds the rows to delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// Not at all: the relation is append-only, a delete is an error.
    None,
    /// By these columns. They need not be unique, but rows that share a key and differ
    /// otherwise are walked one by one. -0 equals 0 and NaN equals NaN in a key.
    Columns(Vec<usize>),
    /// By all columns, floating point numbers by their bits.
    WholeRow,
}

/// The contents of a changing relation, multi-versioned by LSN: a bag of rows, equal rows
/// allowed.
///
/// One writer; snapshots that were taken stay valid without locks. Rows are in chunks of
/// 8192 with the positions at which each came and went.
///
/// Cost of a change of n rows: O(n) hashing and copying, and amortised O(log 8192) more
/// copies of each row while its chunk fills. A delete costs O(1) more when its key is
/// unique or the rows with its key are equal, else O(rows with its key).
/// [`snapshot`](Self::snapshot): O(rows / 8192). Memory besides the rows: 24 bytes a row and about 24
/// bytes a distinct key.
#[derive(Debug)]
pub struct VersionedRows {
    schema: SchemaRef,
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
    /// The slot that is being filled.
    open: Option<usize>,
    lookup: Option<Lookup>,
    live: usize,
    bytes: usize,
    last: Lsn,
    oldest: Lsn,
    compact_next: usize,
}

#[derive(Debug)]
struct Slot {
    chunk: Arc<Chunk>,
    /// Per row; empty without a key.
    links: Vec<Link>,
    dead: usize,
    added_max: u64,
}

impl Slot {
    fn memory_bytes(&self) -> usize {
        self.chunk.memory_bytes() + self.links.capacity() * size_of::<Link>()
    }
}

#[derive(Debug)]
struct Lookup {
    index: Index,
    key: RowKey,
    /// To compare whole rows; `None` when the key is the whole row.
    row: Option<RowKey>,
}

impl Lookup {
    fn row(&self) -> &RowKey {
        self.row.as_ref().unwrap_or(&self.key)
    }
}

/// Live rows and their keys' hashes.
pub(crate) type Found = Vec<(u64, Position)>;

/// A change that was checked against the rows as they are. Only for
/// [`VersionedRows::commit`] right afterwards.
pub(crate) struct Checked {
    removed: Found,
    added: Option<Added>,
}

struct Added {
    rows: RecordBatch,
    hashes: Vec<u64>,
}

impl VersionedRows {
    /// Without rows.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] when a key column is not there or the rows of such columns
    /// cannot be compared.
    pub fn new(schema: SchemaRef, key: Key) -> Result<Self, StorageError> {
        let all: Vec<usize> = (0..schema.fields().len()).collect();
        let lookup = match key {
            Key::None => None,
            _ if all.is_empty() => {
                return Err(StorageError::Invalid(
                    "rows without columns have no key".to_owned(),
                ));
            }
            // of no column, as in a view that has one row at most
            Key::Columns(columns) if columns.is_empty() => return Self::new(schema, Key::WholeRow),
            Key::Columns(columns) => Some(Lookup {
                index: Index::default(),
                key: RowKey::new(&schema, &columns, Numbers::ByValue)?,
                row: Some(RowKey::new(&schema, &all, Numbers::ByBits)?),
            }),
            Key::WholeRow => Some(Lookup {
                index: Index::default(),
                key: RowKey::new(&schema, &all, Numbers::ByBits)?,
                row: None,
            }),
        };
        Ok(VersionedRows {
            schema,
            slots: Vec::new(),
            free: Vec::new(),
            open: None,
            lookup,
            live: 0,
            bytes: 0,
            last: Lsn::ZERO,
            oldest: Lsn::ZERO,
            compact_next: 0,
        })
    }

    /// The columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// How many rows there are now.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether there is no row now.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// The position of the last change.
    pub fn last(&self) -> Lsn {
        self.last
    }

    /// The oldest position that a snapshot is right at: the last compaction's horizon.
    pub fn oldest(&self) -> Lsn {
        self.oldest
    }

    /// Bytes of rows, versions and index.
    pub fn memory_bytes(&self) -> usize {
        self.bytes
            + self
                .lookup
                .as_ref()
                .map_or(0, |lookup| lookup.index.memory_bytes())
    }

    /// Applies a change: a weight of n adds n copies of a row, -n removes n of the live rows
    /// that equal it. Rows that the change both adds and removes cancel out. Positions must
    /// not go back.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] when a row to remove is not there, or rows do not fit the
    /// schema: then nothing has changed.
    pub fn apply(&mut self, lsn: Lsn, change: &Change) -> Result<(), StorageError> {
        if lsn < self.last {
            return Err(StorageError::Invalid(format!(
                "a change at {lsn} after one at {}",
                self.last
            )));
        }
        let checked = self.check(change)?;
        self.commit(lsn, checked)
    }

    fn check(&self, change: &Change) -> Result<Checked, StorageError> {
        let rows = conform(&change.rows, &self.schema)?;
        let Some(weights) = &change.weights else {
            return Ok(Checked {
                removed: Vec::new(),
                added: Some(self.hashed(rows)?),
            });
        };
        let removes = weights.iter().filter(|weight| **weight < 0).count();
        if removes == 0 && weights.iter().all(|weight| *weight == 1) {
            return Ok(Checked {
                removed: Vec::new(),
                added: Some(self.hashed(rows)?),
            });
        }
        let mut copies: Vec<u64> = weights
            .iter()
            .map(|weight| (*weight).max(0) as u64)
            .collect();
        let removed = if removes == 0 {
            Vec::new()
        } else {
            self.check_removes(&rows, weights, &mut copies)?
        };
        let total = copies
            .iter()
            .fold(0_u64, |sum, count| sum.saturating_add(*count));
        if total > ADDED_ROWS_MAX as u64 {
            return Err(StorageError::Invalid(format!("a change adds {total} rows")));
        }
        if total == 0 {
            return Ok(Checked {
                removed,
                added: None,
            });
        }
        let mut taken = Vec::with_capacity(total as usize);
        for (row, count) in copies.iter().enumerate() {
            taken.extend(std::iter::repeat_n(row as u32, *count as usize));
        }
        let rows = take_record_batch(&rows, &UInt32Array::from(taken)).map_err(arrow_error)?;
        Ok(Checked {
            removed,
            added: Some(self.hashed(rows)?),
        })
    }

    /// Finds what a change removes, also among what it adds: `copies` is lowered by those.
    fn check_removes(
        &self,
        rows: &RecordBatch,
        weights: &[i64],
        copies: &mut [u64],
    ) -> Result<Found, StorageError> {
        let Some(lookup) = &self.lookup else {
            return Err(StorageError::Invalid(
                "a delete from an append-only relation".to_owned(),
            ));
        };
        let encoded = lookup.row().of_rows(rows)?;
        let removes = |row: usize| weights[row].min(0).unsigned_abs();
        let (wanted, hashes) = self.find(rows, &encoded, removes)?;
        let mut missing: HashMap<&[u8], u64> = HashMap::new();
        for wanted in wanted
            .iter()
            .filter(|wanted| wanted.count > wanted.found.len() as u64)
        {
            let count = wanted.count - wanted.found.len() as u64;
            missing.insert(encoded.row(wanted.row).data(), count);
        }
        if !missing.is_empty() {
            for (row, copies) in copies
                .iter_mut()
                .enumerate()
                .filter(|(_, copies)| **copies > 0)
            {
                if let Some(count) = missing.get_mut(encoded.row(row).data()) {
                    let cancelled = (*count).min(*copies);
                    *count -= cancelled;
                    *copies -= cancelled;
                }
            }
            if missing.values().any(|count| *count > 0) {
                return Err(StorageError::Invalid(
                    "a row to delete is not there".to_owned(),
                ));
            }
        }
        Ok(found(wanted, &hashes))
    }

    fn hashed(&self, rows: RecordBatch) -> Result<Added, StorageError> {
        let hashes = match &self.lookup {
            None => Vec::new(),
            Some(lookup) => lookup.index.hashes(&lookup.key.of_rows(&rows)?),
        };
        Ok(Added { rows, hashes })
    }

    /// A change of rows that were found and rows that may be added.
    pub(crate) fn checked(
        &self,
        removed: Found,
        added: Option<RecordBatch>,
    ) -> Result<Checked, StorageError> {
        let added = added.map(|rows| self.hashed(rows)).transpose()?;
        Ok(Checked { removed, added })
    }

    /// The rows at `at`, which must not be before [`oldest`](Self::oldest); past the last
    /// change it is the last change.
    pub fn snapshot(&self, at: Lsn) -> Snapshot {
        debug_assert!(
            at >= self.oldest,
            "versions before {} are gone",
            self.oldest
        );
        let at = at.min(self.last);
        let chunks = self
            .slots
            .iter()
            .flatten()
            .map(|slot| SnapshotChunk {
                chunk: Arc::clone(&slot.chunk),
                whole: slot.dead == 0 && slot.added_max <= at.get(),
            })
            .collect();
        Snapshot {
            schema: Arc::clone(&self.schema),
            at,
            chunks,
        }
    }

    /// Does what was checked.
    pub(crate) fn commit(&mut self, lsn: Lsn, checked: Checked) -> Result<(), StorageError> {
        // first what can fail
        if let Some(added) = checked.added {
            self.append(lsn, added)?;
        }
        for (hash, at) in checked.removed {
            self.remove(lsn, hash, at);
        }
        self.last = lsn;
        Ok(())
    }

    fn append(&mut self, lsn: Lsn, added: Added) -> Result<(), StorageError> {
        let mut from = 0;
        while from < added.rows.num_rows() {
            let slot_at = self.open_slot()?;
            let has_key = self.lookup.is_some();
            let slot = self.slots[slot_at]
                .as_mut()
                .expect("the open slot is filled");
            let start = slot.chunk.rows();
            let count = (CHUNK_ROWS - start).min(added.rows.num_rows() - from);
            let before = slot.memory_bytes();
            let part = copied(&added.rows.slice(from, count))?;
            let chunk = Arc::make_mut(&mut slot.chunk);
            chunk.push(part, lsn.get())?;
            if chunk.is_full() {
                chunk.seal()?;
                self.open = None;
            }
            slot.added_max = lsn.get();
            if has_key {
                slot.links.resize(start + count, Link::default());
            }
            self.bytes = self.bytes + slot.memory_bytes() - before;
            self.live += count;
            for row in 0..count {
                if let Some(hash) = added.hashes.get(from + row) {
                    self.link(*hash, Position::new(slot_at, start + row));
                }
            }
            from += count;
        }
        Ok(())
    }

    fn open_slot(&mut self) -> Result<usize, StorageError> {
        if let Some(open) = self.open {
            return Ok(open);
        }
        let open = self.place(Slot {
            chunk: Arc::new(Chunk::new()),
            links: Vec::new(),
            dead: 0,
            added_max: 0,
        })?;
        self.open = Some(open);
        Ok(open)
    }

    fn place(&mut self, slot: Slot) -> Result<usize, StorageError> {
        self.bytes += slot.memory_bytes();
        if let Some(at) = self.free.pop() {
            self.slots[at] = Some(slot);
            return Ok(at);
        }
        if self.slots.len() >= position::SLOTS_MAX {
            return Err(StorageError::Invalid(
                "a relation of more than 4 billion rows".to_owned(),
            ));
        }
        self.slots.push(Some(slot));
        Ok(self.slots.len() - 1)
    }

    fn remove(&mut self, lsn: Lsn, hash: u64, at: Position) {
        let slot = self.slots[at.slot()]
            .as_mut()
            .expect("a live row's slot is filled");
        slot.chunk.remove(at.row(), lsn.get());
        slot.dead += 1;
        self.live -= 1;
        self.unlink(hash, at);
    }

    /// Puts a row at the start of its chain.
    fn link(&mut self, hash: u64, at: Position) {
        let Some(lookup) = &mut self.lookup else {
            return;
        };
        let next = lookup.index.set_first(hash, at);
        *self.link_mut(at) = Link {
            previous: None,
            next,
        };
        if let Some(next) = next {
            self.link_mut(next).previous = Some(at);
        }
    }

    /// Takes a row out of its chain.
    fn unlink(&mut self, hash: u64, at: Position) {
        let Link { previous, next } = *self.link_mut(at);
        if let Some(next) = next {
            self.link_mut(next).previous = previous;
        }
        match (previous, next) {
            (Some(previous), _) => self.link_mut(previous).next = next,
            (None, next) => {
                let Some(lookup) = &mut self.lookup else {
                    return;
                };
                match next {
                    Some(next) => drop(lookup.index.set_first(hash, next)),
                    None => lookup.index.remove(hash),
                }
            }
        }
    }

    fn link_mut(&mut self, at: Position) -> &mut Link {
        let slot = self.slots[at.slot()]
            .as_mut()
            .expect("a live row's slot is filled");
        &mut slot.links[at.row()]
    }

    /// A copy of these rows.
    fn gather(&self, positions: &[Position]) -> Result<RecordBatch, StorageError> {
        if positions.is_empty() {
            return Ok(RecordBatch::new_empty(Arc::clone(&self.schema)));
        }
        let mut batches: Vec<&RecordBatch> = Vec::new();
        let mut starts: HashMap<usize, usize> = HashMap::new();
        let mut indices = Vec::with_capacity(positions.len());
        for at in positions {
            let slot = self.slots[at.slot()]
                .as_ref()
                .expect("a live row's slot is filled");
            let parts = slot.chunk.parts();
            let start = *starts.entry(at.slot()).or_insert_with(|| {
                batches.extend(parts.batches());
                batches.len() - parts.batches().len()
            });
            let (part, row) = parts.locate(at.row());
            indices.push((start + part, row));
        }
        trim_views(interleave_record_batch(&batches, &indices).map_err(arrow_error)?)
    }
}
