//! Rows that came behind the watermark.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, TimestampMicrosecondArray,
    UInt32Array,
};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{filter_record_batch, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType};
use summit_log::{CommitTime, Lsn};

use crate::parts::arrow_error;
use crate::{PartitionId, StorageError};

/// Which rows of an entry were late. Their values are in the log.
#[derive(Debug)]
pub(crate) struct LateRows {
    pub watermark: i64,
    pub arrived_at: CommitTime,
    /// By batch of the entry: its late rows.
    pub batches: Vec<(usize, Vec<u32>)>,
}

impl LateRows {
    pub fn count(&self) -> usize {
        self.batches.iter().map(|(_, rows)| rows.len()).sum()
    }

    fn of_batch(&self, batch: usize) -> &[u32] {
        self.batches
            .iter()
            .find(|(at, _)| *at == batch)
            .map_or(&[], |(_, rows)| rows)
    }

    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self
                .batches
                .iter()
                .map(|(_, rows)| 32 + rows.capacity() * 4)
                .sum::<usize>()
    }

    /// The late rows of an entry, with when and behind which watermark they came.
    pub fn rows(
        &self,
        lsn: Lsn,
        batches: &[(PartitionId, RecordBatch)],
        schema: &SchemaRef,
    ) -> Result<Vec<RecordBatch>, StorageError> {
        let mut late = Vec::new();
        for (at, rows) in &self.batches {
            let Some((_, batch)) = batches.get(*at) else {
                return Err(StorageError::Invalid(format!("entry {lsn} has changed")));
            };
            if rows.iter().any(|row| *row as usize >= batch.num_rows()) {
                return Err(StorageError::Invalid(format!("entry {lsn} has changed")));
            }
            let taken =
                take_record_batch(batch, &UInt32Array::from(rows.clone())).map_err(arrow_error)?;
            let mut columns = taken.columns().to_vec();
            let repeated = |value, column: usize| -> ArrayRef {
                let data_type = schema.field(taken.num_columns() + column).data_type();
                Arc::new(
                    TimestampMicrosecondArray::from(vec![value; rows.len()])
                        .with_data_type(data_type.clone()),
                )
            };
            columns.push(repeated(self.arrived_at.micros(), 0));
            columns.push(repeated(self.watermark, 1));
            columns.push(Arc::new(Int64Array::from(vec![
                lsn.get() as i64;
                rows.len()
            ])));
            late.push(RecordBatch::try_new(Arc::clone(schema), columns).map_err(arrow_error)?);
        }
        Ok(late)
    }
}

/// A batch of an entry without its late rows.
pub(super) fn without_late(
    batch: &RecordBatch,
    at: usize,
    late: Option<&LateRows>,
) -> Result<RecordBatch, StorageError> {
    let late = late.map_or(&[][..], |late| late.of_batch(at));
    if late.is_empty() {
        return Ok(batch.clone());
    }
    let mut late = late.iter().copied().peekable();
    let kept = BooleanBuffer::collect_bool(batch.num_rows(), |row| {
        late.next_if(|late| *late as usize == row).is_none()
    });
    filter_record_batch(batch, &BooleanArray::new(kept, None)).map_err(arrow_error)
}

/// The rows of a batch whose event time is before the watermark.
pub(super) fn late_rows(times: &ArrayRef, watermark: i64) -> Vec<u32> {
    let times = times.as_primitive::<TimestampMicrosecondType>();
    (0..times.len())
        .filter(|row| times.is_valid(*row) && times.value(*row) < watermark)
        .map(|row| row as u32)
        .collect()
}

/// The columns of a stream's late rows.
pub(crate) fn late_schema(schema: &Schema, event_time: Option<usize>) -> SchemaRef {
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let watermark = event_time
        .map_or(&utc, |column| schema.field(column).data_type())
        .clone();
    let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new("arrived_at", utc, false)));
    fields.push(Arc::new(Field::new("watermark", watermark, false)));
    fields.push(Arc::new(Field::new("lsn", DataType::Int64, false)));
    Arc::new(Schema::new(fields))
}
