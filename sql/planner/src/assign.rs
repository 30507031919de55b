//! Values that become columns: PostgreSQL's assignment casts.

use arrow::datatypes::{DataType, Field};
use datafusion::logical_expr::{Expr, LogicalPlan, cast};
use sqlparser::ast;
use summit_catalog::types::type_name;
use summit_catalog::{SqlError, SqlState};
use summit_parser::fold_ident;

use crate::rounding::rounded;

/// A value as the column's type needs it: DEFAULT is NULL, a number for a numeric column is not
/// taken through a float, `'\x…'` for a bytea column is hexadecimal.
///
/// # Errors
/// `42804` for a number or a boolean in a column of another kind.
pub(crate) fn for_column(cell: &mut ast::Expr, field: &Field) -> Result<(), SqlError> {
    let data_type = field.data_type();
    match cell {
        ast::Expr::Value(value) => match &value.value {
            ast::Value::Number(..) => assignable(field, &DataType::Int32, true)?,
            ast::Value::Boolean(_) => assignable(field, &DataType::Boolean, true)?,
            _ => {}
        },
        ast::Expr::UnaryOp {
            op: ast::UnaryOperator::Minus,
            ..
        } if data_type == &DataType::Boolean => {
            assignable(field, &DataType::Int32, true)?;
        }
        _ => {}
    }
    let text = |value: String| ast::Expr::Value(ast::Value::SingleQuotedString(value).into());
    match cell {
        ast::Expr::Identifier(ident)
            if ident.quote_style.is_none() && fold_ident(ident) == "default" =>
        {
            *cell = ast::Expr::Value(ast::Value::Null.into());
        }
        ast::Expr::Value(value) => match (&value.value, data_type) {
            (ast::Value::Number(number, _), DataType::Decimal128(..)) => {
                *cell = text(number.clone());
            }
            (ast::Value::SingleQuotedString(string), DataType::Binary) => {
                if let Some(digits) = string.strip_prefix("\\x") {
                    let hex = ast::Value::HexStringLiteral(digits.to_owned());
                    *cell = ast::Expr::Value(hex.into());
                }
            }
            _ => {}
        },
        ast::Expr::UnaryOp {
            op: ast::UnaryOperator::Minus,
            expr,
        } => {
            if let (ast::Expr::Value(value), DataType::Decimal128(..)) = (expr.as_ref(), data_type)
                && let ast::Value::Number(number, _) = &value.value
            {
                *cell = text(format!("-{number}"));
            }
        }
        _ => {}
    }
    Ok(())
}

/// An expression of type `from` as one of type `to`.
pub(crate) fn cast_to(expr: Expr, from: &DataType, to: &DataType) -> Expr {
    if from == to {
        expr
    } else if to.is_integer() {
        cast(rounded(expr, from), to.clone())
    } else {
        cast(expr, to.clone())
    }
}

/// Whether a column is a constant, which in PostgreSQL has no type yet.
pub(crate) fn is_literal(plan: &LogicalPlan, position: usize) -> bool {
    match plan {
        LogicalPlan::Projection(projection) => match projection.expr.get(position) {
            Some(expr) => {
                matches!(
                    expr.clone().unalias_nested().data,
                    Expr::Literal(..) | Expr::Placeholder(_)
                )
            }
            None => false,
        },
        LogicalPlan::Sort(sort) => is_literal(&sort.input, position),
        LogicalPlan::Limit(limit) => is_literal(&limit.input, position),
        LogicalPlan::Values(_) => true,
        _ => false,
    }
}

/// PostgreSQL's assignment casts: between numbers, between times, and to text.
pub(crate) fn assignable(field: &Field, from: &DataType, literal: bool) -> Result<(), SqlError> {
    let to = field.data_type();
    let textual = |data_type: &DataType| {
        matches!(
            data_type,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        )
    };
    let clock =
        |data_type: &DataType| matches!(data_type, DataType::Time32(_) | DataType::Time64(_));
    let instant = |data_type: &DataType| {
        matches!(
            data_type,
            DataType::Timestamp(..) | DataType::Date32 | DataType::Date64
        )
    };
    let binary = |data_type: &DataType| {
        matches!(
            data_type,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView
        )
    };
    let fits = from == to
        || from.is_null()
        || textual(to)
        || (literal && textual(from))
        || (from.is_numeric() && to.is_numeric())
        || (instant(from) && instant(to))
        || (clock(to) && (clock(from) || matches!(from, DataType::Timestamp(..))))
        || (binary(from) && binary(to))
        || matches!(
            (from, to),
            (
                DataType::Interval(_) | DataType::Duration(_),
                DataType::Interval(_)
            )
        )
        || (from.is_list() && to.is_list());
    if fits {
        return Ok(());
    }
    Err(SqlError::new(
        SqlState::DATATYPE_MISMATCH,
        format!(
            "column \"{}\" is of type {} but expression is of type {}",
            field.name(),
            type_name(to),
            type_name(from)
        ),
    )
    .hint("You will need to rewrite or cast the expression."))
}
