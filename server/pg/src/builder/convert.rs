//! From the form that values are gathered in to the column's Arrow type.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, new_null_array};
use arrow::compute::kernels::cast::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DataType, IntervalDayTime, IntervalDayTimeType, IntervalMonthDayNanoType, IntervalUnit,
    IntervalYearMonthType,
};
use arrow::error::ArrowError;
use summit_session::{SqlError, SqlState};

use crate::pg_type::PgType;

/// Casts without loss of what was said: a value that does not fit is an error.
pub(crate) fn to_type(array: &ArrayRef, target: &DataType) -> Result<ArrayRef, SqlError> {
    let out_of_range = || {
        SqlError::new(
            SqlState::NUMERIC_OUT_OF_RANGE,
            format!("{} out of range", PgType::of_arrow(target).scalar.name()),
        )
    };
    match (array.data_type(), target) {
        (from, to) if from == to => Ok(Arc::clone(array)),
        (_, DataType::Null) => Ok(new_null_array(&DataType::Null, array.len())),
        (DataType::Interval(IntervalUnit::MonthDayNano), DataType::Interval(unit)) => {
            let intervals = array.as_primitive::<IntervalMonthDayNanoType>();
            let refuse = || ArrowError::ComputeError("interval out of range".to_owned());
            let converted: Result<ArrayRef, ArrowError> = match unit {
                IntervalUnit::YearMonth => intervals
                    .try_unary::<_, IntervalYearMonthType, _>(|value| {
                        if value.days == 0 && value.nanoseconds == 0 {
                            Ok(value.months)
                        } else {
                            Err(refuse())
                        }
                    })
                    .map(|array| Arc::new(array) as ArrayRef),
                IntervalUnit::DayTime => intervals
                    .try_unary::<_, IntervalDayTimeType, _>(|value| {
                        let millis =
                            i32::try_from(value.nanoseconds / 1_000_000).map_err(|_| refuse())?;
                        if value.months == 0 {
                            Ok(IntervalDayTime::new(value.days, millis))
                        } else {
                            Err(refuse())
                        }
                    })
                    .map(|array| Arc::new(array) as ArrayRef),
                IntervalUnit::MonthDayNano => Ok(Arc::clone(array)),
            };
            converted.map_err(|_| out_of_range())
        }
        _ => cast(array, target),
    }
}

fn cast(array: &ArrayRef, target: &DataType) -> Result<ArrayRef, SqlError> {
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(array, target, &options).map_err(|error| match error {
        ArrowError::CastError(_)
        | ArrowError::ComputeError(_)
        | ArrowError::InvalidArgumentError(_)
        | ArrowError::ArithmeticOverflow(_) => {
            let name = PgType::of_arrow(target).scalar.name();
            SqlError::new(
                SqlState::NUMERIC_OUT_OF_RANGE,
                format!("{name} out of range"),
            )
            .detail(error.to_string())
        }
        other => SqlError::internal(format!("cannot convert a value: {other}")),
    })
}
