//! The rows that were there at a position.

use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use summit_log::Lsn;

use super::chunk::Chunk;
use crate::StorageError;
use crate::parts::arrow_error;

/// The rows that were there at a position. Stays as it is, whatever happens to the rows
/// afterwards; holds no lock. Cheap to take and to clone: one pointer per 8192 rows.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub(super) schema: SchemaRef,
    pub(super) at: Lsn,
    pub(super) chunks: Vec<SnapshotChunk>,
}

#[derive(Debug, Clone)]
pub(super) struct SnapshotChunk {
    pub chunk: Arc<Chunk>,
    /// Known to hold no row that was not there.
    pub whole: bool,
}

impl Snapshot {
    /// The columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The position.
    pub fn at(&self) -> Lsn {
        self.at
    }

    /// How many rows there are. Looks at every version: one pass over 16 bytes a row.
    pub fn num_rows(&self) -> usize {
        self.chunks
            .iter()
            .map(|held| {
                let rows = held.chunk.rows();
                if held.whole {
                    return rows;
                }
                (0..rows)
                    .filter(|row| held.chunk.is_there(*row, self.at.get()))
                    .count()
            })
            .sum()
    }

    /// Batches as they are stored, each with which of its rows were there; `None` when all.
    pub fn parts(
        &self,
    ) -> impl Iterator<Item = (RecordBatch, Option<BooleanArray>)> + Send + use<> {
        let at = self.at.get();
        self.chunks.clone().into_iter().flat_map(move |held| {
            let mut from = 0;
            let mut parts = Vec::with_capacity(held.chunk.parts().batches().len());
            for batch in held.chunk.parts().batches() {
                let rows = batch.num_rows();
                let selection = if held.whole {
                    None
                } else {
                    held.chunk.selection(from, rows, at)
                };
                from += rows;
                if selection
                    .as_ref()
                    .is_none_or(|selection| selection.true_count() > 0)
                {
                    parts.push((batch.clone(), selection));
                }
            }
            parts
        })
    }

    /// The rows, in batches of at most 8192, of the columns of `projection` in its order.
    /// Copies only from chunks in which a row is dead.
    pub fn batches(
        &self,
        projection: Option<&[usize]>,
    ) -> impl Iterator<Item = Result<RecordBatch, StorageError>> + Send + use<> {
        let projection = projection.map(<[usize]>::to_vec);
        self.parts().map(move |(batch, selection)| {
            let batch = match &projection {
                Some(columns) => batch.project(columns).map_err(arrow_error)?,
                None => batch,
            };
            match selection {
                None => Ok(batch),
                Some(selection) if batch.num_columns() == 0 => {
                    let count =
                        RecordBatchOptions::new().with_row_count(Some(selection.true_count()));
                    RecordBatch::try_new_with_options(batch.schema(), vec![], &count)
                        .map_err(arrow_error)
                }
                Some(selection) => filter_record_batch(&batch, &selection).map_err(arrow_error),
            }
        })
    }
}
