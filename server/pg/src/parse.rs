//! From PostgreSQL's text form of a value to the value. Used by text parameters and by COPY.

mod array;
mod bytes;
mod datetime;
mod interval;
mod number;

pub(crate) use array::{Item, array};
pub(crate) use bytes::{bytea, uuid, uuid_bytes, uuid_text};
pub(crate) use datetime::{date, time, timestamp, timestamptz};
pub(crate) use interval::interval;
pub(crate) use number::{boolean, decimal, double, integer, real};

use summit_session::{SqlError, SqlState};

/// PostgreSQL's message for a text that is no value of a type.
pub(crate) fn invalid(type_name: &str, text: &str) -> SqlError {
    SqlError::new(
        SqlState::INVALID_TEXT,
        format!("invalid input syntax for type {type_name}: \"{text}\""),
    )
}

/// Bytes of a client as text.
///
/// # Errors
/// `22021` when they are not UTF-8, or have a zero byte.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, SqlError> {
    let bad = |at: usize| {
        let shown: Vec<String> = bytes[at..]
            .iter()
            .take(3)
            .map(|byte| format!("0x{byte:02x}"))
            .collect();
        SqlError::new(
            SqlState("22021"),
            format!(
                "invalid byte sequence for encoding \"UTF8\": {}",
                shown.join(" ")
            ),
        )
    };
    let text = std::str::from_utf8(bytes).map_err(|error| bad(error.valid_up_to()))?;
    match text.find('\0') {
        Some(at) => Err(bad(at)),
        None => Ok(text),
    }
}
