//! Batches of a good size for who reads them.

use std::collections::VecDeque;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::StorageError;
use crate::limits::{CHUNK_BYTES, CHUNK_ROWS};
use crate::parts::{joined, rows_bytes};

/// Joins small batches until there is a chunk of rows or bytes, and cuts large ones.
pub(crate) struct Gather {
    schema: SchemaRef,
    small: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
    ready: VecDeque<RecordBatch>,
}

impl Gather {
    pub fn new(schema: SchemaRef) -> Self {
        Gather {
            schema,
            small: Vec::new(),
            rows: 0,
            bytes: 0,
            ready: VecDeque::new(),
        }
    }

    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub fn push(&mut self, batch: RecordBatch) -> Result<(), StorageError> {
        let rows = batch.num_rows();
        if self.rows + rows > CHUNK_ROWS {
            self.flush()?;
        }
        if rows >= CHUNK_ROWS / 2 {
            self.flush()?;
            let mut from = 0;
            while from < rows {
                let count = CHUNK_ROWS.min(rows - from);
                self.ready.push_back(batch.slice(from, count));
                from += count;
            }
        } else if rows > 0 {
            self.rows += rows;
            self.bytes += rows_bytes(&batch);
            self.small.push(batch);
            if self.bytes >= CHUNK_BYTES {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// What is gathered so far is a batch.
    pub fn flush(&mut self) -> Result<(), StorageError> {
        if self.small.len() == 1 {
            self.ready.extend(self.small.pop());
        } else if !self.small.is_empty() {
            self.ready.push_back(joined(&self.schema, &self.small)?);
            self.small.clear();
        }
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    pub fn pop(&mut self) -> Option<RecordBatch> {
        self.ready.pop_front()
    }
}
