//! Small batches gathered into few.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch, RecordBatchOptions};
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;

use crate::StorageError;
use crate::codec::trimmed_column;

/// Rows from which on a batch keeps the memory it came with.
pub(crate) const SHARED_ROWS_MIN: usize = 4096;

pub(crate) fn arrow_error(error: arrow::error::ArrowError) -> StorageError {
    StorageError::Invalid(error.to_string())
}

/// Bytes of the rows themselves; not of what the buffers they are a slice of hold besides.
pub(crate) fn rows_bytes(rows: &RecordBatch) -> usize {
    rows.columns()
        .iter()
        .map(|column| {
            column
                .to_data()
                .get_slice_memory_size()
                .unwrap_or_else(|_| column.get_array_memory_size())
        })
        .sum()
}

/// `rows` with the relation's own schema, which also checks that they fit it.
pub(crate) fn conform(rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, StorageError> {
    if Arc::ptr_eq(rows.schema_ref(), schema) {
        return Ok(rows.clone());
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), rows.columns().to_vec(), &options)
        .map_err(|error| StorageError::Invalid(format!("rows do not fit the relation: {error}")))
}

/// `rows` in memory of their own when they are few. They come as slices of a log entry,
/// perhaps of a whole block of entries, which one row must not keep alive.
pub(crate) fn owned(rows: &RecordBatch) -> Result<RecordBatch, StorageError> {
    if rows.num_rows() >= SHARED_ROWS_MIN {
        return Ok(rows.clone());
    }
    copied(rows)
}

/// `rows` in memory of their own.
pub(crate) fn copied(rows: &RecordBatch) -> Result<RecordBatch, StorageError> {
    // of two arrays, because of one it would be the array itself
    joined(rows.schema_ref(), [rows, &rows.slice(0, 0)])
}

/// One batch of several.
pub(crate) fn joined<'a>(
    schema: &SchemaRef,
    batches: impl IntoIterator<Item = &'a RecordBatch>,
) -> Result<RecordBatch, StorageError> {
    trim_views(concat_batches(schema, batches).map_err(arrow_error)?)
}

/// `rows` with view columns that hold what they show and nothing else.
pub(crate) fn trim_views(rows: RecordBatch) -> Result<RecordBatch, StorageError> {
    let columns = rows.columns().iter().map(trimmed_column).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(rows.schema(), columns, &options).map_err(arrow_error)
}

/// Rows in a row, in batches of halving size: adding one copies each row at most
/// log2(rows) times altogether, and there are at most about log2(rows) batches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parts {
    batches: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
}

impl Parts {
    pub fn new(rows: RecordBatch) -> Self {
        Parts {
            rows: rows.num_rows(),
            bytes: rows_bytes(&rows),
            batches: vec![rows],
        }
    }

    /// Adds rows at the end. `rows` must own their memory.
    pub fn push(&mut self, rows: RecordBatch) -> Result<(), StorageError> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        // the merges first, on a copy of the list's end: an error must leave all as it was
        let mut from = self.batches.len();
        let mut count = rows.num_rows();
        while from > 0 && self.batches[from - 1].num_rows() < 2 * count {
            from -= 1;
            count += self.batches[from].num_rows();
        }
        let (added, bytes) = (rows.num_rows(), rows_bytes(&rows));
        let merged = if from == self.batches.len() {
            rows
        } else {
            let schema = rows.schema();
            joined(&schema, self.batches[from..].iter().chain([&rows]))?
        };
        self.batches.truncate(from);
        self.batches.push(merged);
        self.rows += added;
        self.bytes += bytes;
        Ok(())
    }

    /// Makes one batch of all.
    pub fn seal(&mut self) -> Result<(), StorageError> {
        if self.batches.len() > 1 {
            let schema = self.batches[0].schema();
            self.batches = vec![joined(&schema, &self.batches)?];
        }
        Ok(())
    }

    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Which batch a row is in, and where in it.
    pub fn locate(&self, row: usize) -> (usize, usize) {
        let mut row = row;
        for (at, batch) in self.batches.iter().enumerate() {
            if row < batch.num_rows() {
                return (at, row);
            }
            row -= batch.num_rows();
        }
        unreachable!("a row of a chunk is in one of its batches")
    }

    /// Rows `from..to` as slices of the batches.
    pub fn slices(&self, from: usize, to: usize) -> Vec<RecordBatch> {
        let mut slices = Vec::new();
        let mut start = 0;
        for batch in &self.batches {
            let end = start + batch.num_rows();
            let (low, high) = (from.max(start), to.min(end));
            if low < high {
                slices.push(batch.slice(low - start, high - low));
            }
            start = end;
        }
        slices
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Int64Array};

    fn integers(values: impl IntoIterator<Item = i64>) -> RecordBatch {
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(values));
        RecordBatch::try_from_iter([("a", column)]).unwrap()
    }

    #[test]
    fn one_row_batches_are_gathered_into_few_and_keep_their_order() {
        let mut parts = Parts::default();
        for value in 0..1000_i64 {
            parts.push(integers([value])).unwrap();
            assert!(
                parts.batches().len() <= 11,
                "{} batches",
                parts.batches().len()
            );
        }
        let slices = parts.slices(300, 700);
        let all = concat_batches(slices[0].schema_ref(), &slices).unwrap();
        assert_eq!(all, integers(300..700));
        let (batch, row) = parts.locate(999);
        assert_eq!(parts.batches()[batch].num_rows() - 1, row);
    }

    #[test]
    fn few_rows_of_a_large_batch_are_copied_out_of_it() {
        let large = integers(0..100_000);
        let few = owned(&large.slice(500, 3)).unwrap();
        assert!(
            few.get_array_memory_size() < 1000,
            "{}",
            few.get_array_memory_size()
        );
        assert_eq!(few, large.slice(500, 3));
    }
}
