//! A column of a batch, ready to be written row by row.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryViewArray, BooleanArray, Decimal128Array,
    Decimal256Array, FixedSizeBinaryArray, Float32Array, Float64Array, Int16Array, Int32Array,
    Int64Array, IntervalMonthDayNanoArray, LargeBinaryArray, LargeListArray, LargeStringArray,
    StringArray, StringBuilder, StringViewArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::kernels::cast::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, DurationMicrosecondType, DurationMillisecondType,
    DurationNanosecondType, DurationSecondType, Field, Int64Type, IntervalDayTimeType,
    IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType,
    Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow::error::ArrowError;
use arrow::json::writer::{EncoderOptions, make_encoder};
use bytes::{BufMut, BytesMut};
use summit_session::{SqlError, SqlState};

use super::{Format, Style, binary, text};
use crate::calendar::DAY_MICROS;
use crate::pg_type::PgType;

/// A column of a batch with its PostgreSQL type.
pub(crate) struct Column {
    pub(crate) pg_type: PgType,
    pub(crate) values: Values,
    array: ArrayRef,
}

/// Values in one of the forms that can be written. Times are microseconds, dates days since
/// 1970.
pub(crate) enum Values {
    Null,
    Bool(BooleanArray),
    Int16(Int16Array),
    Int32(Int32Array),
    Int64(Int64Array),
    Float32(Float32Array),
    Float64(Float64Array),
    Text(StringArray),
    LargeText(LargeStringArray),
    TextView(StringViewArray),
    Bytes(BinaryArray),
    LargeBytes(LargeBinaryArray),
    BytesView(BinaryViewArray),
    FixedBytes(FixedSizeBinaryArray),
    Date(Int32Array),
    Time(Int64Array),
    Timestamp(Int64Array),
    Interval(IntervalMonthDayNanoArray),
    Decimal128(Decimal128Array, i8),
    Decimal256(Decimal256Array, i8),
    List(OffsetBuffer<i64>, Box<Column>),
}

impl Column {
    /// Prepares a column.
    ///
    /// # Errors
    /// `22008` for times beyond PostgreSQL's, `0A000` for types that have no PostgreSQL form.
    pub(crate) fn new(field: &Field, array: &ArrayRef) -> Result<Column, SqlError> {
        let pg_type = PgType::of_field(field);
        Column::prepare(pg_type, field, array)
    }

    fn prepare(pg_type: PgType, field: &Field, array: &ArrayRef) -> Result<Column, SqlError> {
        use DataType as D;
        let array = match array.data_type() {
            D::Dictionary(_, value) => cast(array, value)?,
            D::RunEndEncoded(_, value) => cast(array, value.data_type())?,
            D::Int8 | D::UInt8 => cast(array, &D::Int16)?,
            D::UInt16 => cast(array, &D::Int32)?,
            D::UInt32 => cast(array, &D::Int64)?,
            D::UInt64 => cast(array, &D::Decimal128(20, 0))?,
            D::Decimal32(p, s) | D::Decimal64(p, s) => cast(array, &D::Decimal128(*p, *s))?,
            D::Float16 => cast(array, &D::Float32)?,
            D::List(item)
            | D::FixedSizeList(item, _)
            | D::ListView(item)
            | D::LargeListView(item) => cast(array, &D::LargeList(Arc::clone(item)))?,
            _ => Arc::clone(array),
        };
        let values = match array.data_type() {
            D::Null => Values::Null,
            D::Boolean => Values::Bool(array.as_boolean().clone()),
            D::Int16 => Values::Int16(array.as_primitive().clone()),
            D::Int32 => Values::Int32(array.as_primitive().clone()),
            D::Int64 => Values::Int64(array.as_primitive().clone()),
            D::Float32 => Values::Float32(array.as_primitive().clone()),
            D::Float64 => Values::Float64(array.as_primitive().clone()),
            D::Utf8 => Values::Text(array.as_string::<i32>().clone()),
            D::LargeUtf8 => Values::LargeText(array.as_string::<i64>().clone()),
            D::Utf8View => Values::TextView(array.as_string_view().clone()),
            D::Binary => Values::Bytes(array.as_binary::<i32>().clone()),
            D::LargeBinary => Values::LargeBytes(array.as_binary::<i64>().clone()),
            D::BinaryView => Values::BytesView(array.as_binary_view().clone()),
            D::FixedSizeBinary(_) => Values::FixedBytes(array.as_fixed_size_binary().clone()),
            D::Date32 => Values::Date(array.as_primitive::<Date32Type>().reinterpret_cast()),
            D::Date64 => Values::Date(
                array
                    .as_primitive::<Date64Type>()
                    .try_unary(|millis| {
                        i32::try_from(millis.div_euclid(DAY_MICROS / 1000)).map_err(overflow)
                    })
                    .map_err(out_of_range)?,
            ),
            D::Time32(TimeUnit::Second) => Values::Time(
                array
                    .as_primitive::<Time32SecondType>()
                    .unary(|v| i64::from(v) * 1_000_000),
            ),
            D::Time32(_) => Values::Time(
                array
                    .as_primitive::<Time32MillisecondType>()
                    .unary(|v| i64::from(v) * 1000),
            ),
            D::Time64(TimeUnit::Nanosecond) => Values::Time(
                array
                    .as_primitive::<Time64NanosecondType>()
                    .unary(|v| v / 1000),
            ),
            D::Time64(_) => Values::Time(
                array
                    .as_primitive::<Time64MicrosecondType>()
                    .reinterpret_cast(),
            ),
            D::Timestamp(unit, _) => Values::Timestamp(timestamp_micros(&array, *unit)?),
            D::Duration(unit) => Values::Interval(interval_of_duration(&array, *unit)?),
            D::Interval(IntervalUnit::YearMonth) => Values::Interval(
                array
                    .as_primitive::<IntervalYearMonthType>()
                    .unary(|months| IntervalMonthDayNano::new(months, 0, 0)),
            ),
            D::Interval(IntervalUnit::DayTime) => {
                Values::Interval(array.as_primitive::<IntervalDayTimeType>().unary(|value| {
                    IntervalMonthDayNano::new(
                        0,
                        value.days,
                        i64::from(value.milliseconds) * 1_000_000,
                    )
                }))
            }
            D::Interval(IntervalUnit::MonthDayNano) => {
                Values::Interval(array.as_primitive::<IntervalMonthDayNanoType>().clone())
            }
            D::Decimal128(_, scale) => Values::Decimal128(array.as_primitive().clone(), *scale),
            D::Decimal256(_, scale) => Values::Decimal256(array.as_primitive().clone(), *scale),
            D::LargeList(item) => {
                let list: &LargeListArray = array.as_list();
                let item_type = PgType {
                    array: false,
                    ..pg_type
                };
                let item_type = if PgType::of_field(item).array {
                    PgType {
                        array: true,
                        ..item_type
                    }
                } else {
                    item_type
                };
                let child = Column::prepare(item_type, item, list.values())?;
                Values::List(list.offsets().clone(), Box::new(child))
            }
            D::Struct(_) | D::Map(_, _) => Values::Text(json(field, &array)?),
            other => {
                return Err(SqlError::unsupported(
                    format!("values of type {other} cannot be sent"),
                    "Cast the column to text.",
                ));
            }
        };
        Ok(Column {
            pg_type,
            values,
            array,
        })
    }

    pub(crate) fn is_null(&self, row: usize) -> bool {
        matches!(self.values, Values::Null) || self.array.is_null(row)
    }

    /// Writes a value with its length in front, as DataRow, binary arrays and binary COPY
    /// want it; NULL is the length -1.
    pub(crate) fn write_value(
        &self,
        row: usize,
        format: Format,
        style: &Style,
        out: &mut BytesMut,
    ) -> Result<(), SqlError> {
        if self.is_null(row) {
            out.put_i32(-1);
            return Ok(());
        }
        let start = out.len();
        out.put_i32(0);
        match format {
            Format::Text => text::write(self, row, style, out)?,
            Format::Binary => binary::write(self, row, style, out)?,
        }
        let length = i32::try_from(out.len() - start - 4)
            .map_err(|_| SqlError::new(SqlState::PROGRAM_LIMIT, "a value is larger than 2 GB"))?;
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }

    /// Writes the text of a value that is not NULL.
    pub(crate) fn write_text(
        &self,
        row: usize,
        style: &Style,
        out: &mut BytesMut,
    ) -> Result<(), SqlError> {
        text::write(self, row, style, out)
    }
}

fn cast(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, SqlError> {
    cast_with_options(
        array,
        to,
        &CastOptions {
            safe: false,
            ..CastOptions::default()
        },
    )
    .map_err(|error| SqlError::internal(format!("cannot send a column: {error}")))
}

fn overflow(_: std::num::TryFromIntError) -> ArrowError {
    ArrowError::ComputeError("out of range".to_owned())
}

fn out_of_range(_: ArrowError) -> SqlError {
    SqlError::new(SqlState::DATETIME_OVERFLOW, "timestamp out of range")
}

fn timestamp_micros(array: &ArrayRef, unit: TimeUnit) -> Result<Int64Array, SqlError> {
    let scaled = |value: i64, by: i64| {
        value
            .checked_mul(by)
            .ok_or_else(|| ArrowError::ComputeError("out of range".to_owned()))
    };
    match unit {
        TimeUnit::Second => array
            .as_primitive::<TimestampSecondType>()
            .try_unary::<_, Int64Type, _>(|v| scaled(v, 1_000_000)),
        TimeUnit::Millisecond => array
            .as_primitive::<TimestampMillisecondType>()
            .try_unary(|v| scaled(v, 1000)),
        TimeUnit::Microsecond => Ok(array
            .as_primitive::<TimestampMicrosecondType>()
            .reinterpret_cast()),
        TimeUnit::Nanosecond => Ok(array
            .as_primitive::<TimestampNanosecondType>()
            .unary(|v| v.div_euclid(1000))),
    }
    .map_err(out_of_range)
}

fn interval_of_duration(
    array: &ArrayRef,
    unit: TimeUnit,
) -> Result<IntervalMonthDayNanoArray, SqlError> {
    let scaled = |value: i64, by: i64| {
        value
            .checked_mul(by)
            .map(|nanos| IntervalMonthDayNano::new(0, 0, nanos))
            .ok_or_else(|| ArrowError::ComputeError("out of range".to_owned()))
    };
    match unit {
        TimeUnit::Second => array
            .as_primitive::<DurationSecondType>()
            .try_unary::<_, IntervalMonthDayNanoType, _>(|v| scaled(v, 1_000_000_000)),
        TimeUnit::Millisecond => array
            .as_primitive::<DurationMillisecondType>()
            .try_unary(|v| scaled(v, 1_000_000)),
        TimeUnit::Microsecond => array
            .as_primitive::<DurationMicrosecondType>()
            .try_unary(|v| scaled(v, 1000)),
        TimeUnit::Nanosecond => array
            .as_primitive::<DurationNanosecondType>()
            .try_unary(|v| scaled(v, 1)),
    }
    .map_err(|_| SqlError::new(SqlState::DATETIME_OVERFLOW, "interval out of range"))
}

/// Structs and maps as JSON.
fn json(field: &Field, array: &ArrayRef) -> Result<StringArray, SqlError> {
    let failed = |error: ArrowError| SqlError::internal(format!("cannot send a column: {error}"));
    let field = Arc::new(field.clone());
    let options = EncoderOptions::default().with_explicit_nulls(true);
    let mut encoder = make_encoder(&field, array, &options).map_err(failed)?;
    let mut builder = StringBuilder::new();
    let mut bytes = Vec::new();
    for row in 0..array.len() {
        if array.is_null(row) {
            builder.append_null();
            continue;
        }
        bytes.clear();
        encoder.encode(row, &mut bytes);
        builder.append_value(String::from_utf8_lossy(&bytes));
    }
    Ok(builder.finish())
}
