//! Timestamps as PostgreSQL lets them be written: seconds may be left out.
//!
//! DataFusion casts `'2024-01-01 10:30:00'` and not `'2024-01-01 10:30'`. Constants are
//! completed in the plan, once their types are known, so that text columns keep theirs.

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Cast, Expr};

/// `YYYY-MM-DD HH:MM`
const UPTO_MINUTES: usize = 16;

/// The cast to a timestamp with its constant completed.
///
/// # Errors
/// The cast as it was, when there is nothing to complete.
pub(crate) fn complete(cast: Cast) -> Result<Cast, Cast> {
    let (DataType::Timestamp(..), Expr::Literal(ScalarValue::Utf8(Some(text)), metadata)) =
        (cast.field.data_type(), cast.expr.as_ref())
    else {
        return Err(cast);
    };
    match with_seconds(text) {
        Some(text) => Ok(Cast {
            expr: Box::new(Expr::Literal(
                ScalarValue::Utf8(Some(text)),
                metadata.clone(),
            )),
            field: cast.field,
        }),
        None => Err(cast),
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
