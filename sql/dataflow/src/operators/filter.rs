//! Rows that meet a condition.

use std::sync::Arc;

use datafusion::physical_expr::PhysicalExpr;
use summit_storage::Change;

use crate::FlowError;
use crate::batches::{evaluate_condition, filter};
use crate::operator::Sink;

/// Lets through the rows for which the condition is true.
pub(crate) struct Filter {
    condition: Arc<dyn PhysicalExpr>,
}

impl Filter {
    /// With this condition.
    pub(crate) fn new(condition: Arc<dyn PhysicalExpr>) -> Self {
        Filter { condition }
    }

    /// Hands on what is let through of a change.
    pub(crate) fn apply(&self, change: Change, sink: &mut Sink) -> Result<(), FlowError> {
        match evaluate_condition(&self.condition, &change.rows)? {
            None => sink(change),
            Some(mask) if mask.true_count() == 0 => Ok(()),
            Some(mask) => sink(filter(&change, &mask)?),
        }
    }
}
