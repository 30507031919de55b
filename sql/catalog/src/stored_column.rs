//! Columns as they stand in the log: JSON that says its types in words, so that no byte of it
//! can mean anything but a type or an error.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, IntervalUnit, Schema, SchemaRef, TimeUnit};
use serde::{Deserialize, Serialize};

/// A column, or what a list or a record is made of.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredColumn {
    name: String,
    r#type: StoredType,
    nullable: bool,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
}

/// A type of Arrow's.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredType {
    Boolean,
    Int16,
    Int32,
    Int64,
    Float32,
    Float64,
    Decimal { precision: u8, scale: i8 },
    Utf8,
    Binary,
    Date,
    Time,
    Timestamp { zone: Option<String> },
    Interval,
    List(Box<StoredColumn>),
    Struct(Vec<StoredColumn>),
}

/// Whether relations can have columns of a type.
pub fn is_storable(data_type: &DataType) -> bool {
    StoredType::of(data_type).is_some()
}

/// The columns of a relation.
pub(crate) fn write_columns(columns: &Schema) -> Vec<StoredColumn> {
    columns
        .fields()
        .iter()
        .map(|field| {
            StoredColumn::of(field).expect("the planner makes columns of storable types only")
        })
        .collect()
}

/// The columns of a relation.
pub(crate) fn read_columns(columns: Vec<StoredColumn>) -> Result<SchemaRef, String> {
    let fields = columns
        .into_iter()
        .map(StoredColumn::into_field)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Arc::new(Schema::new(fields)))
}

impl StoredColumn {
    fn of(field: &Field) -> Option<Self> {
        let metadata = field.metadata();
        Some(StoredColumn {
            name: field.name().clone(),
            r#type: StoredType::of(field.data_type())?,
            nullable: field.is_nullable(),
            metadata: metadata
                .iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        })
    }

    fn into_field(self) -> Result<Field, String> {
        let field = Field::new(self.name, self.r#type.into_data_type()?, self.nullable);
        Ok(field.with_metadata(self.metadata.into_iter().collect()))
    }
}

impl StoredType {
    fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Boolean => StoredType::Boolean,
            DataType::Int16 => StoredType::Int16,
            DataType::Int32 => StoredType::Int32,
            DataType::Int64 => StoredType::Int64,
            DataType::Float32 => StoredType::Float32,
            DataType::Float64 => StoredType::Float64,
            DataType::Decimal128(precision, scale) => StoredType::Decimal {
                precision: *precision,
                scale: *scale,
            },
            DataType::Utf8 => StoredType::Utf8,
            DataType::Binary => StoredType::Binary,
            DataType::Date32 => StoredType::Date,
            DataType::Time64(TimeUnit::Microsecond) => StoredType::Time,
            DataType::Timestamp(TimeUnit::Microsecond, zone) => StoredType::Timestamp {
                zone: zone.as_ref().map(|zone| zone.to_string()),
            },
            DataType::Interval(IntervalUnit::MonthDayNano) => StoredType::Interval,
            DataType::List(item) => StoredType::List(Box::new(StoredColumn::of(item)?)),
            DataType::Struct(fields) => StoredType::Struct(
                fields
                    .iter()
                    .map(|field| StoredColumn::of(field))
                    .collect::<Option<_>>()?,
            ),
            _ => return None,
        })
    }

    fn into_data_type(self) -> Result<DataType, String> {
        Ok(match self {
            StoredType::Boolean => DataType::Boolean,
            StoredType::Int16 => DataType::Int16,
            StoredType::Int32 => DataType::Int32,
            StoredType::Int64 => DataType::Int64,
            StoredType::Float32 => DataType::Float32,
            StoredType::Float64 => DataType::Float64,
            StoredType::Decimal { precision, scale } => {
                if !(1..=38).contains(&precision) || scale.unsigned_abs() > precision {
                    return Err(format!("numeric({precision},{scale})"));
                }
                DataType::Decimal128(precision, scale)
            }
            StoredType::Utf8 => DataType::Utf8,
            StoredType::Binary => DataType::Binary,
            StoredType::Date => DataType::Date32,
            StoredType::Time => DataType::Time64(TimeUnit::Microsecond),
            StoredType::Timestamp { zone } => {
                DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into))
            }
            StoredType::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
            StoredType::List(item) => DataType::List(Arc::new(item.into_field()?)),
            StoredType::Struct(fields) => DataType::Struct(
                fields
                    .into_iter()
                    .map(StoredColumn::into_field)
                    .collect::<Result<_, _>>()?,
            ),
        })
    }
}
