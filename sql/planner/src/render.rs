//! Physical expressions as SQL text, for people.

use std::sync::Arc;

use arrow::datatypes::{DataType, IntervalMonthDayNano, Schema};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::expressions::{
    BinaryExpr, CaseExpr, CastExpr, Column, InListExpr, IsNotNullExpr, IsNullExpr, LikeExpr,
    Literal, NotExpr,
};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_expr_common::physical_expr::fmt_sql;
use summit_catalog::types::type_name;

use crate::checked::operator_of;

/// What a column of the input is called.
pub(crate) type ColumnNames<'a> = &'a dyn Fn(usize) -> String;

/// An expression over the columns of `schema`.
pub(crate) fn render(expr: &Arc<dyn PhysicalExpr>, schema: &Schema) -> String {
    render_with(expr, &|index| match schema.fields().get(index) {
        Some(field) => field.name().clone(),
        None => format!("column {index}"),
    })
}

/// An expression over columns of these names.
pub(crate) fn render_with(expr: &Arc<dyn PhysicalExpr>, names: ColumnNames<'_>) -> String {
    let one = |expr: &Arc<dyn PhysicalExpr>| render_with(expr, names);
    let expr = expr.as_ref();
    if let Some(column) = expr.downcast_ref::<Column>() {
        return names(column.index());
    }
    if let Some(value) = expr.downcast_ref::<Literal>() {
        return literal(value.value());
    }
    if let Some((left, operator, right)) = binary(expr) {
        let side = |side: &Arc<dyn PhysicalExpr>| match binary(side.as_ref()) {
            Some((_, inner, _)) if binds_less(&inner, &operator) => format!("({})", one(side)),
            _ => one(side),
        };
        return format!("{} {operator} {}", side(left), side(right));
    }
    if let Some(cast) = expr.downcast_ref::<CastExpr>() {
        return format!(
            "CAST({} AS {})",
            one(cast.expr()),
            type_name(cast.cast_type())
        );
    }
    if let Some(not) = expr.downcast_ref::<NotExpr>() {
        return format!("NOT ({})", one(not.arg()));
    }
    if let Some(null) = expr.downcast_ref::<IsNullExpr>() {
        return format!("{} IS NULL", one(null.arg()));
    }
    if let Some(null) = expr.downcast_ref::<IsNotNullExpr>() {
        return format!("{} IS NOT NULL", one(null.arg()));
    }
    if let Some(like) = expr.downcast_ref::<LikeExpr>() {
        let not = if like.negated() { "NOT " } else { "" };
        let word = if like.case_insensitive() {
            "ILIKE"
        } else {
            "LIKE"
        };
        return format!("{} {not}{word} {}", one(like.expr()), one(like.pattern()));
    }
    if let Some(list) = expr.downcast_ref::<InListExpr>() {
        let not = if list.negated() { "NOT " } else { "" };
        let values: Vec<String> = list.list().iter().map(one).collect();
        return format!("{} {not}IN ({})", one(list.expr()), values.join(", "));
    }
    if let Some(case) = expr.downcast_ref::<CaseExpr>() {
        let mut text = "CASE".to_owned();
        if let Some(of) = case.expr() {
            text.push_str(&format!(" {}", one(of)));
        }
        for (when, then) in case.when_then_expr() {
            text.push_str(&format!(" WHEN {} THEN {}", one(when), one(then)));
        }
        if let Some(other) = case.else_expr() {
            text.push_str(&format!(" ELSE {}", one(other)));
        }
        return format!("{text} END");
    }
    if let Some(call) = expr.downcast_ref::<ScalarFunctionExpr>() {
        // What a cast to an integer does anyway.
        if let ("summit_round", [of]) = (call.fun().name(), call.args()) {
            return one(of);
        }
        let ours = call.name().starts_with("summit_");
        let arguments: Vec<String> = call
            .args()
            .iter()
            .filter_map(|argument| match micros(argument) {
                // An offset that is none.
                Some(0) if ours => None,
                Some(micros) if ours => Some(interval(micros)),
                _ => Some(one(argument)),
            })
            .collect();
        return format!("{}({})", call.fun().name(), arguments.join(", "));
    }
    fmt_sql(expr).to_string()
}

/// A call of an aggregate over the columns of `schema`.
pub(crate) fn render_aggregate(
    function: &AggregateFunctionExpr,
    filter: Option<&Arc<dyn PhysicalExpr>>,
    schema: &Schema,
) -> String {
    let arguments: Vec<String> = function
        .expressions()
        .iter()
        .map(|argument| render(argument, schema))
        .collect();
    let star = function.fun().name() == "count"
        && !function.is_distinct()
        && function.expressions().iter().all(|argument| {
            argument
                .downcast_ref::<Literal>()
                .is_some_and(|value| !value.value().is_null())
        });
    let arguments = if star {
        "*".to_owned()
    } else {
        arguments.join(", ")
    };
    let distinct = if function.is_distinct() {
        "DISTINCT "
    } else {
        ""
    };
    let order: Vec<String> = function
        .order_bys()
        .iter()
        .map(|sort| {
            let direction = if sort.options.descending { " DESC" } else { "" };
            format!("{}{direction}", render(&sort.expr, schema))
        })
        .collect();
    let order = if order.is_empty() {
        String::new()
    } else {
        format!(" ORDER BY {}", order.join(", "))
    };
    let filter = filter
        .map(|filter| format!(" FILTER (WHERE {})", render(filter, schema)))
        .unwrap_or_default();
    format!(
        "{}({distinct}{arguments}{order}){filter}",
        function.fun().name()
    )
}

/// Left, operator, right.
type Operation<'a> = (
    &'a Arc<dyn PhysicalExpr>,
    Operator,
    &'a Arc<dyn PhysicalExpr>,
);

/// An operator between two expressions; arithmetic that is checked is a call.
fn binary(expr: &dyn PhysicalExpr) -> Option<Operation<'_>> {
    if let Some(binary) = expr.downcast_ref::<BinaryExpr>() {
        return Some((binary.left(), *binary.op(), binary.right()));
    }
    let call = expr.downcast_ref::<ScalarFunctionExpr>()?;
    match call.args() {
        [left, right] => Some((left, operator_of(call.fun().name())?, right)),
        _ => None,
    }
}

fn binds_less(inner: &Operator, outer: &Operator) -> bool {
    inner.precedence() < outer.precedence()
        || (inner.precedence() == outer.precedence() && inner != outer)
}

fn literal(value: &ScalarValue) -> String {
    if value.is_null() {
        return "NULL".to_owned();
    }
    match value {
        ScalarValue::Utf8(Some(text))
        | ScalarValue::LargeUtf8(Some(text))
        | ScalarValue::Utf8View(Some(text)) => quoted(text),
        ScalarValue::Boolean(_) => value.to_string(),
        other if other.data_type().is_numeric() => match other.cast_to(&DataType::Utf8) {
            Ok(text) => text.to_string(),
            Err(_) => other.to_string(),
        },
        other => match other.cast_to(&DataType::Utf8) {
            Ok(text) => format!(
                "{} {}",
                type_name(&other.data_type()),
                quoted(&text.to_string())
            ),
            Err(_) => other.to_string(),
        },
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn micros(expr: &Arc<dyn PhysicalExpr>) -> Option<i64> {
    match expr.downcast_ref::<Literal>()?.value() {
        ScalarValue::Int64(micros) => *micros,
        _ => None,
    }
}

fn interval(micros: i64) -> String {
    let nanoseconds = micros.saturating_mul(1000);
    let value = ScalarValue::IntervalMonthDayNano(Some(IntervalMonthDayNano {
        months: 0,
        days: 0,
        nanoseconds,
    }));
    literal(&value)
}
