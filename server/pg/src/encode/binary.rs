//! Values in PostgreSQL's binary form.

use bytes::{BufMut, BytesMut};
use summit_session::{SqlError, SqlState};

use super::column::{Column, Values};
use super::{Format, Style};
use crate::calendar::{PG_EPOCH_DAYS, PG_EPOCH_MICROS};
use crate::pg_type::Scalar;

/// Writes the value of a row, which is not NULL.
pub(super) fn write(
    column: &Column,
    row: usize,
    style: &Style,
    out: &mut BytesMut,
) -> Result<(), SqlError> {
    let scalar = column.pg_type.scalar;
    match &column.values {
        Values::Null => {}
        Values::Bool(array) => out.put_u8(u8::from(array.value(row))),
        Values::Int16(array) => out.put_i16(array.value(row)),
        Values::Int32(array) => out.put_i32(array.value(row)),
        Values::Int64(array) if scalar == Scalar::Oid => {
            let oid = u32::try_from(array.value(row))
                .map_err(|_| SqlError::new(SqlState::NUMERIC_OUT_OF_RANGE, "OID out of range"))?;
            out.put_u32(oid);
        }
        Values::Int64(array) => out.put_i64(array.value(row)),
        Values::Float32(array) => out.put_f32(array.value(row)),
        Values::Float64(array) => out.put_f64(array.value(row)),
        Values::Text(array) => text(scalar, array.value(row), out)?,
        Values::LargeText(array) => text(scalar, array.value(row), out)?,
        Values::TextView(array) => text(scalar, array.value(row), out)?,
        Values::Bytes(array) => out.put_slice(array.value(row)),
        Values::LargeBytes(array) => out.put_slice(array.value(row)),
        Values::BytesView(array) => out.put_slice(array.value(row)),
        Values::FixedBytes(array) => out.put_slice(array.value(row)),
        Values::Date(array) => {
            let days = array
                .value(row)
                .checked_sub(PG_EPOCH_DAYS)
                .ok_or_else(|| SqlError::new(SqlState::DATETIME_OVERFLOW, "date out of range"))?;
            out.put_i32(days);
        }
        Values::Time(array) => out.put_i64(array.value(row)),
        Values::Timestamp(array) => {
            let micros = array
                .value(row)
                .checked_sub(PG_EPOCH_MICROS)
                .ok_or_else(|| {
                    SqlError::new(SqlState::DATETIME_OVERFLOW, "timestamp out of range")
                })?;
            out.put_i64(micros);
        }
        Values::Interval(array) => {
            let value = array.value(row);
            out.put_i64(value.nanoseconds / 1000);
            out.put_i32(value.days);
            out.put_i32(value.months);
        }
        Values::Decimal128(array, scale) => {
            let value = array.value(row);
            numeric(value < 0, &value.unsigned_abs().to_string(), *scale, out);
        }
        Values::Decimal256(array, scale) => {
            let digits = array.value(row).to_string();
            match digits.strip_prefix('-') {
                Some(digits) => numeric(true, digits, *scale, out),
                None => numeric(false, &digits, *scale, out),
            }
        }
        Values::List(..) => list(column, row, style, out)?,
    }
    Ok(())
}

fn text(scalar: Scalar, value: &str, out: &mut BytesMut) -> Result<(), SqlError> {
    match scalar {
        Scalar::Jsonb => {
            out.put_u8(1);
            out.put_slice(value.as_bytes());
        }
        Scalar::Char => out.put_u8(value.bytes().next().unwrap_or(0)),
        Scalar::Uuid => {
            let bytes = crate::parse::uuid_bytes(value).ok_or_else(|| {
                SqlError::new(
                    SqlState::INVALID_TEXT,
                    format!("invalid input syntax for type uuid: \"{value}\""),
                )
            })?;
            out.put_slice(&bytes);
        }
        _ => out.put_slice(value.as_bytes()),
    }
    Ok(())
}

/// Digits in base 10000, aligned at the decimal point.
fn numeric(negative: bool, digits: &str, scale: i8, out: &mut BytesMut) {
    let mut whole = digits.as_bytes().to_vec();
    let mut fraction = Vec::new();
    match usize::try_from(scale) {
        Ok(scale) => {
            while whole.len() < scale {
                whole.insert(0, b'0');
            }
            fraction = whole.split_off(whole.len() - scale);
        }
        Err(_) => whole.resize(whole.len() + usize::from(scale.unsigned_abs()), b'0'),
    }
    while !whole.len().is_multiple_of(4) {
        whole.insert(0, b'0');
    }
    fraction.resize(fraction.len().next_multiple_of(4), b'0');
    let group = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0_i16, |sum, byte| sum * 10 + i16::from(byte - b'0'))
    };
    let groups: Vec<i16> = whole
        .chunks(4)
        .chain(fraction.chunks(4))
        .map(group)
        .collect();
    let leading = groups.iter().take_while(|&&group| group == 0).count();
    let trailing = groups[leading..]
        .iter()
        .rev()
        .take_while(|&&group| group == 0)
        .count();
    let kept = &groups[leading..groups.len() - trailing];
    let weight = if kept.is_empty() {
        0
    } else {
        (whole.len() / 4) as i16 - 1 - leading as i16
    };
    out.put_i16(kept.len() as i16);
    out.put_i16(weight);
    out.put_i16(if negative && !kept.is_empty() {
        0x4000
    } else {
        0
    });
    out.put_i16(i16::from(scale.max(0)));
    for &group in kept {
        out.put_i16(group);
    }
}

fn list(column: &Column, row: usize, style: &Style, out: &mut BytesMut) -> Result<(), SqlError> {
    let mut dimensions = Vec::new();
    let mut items = Vec::new();
    let leaf = flatten(column, row, 0, &mut dimensions, &mut items)?;
    if items.is_empty() {
        dimensions.clear();
    }
    out.put_i32(dimensions.len() as i32);
    out.put_i32(i32::from(items.iter().any(|&item| leaf.is_null(item))));
    out.put_u32(leaf.pg_type.scalar.oid());
    for length in dimensions {
        out.put_i32(length as i32);
        out.put_i32(1);
    }
    for item in items {
        leaf.write_value(item, Format::Binary, style, out)?;
    }
    Ok(())
}

/// The items of a list of lists in order, with the length of each dimension.
fn flatten<'a>(
    column: &'a Column,
    row: usize,
    depth: usize,
    dimensions: &mut Vec<usize>,
    items: &mut Vec<usize>,
) -> Result<&'a Column, SqlError> {
    let Values::List(offsets, child) = &column.values else {
        return Ok(column);
    };
    let range = offsets[row] as usize..offsets[row + 1] as usize;
    match dimensions.get(depth) {
        None => dimensions.push(range.len()),
        Some(&length) if length == range.len() => {}
        Some(_) => return Err(ragged()),
    }
    if !matches!(child.values, Values::List(..)) {
        items.extend(range);
        return Ok(child);
    }
    let mut leaf: &Column = child;
    if range.is_empty() {
        while let Values::List(_, inner) = &leaf.values {
            leaf = inner;
        }
        return Ok(leaf);
    }
    for item in range {
        if child.is_null(item) {
            return Err(ragged());
        }
        leaf = flatten(child, item, depth + 1, dimensions, items)?;
    }
    Ok(leaf)
}

fn ragged() -> SqlError {
    SqlError::new(
        SqlState("2202E"),
        "multidimensional arrays must have array expressions with matching dimensions",
    )
}
