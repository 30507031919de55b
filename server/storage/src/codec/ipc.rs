//! Record batches as Arrow IPC messages without a schema message.
//!
//! arrow-ipc validates the values of arrays, but trusts much of a message's metadata to be
//! right and panics where it is not; so the metadata is checked against the schema first.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::RecordBatchDecoder;
use arrow::ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions};
use arrow::ipc::{FieldNode, MetadataVersion, root_as_message};
use bytes::Bytes;
use std::sync::Arc;

use crate::StorageError;
use crate::limits::BATCH_ROWS_MAX;

/// A message and its body.
pub(super) struct Encoded {
    pub message: Vec<u8>,
    pub body: Vec<u8>,
}

fn invalid(what: impl std::fmt::Display) -> StorageError {
    StorageError::Invalid(format!("record batch: {what}"))
}

/// Whether a column's type can be stored.
pub(crate) fn check_type(data_type: &DataType) -> Result<(), StorageError> {
    match data_type {
        DataType::Dictionary(..)
        | DataType::RunEndEncoded(..)
        | DataType::Union(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_) => Err(StorageError::Invalid(format!(
            "columns of type {data_type} cannot be stored"
        ))),
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => check_type(field.data_type()),
        DataType::Struct(fields) => fields
            .iter()
            .try_for_each(|field| check_type(field.data_type())),
        _ => Ok(()),
    }
}

/// `rows` as message and body.
pub(super) fn encode(rows: &RecordBatch) -> Result<Encoded, StorageError> {
    for field in rows.schema_ref().fields() {
        check_type(field.data_type())?;
    }
    let rows = trimmed(rows)?;
    let options = IpcWriteOptions::try_new(8, false, MetadataVersion::V5).map_err(invalid)?;
    let (_, encoded) = IpcDataGenerator::default()
        .encode(
            &rows,
            &mut DictionaryTracker::new(false),
            &options,
            &mut IpcWriteContext::default(),
        )
        .map_err(invalid)?;
    Ok(Encoded {
        message: encoded.ipc_message,
        body: encoded.arrow_data,
    })
}

/// `rows` without what a slice of a view array drags along: IPC writes all its buffers.
fn trimmed(rows: &RecordBatch) -> Result<RecordBatch, StorageError> {
    let is_view = |column: &ArrayRef| {
        matches!(
            column.data_type(),
            DataType::Utf8View | DataType::BinaryView
        )
    };
    if !rows.columns().iter().any(is_view) {
        return Ok(rows.clone());
    }
    let columns = rows.columns().iter().map(trimmed_column).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(rows.schema(), columns, &options).map_err(invalid)
}

/// A view array that holds only what its rows show; any other array as it is.
pub(crate) fn trimmed_column(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Utf8View => Arc::new(column.as_string_view().gc()),
        DataType::BinaryView => Arc::new(column.as_binary_view().gc()),
        _ => Arc::clone(column),
    }
}

/// The batch in a message and its body.
pub(super) fn decode(
    message: &[u8],
    body: Bytes,
    schema: &SchemaRef,
) -> Result<RecordBatch, StorageError> {
    // arrow-ipc has assertions that the checks may not all foresee. Nothing outlives the
    // call but its result, so a caught panic leaves nothing half done.
    match catch_unwind(AssertUnwindSafe(|| decode_checked(message, body, schema))) {
        Ok(decoded) => decoded,
        Err(_) => Err(invalid("metadata and schema do not fit")),
    }
}

fn decode_checked(
    message: &[u8],
    body: Bytes,
    schema: &SchemaRef,
) -> Result<RecordBatch, StorageError> {
    let message = root_as_message(message).map_err(invalid)?;
    if message.version() != MetadataVersion::V5 {
        return Err(invalid("not of metadata version 5"));
    }
    let batch = message
        .header_as_record_batch()
        .ok_or_else(|| invalid("not a record batch"))?;
    if batch.compression().is_some() {
        return Err(invalid("compressed"));
    }
    let rows = usize::try_from(batch.length()).unwrap_or(usize::MAX);
    if rows > BATCH_ROWS_MAX {
        return Err(invalid("too many rows"));
    }
    let nodes = batch.nodes().ok_or_else(|| invalid("no nodes"))?;
    let buffers = batch.buffers().ok_or_else(|| invalid("no buffers"))?;
    let mut lengths = Vec::new();
    for buffer in buffers.iter() {
        let (offset, length) = (buffer.offset(), buffer.length());
        let end = offset.checked_add(length).unwrap_or(i64::MAX);
        if offset < 0 || length < 0 || end as u64 > body.len() as u64 {
            return Err(invalid("a buffer is outside of the body"));
        }
        lengths.push(length as usize);
    }
    let mut check = Check {
        nodes: nodes.iter().collect(),
        lengths,
        variadic: batch
            .variadicBufferCounts()
            .map(|counts| counts.iter().collect())
            .unwrap_or_default(),
        node_at: 0,
        buffer_at: 0,
        variadic_at: 0,
    };
    for field in schema.fields() {
        check.field(field.data_type(), Some(rows))?;
    }
    check.end()?;

    let data = Buffer::from(body);
    let dictionaries = HashMap::new();
    RecordBatchDecoder::try_new(
        &data,
        batch,
        Arc::clone(schema),
        &dictionaries,
        &message.version(),
    )
    .and_then(RecordBatchDecoder::read_record_batch)
    .map_err(|error: ArrowError| invalid(error))
}

/// Walks a message's nodes and buffers along the schema.
struct Check<'a> {
    nodes: Vec<&'a FieldNode>,
    lengths: Vec<usize>,
    variadic: Vec<i64>,
    node_at: usize,
    buffer_at: usize,
    variadic_at: usize,
}

impl Check<'_> {
    /// One column; `rows` is how many it must have where that is known.
    fn field(&mut self, data_type: &DataType, rows: Option<usize>) -> Result<(), StorageError> {
        check_type(data_type)?;
        let node = self
            .nodes
            .get(self.node_at)
            .ok_or_else(|| invalid("too few nodes"))?;
        self.node_at += 1;
        let length = usize::try_from(node.length()).unwrap_or(usize::MAX);
        let nulls = usize::try_from(node.null_count()).unwrap_or(usize::MAX);
        if length > BATCH_ROWS_MAX || nulls > length || rows.is_some_and(|rows| rows != length) {
            return Err(invalid("a column's length is wrong"));
        }
        if *data_type == DataType::Null {
            return Ok(());
        }
        let validity = if nulls > 0 { length.div_ceil(8) } else { 0 };
        self.buffer(validity)?;
        match data_type {
            DataType::Utf8View | DataType::BinaryView => {
                self.items(length, 16)?;
                let count = self.variadic.get(self.variadic_at).copied().unwrap_or(-1);
                self.variadic_at += 1;
                if count < 0 || count as u64 > self.lengths.len() as u64 {
                    return Err(invalid("a count of buffers is wrong"));
                }
                for _ in 0..count {
                    self.buffer(0)?;
                }
            }
            DataType::Utf8 | DataType::Binary => {
                self.offsets(length, 4)?;
                self.buffer(0)?;
            }
            DataType::LargeUtf8 | DataType::LargeBinary => {
                self.offsets(length, 8)?;
                self.buffer(0)?;
            }
            DataType::List(item) | DataType::Map(item, _) => {
                self.offsets(length, 4)?;
                self.field(item.data_type(), None)?;
            }
            DataType::LargeList(item) => {
                self.offsets(length, 8)?;
                self.field(item.data_type(), None)?;
            }
            DataType::FixedSizeList(item, size) => {
                let size = usize::try_from(*size).map_err(invalid)?;
                let items = length
                    .checked_mul(size)
                    .ok_or_else(|| invalid("a list is too long"))?;
                self.field(item.data_type(), Some(items))?;
            }
            DataType::Struct(fields) => {
                for field in fields {
                    self.field(field.data_type(), Some(length))?;
                }
            }
            DataType::Boolean => self.buffer(length.div_ceil(8))?,
            DataType::FixedSizeBinary(size) => {
                let size = usize::try_from(*size).map_err(invalid)?;
                self.buffer(length.saturating_mul(size))?;
            }
            other => {
                let width = other
                    .primitive_width()
                    .ok_or_else(|| invalid("unknown type"))?;
                self.buffer(length.saturating_mul(width))?;
            }
        }
        Ok(())
    }

    /// A buffer of at least so many bytes.
    fn buffer(&mut self, bytes_min: usize) -> Result<(), StorageError> {
        let length = self
            .lengths
            .get(self.buffer_at)
            .ok_or_else(|| invalid("too few buffers"))?;
        self.buffer_at += 1;
        if *length < bytes_min {
            Err(invalid("a buffer is too short"))
        } else {
            Ok(())
        }
    }

    /// Offsets of so many values; of none there may be no offset at all.
    fn offsets(&mut self, length: usize, width: usize) -> Result<(), StorageError> {
        let count = if length == 0 { 0 } else { length + 1 };
        self.items(count, width)
    }

    /// A buffer of at least so many items, and of no part of one: arrow asserts that.
    fn items(&mut self, count: usize, width: usize) -> Result<(), StorageError> {
        let at = self.buffer_at;
        self.buffer(count.saturating_mul(width))?;
        if self.lengths[at].is_multiple_of(width) {
            Ok(())
        } else {
            Err(invalid("a buffer ends within an item"))
        }
    }

    fn end(&self) -> Result<(), StorageError> {
        let all = self.node_at == self.nodes.len()
            && self.buffer_at == self.lengths.len()
            && self.variadic_at == self.variadic.len();
        if all {
            Ok(())
        } else {
            Err(invalid("more columns than the relation has"))
        }
    }
}
