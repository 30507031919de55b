//! Intervals times numbers, which DataFusion has not.

use std::sync::Arc;

use arrow::array::{Array, AsArray, IntervalMonthDayNanoArray};
use arrow::datatypes::{
    DataType, Float64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit,
};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{
    ColumnarValue, ExprSchemable, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, cast,
};
use sqlparser::ast::BinaryOperator;
use summit_catalog::{SqlError, SqlState};

use crate::error::external;

const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);
const DAYS_PER_MONTH: f64 = 30.0;
const NANOS_PER_DAY: f64 = 86_400e9;

/// Plans `interval * number` and `number * interval`.
#[derive(Debug)]
pub(crate) struct IntervalTimes;

impl ExprPlanner for IntervalTimes {
    fn plan_binary_op(
        &self,
        expr: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        if expr.op != BinaryOperator::Multiply {
            return Ok(PlannerResult::Original(expr));
        }
        let types = (expr.left.get_type(schema)?, expr.right.get_type(schema)?);
        // What has no type yet can only be a number here.
        let is_number = |data_type: &DataType| data_type.is_numeric() || data_type.is_null();
        let (interval, number) = match types {
            (DataType::Interval(_), number) if is_number(&number) => (expr.left, expr.right),
            (number, DataType::Interval(_)) if is_number(&number) => (expr.right, expr.left),
            _ => return Ok(PlannerResult::Original(expr)),
        };
        let arguments = vec![cast(interval, INTERVAL), cast(number, DataType::Float64)];
        Ok(PlannerResult::Planned(times().call(arguments)))
    }
}

/// `summit_interval_times(interval, double precision)`
pub(crate) fn times() -> ScalarUDF {
    ScalarUDF::new_from_impl(Times {
        signature: Signature::exact(vec![INTERVAL, DataType::Float64], Volatility::Immutable),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Times {
    signature: Signature,
}

impl ScalarUDFImpl for Times {
    fn name(&self) -> &str {
        "summit_interval_times"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(INTERVAL)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = args
            .args
            .iter()
            .all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let rows = if scalar { 1 } else { args.number_rows };
        let (intervals, numbers) = (args.args[0].to_array(rows)?, args.args[1].to_array(rows)?);
        let intervals = intervals.as_primitive::<IntervalMonthDayNanoType>();
        let numbers = numbers.as_primitive::<Float64Type>();
        let products = intervals
            .iter()
            .zip(numbers)
            .map(|(interval, number)| match (interval, number) {
                (Some(interval), Some(number)) => multiply(interval, number).map(Some),
                _ => Ok(None),
            })
            .collect::<Result<Vec<_>>>()?;
        let products: Arc<dyn Array> = Arc::new(IntervalMonthDayNanoArray::from(products));
        if scalar {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(
                &products, 0,
            )?));
        }
        Ok(ColumnarValue::Array(products))
    }
}

/// As in PostgreSQL, what is left of a month goes to days of which it has 30, and what is left
/// of a day to its time.
fn multiply(interval: IntervalMonthDayNano, number: f64) -> Result<IntervalMonthDayNano> {
    let months = f64::from(interval.months) * number;
    let days = f64::from(interval.days) * number + months.fract() * DAYS_PER_MONTH;
    let rest_of_day = days.fract() * NANOS_PER_DAY;
    let (months, days) = (months.trunc(), days.trunc());
    let in_range = |value: f64, limit: f64| value.is_finite() && value.abs() <= limit;
    // Whole numbers stay exact past 2^53 nanoseconds, which are 104 days.
    let nanos = if number.fract() == 0.0 && in_range(number, 9e15) {
        interval.nanoseconds.checked_mul(number as i64)
    } else {
        let product = interval.nanoseconds as f64 * number;
        in_range(product, 9.2e18).then(|| (product / 1000.0).round() as i64 * 1000)
    };
    let nanos =
        nanos.and_then(|nanos| nanos.checked_add((rest_of_day / 1000.0).round() as i64 * 1000));
    match nanos {
        Some(nanoseconds)
            if in_range(months, f64::from(i32::MAX)) && in_range(days, f64::from(i32::MAX)) =>
        {
            Ok(IntervalMonthDayNano {
                months: months as i32,
                days: days as i32,
                nanoseconds,
            })
        }
        _ => Err(external(SqlError::new(
            SqlState::DATETIME_OVERFLOW,
            "interval out of range",
        ))),
    }
}
