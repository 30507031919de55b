//! Rows as bytes: equal bytes, equal rows.

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::unary;
use arrow::datatypes::{DataType, Float32Type, Float64Type, Schema};
use arrow::row::{RowConverter, Rows, SortField};
use std::sync::Arc;

use crate::StorageError;
use crate::parts::arrow_error;

/// Encodes some columns of a relation's rows. Only for comparing within this process: the
/// bytes are never stored.
#[derive(Debug)]
pub(crate) struct RowKey {
    columns: Vec<usize>,
    converter: RowConverter,
    numbers: Numbers,
}

/// When floating point numbers are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// When their bits are: a row that is deleted is the one that was inserted.
    ByBits,
    /// As PostgreSQL's keys have it: -0 is 0, and there is one NaN.
    ByValue,
}

impl RowKey {
    pub fn new(schema: &Schema, columns: &[usize], numbers: Numbers) -> Result<Self, StorageError> {
        let mut fields = Vec::with_capacity(columns.len());
        for column in columns {
            let field = schema.fields().get(*column).ok_or_else(|| {
                StorageError::Invalid(format!("key column {column} is not in the relation"))
            })?;
            fields.push(SortField::new(field.data_type().clone()));
        }
        let converter = RowConverter::new(fields).map_err(arrow_error)?;
        Ok(RowKey {
            columns: columns.to_vec(),
            converter,
            numbers,
        })
    }

    /// Of full rows.
    pub fn of_rows(&self, rows: &RecordBatch) -> Result<Rows, StorageError> {
        let columns: Vec<_> = self
            .columns
            .iter()
            .map(|at| Arc::clone(rows.column(*at)))
            .collect();
        self.of_columns(&columns)
    }

    /// Of the key's columns alone.
    pub fn of_columns(&self, columns: &[ArrayRef]) -> Result<Rows, StorageError> {
        let columns: Vec<_> = match self.numbers {
            Numbers::ByBits => columns.to_vec(),
            Numbers::ByValue => columns.iter().map(same_floats).collect(),
        };
        self.converter
            .convert_columns(&columns)
            .map_err(arrow_error)
    }

    pub fn columns(&self) -> &[usize] {
        &self.columns
    }
}

/// -0 to 0 and every NaN to one.
fn same_floats(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Float32 => {
            let floats = column.as_primitive::<Float32Type>();
            Arc::new(unary::<_, _, Float32Type>(floats, |value| {
                if value.is_nan() {
                    f32::NAN
                } else {
                    value + 0.0
                }
            }))
        }
        DataType::Float64 => {
            let floats = column.as_primitive::<Float64Type>();
            Arc::new(unary::<_, _, Float64Type>(floats, |value| {
                if value.is_nan() {
                    f64::NAN
                } else {
                    value + 0.0
                }
            }))
        }
        _ => Arc::clone(column),
    }
}
