//! The aggregates of all groups of an operator, by kind:
//!
//! * in place: `count`, and `sum` and `avg` of integers, decimals and floats. All are exact
//!   inside, so a deleted row leaves no trace and the order of rows does not matter.
//! * ordered: `min`, `max` and `count(DISTINCT …)`, over a sorted multiset of the group's
//!   values; `min` and `max` over append-only input keep the extreme alone.
//! * any other: the group's arguments as a multiset of rows, from which DataFusion's own
//!   accumulator computes a group that changed. It is fed in the order of the aggregate's
//!   `ORDER BY`, rows that are equal in it (without one: all rows) by their values from the
//!   least, NULL first. So `array_agg` without `ORDER BY` is sorted.

mod count;
mod decimal_sum;
mod extreme;
mod float_sum;
mod general;
mod integer_sum;
mod ordered;

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::expressions::Literal;

use crate::FlowError;
use crate::batches::{evaluate, evaluate_condition, pick_masked};
use count::Count;
use decimal_sum::DecimalSum;
use extreme::Extreme;
use float_sum::FloatTotal;
use general::General;
use integer_sum::IntegerSum;
use ordered::Ordered;

/// The state of one aggregate for all groups, which are numbered densely.
pub(crate) trait Accumulate: Send + Sync {
    /// Makes room for groups up to this number.
    fn grow(&mut self, groups: usize);

    /// Adds rows, each to its group, with its weight.
    fn update(
        &mut self,
        groups: &[u32],
        arguments: &[ArrayRef],
        weights: Option<&[i64]>,
    ) -> Result<(), FlowError>;

    /// The results of these groups.
    fn evaluate(&mut self, groups: &[u32]) -> Result<ArrayRef, FlowError>;

    /// Makes a group as one without rows.
    fn clear(&mut self, group: u32);

    /// Bytes in memory.
    fn bytes(&self) -> usize;
}

/// An aggregate with its arguments and its `FILTER`.
pub(crate) struct GroupedAggregate {
    arguments: Vec<Arc<dyn PhysicalExpr>>,
    filter: Option<Arc<dyn PhysicalExpr>>,
    state: Box<dyn Accumulate>,
}

/// What an ordered aggregate answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The least value.
    Min,
    /// The greatest.
    Max,
    /// How many distinct ones.
    CountDistinct,
}

impl GroupedAggregate {
    /// An aggregate over rows of this schema.
    pub(crate) fn new(
        function: &Arc<AggregateFunctionExpr>,
        filter: Option<Arc<dyn PhysicalExpr>>,
        schema: &SchemaRef,
        append_only: bool,
    ) -> Result<Self, FlowError> {
        let mut arguments = function.expressions();
        let types = arguments
            .iter()
            .map(|argument| argument.data_type(schema))
            .collect::<Result<Vec<_>, _>>()?;
        let output = function.field().data_type().clone();
        let plain = !function.is_distinct();
        let name = function.fun().name();
        let state: Box<dyn Accumulate> = match (name, types.as_slice(), &output) {
            ("count", _, DataType::Int64) if plain => {
                arguments.retain(|argument| !is_value(argument));
                Box::new(Count::default())
            }
            ("sum", [DataType::Int64], DataType::Int64)
            | ("sum", [DataType::UInt64], DataType::UInt64)
                if plain =>
            {
                Box::new(IntegerSum::new(output))
            }
            ("sum" | "avg", [DataType::Float64], DataType::Float64) if plain => {
                Box::new(FloatTotal::new(name == "avg"))
            }
            ("sum" | "avg", [DataType::Decimal128(_, from)], DataType::Decimal128(_, to))
                if plain && to >= from =>
            {
                Box::new(DecimalSum::new(&output, *from, name == "avg")?)
            }
            ("min" | "max", [from], to) if from == to && !from.is_nested() && is_plain(from) => {
                let answer = if name == "min" {
                    Answer::Min
                } else {
                    Answer::Max
                };
                match append_only {
                    true => Box::new(Extreme::new(from.clone(), answer)?),
                    false => Box::new(Ordered::new(from.clone(), answer)?),
                }
            }
            ("count", [from], DataType::Int64)
                if function.is_distinct() && !from.is_nested() && is_plain(from) =>
            {
                Box::new(Ordered::new(from.clone(), Answer::CountDistinct)?)
            }
            _ => {
                let general = General::new(Arc::clone(function), schema)?;
                arguments = general.arguments();
                Box::new(general)
            }
        };
        Ok(GroupedAggregate {
            arguments,
            filter,
            state,
        })
    }

    /// Makes room for groups up to this number.
    pub(crate) fn grow(&mut self, groups: usize) {
        self.state.grow(groups);
    }

    /// Adds rows, each to its group.
    pub(crate) fn update(
        &mut self,
        groups: &[u32],
        rows: &RecordBatch,
        weights: Option<&[i64]>,
    ) -> Result<(), FlowError> {
        let mask = match &self.filter {
            None => None,
            Some(filter) => evaluate_condition(filter, rows)?,
        };
        let Some(mask) = mask else {
            let arguments = self.evaluate_arguments(rows)?;
            return self.state.update(groups, &arguments, weights);
        };
        if mask.true_count() == 0 {
            return Ok(());
        }
        // the arguments of rows that FILTER leaves out must not be evaluated: they may fail
        let groups = pick_masked(groups, &mask);
        let weights = weights.map(|weights| pick_masked(weights, &mask));
        let rows =
            crate::batches::filter(&summit_storage::Change::inserts(rows.clone()), &mask)?.rows;
        let arguments = self.evaluate_arguments(&rows)?;
        self.state.update(&groups, &arguments, weights.as_deref())
    }

    /// The results of these groups.
    pub(crate) fn evaluate(&mut self, groups: &[u32]) -> Result<ArrayRef, FlowError> {
        self.state.evaluate(groups)
    }

    /// Makes a group as one without rows.
    pub(crate) fn clear(&mut self, group: u32) {
        self.state.clear(group);
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.state.bytes()
    }

    fn evaluate_arguments(&self, rows: &RecordBatch) -> Result<Vec<ArrayRef>, FlowError> {
        self.arguments
            .iter()
            .map(|argument| evaluate(argument, rows))
            .collect()
    }
}

/// Calls `each` with row, group and weight of every row whose arguments are not NULL.
pub(crate) fn each_row(
    groups: &[u32],
    arguments: &[ArrayRef],
    weights: Option<&[i64]>,
    mut each: impl FnMut(usize, usize, i64) -> Result<(), FlowError>,
) -> Result<(), FlowError> {
    let mut nulls = None;
    for argument in arguments {
        let of_argument = arrow::array::Array::logical_nulls(argument);
        nulls = arrow::buffer::NullBuffer::union(nulls.as_ref(), of_argument.as_ref());
    }
    let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
    for (row, group) in groups.iter().enumerate() {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            continue;
        }
        each(
            row,
            *group as usize,
            weights.map_or(1, |weights| weights[row]),
        )?;
    }
    Ok(())
}

/// A literal other than NULL.
fn is_value(expr: &Arc<dyn PhysicalExpr>) -> bool {
    expr.downcast_ref::<Literal>()
        .is_some_and(|literal| !literal.value().is_null())
}

/// Types whose order is that of their row encoding and the same as DataFusion's.
fn is_plain(data_type: &DataType) -> bool {
    !matches!(
        data_type,
        DataType::Null
            | DataType::Dictionary(..)
            | DataType::RunEndEncoded(..)
            | DataType::Interval(_)
            | DataType::Float16
    )
}
