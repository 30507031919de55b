//! Rows as bytes that compare as the rows do.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float32Array, Float64Array};
use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::row::{RowConverter, Rows, SortField};

use crate::FlowError;

/// Encodes columns to rows of bytes and back. Without columns every row is empty.
pub(crate) struct RowEncoder {
    converter: Option<RowConverter>,
}

/// Encoded rows.
pub(crate) struct EncodedRows(Option<Rows>);

impl RowEncoder {
    /// For columns of these types.
    pub(crate) fn new<'a>(
        types: impl IntoIterator<Item = &'a DataType>,
    ) -> Result<Self, FlowError> {
        let sorted = types
            .into_iter()
            .map(|data_type| (data_type.clone(), SortOptions::default()));
        RowEncoder::sorted(sorted)
    }

    /// For columns of these types, each ordered so.
    pub(crate) fn sorted(
        columns: impl IntoIterator<Item = (DataType, SortOptions)>,
    ) -> Result<Self, FlowError> {
        let fields: Vec<SortField> = columns
            .into_iter()
            .map(|(data_type, options)| SortField::new_with_options(data_type, options))
            .collect();
        let converter = match fields.is_empty() {
            true => None,
            false => Some(RowConverter::new(fields)?),
        };
        Ok(RowEncoder { converter })
    }

    /// The rows of these columns.
    pub(crate) fn encode(&self, columns: &[ArrayRef]) -> Result<EncodedRows, FlowError> {
        match &self.converter {
            Some(converter) => Ok(EncodedRows(Some(converter.convert_columns(columns)?))),
            None => Ok(EncodedRows(None)),
        }
    }

    /// The columns of these rows, which this encoder made.
    pub(crate) fn decode<'a>(
        &self,
        rows: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Vec<ArrayRef>, FlowError> {
        match &self.converter {
            Some(converter) => {
                let parser = converter.parser();
                Ok(converter.convert_rows(rows.into_iter().map(|bytes| parser.parse(bytes)))?)
            }
            None => Ok(Vec::new()),
        }
    }
}

impl EncodedRows {
    /// A row's bytes.
    pub(crate) fn get(&self, row: usize) -> &[u8] {
        match &self.0 {
            Some(rows) => rows.row(row).data(),
            None => &[],
        }
    }
}

/// Floats as keys: PostgreSQL holds -0 and 0 equal, and every NaN equal.
pub(crate) fn normalize_floats(column: ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Float64 => {
            let floats = column.as_primitive::<Float64Type>();
            if floats
                .values()
                .iter()
                .all(|value| value.to_bits() == key64(*value).to_bits())
            {
                return column;
            }
            Arc::new(floats.unary::<_, Float64Type>(key64)) as Arc<Float64Array>
        }
        DataType::Float32 => {
            let floats = column.as_primitive::<Float32Type>();
            Arc::new(floats.unary::<_, Float32Type>(key32)) as Arc<Float32Array>
        }
        _ => column,
    }
}

fn key64(value: f64) -> f64 {
    if value.is_nan() {
        f64::NAN
    } else if value == 0.0 {
        0.0
    } else {
        value
    }
}

fn key32(value: f32) -> f32 {
    if value.is_nan() {
        f32::NAN
    } else if value == 0.0 {
        0.0
    } else {
        value
    }
}
