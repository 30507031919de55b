//! The arithmetic of windows, as scalar functions: views and queries share it.
//!
//! Windows are aligned to the Unix epoch (plus an offset) and half open: a window that starts
//! at `s` has the instants from `s` to just before `s + size`. All numbers are microseconds.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, ListArray, PrimitiveArray, TimestampMicrosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, lit,
};
use summit_catalog::{SqlError, SqlState};

use crate::error::external;
use crate::limits::HOP_WINDOWS_MAX;

/// `summit_tumble_start(ts, size, offset)`
pub(crate) fn tumble_start(ts: Expr, size: i64, offset: i64) -> Expr {
    ScalarUDF::new_from_impl(WindowFunction::new(Kind::TumbleStart)).call(vec![
        ts,
        lit(size),
        lit(offset),
    ])
}

/// `summit_hop_starts(ts, slide, size, offset)`: a list, in ascending order.
pub(crate) fn hop_starts(ts: Expr, slide: i64, size: i64, offset: i64) -> Expr {
    ScalarUDF::new_from_impl(WindowFunction::new(Kind::HopStarts)).call(vec![
        ts,
        lit(slide),
        lit(size),
        lit(offset),
    ])
}

/// `summit_window_end(start, size)`
pub(crate) fn window_end(start: Expr, size: i64) -> Expr {
    ScalarUDF::new_from_impl(WindowFunction::new(Kind::WindowEnd)).call(vec![start, lit(size)])
}

/// All of them, for the registry.
pub(crate) fn all() -> Vec<Arc<ScalarUDF>> {
    [Kind::TumbleStart, Kind::HopStarts, Kind::WindowEnd]
        .into_iter()
        .map(|kind| Arc::new(ScalarUDF::new_from_impl(WindowFunction::new(kind))))
        .collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    TumbleStart,
    HopStarts,
    WindowEnd,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct WindowFunction {
    kind: Kind,
    signature: Signature,
}

impl WindowFunction {
    fn new(kind: Kind) -> Self {
        let arguments = match kind {
            Kind::TumbleStart => 3,
            Kind::HopStarts => 4,
            Kind::WindowEnd => 2,
        };
        WindowFunction {
            kind,
            signature: Signature::any(arguments, Volatility::Immutable),
        }
    }

    fn type_for(&self, argument_types: &[DataType]) -> Result<DataType> {
        let (Some(DataType::Timestamp(TimeUnit::Microsecond, _)), true) = (
            argument_types.first(),
            argument_types
                .iter()
                .skip(1)
                .all(|data_type| *data_type == DataType::Int64),
        ) else {
            return Err(external(SqlError::new(
                SqlState::UNDEFINED_FUNCTION,
                format!("{} takes a timestamp and bigints", self.name()),
            )));
        };
        let timestamp = argument_types[0].clone();
        Ok(match self.kind {
            Kind::HopStarts => DataType::List(Arc::new(Field::new_list_field(timestamp, true))),
            Kind::TumbleStart | Kind::WindowEnd => timestamp,
        })
    }
}

impl ScalarUDFImpl for WindowFunction {
    fn name(&self) -> &str {
        match self.kind {
            Kind::TumbleStart => "summit_tumble_start",
            Kind::HopStarts => "summit_hop_starts",
            Kind::WindowEnd => "summit_window_end",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, argument_types: &[DataType]) -> Result<DataType> {
        self.type_for(argument_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let types: Vec<_> = args
            .arg_fields
            .iter()
            .map(|field| field.data_type().clone())
            .collect();
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(
            self.name(),
            self.type_for(&types)?,
            nullable,
        )))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = matches!(args.args.first(), Some(ColumnarValue::Scalar(_)));
        let rows = if scalar { 1 } else { args.number_rows };
        let timestamps = args.args[0].to_array(rows)?;
        let zone = match timestamps.data_type() {
            DataType::Timestamp(TimeUnit::Microsecond, zone) => zone.clone(),
            other => {
                return Err(external(SqlError::internal(format!(
                    "{} of {other}",
                    self.name()
                ))));
            }
        };
        let timestamps = timestamps.as_primitive::<TimestampMicrosecondType>();
        let constants = args.args[1..]
            .iter()
            .map(constant)
            .collect::<Result<Vec<_>>>()?;
        let Some(constants) = constants.into_iter().collect::<Option<Vec<i64>>>() else {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_new_null(
                args.return_field.data_type(),
            )?));
        };
        let result: ArrayRef = match (self.kind, constants.as_slice()) {
            (Kind::TumbleStart, [size, offset]) => Arc::new(
                map(timestamps, |ts| last_start(ts, positive(*size)?, *offset))?
                    .with_timezone_opt(zone),
            ),
            (Kind::WindowEnd, [size]) => Arc::new(
                map(timestamps, |ts| {
                    ts.checked_add(*size).ok_or_else(out_of_range)
                })?
                .with_timezone_opt(zone),
            ),
            (Kind::HopStarts, [slide, size, offset]) => {
                let hop = Hop {
                    slide: positive(*slide)?,
                    size: positive(*size)?,
                    offset: *offset,
                };
                Arc::new(hop.starts(timestamps, zone)?)
            }
            _ => return Err(external(SqlError::internal("wrong number of arguments"))),
        };
        if scalar {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(
                &result, 0,
            )?));
        }
        Ok(ColumnarValue::Array(result))
    }
}

fn constant(value: &ColumnarValue) -> Result<Option<i64>> {
    match value {
        ColumnarValue::Scalar(ScalarValue::Int64(value)) => Ok(*value),
        ColumnarValue::Array(array) => {
            // A constant that was spread over the batch.
            let values: &Int64Array = array.as_primitive::<Int64Type>();
            match values.len() {
                0 => Ok(Some(1)),
                _ if values.null_count() > 0 => Ok(None),
                _ if values
                    .values()
                    .iter()
                    .all(|value| *value == values.value(0)) =>
                {
                    Ok(Some(values.value(0)))
                }
                _ => Err(external(SqlError::new(
                    SqlState::INVALID_PARAMETER,
                    "the size of a window must be constant",
                ))),
            }
        }
        ColumnarValue::Scalar(_) => Err(external(SqlError::internal("a size that is no bigint"))),
    }
}

fn positive(micros: i64) -> Result<i64> {
    if micros > 0 {
        Ok(micros)
    } else {
        Err(external(SqlError::new(
            SqlState::INVALID_PARAMETER,
            "the size of a window must be greater than zero",
        )))
    }
}

fn out_of_range() -> datafusion::common::DataFusionError {
    external(SqlError::new(
        SqlState::DATETIME_OVERFLOW,
        "timestamp out of range",
    ))
}

fn map(
    timestamps: &TimestampMicrosecondArray,
    apply: impl Fn(i64) -> Result<i64>,
) -> Result<TimestampMicrosecondArray> {
    let nulls = timestamps.nulls().cloned();
    let values = timestamps
        .iter()
        .map(|ts| ts.map_or(Ok(0), &apply))
        .collect::<Result<Vec<i64>>>()?;
    Ok(PrimitiveArray::new(values.into(), nulls))
}

/// The start of the last window that begins at or before `ts`.
fn last_start(ts: i64, every: i64, offset: i64) -> Result<i64> {
    // Whole windows since the epoch, rounded down: right for instants before it too.
    let since = i128::from(ts) - i128::from(offset);
    let start = since.div_euclid(i128::from(every)) * i128::from(every) + i128::from(offset);
    i64::try_from(start).map_err(|_| out_of_range())
}

struct Hop {
    slide: i64,
    size: i64,
    offset: i64,
}

impl Hop {
    fn starts(
        &self,
        timestamps: &TimestampMicrosecondArray,
        zone: Option<Arc<str>>,
    ) -> Result<ListArray> {
        if windows_per_row(self.size, self.slide) > HOP_WINDOWS_MAX {
            return Err(external(too_many_windows(self.size, self.slide)));
        }
        let mut values: Vec<i64> = Vec::new();
        let mut lengths: Vec<usize> = Vec::with_capacity(timestamps.len());
        for ts in timestamps {
            let before = values.len();
            if let Some(ts) = ts {
                let last = last_start(ts, self.slide, self.offset)?;
                let after = ts.checked_sub(self.size).ok_or_else(out_of_range)?;
                let count = i128::from(last) - i128::from(after);
                let count = (count + i128::from(self.slide) - 1).div_euclid(i128::from(self.slide));
                for back in (0..count.max(0)).rev() {
                    let start = i128::from(last) - back * i128::from(self.slide);
                    values.push(i64::try_from(start).map_err(|_| out_of_range())?);
                }
            }
            lengths.push(values.len() - before);
        }
        let values = TimestampMicrosecondArray::from(values).with_timezone_opt(zone);
        let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
        let nulls: Option<NullBuffer> = timestamps.nulls().cloned();
        Ok(ListArray::new(
            field,
            OffsetBuffer::from_lengths(lengths),
            Arc::new(values),
            nulls,
        ))
    }
}

/// The most windows that one row can fall into.
pub(crate) fn windows_per_row(size: i64, slide: i64) -> i64 {
    size / slide + i64::from(size % slide != 0)
}

pub(crate) fn too_many_windows(size: i64, slide: i64) -> SqlError {
    SqlError::new(
        SqlState::PROGRAM_LIMIT,
        format!(
            "each row would fall into {} windows, the most is {HOP_WINDOWS_MAX}",
            windows_per_row(size, slide)
        ),
    )
    .hint("Use a longer slide or a shorter size.")
}

#[cfg(test)]
#[path = "window_functions_tests.rs"]
mod tests;
