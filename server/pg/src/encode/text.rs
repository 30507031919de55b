//! Values as PostgreSQL prints them.

use std::fmt::Write;

use arrow::datatypes::IntervalMonthDayNano;
use bytes::{BufMut, BytesMut};
use summit_session::SqlError;

use super::Style;
use super::column::{Column, Values};
use crate::calendar::{DAY_MICROS, civil_from_days};
use crate::pg_type::Scalar;

/// Writes the value of a row, which is not NULL.
pub(super) fn write(
    column: &Column,
    row: usize,
    style: &Style,
    out: &mut BytesMut,
) -> Result<(), SqlError> {
    let bytes = |value: &[u8], out: &mut BytesMut| match column.pg_type.scalar {
        Scalar::Uuid if value.len() == 16 => uuid_text(value, out),
        _ => bytea_text(value, out),
    };
    match &column.values {
        Values::Null => {}
        Values::Bool(array) => out.put_u8(if array.value(row) { b't' } else { b'f' }),
        Values::Int16(array) => integer_text(i64::from(array.value(row)), out),
        Values::Int32(array) => integer_text(i64::from(array.value(row)), out),
        Values::Int64(array) => integer_text(array.value(row), out),
        Values::Float32(array) => {
            let value = array.value(row);
            float_text(f64::from(value), &format!("{value:e}"), 6, out);
        }
        Values::Float64(array) => {
            let value = array.value(row);
            float_text(value, &format!("{value:e}"), 15, out);
        }
        Values::Text(array) => out.put_slice(array.value(row).as_bytes()),
        Values::LargeText(array) => out.put_slice(array.value(row).as_bytes()),
        Values::TextView(array) => out.put_slice(array.value(row).as_bytes()),
        Values::Bytes(array) => bytes(array.value(row), out),
        Values::LargeBytes(array) => bytes(array.value(row), out),
        Values::BytesView(array) => bytes(array.value(row), out),
        Values::FixedBytes(array) => bytes(array.value(row), out),
        Values::Date(array) => {
            let before_christ = date_text(i64::from(array.value(row)), out);
            if before_christ {
                out.put_slice(b" BC");
            }
        }
        Values::Time(array) => time_text(array.value(row), out),
        Values::Timestamp(array) => {
            timestamp_text(
                array.value(row),
                column.pg_type.scalar == Scalar::Timestamptz,
                style,
                out,
            );
        }
        Values::Interval(array) => interval_text(array.value(row), out),
        Values::Decimal128(array, scale) => {
            let value = array.value(row);
            decimal_text(value < 0, &value.unsigned_abs().to_string(), *scale, out);
        }
        Values::Decimal256(array, scale) => {
            let digits = array.value(row).to_string();
            match digits.strip_prefix('-') {
                Some(digits) => decimal_text(true, digits, *scale, out),
                None => decimal_text(false, &digits, *scale, out),
            }
        }
        Values::List(offsets, child) => {
            let range = offsets[row] as usize..offsets[row + 1] as usize;
            list_text(child, range, style, out)?;
        }
    }
    Ok(())
}

fn list_text(
    child: &Column,
    range: std::ops::Range<usize>,
    style: &Style,
    out: &mut BytesMut,
) -> Result<(), SqlError> {
    out.put_u8(b'{');
    let mut scratch = BytesMut::new();
    for (nth, item) in range.enumerate() {
        if nth > 0 {
            out.put_u8(b',');
        }
        if child.is_null(item) {
            out.put_slice(b"NULL");
        } else if matches!(child.values, Values::List(..)) {
            write(child, item, style, out)?;
        } else {
            scratch.clear();
            write(child, item, style, &mut scratch)?;
            quote_item(&scratch, out);
        }
    }
    out.put_u8(b'}');
    Ok(())
}

fn quote_item(item: &[u8], out: &mut BytesMut) {
    let special = |byte: &u8| {
        matches!(
            byte,
            b'{' | b'}' | b',' | b'"' | b'\\' | b' ' | b'\t'..=b'\r'
        )
    };
    if !item.is_empty() && !item.eq_ignore_ascii_case(b"null") && !item.iter().any(special) {
        out.put_slice(item);
        return;
    }
    out.put_u8(b'"');
    for &byte in item {
        if matches!(byte, b'"' | b'\\') {
            out.put_u8(b'\\');
        }
        out.put_u8(byte);
    }
    out.put_u8(b'"');
}

fn integer_text(value: i64, out: &mut BytesMut) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.put_u8(b'-');
    }
    out.put_slice(&digits[at..]);
}

/// A float in PostgreSQL's spelling, from its shortest digits in Rust's `{:e}` form. Beyond
/// `plain_digits` digits before the point, PostgreSQL writes an exponent.
fn float_text(value: f64, scientific: &str, plain_digits: i32, out: &mut BytesMut) {
    if value.is_nan() {
        return out.put_slice(b"NaN");
    }
    if value.is_infinite() {
        return out.put_slice(if value > 0.0 {
            b"Infinity"
        } else {
            b"-Infinity"
        });
    }
    let unsigned = scientific.strip_prefix('-').unwrap_or(scientific);
    let (mantissa, exponent) = unsigned.split_once('e').unwrap_or((unsigned, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    if value.is_sign_negative() {
        out.put_u8(b'-');
    }
    if !(-4..plain_digits).contains(&exponent) {
        out.put_slice(&digits[..1]);
        if digits.len() > 1 {
            out.put_u8(b'.');
            out.put_slice(&digits[1..]);
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        append(out, format_args!("e{sign}{:02}", exponent.abs()));
    } else if exponent < 0 {
        out.put_slice(b"0.");
        out.put_bytes(b'0', (-exponent - 1) as usize);
        out.put_slice(&digits);
    } else {
        let whole = exponent as usize + 1;
        if digits.len() <= whole {
            out.put_slice(&digits);
            out.put_bytes(b'0', whole - digits.len());
        } else {
            out.put_slice(&digits[..whole]);
            out.put_u8(b'.');
            out.put_slice(&digits[whole..]);
        }
    }
}

fn decimal_text(negative: bool, digits: &str, scale: i8, out: &mut BytesMut) {
    if negative {
        out.put_u8(b'-');
    }
    let Ok(scale) = usize::try_from(scale) else {
        out.put_slice(digits.as_bytes());
        if digits != "0" {
            out.put_bytes(b'0', usize::from(scale.unsigned_abs()));
        }
        return;
    };
    let whole = digits.len().saturating_sub(scale);
    out.put_slice(if whole == 0 {
        b"0"
    } else {
        &digits.as_bytes()[..whole]
    });
    if scale > 0 {
        out.put_u8(b'.');
        out.put_bytes(b'0', scale.saturating_sub(digits.len()));
        out.put_slice(&digits.as_bytes()[whole..]);
    }
}

fn bytea_text(value: &[u8], out: &mut BytesMut) {
    out.reserve(2 + 2 * value.len());
    out.put_slice(b"\\x");
    for &byte in value {
        hex(byte, out);
    }
}

fn uuid_text(value: &[u8], out: &mut BytesMut) {
    for (nth, &byte) in value.iter().enumerate() {
        if matches!(nth, 4 | 6 | 8 | 10) {
            out.put_u8(b'-');
        }
        hex(byte, out);
    }
}

fn hex(byte: u8, out: &mut BytesMut) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.put_u8(DIGITS[usize::from(byte >> 4)]);
    out.put_u8(DIGITS[usize::from(byte & 15)]);
}

/// Writes the date without its era and answers whether it is before Christ.
fn date_text(days: i64, out: &mut BytesMut) -> bool {
    let (year, month, day) = civil_from_days(days);
    let shown = if year <= 0 { 1 - year } else { year };
    append(out, format_args!("{shown:04}-{month:02}-{day:02}"));
    year <= 0
}

fn time_text(micros: i64, out: &mut BytesMut) {
    let seconds = micros / 1_000_000;
    append(
        out,
        format_args!(
            "{:02}:{:02}:{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        ),
    );
    fraction_text(micros % 1_000_000, out);
}

/// `.5` for 500000; nothing for 0.
fn fraction_text(micros: i64, out: &mut BytesMut) {
    if micros != 0 {
        let digits = format!("{:06}", micros.abs());
        out.put_u8(b'.');
        out.put_slice(digits.trim_end_matches('0').as_bytes());
    }
}

fn timestamp_text(micros: i64, with_zone: bool, style: &Style, out: &mut BytesMut) {
    let offset = if with_zone {
        style.zone.offset_seconds(micros)
    } else {
        0
    };
    let local = i128::from(micros) + i128::from(offset) * 1_000_000;
    let days = local.div_euclid(i128::from(DAY_MICROS)) as i64;
    let time = local.rem_euclid(i128::from(DAY_MICROS)) as i64;
    let before_christ = date_text(days, out);
    out.put_u8(b' ');
    time_text(time, out);
    if with_zone {
        let sign = if offset < 0 { '-' } else { '+' };
        let offset = offset.abs();
        append(out, format_args!("{sign}{:02}", offset / 3600));
        if offset % 3600 != 0 {
            append(out, format_args!(":{:02}", offset / 60 % 60));
        }
        if offset % 60 != 0 {
            append(out, format_args!(":{:02}", offset % 60));
        }
    }
    if before_christ {
        out.put_slice(b" BC");
    }
}

/// IntervalStyle `postgres`.
fn interval_text(value: IntervalMonthDayNano, out: &mut BytesMut) {
    let micros = value.nanoseconds / 1000;
    let mut first = true;
    let mut after_negative = false;
    for (amount, unit) in [
        (value.months / 12, "year"),
        (value.months % 12, "mon"),
        (value.days, "day"),
    ] {
        if amount == 0 {
            continue;
        }
        let space = if first { "" } else { " " };
        let plus = if after_negative && amount > 0 {
            "+"
        } else {
            ""
        };
        let plural = if amount == 1 { "" } else { "s" };
        append(out, format_args!("{space}{plus}{amount} {unit}{plural}"));
        first = false;
        after_negative = amount < 0;
    }
    if first || micros != 0 {
        if !first {
            out.put_u8(b' ');
        }
        if micros < 0 {
            out.put_u8(b'-');
        } else if after_negative {
            out.put_u8(b'+');
        }
        let seconds = (micros / 1_000_000).abs();
        append(
            out,
            format_args!(
                "{:02}:{:02}:{:02}",
                seconds / 3600,
                seconds / 60 % 60,
                seconds % 60
            ),
        );
        fraction_text(micros % 1_000_000, out);
    }
}

fn append(out: &mut BytesMut, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to memory cannot fail");
}
