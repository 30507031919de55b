//! The rows of one side of a join, by key.

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt32Array};
use arrow::buffer::NullBuffer;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use summit_storage::Change;

use crate::FlowError;
use crate::batches::{bytes_of, filter, take};
use crate::key_table::KeyTable;
use crate::limits::{STORE_ROWS, STORE_ROWS_MAX};
use crate::netting::gather;
use crate::row_encoder::{EncodedRows, RowEncoder};

/// Rows in columns, numbered in the order in which they came; the rows of a key form a
/// chain through the numbers. Where rows can be deleted, they are also found by their
/// content, chains are doubly linked, and the store is rewritten when more than half of its
/// rows are gone.
pub(crate) struct JoinRows {
    schema: SchemaRef,
    pieces: Vec<Piece>,
    count: u32,
    keys: KeyTable,
    /// By slot of the key: the newest row.
    heads: Vec<u32>,
    /// By row: the next older row of the same key.
    next: Vec<u32>,
    /// By row; empty as long as all are 1.
    weights: Vec<i64>,
    identity: Option<Identity>,
}

/// What it takes to delete rows.
struct Identity {
    encoder: RowEncoder,
    rows: KeyTable,
    /// By slot of the content: the row.
    row_of: Vec<u32>,
    /// By row: the next newer row of the same key.
    newer: Vec<u32>,
    /// By row: the slot of its key.
    key_of: Vec<u32>,
    /// Rows that are gone and still take their place.
    gone: u32,
}

struct Piece {
    start: u32,
    rows: RecordBatch,
    bytes: usize,
}

/// The keys of a batch's rows.
pub(crate) struct RowKeys {
    encoded: EncodedRows,
    nulls: Option<NullBuffer>,
}

/// No row.
const NONE: u32 = u32::MAX;

/// Rows gone that are not worth a rewrite.
const GONE_MIN: u32 = 1_024;

impl RowKeys {
    /// Encoded keys; rows that are null in `nulls` match nothing.
    pub(crate) fn new(encoded: EncodedRows, nulls: Option<NullBuffer>) -> Self {
        RowKeys {
            encoded,
            nulls: nulls.filter(|nulls| nulls.null_count() > 0),
        }
    }

    /// A row's key; `None` when it matches nothing.
    pub(crate) fn get(&self, row: usize) -> Option<&[u8]> {
        match &self.nulls {
            Some(nulls) if nulls.is_null(row) => None,
            _ => Some(self.encoded.get(row)),
        }
    }
}

impl JoinRows {
    /// Of no rows.
    pub(crate) fn new(schema: SchemaRef, append_only: bool) -> Result<Self, FlowError> {
        let identity = match append_only {
            true => None,
            false => Some(Identity {
                encoder: RowEncoder::new(schema.fields().iter().map(|field| field.data_type()))?,
                rows: KeyTable::new(),
                row_of: Vec::new(),
                newer: Vec::new(),
                key_of: Vec::new(),
                gone: 0,
            }),
        };
        Ok(JoinRows {
            schema,
            pieces: Vec::new(),
            count: 0,
            keys: KeyTable::new(),
            heads: Vec::new(),
            next: Vec::new(),
            weights: Vec::new(),
            identity,
        })
    }

    /// Whether there is no row.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.len() == 0
    }

    /// The rows with this key, newest first.
    pub(crate) fn with_key(&self, key: &[u8]) -> impl Iterator<Item = u32> + '_ {
        let link = |number: u32| (number != NONE).then_some(number);
        let head = self
            .keys
            .find(key)
            .and_then(|slot| link(self.heads[slot as usize]));
        std::iter::successors(head, move |row| link(self.next[*row as usize]))
    }

    /// Whether every row is there once.
    pub(crate) fn all_once(&self) -> bool {
        self.weights.is_empty()
    }

    /// How often a row is there.
    pub(crate) fn weight(&self, row: u32) -> i64 {
        self.weights.get(row as usize).copied().unwrap_or(1)
    }

    /// The columns of these rows.
    pub(crate) fn gather(&self, rows: &[u32]) -> Result<Vec<ArrayRef>, FlowError> {
        let batches: Vec<&RecordBatch> = self.pieces.iter().map(|piece| &piece.rows).collect();
        let places: Vec<(usize, usize)> = rows
            .iter()
            .map(|row| {
                let piece = self.pieces.partition_point(|piece| piece.start <= *row) - 1;
                (piece, (*row - self.pieces[piece].start) as usize)
            })
            .collect();
        gather(&batches, &places)
    }

    /// Adds and deletes rows. Rows whose key matches nothing are not kept.
    pub(crate) fn apply(&mut self, change: &Change, keys: &RowKeys) -> Result<(), FlowError> {
        if self.count as usize + change.num_rows() > STORE_ROWS_MAX {
            return Err(FlowError::internal(
                "more than 2^32 rows on one side of a join",
            ));
        }
        match self.identity.is_some() {
            false => self.append(change, keys)?,
            true => self.merge(change, keys)?,
        }
        if self
            .identity
            .as_ref()
            .is_some_and(|identity| identity.gone > GONE_MIN && identity.gone > self.count / 2)
        {
            self.rewrite()?;
        }
        Ok(())
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        let pieces: usize = self.pieces.iter().map(|piece| piece.bytes).sum();
        let links = (self.heads.capacity() + self.next.capacity()) * size_of::<u32>();
        let identity = self.identity.as_ref().map_or(0, |identity| {
            let links = [&identity.row_of, &identity.newer, &identity.key_of];
            let links: usize = links
                .iter()
                .map(|all| all.capacity() * size_of::<u32>())
                .sum();
            identity.rows.bytes() + links
        });
        pieces + links + identity + self.keys.bytes() + self.weights.capacity() * size_of::<i64>()
    }

    fn append(&mut self, change: &Change, keys: &RowKeys) -> Result<(), FlowError> {
        let mut kept: Vec<u32> = Vec::with_capacity(change.num_rows());
        for row in 0..change.num_rows() {
            let Some(key) = keys.get(row) else { continue };
            let weight = change.weight(row);
            if weight < 0 {
                return Err(FlowError::internal(
                    "a row deleted from an append-only input",
                ));
            }
            self.link(key, weight)?;
            kept.push(u32::try_from(row).expect("a chunk has fewer than 2^32 rows"));
        }
        self.push(&change.rows, kept)
    }

    fn merge(&mut self, change: &Change, keys: &RowKeys) -> Result<(), FlowError> {
        let identity = self
            .identity
            .as_ref()
            .expect("merge is for inputs that delete");
        let contents = identity.encoder.encode(change.rows.columns())?;
        let mut kept: Vec<u32> = Vec::new();
        for row in 0..change.num_rows() {
            let Some(key) = keys.get(row) else { continue };
            let weight = change.weight(row);
            let identity = self
                .identity
                .as_mut()
                .expect("merge is for inputs that delete");
            let (content, is_new) = identity.rows.intern(contents.get(row))?;
            if is_new {
                let number = self.link(key, weight)?;
                let identity = self
                    .identity
                    .as_mut()
                    .expect("merge is for inputs that delete");
                set(&mut identity.row_of, content, number);
                kept.push(u32::try_from(row).expect("a chunk has fewer than 2^32 rows"));
            } else {
                let number = identity.row_of[content as usize];
                let total = self
                    .weight(number)
                    .checked_add(weight)
                    .ok_or_else(|| FlowError::internal("a row more than 2^63 times"))?;
                self.set_weight(number, total);
                if total == 0 {
                    self.unlink(number, content);
                }
            }
        }
        self.push(&change.rows, kept)
    }

    /// Makes the next row the newest of its key.
    fn link(&mut self, key: &[u8], weight: i64) -> Result<u32, FlowError> {
        let number = self.count;
        let (slot, is_new) = self.keys.intern(key)?;
        let older = if is_new {
            NONE
        } else {
            self.heads[slot as usize]
        };
        set(&mut self.heads, slot, number);
        self.next.push(older);
        if let Some(identity) = &mut self.identity {
            identity.newer.push(NONE);
            identity.key_of.push(slot);
            if older != NONE {
                identity.newer[older as usize] = number;
            }
        }
        self.count += 1;
        if weight != 1 || !self.weights.is_empty() {
            self.set_weight(number, weight);
        }
        Ok(number)
    }

    fn set_weight(&mut self, number: u32, weight: i64) {
        self.weights.resize(self.count as usize, 1);
        self.weights[number as usize] = weight;
    }

    /// Takes a row out of its chain.
    fn unlink(&mut self, number: u32, content: u32) {
        let Some(identity) = &mut self.identity else {
            return;
        };
        let (older, newer) = (self.next[number as usize], identity.newer[number as usize]);
        if older != NONE {
            identity.newer[older as usize] = newer;
        }
        let key = identity.key_of[number as usize];
        match newer {
            NONE if older == NONE => self.keys.remove(key),
            NONE => self.heads[key as usize] = older,
            newer => self.next[newer as usize] = older,
        }
        identity.rows.remove(content);
        identity.row_of[content as usize] = NONE;
        identity.gone += 1;
    }

    /// Stores the rows that were linked, and merges small pieces.
    fn push(&mut self, rows: &RecordBatch, kept: Vec<u32>) -> Result<(), FlowError> {
        if kept.is_empty() {
            return Ok(());
        }
        let length = u32::try_from(kept.len()).expect("a chunk has fewer than 2^32 rows");
        let rows = match kept.len() == rows.num_rows() {
            true => rows.clone(),
            false => take(rows, &UInt32Array::from(kept))?,
        };
        let bytes = bytes_of(&rows);
        self.pieces.push(Piece {
            start: self.count - length,
            rows,
            bytes,
        });
        while let [.., older, newer] = self.pieces.as_slice() {
            let (old, new) = (older.rows.num_rows(), newer.rows.num_rows());
            if old > 2 * new || old + new > STORE_ROWS {
                break;
            }
            let rows = concat_batches(&self.schema, [&older.rows, &newer.rows])?;
            let merged = Piece {
                start: older.start,
                bytes: bytes_of(&rows),
                rows,
            };
            self.pieces.truncate(self.pieces.len() - 2);
            self.pieces.push(merged);
        }
        Ok(())
    }

    /// Closes the gaps that deleted rows left.
    fn rewrite(&mut self) -> Result<(), FlowError> {
        let Some(mut identity) = self.identity.take() else {
            return Ok(());
        };
        let mut numbers = vec![NONE; self.count as usize];
        let mut count = 0;
        let old = std::mem::take(&mut self.pieces);
        for piece in old {
            let start = piece.start as usize;
            let lives: Vec<bool> = (start..start + piece.rows.num_rows())
                .map(|at| self.weights[at] != 0)
                .collect();
            let first = count;
            for (row, _) in lives.iter().enumerate().filter(|(_, lives)| **lives) {
                numbers[start + row] = count;
                count += 1;
            }
            if first == count {
                continue;
            }
            let rows = filter(&Change::inserts(piece.rows), &BooleanArray::from(lives))?.rows;
            let bytes = bytes_of(&rows);
            self.pieces.push(Piece {
                start: first,
                rows,
                bytes,
            });
        }
        let renumbered = |number: u32| match number {
            NONE => NONE,
            number => numbers[number as usize],
        };
        let kept: Vec<usize> = (0..numbers.len())
            .filter(|number| numbers[*number] != NONE)
            .collect();
        self.next = kept.iter().map(|at| renumbered(self.next[*at])).collect();
        self.weights = kept.iter().map(|at| self.weights[*at]).collect();
        identity.newer = kept
            .iter()
            .map(|at| renumbered(identity.newer[*at]))
            .collect();
        identity.key_of = kept.iter().map(|at| identity.key_of[*at]).collect();
        // slots that are free hold numbers of rows that are gone, which become NONE
        for row in self.heads.iter_mut().chain(&mut identity.row_of) {
            *row = renumbered(*row);
        }
        if self.weights.iter().all(|weight| *weight == 1) {
            self.weights = Vec::new();
        }
        identity.gone = 0;
        self.count = count;
        self.identity = Some(identity);
        Ok(())
    }
}

fn set(values: &mut Vec<u32>, at: u32, value: u32) {
    let at = at as usize;
    if at >= values.len() {
        values.resize(at + 1, NONE);
    }
    values[at] = value;
}
