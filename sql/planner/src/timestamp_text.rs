//! Timestamps as PostgreSQL lets them be written: seconds may be left out.
//!
//! DataFusion casts `'2024-01-01 10:30:00'` and not `'2024-01-01 10:30'`. Constants are
//! completed in the plan, once their types are known, so that text columns keep theirs.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{Cast, Expr, LogicalPlan};

/// `YYYY-MM-DD HH:MM`
const UPTO_MINUTES: usize = 16;

/// Completes the constants that the plan casts to timestamps.
///
/// # Errors
/// None of its own.
pub(crate) fn complete(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_down_with_subqueries(|node| {
        node.map_expressions(|expr| expr.transform_down(complete_expr))
    })
    .map(|transformed| transformed.data)
}

fn complete_expr(expr: Expr) -> Result<Transformed<Expr>> {
    let Expr::Cast(cast) = &expr else {
        return Ok(Transformed::no(expr));
    };
    let (DataType::Timestamp(..), Expr::Literal(ScalarValue::Utf8(Some(text)), metadata)) =
        (cast.field.data_type(), cast.expr.as_ref())
    else {
        return Ok(Transformed::no(expr));
    };
    match with_seconds(text) {
        Some(text) => {
            let literal = Expr::Literal(ScalarValue::Utf8(Some(text)), metadata.clone());
            let field = cast.field.clone();
            Ok(Transformed::yes(Expr::Cast(Cast {
                expr: Box::new(literal),
                field,
            })))
        }
        None => Ok(Transformed::no(expr)),
    }
}

/// The text with `:00` after its minutes, when its seconds were left out.
fn with_seconds(text: &str) -> Option<String> {
    let text = text.trim();
    let bytes = text.as_bytes();
    let shape = b"dddd-dd-dd?dd:dd";
    if bytes.len() < UPTO_MINUTES {
        return None;
    }
    let fits = shape.iter().zip(bytes).all(|(shape, byte)| match shape {
        b'd' => byte.is_ascii_digit(),
        b'?' => matches!(byte, b' ' | b'T' | b't'),
        exact => exact == byte,
    });
    let ends = matches!(
        bytes.get(UPTO_MINUTES),
        None | Some(b'+' | b'-' | b'Z' | b'z' | b' ')
    );
    (fits && ends).then(|| format!("{}:00{}", &text[..UPTO_MINUTES], &text[UPTO_MINUTES..]))
}

#[cfg(test)]
mod tests {
    use super::with_seconds;

    #[test]
    fn seconds_are_added_only_where_they_were_left_out() {
        let added = |text| with_seconds(text).unwrap_or_else(|| "unchanged".to_owned());
        assert_eq!(added("2024-01-01 10:30"), "2024-01-01 10:30:00");
        assert_eq!(added("2024-01-01T10:30Z"), "2024-01-01T10:30:00Z");
        assert_eq!(added(" 2024-01-01 10:30+02 "), "2024-01-01 10:30:00+02");
        assert_eq!(added("2024-01-01 10:30:15"), "unchanged");
        assert_eq!(added("2024-01-01"), "unchanged");
        assert_eq!(added("2024-01-01 1é:30"), "unchanged");
    }
}
