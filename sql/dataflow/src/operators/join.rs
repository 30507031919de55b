//! Inner join.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, UInt32Array};
use arrow::compute;
use arrow::datatypes::SchemaRef;
use datafusion::physical_expr::PhysicalExpr;
use summit_planner::{StreamJoin, StreamPlan};
use summit_storage::Change;

use crate::FlowError;
use crate::batches::{batch, evaluate, evaluate_condition, filter, weights_of};
use crate::join_rows::{JoinRows, RowKeys};
use crate::limits::OUTPUT_ROWS;
use crate::operator::Sink;
use crate::row_encoder::{RowEncoder, normalize_floats};

/// Keeps the rows of both sides by key. A change of one side meets the other side's rows,
/// then becomes part of its own.
pub(crate) struct Join {
    left: Side,
    right: Side,
    filter: Option<Arc<dyn PhysicalExpr>>,
    schema: SchemaRef,
}

struct Side {
    keys: Vec<Arc<dyn PhysicalExpr>>,
    null_equals_null: bool,
    encoder: RowEncoder,
    rows: JoinRows,
}

/// Which side of the output a change's columns are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Left,
    Right,
}

impl Join {
    /// Of nothing yet.
    pub(crate) fn new(plan: &StreamJoin, schema: SchemaRef) -> Result<Self, FlowError> {
        let (left_keys, right_keys) = plan.on.iter().cloned().unzip();
        Ok(Join {
            left: Side::new(&plan.left, left_keys, plan.null_equals_null)?,
            right: Side::new(&plan.right, right_keys, plan.null_equals_null)?,
            filter: plan.filter.clone(),
            schema,
        })
    }

    /// A change of the left side.
    pub(crate) fn change_left(
        &mut self,
        change: &Change,
        sink: &mut Sink,
    ) -> Result<(), FlowError> {
        let keys = self.left.keys(change)?;
        self.pair(Which::Left, change, &keys, sink)?;
        self.left.rows.apply(change, &keys)
    }

    /// A change of the right side.
    pub(crate) fn change_right(
        &mut self,
        change: &Change,
        sink: &mut Sink,
    ) -> Result<(), FlowError> {
        let keys = self.right.keys(change)?;
        self.pair(Which::Right, change, &keys, sink)?;
        self.right.rows.apply(change, &keys)
    }

    /// Bytes of both sides.
    pub(crate) fn bytes(&self) -> usize {
        self.left.rows.bytes() + self.right.rows.bytes()
    }

    /// Hands on every pair of a changed row with a row of the other side.
    fn pair(
        &self,
        which: Which,
        change: &Change,
        keys: &RowKeys,
        sink: &mut Sink,
    ) -> Result<(), FlowError> {
        let other = match which {
            Which::Left => &self.right.rows,
            Which::Right => &self.left.rows,
        };
        if other.is_empty() {
            return Ok(());
        }
        let mut rows: Vec<u32> = Vec::new();
        let mut others: Vec<u32> = Vec::new();
        for row in 0..change.num_rows() {
            let Some(key) = keys.get(row) else { continue };
            let number = u32::try_from(row).expect("a chunk has fewer than 2^32 rows");
            for found in other.with_key(key) {
                rows.push(number);
                others.push(found);
                if rows.len() == OUTPUT_ROWS {
                    self.hand_on(which, change, &rows, &others, sink)?;
                    rows.clear();
                    others.clear();
                }
            }
        }
        match rows.is_empty() {
            true => Ok(()),
            false => self.hand_on(which, change, &rows, &others, sink),
        }
    }

    fn hand_on(
        &self,
        which: Which,
        change: &Change,
        rows: &[u32],
        others: &[u32],
        sink: &mut Sink,
    ) -> Result<(), FlowError> {
        let other = match which {
            Which::Left => &self.right.rows,
            Which::Right => &self.left.rows,
        };
        let indices = UInt32Array::from(rows.to_vec());
        let own = change
            .rows
            .columns()
            .iter()
            .map(|column| compute::take(column, &indices, None))
            .collect::<Result<Vec<ArrayRef>, _>>()?;
        let found = other.gather(others)?;
        let columns = match which {
            Which::Left => [own, found].concat(),
            Which::Right => [found, own].concat(),
        };
        let weights = match change.weights.is_none() && other.all_once() {
            true => None,
            false => {
                let mut weights = Vec::with_capacity(rows.len());
                for (row, found) in rows.iter().zip(others) {
                    let weight = change
                        .weight(*row as usize)
                        .checked_mul(other.weight(*found));
                    weights.push(weight.ok_or_else(|| {
                        FlowError::internal("a row of a join more than 2^63 times")
                    })?);
                }
                weights_of(weights)
            }
        };
        let joined = Change {
            rows: batch(&self.schema, columns, rows.len())?,
            weights,
        };
        match &self.filter {
            None => sink(joined),
            Some(condition) => match evaluate_condition(condition, &joined.rows)? {
                None => sink(joined),
                Some(mask) if mask.true_count() == 0 => Ok(()),
                Some(mask) => sink(filter(&joined, &mask)?),
            },
        }
    }
}

impl Side {
    fn new(
        plan: &StreamPlan,
        keys: Vec<Arc<dyn PhysicalExpr>>,
        null_equals_null: bool,
    ) -> Result<Self, FlowError> {
        let types = keys
            .iter()
            .map(|key| key.data_type(&plan.schema))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Side {
            keys,
            null_equals_null,
            encoder: RowEncoder::new(&types)?,
            rows: JoinRows::new(Arc::clone(&plan.schema), plan.append_only)?,
        })
    }

    fn keys(&self, change: &Change) -> Result<RowKeys, FlowError> {
        let mut columns = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            columns.push(normalize_floats(evaluate(key, &change.rows)?));
        }
        let encoded = self.encoder.encode(&columns)?;
        let mut nulls = None;
        if !self.null_equals_null {
            for column in &columns {
                let column = column.logical_nulls();
                nulls = arrow::buffer::NullBuffer::union(nulls.as_ref(), column.as_ref());
            }
        }
        Ok(RowKeys::new(encoded, nulls))
    }
}
