//! Which partition a row belongs to.
//!
//! The hash of a row never changes: a key that moved to another partition would be out of
//! order. So it is defined here, over values, and not by a library's encoding:
//!
//! - FNV-1a of 64 bits over the key's columns in order, each value as below, and finished
//!   by MurmurHash3's 64-bit finalizer. The partition is the result modulo their number.
//! - NULL: byte 0. Any other value: byte 1, then the value.
//! - Boolean: one byte. Integers, dates, times, timestamps, durations: as i64 (u64), eight
//!   bytes little-endian, so that widening a column moves no key. Floats: as f64, eight
//!   bytes, -0 as 0 and every NaN as 0x7ff8000000000000. Decimals up to 128 bits: sixteen
//!   bytes. Text and bytes: length as eight bytes, then the bytes. Any other type: its text
//!   as Arrow prints it.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type, UInt64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::limits::CHUNK_ROWS;
use crate::parts::arrow_error;
use crate::{PartitionId, StorageError};

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// Splits rows by partition, in the order of partitions, rows of one in the order given.
/// With `partition_by`, rows of equal values in those columns come into the same partition,
/// for ever. Without, pieces of up to 8192 rows go round all partitions, the first to
/// `round_robin_start` modulo their number: a small batch stays whole.
///
/// # Errors
/// [`StorageError::Invalid`] when a column is not there or there is no partition.
pub fn partition_rows(
    batch: &RecordBatch,
    partition_by: &[usize],
    partitions: u32,
    round_robin_start: u64,
) -> Result<Vec<(PartitionId, RecordBatch)>, StorageError> {
    if partitions == 0 {
        return Err(StorageError::Invalid(
            "a stream without partitions".to_owned(),
        ));
    }
    if batch.num_rows() == 0 {
        return Ok(Vec::new());
    }
    if partitions == 1 {
        return Ok(vec![(PartitionId(0), batch.clone())]);
    }
    let mut rows: Vec<Vec<u32>> = vec![Vec::new(); partitions as usize];
    if partition_by.is_empty() {
        let start = round_robin_start % u64::from(partitions);
        if batch.num_rows() <= CHUNK_ROWS {
            return Ok(vec![(PartitionId(start as u32), batch.clone())]);
        }
        for row in 0..batch.num_rows() {
            let piece = (row / CHUNK_ROWS) as u64;
            rows[((start + piece) % u64::from(partitions)) as usize].push(row as u32);
        }
    } else {
        for (row, hash) in row_hashes(batch, partition_by)?.into_iter().enumerate() {
            rows[(hash % u64::from(partitions)) as usize].push(row as u32);
        }
    }
    let mut parts = Vec::new();
    for (partition, rows) in rows
        .into_iter()
        .enumerate()
        .filter(|(_, rows)| !rows.is_empty())
    {
        let part = if rows.len() == batch.num_rows() {
            batch.clone()
        } else {
            take_record_batch(batch, &UInt32Array::from(rows)).map_err(arrow_error)?
        };
        parts.push((PartitionId(partition as u32), part));
    }
    Ok(parts)
}

fn row_hashes(batch: &RecordBatch, columns: &[usize]) -> Result<Vec<u64>, StorageError> {
    let mut hashes = vec![FNV_OFFSET; batch.num_rows()];
    for column in columns {
        let column = batch.columns().get(*column).ok_or_else(|| {
            StorageError::Invalid(format!("partition column {column} is not in the relation"))
        })?;
        hash_column(column, &mut hashes)?;
    }
    for hash in &mut hashes {
        *hash = finished(*hash);
    }
    Ok(hashes)
}

fn hash_column(column: &ArrayRef, hashes: &mut [u64]) -> Result<(), StorageError> {
    let as_type = |to: DataType| cast(column, &to).map_err(arrow_error);
    match column.data_type() {
        DataType::Boolean => {
            let values = column.as_boolean();
            each(column, hashes, |row, hash| {
                add(hash, &[u8::from(values.value(row))])
            });
        }
        DataType::UInt64 => {
            let values = column.as_primitive::<UInt64Type>();
            each(column, hashes, |row, hash| {
                add(hash, &values.value(row).to_le_bytes())
            });
        }
        DataType::Date32 | DataType::Time32(_) => {
            // no direct cast to 64 bits
            let narrow = as_type(DataType::Int32)?;
            hash_column(&narrow, hashes)?;
        }
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::Date64
        | DataType::Time64(_)
        | DataType::Timestamp(..)
        | DataType::Duration(_) => {
            let wide = as_type(DataType::Int64)?;
            let values = wide.as_primitive::<Int64Type>();
            each(column, hashes, |row, hash| {
                add(hash, &values.value(row).to_le_bytes())
            });
        }
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            let wide = as_type(DataType::Float64)?;
            let values = wide.as_primitive::<Float64Type>();
            each(column, hashes, |row, hash| {
                let value = values.value(row);
                let bits = if value.is_nan() {
                    0x7ff8 << 48
                } else {
                    (value + 0.0).to_bits()
                };
                add(hash, &bits.to_le_bytes())
            });
        }
        DataType::Decimal128(..) => {
            let values = column.as_primitive::<Decimal128Type>();
            each(column, hashes, |row, hash| {
                add(hash, &values.value(row).to_le_bytes())
            });
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let text = as_type(DataType::Utf8View)?;
            let values = text.as_string_view();
            each(column, hashes, |row, hash| {
                add_long(hash, values.value(row).as_bytes())
            });
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            let bytes = as_type(DataType::BinaryView)?;
            let values = bytes.as_binary_view();
            each(column, hashes, |row, hash| {
                add_long(hash, values.value(row))
            });
        }
        _ => {
            let options = FormatOptions::new();
            let texts = ArrayFormatter::try_new(column, &options).map_err(arrow_error)?;
            each(column, hashes, |row, hash| {
                add_long(hash, texts.value(row).to_string().as_bytes())
            });
        }
    }
    Ok(())
}

fn each(column: &ArrayRef, hashes: &mut [u64], value: impl Fn(usize, u64) -> u64) {
    for (row, hash) in hashes.iter_mut().enumerate() {
        *hash = if column.is_null(row) {
            add(*hash, &[0])
        } else {
            value(row, add(*hash, &[1]))
        };
    }
}

fn add_long(hash: u64, bytes: &[u8]) -> u64 {
    add(add(hash, &(bytes.len() as u64).to_le_bytes()), bytes)
}

fn add(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME)
    })
}

fn finished(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}
