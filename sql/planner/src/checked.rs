//! Integer arithmetic that fails where DataFusion's wraps around.

use std::sync::Arc;

use arrow::compute::kernels::numeric::{add, mul, sub};
use arrow::datatypes::{DataType, Field, FieldRef};
use arrow::error::ArrowError;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};
use datafusion::physical_expr_common::datum::apply;
use summit_catalog::types::type_name;
use summit_catalog::{SqlError, SqlState};

use crate::error::external;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
}

impl Arithmetic {
    const ALL: [Self; 3] = [Self::Add, Self::Subtract, Self::Multiply];

    fn name(self) -> &'static str {
        match self {
            Self::Add => "summit_add",
            Self::Subtract => "summit_subtract",
            Self::Multiply => "summit_multiply",
        }
    }

    fn operator(self) -> Operator {
        match self {
            Self::Add => Operator::Plus,
            Self::Subtract => Operator::Minus,
            Self::Multiply => Operator::Multiply,
        }
    }
}

/// The operator that a function of this name stands for.
pub(crate) fn operator_of(name: &str) -> Option<Operator> {
    Arithmetic::ALL
        .into_iter()
        .find(|operation| operation.name() == name)
        .map(Arithmetic::operator)
}

/// A function of two integers of one type.
pub(crate) fn checked(operation: Arithmetic) -> ScalarUDF {
    ScalarUDF::new_from_impl(Checked {
        operation,
        signature: Signature::any(2, Volatility::Immutable),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Checked {
    operation: Arithmetic,
    signature: Signature,
}

impl ScalarUDFImpl for Checked {
    fn name(&self) -> &str {
        self.operation.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [left, _] => Ok(left.clone()),
            _ => internal_err!("arithmetic has two arguments"),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        let [left, _] = args.arg_fields else {
            return internal_err!("arithmetic has two arguments");
        };
        let data_type = left.data_type().clone();
        Ok(Arc::new(Field::new(self.name(), data_type, nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [left, right] = args.args.as_slice() else {
            return internal_err!("arithmetic has two arguments");
        };
        let data_type = left.data_type();
        let result = match self.operation {
            Arithmetic::Add => apply(left, right, add),
            Arithmetic::Subtract => apply(left, right, sub),
            Arithmetic::Multiply => apply(left, right, mul),
        };
        result.map_err(|error| match error.find_root() {
            DataFusionError::ArrowError(arrow, _)
                if matches!(**arrow, ArrowError::ArithmeticOverflow(_)) =>
            {
                external(out_of_range(&data_type))
            }
            _ => error,
        })
    }
}

/// `22003`
pub(crate) fn out_of_range(data_type: &DataType) -> SqlError {
    SqlError::new(
        SqlState::NUMERIC_OUT_OF_RANGE,
        format!("{} out of range", type_name(data_type)),
    )
    .hint("Cast to a wider type first: CAST(x AS numeric) or CAST(x AS double precision).")
}
