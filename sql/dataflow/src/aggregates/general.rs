//! Every aggregate of DataFusion's that has no state of ours.

use std::sync::Arc;

use arrow::array::{ArrayRef, UInt32Array, new_empty_array};
use arrow::compute::{SortOptions, take};
use arrow::datatypes::SchemaRef;
use datafusion::common::ScalarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::expressions::Literal;

use super::Accumulate;
use crate::FlowError;
use crate::limits::OUTPUT_ROWS;
use crate::multiset::Multiset;
use crate::row_encoder::RowEncoder;

/// Per group the rows of arguments; a group that changed is computed anew from its rows.
pub(super) struct General {
    function: Arc<AggregateFunctionExpr>,
    /// Where the accumulator's arguments come from.
    arguments: Vec<Argument>,
    /// What of them is kept, in the order of sorting.
    kept: Vec<Arc<dyn PhysicalExpr>>,
    encoder: RowEncoder,
    groups: Vec<Group>,
    heap_bytes: usize,
}

#[derive(Default)]
struct Group {
    rows: Multiset<Box<[u8]>>,
    result: Option<ScalarValue>,
}

enum Argument {
    Constant(ScalarValue),
    /// The column of a kept row.
    Kept(usize),
}

/// What a distinct row takes besides its bytes, on average.
const ROW_BYTES: usize = 40;

impl General {
    /// Of this function over rows of this schema.
    pub(super) fn new(
        function: Arc<AggregateFunctionExpr>,
        schema: &SchemaRef,
    ) -> Result<Self, FlowError> {
        // the accumulator is given its arguments, then the expressions it is ordered by
        let order = function.order_bys().to_vec();
        let mut kept: Vec<Arc<dyn PhysicalExpr>> = Vec::new();
        let mut sorted = Vec::new();
        for by in &order {
            sorted.push((by.expr.data_type(schema)?, by.options));
            kept.push(Arc::clone(&by.expr));
        }
        let mut arguments = Vec::new();
        for argument in function.expressions() {
            match argument.downcast_ref::<Literal>() {
                Some(literal) => arguments.push(Argument::Constant(literal.value().clone())),
                None => {
                    arguments.push(Argument::Kept(kept.len()));
                    sorted.push((argument.data_type(schema)?, SortOptions::default()));
                    kept.push(argument);
                }
            }
        }
        arguments.extend((0..order.len()).map(Argument::Kept));
        let encoder = RowEncoder::sorted(sorted)?;
        // a function that cannot be computed so is refused now, not at the first row
        function.create_accumulator()?;
        Ok(General {
            function,
            arguments,
            kept,
            encoder,
            groups: Vec::new(),
            heap_bytes: 0,
        })
    }

    /// What `update` is to be given.
    pub(super) fn arguments(&self) -> Vec<Arc<dyn PhysicalExpr>> {
        self.kept.clone()
    }

    fn compute(&self, group: &Group) -> Result<ScalarValue, FlowError> {
        let mut accumulator = self.function.create_accumulator()?;
        let mut rows: Vec<&[u8]> = Vec::new();
        // for each row of the group its place in `rows`: equal rows are decoded once
        let mut places: Vec<u32> = Vec::new();
        for (row, count) in group.rows.iter() {
            if count < 0 {
                return Err(FlowError::internal("a row deleted that is not there"));
            }
            let mut left = count.unsigned_abs();
            while left > 0 {
                let place = u32::try_from(rows.len()).expect("at most OUTPUT_ROWS");
                rows.push(row);
                let room = OUTPUT_ROWS - places.len();
                let now = usize::try_from(left).unwrap_or(usize::MAX).min(room);
                places.extend(std::iter::repeat_n(place, now));
                left -= now as u64;
                if places.len() == OUTPUT_ROWS {
                    self.feed(accumulator.as_mut(), &mut rows, &mut places)?;
                }
            }
        }
        if !places.is_empty() {
            self.feed(accumulator.as_mut(), &mut rows, &mut places)?;
        }
        Ok(accumulator.evaluate()?)
    }

    fn feed(
        &self,
        accumulator: &mut dyn datafusion::logical_expr::Accumulator,
        rows: &mut Vec<&[u8]>,
        places: &mut Vec<u32>,
    ) -> Result<(), FlowError> {
        let count = places.len();
        let mut columns = self.encoder.decode(std::mem::take(rows))?;
        if columns.first().is_some_and(|column| column.len() != count) {
            let places = UInt32Array::from(places.clone());
            for column in &mut columns {
                *column = take(column, &places, None)?;
            }
        }
        places.clear();
        let arguments = self
            .arguments
            .iter()
            .map(|argument| match argument {
                Argument::Constant(value) => Ok(value.to_array_of_size(count)?),
                Argument::Kept(column) => Ok(Arc::clone(&columns[*column])),
            })
            .collect::<Result<Vec<ArrayRef>, FlowError>>()?;
        Ok(accumulator.update_batch(&arguments)?)
    }
}

impl Accumulate for General {
    fn grow(&mut self, groups: usize) {
        self.groups.resize_with(groups, Group::default);
    }

    fn update(
        &mut self,
        groups: &[u32],
        arguments: &[ArrayRef],
        weights: Option<&[i64]>,
    ) -> Result<(), FlowError> {
        let encoded = self.encoder.encode(arguments)?;
        for (row, group) in groups.iter().enumerate() {
            let group = &mut self.groups[*group as usize];
            let bytes = encoded.get(row);
            match group
                .rows
                .add(bytes, weights.map_or(1, |weights| weights[row]))
            {
                1 => self.heap_bytes += bytes.len() + ROW_BYTES,
                -1 => {
                    self.heap_bytes = self.heap_bytes.saturating_sub(bytes.len() + ROW_BYTES);
                }
                _ => {}
            }
            if let Some(result) = group.result.take() {
                self.heap_bytes = self.heap_bytes.saturating_sub(result.size());
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, groups: &[u32]) -> Result<ArrayRef, FlowError> {
        if groups.is_empty() {
            return Ok(new_empty_array(self.function.field().data_type()));
        }
        let mut results = Vec::with_capacity(groups.len());
        for group in groups {
            let group = *group as usize;
            let result = match &self.groups[group].result {
                Some(result) => result.clone(),
                None => {
                    let result = self.compute(&self.groups[group])?;
                    self.heap_bytes += result.size();
                    self.groups[group].result = Some(result.clone());
                    result
                }
            };
            results.push(result);
        }
        Ok(ScalarValue::iter_to_array(results)?)
    }

    fn clear(&mut self, group: u32) {
        let group = std::mem::take(&mut self.groups[group as usize]);
        if let Some(result) = group.result {
            self.heap_bytes = self.heap_bytes.saturating_sub(result.size());
        }
    }

    fn bytes(&self) -> usize {
        self.groups.capacity() * size_of::<Group>() + self.heap_bytes
    }
}
