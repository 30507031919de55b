//! Statements whose names and types are known.

use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::logical_expr::LogicalPlan;
use summit_catalog::{Relation, RelationId, SqlError};

use crate::sql_error;

/// A query.
#[derive(Debug, Clone)]
pub struct BoundQuery {
    /// Typed, not optimized; its scans are [`crate::RelationSource`]s.
    pub plan: LogicalPlan,
    /// The types of `$1`, `$2`, ….
    pub parameter_types: Vec<DataType>,
    /// The result's columns. The plan's columns have the same types in the same order and may
    /// have other names (a result, unlike a plan, may have several columns of one name).
    pub schema: SchemaRef,
    /// The streams, tables and materialized views that it reads, plain views looked through.
    pub relations: Vec<RelationId>,
}

/// An INSERT.
#[derive(Debug, Clone)]
pub struct BoundInsert {
    /// The stream or table.
    pub target: Arc<Relation>,
    /// Whole rows in the target's order and types. NOT NULL and lengths are not checked.
    pub rows: LogicalPlan,
    /// The types of `$1`, `$2`, ….
    pub parameter_types: Vec<DataType>,
    /// The streams, tables and materialized views that it reads.
    pub relations: Vec<RelationId>,
}

/// An UPDATE.
#[derive(Debug, Clone)]
pub struct BoundUpdate {
    /// The table.
    pub target: Arc<Relation>,
    /// All columns of the old row, then all of the new one, in the target's order and types.
    /// Each old row comes once.
    pub rows: LogicalPlan,
    /// The types of `$1`, `$2`, ….
    pub parameter_types: Vec<DataType>,
    /// The streams, tables and materialized views that it reads.
    pub relations: Vec<RelationId>,
}

/// A DELETE.
#[derive(Debug, Clone)]
pub struct BoundDelete {
    /// The table.
    pub target: Arc<Relation>,
    /// The old rows, each once, in the target's order and types.
    pub rows: LogicalPlan,
    /// The types of `$1`, `$2`, ….
    pub parameter_types: Vec<DataType>,
    /// The streams, tables and materialized views that it reads.
    pub relations: Vec<RelationId>,
}

/// The plan with values for `$1`, `$2`, …, which must be of the plan's parameter types.
///
/// # Errors
/// When there are too few.
pub fn bind(plan: LogicalPlan, values: Vec<ScalarValue>) -> Result<LogicalPlan, SqlError> {
    if values.is_empty() {
        return Ok(plan);
    }
    plan.replace_params_with_values(&ParamValues::from(values))
        .map_err(sql_error)
}
