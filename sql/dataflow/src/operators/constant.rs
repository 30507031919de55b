//! Rows that are there from the start.

use arrow::array::RecordBatch;
use summit_storage::Change;

use crate::FlowError;
use crate::batches::split;
use crate::operator::Sink;

/// Hands on its rows in the first step, and nothing after.
pub(crate) struct Constant {
    rows: Vec<RecordBatch>,
    chunk_rows: usize,
}

impl Constant {
    /// Of these rows, in pieces of at most `chunk_rows`.
    pub(crate) fn new(rows: Vec<RecordBatch>, chunk_rows: usize) -> Self {
        Constant {
            rows,
            chunk_rows: chunk_rows.max(1),
        }
    }

    /// One step.
    pub(crate) fn run(&mut self, sink: &mut Sink) -> Result<(), FlowError> {
        std::mem::take(&mut self.rows)
            .into_iter()
            .try_for_each(|rows| split(Change::inserts(rows), self.chunk_rows, sink))
    }
}
