//! Booleans and numbers.

use arrow::datatypes::i256;
use summit_session::{SqlError, SqlState};

use super::invalid;

/// `t`, `true`, `y`, `yes`, `on`, `1` and prefixes, and their opposites.
pub(crate) fn boolean(text: &str) -> Result<bool, SqlError> {
    let word = text.trim().to_ascii_lowercase();
    let starts = |whole: &str, shortest: usize| word.len() >= shortest && whole.starts_with(&word);
    if word == "1" || starts("true", 1) || starts("yes", 1) || word == "on" {
        Ok(true)
    } else if word == "0" || starts("false", 1) || starts("no", 1) || starts("off", 2) {
        Ok(false)
    } else {
        Err(invalid("boolean", text))
    }
}

/// A whole number between two bounds.
pub(crate) fn integer(text: &str, type_name: &str, min: i64, max: i64) -> Result<i64, SqlError> {
    let trimmed = text.trim();
    let digits = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid(type_name, text));
    }
    match trimmed.parse::<i64>() {
        Ok(value) if (min..=max).contains(&value) => Ok(value),
        _ => Err(SqlError::new(
            SqlState::NUMERIC_OUT_OF_RANGE,
            format!("value \"{trimmed}\" is out of range for type {type_name}"),
        )),
    }
}

/// A `double precision`.
pub(crate) fn double(text: &str) -> Result<f64, SqlError> {
    let value = float(text, "double precision")?;
    check_range(text, value.is_infinite(), value == 0.0, "double precision")?;
    Ok(value)
}

/// A `real`.
pub(crate) fn real(text: &str) -> Result<f32, SqlError> {
    float(text, "real")?;
    // parsed again: rounding twice would be wrong in the last digit
    let value: f32 = text.trim().parse().map_err(|_| invalid("real", text))?;
    check_range(text, value.is_infinite(), value == 0.0, "real")?;
    Ok(value)
}

fn float(text: &str, type_name: &str) -> Result<f64, SqlError> {
    let trimmed = text.trim();
    let starts_well = trimmed
        .strip_prefix(['+', '-'])
        .unwrap_or(trimmed)
        .starts_with(|first: char| {
            first.is_ascii_digit() || matches!(first, '.' | 'i' | 'I' | 'n' | 'N')
        });
    if !starts_well {
        return Err(invalid(type_name, text));
    }
    trimmed.parse().map_err(|_| invalid(type_name, text))
}

fn check_range(text: &str, infinite: bool, zero: bool, type_name: &str) -> Result<(), SqlError> {
    let trimmed = text.trim();
    let mantissa = trimmed.split(['e', 'E']).next().unwrap_or(trimmed);
    let spelled_infinite = trimmed.contains(['i', 'I']);
    let lost = zero && mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
    if (infinite && !spelled_infinite) || lost {
        return Err(SqlError::new(
            SqlState::NUMERIC_OUT_OF_RANGE,
            format!("\"{trimmed}\" is out of range for type {type_name}"),
        ));
    }
    Ok(())
}

/// A numeric as the whole number of its units of 10^-scale, rounded half away from zero.
pub(crate) fn decimal(text: &str, precision: u8, scale: i8) -> Result<i256, SqlError> {
    let trimmed = text.trim();
    let (negative, unsigned) = match trimmed.as_bytes().first() {
        Some(b'-') => (true, &trimmed[1..]),
        Some(b'+') => (false, &trimmed[1..]),
        _ => (false, trimmed),
    };
    if ["nan", "infinity", "inf"].contains(&unsigned.to_ascii_lowercase().as_str()) {
        return Err(SqlError::unsupported(
            format!("numeric \"{trimmed}\" is not supported"),
            "Use double precision for NaN and infinity.",
        ));
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let exponent: i32 = exponent.parse().map_err(|_| invalid("numeric", text))?;
            (mantissa, exponent.clamp(-100_000, 100_000) as isize)
        }
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.len() + fraction.len() == 0
        || !whole
            .bytes()
            .chain(fraction.bytes())
            .all(|byte| byte.is_ascii_digit())
    {
        return Err(invalid("numeric", text));
    }
    let digits: Vec<u8> = whole
        .bytes()
        .chain(fraction.bytes())
        .map(|byte| byte - b'0')
        .collect();
    // how many of the digits are before the end of the last unit kept
    let kept = whole.len() as isize + exponent + isize::from(scale);
    let mut value = i256::ZERO;
    let limit = i256::from_i128(10)
        .checked_pow(u32::from(precision))
        .unwrap_or(i256::MAX);
    let ten = i256::from_i128(10);
    let overflow = || {
        let whole_digits = i32::from(precision) - i32::from(scale);
        SqlError::new(SqlState::NUMERIC_OUT_OF_RANGE, "numeric field overflow").detail(format!(
            "A field with precision {precision}, scale {scale} must round to an absolute value less than 10^{whole_digits}."
        ))
    };
    for nth in 0..kept {
        let digit = digits.get(nth as usize).copied().unwrap_or(0);
        if nth as usize >= digits.len() && value == i256::ZERO {
            break;
        }
        value = value
            .checked_mul(ten)
            .and_then(|value| value.checked_add(i256::from_i128(i128::from(digit))))
            .filter(|value| *value < limit)
            .ok_or_else(overflow)?;
    }
    if kept >= 0 && digits.get(kept as usize).is_some_and(|&digit| digit >= 5) {
        value = value
            .checked_add(i256::ONE)
            .filter(|value| *value < limit)
            .ok_or_else(overflow)?;
    }
    Ok(if negative {
        value.wrapping_neg()
    } else {
        value
    })
}
