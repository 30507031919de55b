//! Constant intervals: the sizes of windows and the delays of watermarks.

use arrow::datatypes::{DataType, IntervalUnit};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use summit_catalog::{SqlError, SqlState};

const DAY_MICROS: i64 = 86_400_000_000;

/// The microseconds of a constant interval; `what` names it in errors ("the size of TUMBLE").
///
/// # Errors
/// `42804` for what is no interval, `22023` for one that is not constant, `0A000` for months.
pub(crate) fn constant_micros(expr: &Expr, what: &str) -> Result<i64, SqlError> {
    let (months, days, nanos) = match constant(expr, what)? {
        ScalarValue::IntervalMonthDayNano(Some(value)) => {
            (value.months, i64::from(value.days), value.nanoseconds)
        }
        ScalarValue::IntervalDayTime(Some(value)) => (
            0,
            i64::from(value.days),
            i64::from(value.milliseconds) * 1_000_000,
        ),
        ScalarValue::IntervalYearMonth(Some(months)) => (months, 0, 0),
        ScalarValue::IntervalMonthDayNano(None) => {
            return Err(SqlError::new(
                SqlState::INVALID_PARAMETER,
                format!("{what} must not be null"),
            ));
        }
        other => {
            return Err(SqlError::new(
                SqlState::DATATYPE_MISMATCH,
                format!(
                    "{what} must be type interval, not type {}",
                    summit_catalog::types::type_name(&other.data_type())
                ),
            )
            .hint("Write it as INTERVAL '1 hour'."));
        }
    };
    if months != 0 {
        return Err(SqlError::unsupported(
            format!("{what} cannot have months or years: they have no fixed length"),
            "Use days, hours, minutes or seconds, as in INTERVAL '30 days'.",
        ));
    }
    if nanos % 1000 != 0 {
        return Err(SqlError::new(
            SqlState::INVALID_PARAMETER,
            format!("{what} must be whole microseconds"),
        ));
    }
    days.checked_mul(DAY_MICROS)
        .and_then(|days| days.checked_add(nanos / 1000))
        .ok_or_else(|| {
            SqlError::new(
                SqlState::DATETIME_OVERFLOW,
                format!("{what} is out of range"),
            )
        })
}

/// [`constant_micros`] that must be at least one.
pub(crate) fn positive_micros(expr: &Expr, what: &str) -> Result<i64, SqlError> {
    let micros = constant_micros(expr, what)?;
    if micros < 1 {
        return Err(SqlError::new(
            SqlState::INVALID_PARAMETER,
            format!("{what} must be greater than zero"),
        ));
    }
    Ok(micros)
}

fn constant(expr: &Expr, what: &str) -> Result<ScalarValue, SqlError> {
    const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);
    match expr {
        // A string of no type yet becomes an interval, as in PostgreSQL.
        Expr::Literal(value @ ScalarValue::Utf8(Some(_)), _) => {
            value.cast_to(&INTERVAL).map_err(crate::sql_error)
        }
        Expr::Literal(value, _) => Ok(value.clone()),
        Expr::Cast(cast) if matches!(cast.field.data_type(), DataType::Interval(_)) => {
            constant(&cast.expr, what)
        }
        Expr::Negative(inner) => match constant(inner, what)? {
            ScalarValue::IntervalMonthDayNano(Some(_)) => Err(SqlError::new(
                SqlState::INVALID_PARAMETER,
                format!("{what} must not be negative"),
            )),
            other => Ok(other),
        },
        Expr::Alias(alias) => constant(&alias.expr, what),
        _ => Err(SqlError::new(
            SqlState::INVALID_PARAMETER,
            format!("{what} must be constant"),
        )
        .hint("Write it as INTERVAL '1 hour'.")),
    }
}
