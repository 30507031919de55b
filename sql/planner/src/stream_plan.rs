//! What a view does with changes.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use summit_catalog::RelationId;

/// A node and what comes out of it.
#[derive(Debug, Clone)]
pub struct StreamPlan {
    /// What it does.
    pub node: StreamNode,
    /// The columns that come out.
    pub schema: SchemaRef,
    /// Whether it never deletes a row: no changes with negative weights, no weights at all.
    pub append_only: bool,
}

/// What a node does. Expressions are over the columns of the node's input.
#[derive(Debug, Clone)]
pub enum StreamNode {
    /// The changes of a relation.
    Source {
        /// Which.
        relation: RelationId,
        /// Its name, for EXPLAIN.
        name: String,
        /// Which of its columns, in which order; `None`: all.
        projection: Option<Vec<usize>>,
    },
    /// Rows that are there from the start and never change.
    Constant {
        /// The rows.
        rows: Vec<RecordBatch>,
    },
    /// Rows for which a boolean expression is true.
    Filter {
        /// From.
        input: Box<StreamPlan>,
        /// The expression.
        predicate: Arc<dyn PhysicalExpr>,
    },
    /// One expression per column of the output.
    Project {
        /// From.
        input: Box<StreamPlan>,
        /// The expressions.
        exprs: Vec<Arc<dyn PhysicalExpr>>,
    },
    /// One row per element of a list column; a row without elements goes, as in SQL's UNNEST.
    /// The output has the input's columns, with the list replaced by its element.
    Unnest {
        /// From.
        input: Box<StreamPlan>,
        /// Index of the list column.
        column: usize,
    },
    /// Groups and aggregates.
    Aggregate(StreamAggregate),
    /// Inner join.
    Join(StreamJoin),
    /// All rows of all inputs; they have the same column types.
    Union {
        /// From.
        inputs: Vec<StreamPlan>,
    },
}

/// Groups and aggregates. The output's columns are the group's, then the aggregates'.
/// Without group expressions there is always exactly one row.
#[derive(Debug, Clone)]
pub struct StreamAggregate {
    /// From.
    pub input: Box<StreamPlan>,
    /// The group's expressions.
    pub group: Vec<Arc<dyn PhysicalExpr>>,
    /// The aggregates (function, arguments, DISTINCT, ORDER BY).
    pub aggregates: Vec<Arc<AggregateFunctionExpr>>,
    /// `FILTER (WHERE …)` of each aggregate.
    pub filters: Vec<Option<Arc<dyn PhysicalExpr>>>,
}

/// Inner join. The output's columns are the left's, then the right's.
#[derive(Debug, Clone)]
pub struct StreamJoin {
    /// One side.
    pub left: Box<StreamPlan>,
    /// The other.
    pub right: Box<StreamPlan>,
    /// Pairs of expressions, of equal types, over left and right, that must be equal; none: a
    /// cross join.
    pub on: Vec<(Arc<dyn PhysicalExpr>, Arc<dyn PhysicalExpr>)>,
    /// Whether NULL equals NULL in `on` (`IS NOT DISTINCT FROM`).
    pub null_equals_null: bool,
    /// A further condition over the output's columns.
    pub filter: Option<Arc<dyn PhysicalExpr>>,
}
