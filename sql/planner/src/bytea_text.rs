//! Constants of type `bytea`, in PostgreSQL's two formats.

use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{Cast, Expr};
use summit_catalog::{SqlError, SqlState};

use crate::error::external;

/// The bytes of a text constant that is cast to `bytea`.
///
/// # Errors
/// `22023` for bad hexadecimal digits, `22P02` for a bad escape.
pub(crate) fn literal(cast: &Cast) -> Result<Option<Expr>> {
    let (DataType::Binary, Expr::Literal(ScalarValue::Utf8(Some(text)), metadata)) =
        (cast.field.data_type(), cast.expr.as_ref())
    else {
        return Ok(None);
    };
    let bytes = decode(text).map_err(external)?;
    Ok(Some(Expr::Literal(
        ScalarValue::Binary(Some(bytes)),
        metadata.clone(),
    )))
}

fn decode(text: &str) -> Result<Vec<u8>, SqlError> {
    match text.strip_prefix("\\x") {
        Some(digits) => hex(digits),
        None => escaped(text.as_bytes()).ok_or_else(|| {
            SqlError::new(
                SqlState::INVALID_TEXT,
                "invalid input syntax for type bytea",
            )
            .hint("A backslash is written twice, or with the three octal digits of a byte.")
        }),
    }
}

fn hex(digits: &str) -> Result<Vec<u8>, SqlError> {
    let invalid = |message: String| SqlError::new(SqlState::INVALID_PARAMETER, message);
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    let mut high: Option<u8> = None;
    for character in digits.chars() {
        // Between bytes, spaces are skipped.
        if high.is_none() && character.is_ascii_whitespace() {
            continue;
        }
        let digit = character
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
            .ok_or_else(|| invalid(format!("invalid hexadecimal digit: \"{character}\"")))?;
        match high.take() {
            Some(high) => bytes.push(high << 4 | digit),
            None => high = Some(digit),
        }
    }
    if high.is_some() {
        return Err(invalid(
            "invalid hexadecimal data: odd number of digits".to_owned(),
        ));
    }
    Ok(bytes)
}

/// `\\` is a backslash, `\ooo` the byte with that octal number.
fn escaped(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return Some(bytes),
            [b'\\', b'\\', rest @ ..] => {
                bytes.push(b'\\');
                rest
            }
            [
                b'\\',
                high @ b'0'..=b'3',
                middle @ b'0'..=b'7',
                low @ b'0'..=b'7',
                rest @ ..,
            ] => {
                bytes.push((high - b'0') << 6 | (middle - b'0') << 3 | (low - b'0'));
                rest
            }
            [b'\\', ..] => return None,
            [byte, rest @ ..] => {
                bytes.push(*byte);
                rest
            }
        };
    }
}
