//! Casts to integers, which PostgreSQL rounds and DataFusion truncates.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DataType, Decimal128Type, Field, FieldRef, Float32Type, Float64Type,
};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue, internal_err};
use datafusion::logical_expr::{
    Cast, ColumnarValue, Expr, ExprSchemable, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};

/// The cast, of a rounded value when it is one from a fraction to an integer.
pub(crate) fn before_cast(cast: Cast, schema: &DFSchema) -> Result<Transformed<Expr>> {
    if !cast.field.data_type().is_integer() {
        return Ok(Transformed::no(Expr::Cast(cast)));
    }
    let field = cast.field;
    // A constant with a point is numeric in PostgreSQL, and that rounds halves away from zero.
    if let Expr::Literal(ScalarValue::Float64(Some(value)), metadata) = cast.expr.as_ref() {
        let rounded = ScalarValue::Float64(Some(value.round()));
        let changed = value.fract() != 0.0;
        let expr = Box::new(Expr::Literal(rounded, metadata.clone()));
        let cast = Expr::Cast(Cast { expr, field });
        return Ok(if changed {
            Transformed::yes(cast)
        } else {
            Transformed::no(cast)
        });
    }
    let from = cast.expr.get_type(schema).unwrap_or(DataType::Null);
    if rounded_type(&from).is_none() {
        let expr = cast.expr;
        return Ok(Transformed::no(Expr::Cast(Cast { expr, field })));
    }
    let expr = Box::new(rounded(*cast.expr, &from));
    Ok(Transformed::yes(Expr::Cast(Cast { expr, field })))
}

/// An expression of type `from`, rounded to a whole number when it can have a fraction.
pub(crate) fn rounded(expr: Expr, from: &DataType) -> Expr {
    match rounded_type(from) {
        Some(_) => round().call(vec![expr]),
        None => expr,
    }
}

fn rounded_type(from: &DataType) -> Option<DataType> {
    match from {
        DataType::Float32 | DataType::Float64 => Some(from.clone()),
        DataType::Decimal128(precision, scale) if *scale > 0 => {
            // One more digit: 9.9 becomes 10.
            let whole = i16::from(*precision) - i16::from(*scale) + 1;
            let whole = u8::try_from(whole).unwrap_or(1).max(1);
            Some(DataType::Decimal128(whole.min(DECIMAL128_MAX_PRECISION), 0))
        }
        _ => None,
    }
}

fn round() -> ScalarUDF {
    ScalarUDF::new_from_impl(Round {
        signature: Signature::any(1, Volatility::Immutable),
    })
}

/// `summit_round(x)`: numeric halves away from zero, floating ones to even.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Round {
    signature: Signature,
}

impl ScalarUDFImpl for Round {
    fn name(&self) -> &str {
        "summit_round"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [from] => Ok(rounded_type(from).unwrap_or_else(|| from.clone())),
            _ => internal_err!("rounding has one argument"),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let [of] = args.arg_fields else {
            return internal_err!("rounding has one argument");
        };
        let data_type = self.return_type(&[of.data_type().clone()])?;
        Ok(Arc::new(Field::new(
            self.name(),
            data_type,
            of.is_nullable(),
        )))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value] = args.args.as_slice() else {
            return internal_err!("rounding has one argument");
        };
        let scalar = matches!(value, ColumnarValue::Scalar(_));
        let values = value.to_array(if scalar { 1 } else { args.number_rows })?;
        let rounded: Arc<dyn Array> = match values.data_type() {
            DataType::Float32 => Arc::new(
                values
                    .as_primitive::<Float32Type>()
                    .unary::<_, Float32Type>(f32::round_ties_even),
            ),
            DataType::Float64 => Arc::new(
                values
                    .as_primitive::<Float64Type>()
                    .unary::<_, Float64Type>(f64::round_ties_even),
            ),
            DataType::Decimal128(_, scale) if *scale > 0 => {
                let unit = 10_i128.pow(u32::from(scale.unsigned_abs()).min(38));
                let whole = values
                    .as_primitive::<Decimal128Type>()
                    .unary::<_, Decimal128Type>(|value| whole_of(value, unit));
                Arc::new(whole.with_data_type(args.return_field.data_type().clone()))
            }
            _ => values,
        };
        if scalar {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(
                &rounded, 0,
            )?));
        }
        Ok(ColumnarValue::Array(rounded))
    }
}

fn whole_of(value: i128, unit: i128) -> i128 {
    let (whole, rest) = (value / unit, value % unit);
    if rest.unsigned_abs() >= unit.unsigned_abs() / 2 {
        whole + value.signum()
    } else {
        whole
    }
}
