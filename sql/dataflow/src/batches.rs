//! Small steps on batches of changes that the operators share.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions, UInt32Array,
};
use arrow::compute::{self, FilterBuilder, cast, concat_batches};
use arrow::datatypes::SchemaRef;
use datafusion::physical_expr::PhysicalExpr;
use summit_storage::Change;

use crate::FlowError;

/// A batch of these columns. Columns whose type differs from the schema's only in the names
/// of nested fields and the like are cast.
pub(crate) fn batch(
    schema: &SchemaRef,
    mut columns: Vec<ArrayRef>,
    rows: usize,
) -> Result<RecordBatch, FlowError> {
    for (column, field) in columns.iter_mut().zip(schema.fields()) {
        if column.data_type() != field.data_type() {
            *column = cast(column, field.data_type())?;
        }
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
        .map_err(|error| FlowError::internal(error.to_string()))
}

/// The value of an expression for each row.
pub(crate) fn evaluate(
    expr: &Arc<dyn PhysicalExpr>,
    rows: &RecordBatch,
) -> Result<ArrayRef, FlowError> {
    Ok(expr.evaluate(rows)?.into_array(rows.num_rows())?)
}

/// For which rows a condition is true; NULL is not true. `None`: for all.
pub(crate) fn evaluate_condition(
    expr: &Arc<dyn PhysicalExpr>,
    rows: &RecordBatch,
) -> Result<Option<BooleanArray>, FlowError> {
    let values = evaluate(expr, rows)?;
    let values = values
        .as_boolean_opt()
        .ok_or_else(|| FlowError::internal(format!("{expr} is not a boolean")))?;
    let holds = match values.nulls() {
        Some(nulls) if nulls.null_count() > 0 => {
            BooleanArray::new(values.values() & nulls.inner(), None)
        }
        _ => BooleanArray::new(values.values().clone(), None),
    };
    Ok((holds.true_count() < rows.num_rows()).then_some(holds))
}

/// The rows that a mask (without NULLs) selects.
pub(crate) fn filter(change: &Change, mask: &BooleanArray) -> Result<Change, FlowError> {
    let kept = mask.true_count();
    let filter = FilterBuilder::new(mask).optimize().build();
    let columns = change.rows.columns();
    let columns = columns
        .iter()
        .map(|column| filter.filter(column))
        .collect::<Result<Vec<_>, _>>()?;
    let weights = change
        .weights
        .as_ref()
        .map(|weights| pick_masked(weights, mask));
    Ok(Change {
        rows: batch(&change.rows.schema(), columns, kept)?,
        weights,
    })
}

/// The values that a mask selects.
pub(crate) fn pick_masked<T: Copy>(values: &[T], mask: &BooleanArray) -> Vec<T> {
    mask.values().set_indices().map(|row| values[row]).collect()
}

/// The rows with these numbers.
pub(crate) fn take(rows: &RecordBatch, indices: &UInt32Array) -> Result<RecordBatch, FlowError> {
    let columns = rows
        .columns()
        .iter()
        .map(|column| compute::take(column, indices, None))
        .collect::<Result<Vec<_>, _>>()?;
    batch(&rows.schema(), columns, indices.len())
}

/// Hands on a change in pieces of at most `rows_max` rows.
pub(crate) fn split(
    change: Change,
    rows_max: usize,
    each: &mut dyn FnMut(Change) -> Result<(), FlowError>,
) -> Result<(), FlowError> {
    let rows = change.num_rows();
    if rows == 0 {
        return Ok(());
    }
    if rows <= rows_max {
        return each(change);
    }
    let mut from = 0;
    while from < rows {
        let length = rows_max.min(rows - from);
        let weights = change
            .weights
            .as_ref()
            .map(|all| all[from..from + length].to_vec());
        each(Change {
            rows: change.rows.slice(from, length),
            weights,
        })?;
        from += length;
    }
    Ok(())
}

/// The changes in fewer pieces: neighbours are put together up to `rows_max` rows.
pub(crate) fn coalesce(
    schema: &SchemaRef,
    changes: Vec<Change>,
    rows_max: usize,
) -> Result<Vec<Change>, FlowError> {
    if changes
        .windows(2)
        .all(|pair| pair[0].num_rows() + pair[1].num_rows() > rows_max)
    {
        return Ok(changes);
    }
    let mut coalesced = Vec::new();
    let mut pending: Vec<Change> = Vec::new();
    let mut rows = 0;
    for change in changes {
        if rows + change.num_rows() > rows_max && !pending.is_empty() {
            coalesced.push(merge(schema, std::mem::take(&mut pending))?);
            rows = 0;
        }
        rows += change.num_rows();
        pending.push(change);
    }
    if !pending.is_empty() {
        coalesced.push(merge(schema, pending)?);
    }
    Ok(coalesced)
}

fn merge(schema: &SchemaRef, mut changes: Vec<Change>) -> Result<Change, FlowError> {
    if changes.len() == 1 {
        return Ok(changes.remove(0));
    }
    let weights = match changes.iter().all(|change| change.weights.is_none()) {
        true => None,
        false => {
            let weights = changes
                .iter()
                .flat_map(|change| (0..change.num_rows()).map(|row| change.weight(row)));
            Some(weights.collect())
        }
    };
    let rows = concat_batches(schema, changes.iter().map(|change| &change.rows))?;
    Ok(Change { rows, weights })
}

/// Weights without those that say nothing: `None` when all are 1.
pub(crate) fn weights_of(weights: Vec<i64>) -> Option<Vec<i64>> {
    weights.iter().any(|weight| *weight != 1).then_some(weights)
}

/// Bytes that the rows take, not counting what their buffers hold besides.
pub(crate) fn bytes_of(rows: &RecordBatch) -> usize {
    rows.columns()
        .iter()
        .map(|column| column.to_data().get_slice_memory_size().unwrap_or_default())
        .sum()
}
