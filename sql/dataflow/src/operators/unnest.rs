//! One row per element of a list.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute;
use arrow::datatypes::{DataType, SchemaRef};
use summit_storage::Change;

use crate::FlowError;
use crate::batches::batch;
use crate::limits::OUTPUT_ROWS;
use crate::operator::Sink;

/// Replaces a list column by its elements. NULL and empty lists give no row.
pub(crate) struct Unnest {
    column: usize,
    schema: SchemaRef,
}

impl Unnest {
    /// Of this column.
    pub(crate) fn new(column: usize, schema: SchemaRef) -> Self {
        Unnest { column, schema }
    }

    /// The rows that the change's rows become.
    pub(crate) fn apply(&self, change: &Change, sink: &mut Sink) -> Result<(), FlowError> {
        let lists = change.rows.column(self.column);
        let (elements, bounds) = elements_of(lists)?;
        let mut rows: Vec<u32> = Vec::new();
        let mut places: Vec<u32> = Vec::new();
        for row in 0..change.num_rows() {
            if lists.is_null(row) {
                continue;
            }
            for element in bounds[row]..bounds[row + 1] {
                rows.push(number(row)?);
                places.push(number(element)?);
                if rows.len() == OUTPUT_ROWS {
                    self.hand_on(change, &elements, &mut rows, &mut places, sink)?;
                }
            }
        }
        self.hand_on(change, &elements, &mut rows, &mut places, sink)
    }

    fn hand_on(
        &self,
        change: &Change,
        elements: &ArrayRef,
        rows: &mut Vec<u32>,
        places: &mut Vec<u32>,
        sink: &mut Sink,
    ) -> Result<(), FlowError> {
        if rows.is_empty() {
            return Ok(());
        }
        let weights = change
            .weights
            .as_ref()
            .map(|weights| rows.iter().map(|row| weights[*row as usize]).collect());
        let count = rows.len();
        let rows = UInt32Array::from(std::mem::take(rows));
        let places = UInt32Array::from(std::mem::take(places));
        let columns = change
            .rows
            .columns()
            .iter()
            .enumerate()
            .map(|(at, column)| match at == self.column {
                true => compute::take(elements, &places, None),
                false => compute::take(column, &rows, None),
            })
            .collect::<Result<Vec<_>, _>>()?;
        sink(Change {
            rows: batch(&self.schema, columns, count)?,
            weights,
        })
    }
}

/// All elements, and where each list's begin; its end is where the next one's begin.
fn elements_of(lists: &ArrayRef) -> Result<(ArrayRef, Vec<usize>), FlowError> {
    Ok(match lists.data_type() {
        DataType::List(_) => {
            let lists = lists.as_list::<i32>();
            let bounds = lists.offsets().iter().map(|at| *at as usize).collect();
            (Arc::clone(lists.values()), bounds)
        }
        DataType::LargeList(_) => {
            let lists = lists.as_list::<i64>();
            let bounds = lists.offsets().iter().map(|at| *at as usize).collect();
            (Arc::clone(lists.values()), bounds)
        }
        DataType::FixedSizeList(_, length) => {
            let length = usize::try_from(*length).unwrap_or_default();
            let bounds = (0..=lists.len()).map(|row| row * length).collect();
            (Arc::clone(lists.as_fixed_size_list().values()), bounds)
        }
        other => return Err(FlowError::internal(format!("unnest of {other}"))),
    })
}

fn number(row: usize) -> Result<u32, FlowError> {
    u32::try_from(row).map_err(|_| FlowError::internal("more than 2^32 elements in a batch"))
}
