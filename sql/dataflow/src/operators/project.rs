//! One expression per column.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::physical_expr::PhysicalExpr;
use summit_storage::Change;

use crate::FlowError;
use crate::batches::{batch, evaluate};

/// Evaluates expressions on whole batches; one that is a column costs a reference count.
pub(crate) struct Project {
    exprs: Vec<Arc<dyn PhysicalExpr>>,
    schema: SchemaRef,
}

impl Project {
    /// These expressions.
    pub(crate) fn new(exprs: Vec<Arc<dyn PhysicalExpr>>, schema: SchemaRef) -> Self {
        Project { exprs, schema }
    }

    /// The expressions' values; weights stay.
    pub(crate) fn apply(&self, change: &Change) -> Result<Change, FlowError> {
        let columns = self
            .exprs
            .iter()
            .map(|expr| evaluate(expr, &change.rows))
            .collect::<Result<Vec<_>, _>>()?;
        let rows = batch(&self.schema, columns, change.num_rows())?;
        Ok(Change {
            rows,
            weights: change.weights.clone(),
        })
    }
}
