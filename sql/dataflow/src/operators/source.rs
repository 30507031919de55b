//! A relation's changes, with the columns that the view reads.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::SchemaRef;
use summit_storage::{Change, RelationId};

use crate::FlowError;
use crate::batches::{batch, split};
use crate::operator::{Feed, Sink};

/// Reads a relation.
pub(crate) struct Source {
    relation: RelationId,
    projection: Option<Vec<usize>>,
    schema: SchemaRef,
    chunk_rows: usize,
}

impl Source {
    /// Of these columns, in pieces of at most `chunk_rows`.
    pub(crate) fn new(
        relation: RelationId,
        projection: Option<Vec<usize>>,
        schema: SchemaRef,
        chunk_rows: usize,
    ) -> Self {
        Source {
            relation,
            projection,
            schema,
            chunk_rows: chunk_rows.max(1),
        }
    }

    /// Hands on what the relation changed.
    pub(crate) fn run(&self, feed: &dyn Feed, sink: &mut Sink) -> Result<(), FlowError> {
        feed.read(self.relation, &mut |change| {
            let count = change.num_rows();
            let columns: Vec<ArrayRef> = match &self.projection {
                None => change.rows.columns().to_vec(),
                Some(projection) => projection
                    .iter()
                    .map(|at| change.rows.columns().get(*at).map(Arc::clone))
                    .collect::<Option<_>>()
                    .ok_or_else(|| FlowError::internal("a column that the input lacks"))?,
            };
            let rows = batch(&self.schema, columns, count)?;
            split(
                Change {
                    rows,
                    weights: change.weights,
                },
                self.chunk_rows,
                sink,
            )
        })
    }
}
