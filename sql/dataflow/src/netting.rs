//! Netting: what is left of changes when those that cancel each other are gone.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::interleave;
use arrow::datatypes::SchemaRef;
use summit_storage::Change;

use crate::FlowError;
use crate::batches::{batch, weights_of};
use crate::key_table::KeyTable;
use crate::limits::OUTPUT_ROWS;
use crate::row_encoder::RowEncoder;

/// The changes with one weight per distinct row, and rows of weight 0 left out. Changes
/// without weights cannot cancel and stay as they are. Rows keep the order in which they
/// appear first.
pub(crate) fn net(schema: &SchemaRef, changes: Vec<Change>) -> Result<Vec<Change>, FlowError> {
    let cancels = changes.iter().any(|change| {
        change
            .weights
            .as_ref()
            .is_some_and(|all| all.iter().any(|w| *w < 0))
    });
    if !cancels {
        return Ok(changes);
    }
    let encoder = RowEncoder::new(schema.fields().iter().map(|field| field.data_type()))?;
    let mut table = KeyTable::new();
    let mut places: Vec<(usize, usize)> = Vec::new();
    let mut weights: Vec<i64> = Vec::new();
    for (number, change) in changes.iter().enumerate() {
        let encoded = encoder.encode(change.rows.columns())?;
        for row in 0..change.num_rows() {
            let (slot, is_new) = table.intern(encoded.get(row))?;
            if is_new {
                places.push((number, row));
                weights.push(change.weight(row));
            } else {
                weights[slot as usize] += change.weight(row);
            }
        }
    }
    let kept: Vec<usize> = (0..places.len()).filter(|at| weights[*at] != 0).collect();
    let batches: Vec<&RecordBatch> = changes.iter().map(|change| &change.rows).collect();
    let mut netted = Vec::with_capacity(kept.len().div_ceil(OUTPUT_ROWS));
    for piece in kept.chunks(OUTPUT_ROWS) {
        let places: Vec<_> = piece.iter().map(|at| places[*at]).collect();
        let columns = gather(&batches, &places)?;
        let rows = batch(schema, columns, piece.len())?;
        let weights = weights_of(piece.iter().map(|at| weights[*at]).collect());
        netted.push(Change { rows, weights });
    }
    Ok(netted)
}

/// The columns of rows picked from several batches, each named by batch and row. Batches of
/// which no row is picked cost nothing.
pub(crate) fn gather(
    batches: &[&RecordBatch],
    places: &[(usize, usize)],
) -> Result<Vec<ArrayRef>, FlowError> {
    const UNUSED: usize = usize::MAX;
    let mut number = vec![UNUSED; batches.len()];
    let mut used: Vec<&RecordBatch> = Vec::new();
    let places: Vec<(usize, usize)> = places
        .iter()
        .map(|&(from, row)| {
            if number[from] == UNUSED {
                number[from] = used.len();
                used.push(batches[from]);
            }
            (number[from], row)
        })
        .collect();
    let columns = used.first().map_or(0, |first| first.num_columns());
    (0..columns)
        .map(|column| {
            let arrays: Vec<_> = used
                .iter()
                .map(|rows| rows.column(column).as_ref())
                .collect();
            Ok(interleave(&arrays, &places)?)
        })
        .collect()
}
