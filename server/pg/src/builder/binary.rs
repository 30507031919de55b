//! Values in their binary form.

use summit_session::{SqlError, SqlState};

use arrow::datatypes::IntervalMonthDayNano;

use super::{ColumnBuilder, ListValues, Values};
use crate::calendar::{PG_EPOCH_DAYS, PG_EPOCH_MICROS};
use crate::limits::ARRAY_DEPTH_MAX;
use crate::parse;
use crate::pg_type::Scalar;

/// Appends one value.
pub(super) fn append(column: &mut ColumnBuilder, bytes: &[u8]) -> Result<(), SqlError> {
    let scalar = column.pg_type.scalar;
    match &mut column.values {
        Values::Bool(builder) => {
            let [byte] = fixed(bytes)?;
            builder.append_value(byte != 0);
        }
        Values::Int16(builder) => builder.append_value(i16::from_be_bytes(fixed(bytes)?)),
        Values::Int32(builder) => builder.append_value(i32::from_be_bytes(fixed(bytes)?)),
        Values::Int64(builder) if scalar == Scalar::Oid => {
            builder.append_value(i64::from(u32::from_be_bytes(fixed(bytes)?)));
        }
        Values::Int64(builder) => builder.append_value(i64::from_be_bytes(fixed(bytes)?)),
        Values::Float32(builder) => builder.append_value(f32::from_be_bytes(fixed(bytes)?)),
        Values::Float64(builder) => builder.append_value(f64::from_be_bytes(fixed(bytes)?)),
        Values::Text(builder) => match scalar {
            Scalar::Uuid => builder.append_value(parse::uuid_text(&fixed(bytes)?)),
            Scalar::Jsonb => match bytes.split_first() {
                Some((1, json)) => builder.append_value(utf8(json)?),
                _ => {
                    return Err(SqlError::new(
                        SqlState::INVALID_BINARY,
                        "unsupported jsonb version number",
                    ));
                }
            },
            Scalar::Varchar | Scalar::Bpchar => {
                builder.append_value(super::fit(utf8(bytes)?, column.pg_type)?);
            }
            _ => builder.append_value(utf8(bytes)?),
        },
        Values::Bytes(builder) => builder.append_value(bytes),
        Values::Date(builder) => {
            let days = i32::from_be_bytes(fixed(bytes)?);
            let infinite = days == i32::MAX || days == i32::MIN;
            let days = days.checked_add(PG_EPOCH_DAYS).filter(|_| !infinite);
            builder.append_value(days.ok_or_else(|| out_of_range("date"))?);
        }
        Values::Time(builder) => builder.append_value(i64::from_be_bytes(fixed(bytes)?)),
        Values::Timestamp(builder) => {
            let micros = i64::from_be_bytes(fixed(bytes)?);
            let infinite = micros == i64::MAX || micros == i64::MIN;
            let micros = micros.checked_add(PG_EPOCH_MICROS).filter(|_| !infinite);
            builder.append_value(micros.ok_or_else(|| out_of_range("timestamp"))?);
        }
        Values::Interval(builder) => {
            let mut reader = Reader(bytes);
            let micros = i64::from_be_bytes(reader.take()?);
            let days = reader.i32()?;
            let months = reader.i32()?;
            reader.end()?;
            let nanos = micros
                .checked_mul(1000)
                .ok_or_else(|| out_of_range("interval"))?;
            builder.append_value(IntervalMonthDayNano::new(months, days, nanos));
        }
        Values::Decimal128(..) | Values::Decimal256(..) => {
            let text = numeric(bytes)?;
            column.append_text(&text)?;
        }
        Values::List(list) => append_list(list, bytes)?,
    }
    Ok(())
}

/// The text of a binary numeric.
fn numeric(bytes: &[u8]) -> Result<String, SqlError> {
    let mut reader = Reader(bytes);
    let count = reader.u16()?;
    let weight = reader.u16()? as i16;
    let sign = reader.u16()?;
    let scale = usize::from(reader.u16()?);
    let mut text = String::new();
    match sign {
        0 => {}
        0x4000 => text.push('-'),
        0xC000 => return Ok("NaN".to_owned()),
        0xD000 => return Ok("Infinity".to_owned()),
        0xF000 => return Ok("-Infinity".to_owned()),
        _ => return Err(malformed()),
    }
    if scale > 0x3FFF || usize::from(count) * 2 != reader.0.len() {
        return Err(malformed());
    }
    let mut groups = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        let group = reader.u16()?;
        if group > 9999 {
            return Err(malformed());
        }
        groups.push(group);
    }
    let group = |nth: i32| {
        usize::try_from(nth)
            .ok()
            .and_then(|nth| groups.get(nth))
            .copied()
            .unwrap_or(0)
    };
    // more than 19 groups are more digits than any of our columns has
    if weight > 40 {
        return Err(SqlError::new(
            SqlState::NUMERIC_OUT_OF_RANGE,
            "numeric field overflow",
        ));
    }
    for nth in 0..=i32::from(weight.max(0)) {
        let value = if weight < 0 { 0 } else { group(nth) };
        text.push_str(&format!("{value:04}"));
    }
    if scale > 0 {
        text.push('.');
        let end = text.len() + scale;
        let mut nth = i32::from(weight) + 1;
        if weight < -1 {
            let zeros = (-1 - i32::from(weight)) as usize * 4;
            text.extend(std::iter::repeat_n('0', zeros.min(scale)));
            nth = 0;
        }
        while text.len() < end {
            text.push_str(&format!("{:04}", group(nth)));
            nth += 1;
        }
        text.truncate(end);
    }
    Ok(text)
}

/// A binary array: dimensions, then the items in order.
fn append_list(list: &mut ListValues, bytes: &[u8]) -> Result<(), SqlError> {
    let mut reader = Reader(bytes);
    let dimensions = usize::try_from(reader.i32()?).map_err(|_| malformed())?;
    if dimensions > ARRAY_DEPTH_MAX {
        return Err(malformed());
    }
    reader.i32()?;
    let item_oid = u32::from_be_bytes(reader.take()?);
    let expected = list.items.pg_type.scalar.oid();
    let textual = |oid: u32| {
        [
            Scalar::Text.oid(),
            Scalar::Varchar.oid(),
            Scalar::Bpchar.oid(),
            Scalar::Name.oid(),
            Scalar::Unknown.oid(),
        ]
        .contains(&oid)
    };
    if item_oid != expected && !(textual(item_oid) && textual(expected)) {
        return Err(
            SqlError::new(SqlState::DATATYPE_MISMATCH, "wrong element type").detail(format!(
                "The items have type OID {item_oid}, not {expected}."
            )),
        );
    }
    let mut lengths = Vec::with_capacity(dimensions);
    for _ in 0..dimensions {
        lengths.push(usize::try_from(reader.i32()?).map_err(|_| malformed())?);
        reader.i32()?;
    }
    append_dimension(list, &lengths, &mut reader)?;
    reader.end()
}

fn append_dimension(
    list: &mut ListValues,
    lengths: &[usize],
    reader: &mut Reader<'_>,
) -> Result<(), SqlError> {
    let (length, inner) = match lengths.split_first() {
        Some((&length, inner)) => (length, inner),
        None => (0, &[][..]),
    };
    for _ in 0..length {
        match &mut list.items.values {
            Values::List(nested) if !inner.is_empty() => append_dimension(nested, inner, reader)?,
            Values::List(_) => return Err(wrong_dimensions()),
            _ if !inner.is_empty() => return Err(wrong_dimensions()),
            _ => match usize::try_from(reader.i32()?) {
                Err(_) => list.items.append_null(),
                Ok(length) => {
                    let bytes = reader.bytes(length)?;
                    append(&mut list.items, bytes)?;
                }
            },
        }
    }
    list.close(true);
    Ok(())
}

/// Bytes that are read from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Result<&'a [u8], SqlError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], SqlError> {
        fixed(self.bytes(N)?)
    }

    fn i32(&mut self) -> Result<i32, SqlError> {
        Ok(i32::from_be_bytes(self.take()?))
    }

    fn u16(&mut self) -> Result<u16, SqlError> {
        Ok(u16::from_be_bytes(self.take()?))
    }

    fn end(&self) -> Result<(), SqlError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(malformed())
        }
    }
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], SqlError> {
    bytes.try_into().map_err(|_| malformed())
}

fn utf8(bytes: &[u8]) -> Result<&str, SqlError> {
    crate::parse::utf8(bytes)
}

fn malformed() -> SqlError {
    SqlError::new(SqlState::INVALID_BINARY, "incorrect binary data format")
}

fn out_of_range(what: &str) -> SqlError {
    SqlError::new(SqlState::DATETIME_OVERFLOW, format!("{what} out of range"))
}

fn wrong_dimensions() -> SqlError {
    SqlError::new(
        SqlState::DATATYPE_MISMATCH,
        "wrong number of array dimensions",
    )
}
