//! bytea and uuid.

use summit_session::{SqlError, SqlState};

use super::invalid;

/// Hex (`\x…`) or escape format.
pub(crate) fn bytea(text: &str) -> Result<Vec<u8>, SqlError> {
    if let Some(hex) = text.strip_prefix("\\x") {
        return from_hex(hex);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            out.push(bytes[at]);
            at += 1;
        } else if bytes.get(at + 1) == Some(&b'\\') {
            out.push(b'\\');
            at += 2;
        } else {
            let octal = bytes
                .get(at + 1..at + 4)
                .filter(|digits| {
                    (b'0'..=b'3').contains(&digits[0])
                        && digits[1..]
                            .iter()
                            .all(|digit| (b'0'..=b'7').contains(digit))
                })
                .ok_or_else(|| {
                    SqlError::new(
                        SqlState::INVALID_TEXT,
                        "invalid input syntax for type bytea",
                    )
                })?;
            out.push((octal[0] - b'0') * 64 + (octal[1] - b'0') * 8 + (octal[2] - b'0'));
            at += 4;
        }
    }
    Ok(out)
}

fn from_hex(hex: &str) -> Result<Vec<u8>, SqlError> {
    let refused = |message: String| SqlError::new(SqlState::INVALID_PARAMETER, message);
    let mut out = Vec::with_capacity(hex.len() / 2);
    let mut high = None;
    for digit in hex.chars() {
        if digit.is_ascii_whitespace() && high.is_none() {
            continue;
        }
        let value = digit
            .to_digit(16)
            .ok_or_else(|| refused(format!("invalid hexadecimal digit: \"{digit}\"")))?
            as u8;
        match high.take() {
            None => high = Some(value),
            Some(high) => out.push(high << 4 | value),
        }
    }
    if high.is_some() {
        return Err(refused(
            "invalid hexadecimal data: odd number of digits".to_owned(),
        ));
    }
    Ok(out)
}

/// The 16 bytes of a UUID in any of PostgreSQL's spellings (with braces, hyphens after any
/// group of four digits, or none).
pub(crate) fn uuid_bytes(text: &str) -> Option<[u8; 16]> {
    let text = text.trim();
    let inner = match text.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}')?,
        None => text,
    };
    let mut out = [0_u8; 16];
    let mut digits = 0;
    let mut after_hyphen = true;
    for byte in inner.bytes() {
        if byte == b'-' {
            if after_hyphen || digits % 4 != 0 {
                return None;
            }
            after_hyphen = true;
            continue;
        }
        after_hyphen = false;
        let value = char::from(byte).to_digit(16)? as u8;
        let place = out.get_mut(digits / 2)?;
        *place = *place << 4 | value;
        digits += 1;
    }
    (digits == 32 && !after_hyphen).then_some(out)
}

/// A UUID in its usual spelling.
pub(crate) fn uuid(text: &str) -> Result<String, SqlError> {
    let bytes = uuid_bytes(text).ok_or_else(|| invalid("uuid", text))?;
    Ok(uuid_text(&bytes))
}

/// The usual spelling of 16 bytes.
pub(crate) fn uuid_text(bytes: &[u8; 16]) -> String {
    let mut out = String::with_capacity(36);
    for (nth, byte) in bytes.iter().enumerate() {
        if matches!(nth, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from_digit(u32::from(digit), 16).expect("four bits are a hex digit"));
        }
    }
    out
}
