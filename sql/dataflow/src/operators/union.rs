//! All rows of all inputs.

use arrow::datatypes::SchemaRef;
use summit_storage::Change;

use crate::FlowError;
use crate::batches::batch;

/// Gives the inputs' changes the schema of the output.
pub(crate) struct Union {
    schema: SchemaRef,
}

impl Union {
    /// Of inputs with the same column types.
    pub(crate) fn new(schema: SchemaRef) -> Self {
        Union { schema }
    }

    /// An input's change as the output's.
    pub(crate) fn apply(&self, change: Change) -> Result<Change, FlowError> {
        let rows = batch(
            &self.schema,
            change.rows.columns().to_vec(),
            change.num_rows(),
        )?;
        Ok(Change {
            rows,
            weights: change.weights,
        })
    }
}
