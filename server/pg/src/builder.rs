//! Arrow columns from PostgreSQL's text and binary values.

mod binary;
mod convert;

pub(crate) use convert::to_type;

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Decimal256Builder,
    Float32Builder, Float64Builder, Int16Builder, Int32Builder, Int64Builder,
    IntervalMonthDayNanoBuilder, ListArray, StringBuilder, Time64MicrosecondBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, FieldRef};
use summit_session::{SqlError, SqlState};

use crate::calendar::Zone;
use crate::parse::{self, Item};
use crate::pg_type::{PgType, Scalar};

/// Gathers values of one column.
pub(crate) struct ColumnBuilder {
    pg_type: PgType,
    /// The type that [`ColumnBuilder::finish`] gives.
    target: DataType,
    values: Values,
    zone: Zone,
}

enum Values {
    Bool(BooleanBuilder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Interval(IntervalMonthDayNanoBuilder),
    Decimal128(Decimal128Builder, u8, i8),
    Decimal256(Decimal256Builder, u8, i8),
    List(Box<ListValues>),
}

struct ListValues {
    field: FieldRef,
    items: ColumnBuilder,
    offsets: Vec<i32>,
    validity: Vec<bool>,
}

impl ColumnBuilder {
    /// For a column.
    ///
    /// # Errors
    /// `0A000` for types that have no input form.
    pub(crate) fn new(field: &Field, zone: Zone) -> Result<Self, SqlError> {
        ColumnBuilder::typed(PgType::of_field(field), field.data_type(), zone)
    }

    /// For values that come as `pg_type` and are wanted as `target`.
    pub(crate) fn typed(pg_type: PgType, target: &DataType, zone: Zone) -> Result<Self, SqlError> {
        let values = match target {
            DataType::Dictionary(_, value) => {
                return Self::retargeted(pg_type, value, target, zone);
            }
            DataType::RunEndEncoded(_, value) => {
                return Self::retargeted(pg_type, value.data_type(), target, zone);
            }
            DataType::Struct(_) | DataType::Map(_, _) | DataType::Union(_, _) => {
                return Err(SqlError::unsupported(
                    format!("no input is defined for columns of type {target}"),
                    "Give the fields as columns of their own.",
                ));
            }
            DataType::List(item)
            | DataType::LargeList(item)
            | DataType::FixedSizeList(item, _)
            | DataType::ListView(item)
            | DataType::LargeListView(item) => {
                let nested = PgType::of_field(item).array;
                let item_type = PgType {
                    array: nested,
                    ..pg_type
                };
                Values::List(Box::new(ListValues {
                    field: Arc::clone(item),
                    items: ColumnBuilder::typed(item_type, item.data_type(), zone)?,
                    offsets: vec![0],
                    validity: Vec::new(),
                }))
            }
            _ => Values::scalar(pg_type.scalar, target),
        };
        Ok(ColumnBuilder {
            pg_type,
            target: target.clone(),
            values,
            zone,
        })
    }

    fn retargeted(
        pg_type: PgType,
        held: &DataType,
        target: &DataType,
        zone: Zone,
    ) -> Result<Self, SqlError> {
        let mut builder = Self::typed(pg_type, held, zone)?;
        builder.target = target.clone();
        Ok(builder)
    }

    pub(crate) fn append_null(&mut self) {
        match &mut self.values {
            Values::Bool(builder) => builder.append_null(),
            Values::Int16(builder) => builder.append_null(),
            Values::Int32(builder) => builder.append_null(),
            Values::Int64(builder) => builder.append_null(),
            Values::Float32(builder) => builder.append_null(),
            Values::Float64(builder) => builder.append_null(),
            Values::Text(builder) => builder.append_null(),
            Values::Bytes(builder) => builder.append_null(),
            Values::Date(builder) => builder.append_null(),
            Values::Time(builder) => builder.append_null(),
            Values::Timestamp(builder) => builder.append_null(),
            Values::Interval(builder) => builder.append_null(),
            Values::Decimal128(builder, ..) => builder.append_null(),
            Values::Decimal256(builder, ..) => builder.append_null(),
            Values::List(list) => list.close(false),
        }
    }

    /// Appends a value in its text form.
    ///
    /// # Errors
    /// PostgreSQL's: `22P02`, `22003`, `22007`, `22008`, …
    pub(crate) fn append_text(&mut self, text: &str) -> Result<(), SqlError> {
        let name = self.pg_type.scalar.name();
        match &mut self.values {
            Values::Bool(builder) => builder.append_value(parse::boolean(text)?),
            Values::Int16(builder) => {
                let value = parse::integer(text, name, i64::from(i16::MIN), i64::from(i16::MAX))?;
                builder.append_value(value as i16);
            }
            Values::Int32(builder) => {
                let value = parse::integer(text, name, i64::from(i32::MIN), i64::from(i32::MAX))?;
                builder.append_value(value as i32);
            }
            Values::Int64(builder) => {
                let (min, max) = match self.pg_type.scalar {
                    Scalar::Oid => (0, i64::from(u32::MAX)),
                    _ => (i64::MIN, i64::MAX),
                };
                builder.append_value(parse::integer(text, name, min, max)?);
            }
            Values::Float32(builder) => builder.append_value(parse::real(text)?),
            Values::Float64(builder) => builder.append_value(parse::double(text)?),
            Values::Text(builder) => match self.pg_type.scalar {
                Scalar::Uuid => builder.append_value(parse::uuid(text)?),
                Scalar::Varchar | Scalar::Bpchar => {
                    builder.append_value(fit(text, self.pg_type)?);
                }
                _ => builder.append_value(text),
            },
            Values::Bytes(builder) => match self.pg_type.scalar {
                Scalar::Uuid => builder.append_value(
                    parse::uuid_bytes(text).ok_or_else(|| parse::invalid("uuid", text))?,
                ),
                _ => builder.append_value(parse::bytea(text)?),
            },
            Values::Date(builder) => builder.append_value(parse::date(text)?),
            Values::Time(builder) => builder.append_value(parse::time(text)?),
            Values::Timestamp(builder) => builder.append_value(match self.pg_type.scalar {
                Scalar::Timestamptz => parse::timestamptz(text, self.zone)?,
                _ => parse::timestamp(text)?,
            }),
            Values::Interval(builder) => builder.append_value(parse::interval(text)?),
            Values::Decimal128(builder, precision, scale) => {
                let value = parse::decimal(text, *precision, *scale)?;
                builder.append_value(value.to_i128().expect("38 digits fit 128 bits"));
            }
            Values::Decimal256(builder, precision, scale) => {
                builder.append_value(parse::decimal(text, *precision, *scale)?);
            }
            Values::List(_) => {
                let items = parse::array(text)?;
                self.append_items(items)
                    .map_err(|error| error.unwrap_or_else(|| ragged(text)))?;
            }
        }
        Ok(())
    }

    /// Appends a list. `Err(None)`: items and lists are mixed, or nested too deep.
    fn append_items(&mut self, items: Vec<Item>) -> Result<(), Option<SqlError>> {
        let Values::List(list) = &mut self.values else {
            return Err(None);
        };
        for item in items {
            match item {
                Item::Null => list.items.append_null(),
                Item::Text(text) if list.items.is_list() => {
                    drop(text);
                    return Err(None);
                }
                Item::Text(text) => list.items.append_text(&text)?,
                Item::List(inner) => list.items.append_items(inner)?,
            }
        }
        list.close(true);
        Ok(())
    }

    fn is_list(&self) -> bool {
        matches!(self.values, Values::List(_))
    }

    /// Appends a value in its binary form.
    ///
    /// # Errors
    /// `22P03` when the bytes are no such value.
    pub(crate) fn append_binary(&mut self, bytes: &[u8]) -> Result<(), SqlError> {
        binary::append(self, bytes)
    }

    /// The column of what was appended; the builder is empty then.
    ///
    /// # Errors
    /// `22003`, `22008` when a value does not fit the column's type.
    pub(crate) fn finish(&mut self) -> Result<ArrayRef, SqlError> {
        let array: ArrayRef = match &mut self.values {
            Values::Bool(builder) => Arc::new(builder.finish()),
            Values::Int16(builder) => Arc::new(builder.finish()),
            Values::Int32(builder) => Arc::new(builder.finish()),
            Values::Int64(builder) => Arc::new(builder.finish()),
            Values::Float32(builder) => Arc::new(builder.finish()),
            Values::Float64(builder) => Arc::new(builder.finish()),
            Values::Text(builder) => Arc::new(builder.finish()),
            Values::Bytes(builder) => Arc::new(builder.finish()),
            Values::Date(builder) => Arc::new(builder.finish()),
            Values::Time(builder) => Arc::new(builder.finish()),
            Values::Timestamp(builder) => match self.pg_type.scalar {
                Scalar::Timestamptz => Arc::new(builder.finish().with_timezone("UTC")),
                _ => Arc::new(builder.finish()),
            },
            Values::Interval(builder) => Arc::new(builder.finish()),
            Values::Decimal128(builder, ..) => Arc::new(builder.finish()),
            Values::Decimal256(builder, ..) => Arc::new(builder.finish()),
            Values::List(list) => Arc::new(list.finish()?),
        };
        convert::to_type(&array, &self.target)
    }
}

impl Values {
    /// The builder for a type; `target` only chooses between the widths of decimals.
    fn scalar(scalar: Scalar, target: &DataType) -> Values {
        match scalar {
            Scalar::Bool => Values::Bool(BooleanBuilder::new()),
            Scalar::Int2 => Values::Int16(Int16Builder::new()),
            Scalar::Int4 => Values::Int32(Int32Builder::new()),
            Scalar::Int8 | Scalar::Oid => Values::Int64(Int64Builder::new()),
            Scalar::Float4 => Values::Float32(Float32Builder::new()),
            Scalar::Float8 => Values::Float64(Float64Builder::new()),
            Scalar::Bytea => Values::Bytes(BinaryBuilder::new()),
            Scalar::Date => Values::Date(Date32Builder::new()),
            Scalar::Time => Values::Time(Time64MicrosecondBuilder::new()),
            Scalar::Timestamp | Scalar::Timestamptz => {
                Values::Timestamp(TimestampMicrosecondBuilder::new())
            }
            Scalar::Interval => Values::Interval(IntervalMonthDayNanoBuilder::new()),
            Scalar::Numeric => match *target {
                DataType::Decimal256(precision, scale) => Values::Decimal256(
                    Decimal256Builder::new().with_data_type(target.clone()),
                    precision,
                    scale,
                ),
                DataType::Decimal128(precision, scale)
                | DataType::Decimal64(precision, scale)
                | DataType::Decimal32(precision, scale) => decimal128(precision, scale),
                DataType::UInt64 => decimal128(20, 0),
                // what is not a number of digits takes the general form first
                _ => decimal128(38, 18),
            },
            Scalar::Uuid
                if matches!(
                    target,
                    DataType::Binary
                        | DataType::LargeBinary
                        | DataType::BinaryView
                        | DataType::FixedSizeBinary(_)
                ) =>
            {
                Values::Bytes(BinaryBuilder::new())
            }
            Scalar::Char
            | Scalar::Name
            | Scalar::Text
            | Scalar::Unknown
            | Scalar::Bpchar
            | Scalar::Varchar
            | Scalar::Uuid
            | Scalar::Json
            | Scalar::Jsonb => Values::Text(StringBuilder::new()),
        }
    }
}

fn decimal128(precision: u8, scale: i8) -> Values {
    let builder = Decimal128Builder::new().with_data_type(DataType::Decimal128(precision, scale));
    Values::Decimal128(builder, precision, scale)
}

impl ListValues {
    fn close(&mut self, valid: bool) {
        let end = self.items.len();
        self.offsets
            .push(i32::try_from(end).expect("one COPY batch holds fewer than 2^31 items"));
        self.validity.push(valid);
    }

    fn finish(&mut self) -> Result<ListArray, SqlError> {
        let items = self.items.finish()?;
        let offsets = std::mem::replace(&mut self.offsets, vec![0]);
        let validity = std::mem::take(&mut self.validity);
        let nullable = Arc::new(self.field.as_ref().clone().with_nullable(true));
        let list = ListArray::try_new(
            nullable,
            OffsetBuffer::new(ScalarBuffer::from(offsets)),
            items,
            Some(NullBuffer::from(validity)),
        )
        .map_err(|error| SqlError::internal(format!("cannot build a list: {error}")))?;
        Ok(list)
    }
}

impl ColumnBuilder {
    /// How many values it has.
    fn len(&self) -> usize {
        use arrow::array::ArrayBuilder;
        match &self.values {
            Values::Bool(builder) => builder.len(),
            Values::Int16(builder) => builder.len(),
            Values::Int32(builder) => builder.len(),
            Values::Int64(builder) => builder.len(),
            Values::Float32(builder) => builder.len(),
            Values::Float64(builder) => builder.len(),
            Values::Text(builder) => builder.len(),
            Values::Bytes(builder) => builder.len(),
            Values::Date(builder) => builder.len(),
            Values::Time(builder) => builder.len(),
            Values::Timestamp(builder) => builder.len(),
            Values::Interval(builder) => builder.len(),
            Values::Decimal128(builder, ..) => builder.len(),
            Values::Decimal256(builder, ..) => builder.len(),
            Values::List(list) => list.validity.len(),
        }
    }
}

/// A text cut to a `varchar(n)`: only spaces may be lost.
fn fit(text: &str, pg_type: PgType) -> Result<&str, SqlError> {
    let Ok(length) = usize::try_from(pg_type.modifier - 4) else {
        return Ok(text);
    };
    match text.char_indices().nth(length) {
        None => Ok(text),
        Some((end, _)) if text[end..].bytes().all(|byte| byte == b' ') => Ok(&text[..end]),
        Some(_) => Err(SqlError::new(
            SqlState::STRING_TOO_LONG,
            format!(
                "value too long for type {}({length})",
                pg_type.scalar.name()
            ),
        )),
    }
}

fn ragged(text: &str) -> SqlError {
    SqlError::new(
        SqlState::INVALID_TEXT,
        format!("malformed array literal: \"{text}\""),
    )
    .detail("The array has another number of dimensions than the column.")
}
