//! `AT TIME ZONE`, which DataFusion takes as a cast that keeps the instant.

use std::sync::Arc;

use arrow::array::timezone::Tz;
use arrow::array::{Array, ArrayRef, AsArray, TimestampMicrosecondArray};
use arrow::datatypes::{
    DataType, IntervalMonthDayNanoType, IntervalUnit, TimeUnit, TimestampMicrosecondType,
};
use chrono::{DateTime, FixedOffset, LocalResult, NaiveDateTime, Offset, TimeDelta, TimeZone};
use datafusion::common::{Result, ScalarValue, internal_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use summit_catalog::types::UTC;
use summit_catalog::{SqlError, SqlState};

use crate::error::external;

/// What [`crate::normalize`] calls for `AT TIME ZONE`.
pub(crate) const NAME: &str = "summit_at_time_zone";

/// `summit_at_time_zone(time, zone)`: an instant's time in the zone, or the instant of a time
/// in the zone. The zone is text or an interval.
pub(crate) fn at_time_zone() -> ScalarUDF {
    ScalarUDF::new_from_impl(AtTimeZone {
        signature: Signature::user_defined(Volatility::Immutable),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct AtTimeZone {
    signature: Signature,
}

const LOCAL: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);
const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);

fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()))
}

impl ScalarUDFImpl for AtTimeZone {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let [time, zone] = types else {
            return plan_err!("AT TIME ZONE has a time and a zone");
        };
        let time = match time {
            DataType::Timestamp(_, None) => LOCAL,
            // PostgreSQL prefers the type with a zone where both would do.
            DataType::Timestamp(_, Some(_))
            | DataType::Date32
            | DataType::Utf8
            | DataType::Utf8View
            | DataType::LargeUtf8
            | DataType::Null => instant(),
            other => return plan_err!("AT TIME ZONE of {other}"),
        };
        let zone = match zone {
            DataType::Interval(_) => INTERVAL,
            DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 | DataType::Null => {
                DataType::Utf8
            }
            other => return plan_err!("AT TIME ZONE with a zone of type {other}"),
        };
        Ok(vec![time, zone])
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [DataType::Timestamp(_, Some(_)), _] => Ok(LOCAL),
            [_, _] => Ok(instant()),
            _ => internal_err!("AT TIME ZONE has a time and a zone"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = args
            .args
            .iter()
            .all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let rows = if scalar { 1 } else { args.number_rows };
        let [times, zones] = args.args.as_slice() else {
            return internal_err!("AT TIME ZONE has a time and a zone");
        };
        // A constant zone is looked up once.
        let constant = match zones {
            ColumnarValue::Scalar(value) => Some(zone_at(&value.to_array()?, 0)?),
            ColumnarValue::Array(_) => None,
        };
        let (times, zones) = (times.to_array(rows)?, zones.to_array(rows)?);
        let to_local = matches!(times.data_type(), DataType::Timestamp(_, Some(_)));
        let moved = times
            .as_primitive::<TimestampMicrosecondType>()
            .iter()
            .enumerate()
            .map(|(row, micros)| {
                let zone = match &constant {
                    Some(zone) => *zone,
                    None => zone_at(&zones, row)?,
                };
                match (micros, zone) {
                    (Some(micros), Some(zone)) => moved(micros, &zone, to_local).map(Some),
                    _ => Ok(None),
                }
            })
            .collect::<Result<Vec<_>>>()?;
        let moved = TimestampMicrosecondArray::from(moved);
        let moved: ArrayRef = if to_local {
            Arc::new(moved)
        } else {
            Arc::new(moved.with_timezone(UTC))
        };
        if scalar {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(
                &moved, 0,
            )?));
        }
        Ok(ColumnarValue::Array(moved))
    }
}

#[derive(Clone, Copy)]
enum Zone {
    Named(Tz),
    Fixed(FixedOffset),
}

fn zone_at(zones: &ArrayRef, row: usize) -> Result<Option<Zone>> {
    if zones.is_null(row) {
        return Ok(None);
    }
    if zones.data_type() == &INTERVAL {
        let interval = zones.as_primitive::<IntervalMonthDayNanoType>().value(row);
        let offset = (interval.months == 0 && interval.days == 0)
            .then_some(interval.nanoseconds / 1_000_000_000)
            .and_then(|seconds| i32::try_from(seconds).ok())
            .and_then(FixedOffset::east_opt);
        return match offset {
            Some(offset) => Ok(Some(Zone::Fixed(offset))),
            None => Err(external(SqlError::new(
                SqlState::INVALID_PARAMETER,
                "an interval that is a time zone must be shorter than a day",
            ))),
        };
    }
    let name = zones.as_string::<i32>().value(row);
    zone(name).map(Some).ok_or_else(|| {
        external(
            SqlError::new(
                SqlState::INVALID_PARAMETER,
                format!("time zone \"{name}\" not recognized"),
            )
            .hint("Use a name like Europe/Berlin, or an interval like INTERVAL '2 hours'."),
        )
    })
}

/// Hours east of Greenwich.
const ABBREVIATIONS: [(&str, i32); 20] = [
    ("utc", 0),
    ("gmt", 0),
    ("z", 0),
    ("zulu", 0),
    ("ut", 0),
    ("wet", 0),
    ("est", -5),
    ("edt", -4),
    ("cst", -6),
    ("cdt", -5),
    ("mst", -7),
    ("mdt", -6),
    ("pst", -8),
    ("pdt", -7),
    ("cet", 1),
    ("cest", 2),
    ("eet", 2),
    ("eest", 3),
    ("bst", 1),
    ("jst", 9),
];

fn zone(name: &str) -> Option<Zone> {
    let name = name.trim();
    let folded = name.to_lowercase();
    if let Some((_, hours)) = ABBREVIATIONS.iter().find(|(known, _)| *known == folded) {
        return FixedOffset::east_opt(hours * 3600).map(Zone::Fixed);
    }
    if let Some(start) = name.find(['+', '-'])
        && name[..start].chars().all(|c| c.is_ascii_alphabetic())
        && let Some(west) = posix(&name[start..])
    {
        return FixedOffset::west_opt(west).map(Zone::Fixed);
    }
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return None;
    }
    [name.to_owned(), titled(&folded), folded.to_uppercase()]
        .iter()
        .find_map(|name| name.parse::<Tz>().ok())
        .map(Zone::Named)
}

/// Seconds west: POSIX counts them so, and PostgreSQL does here.
fn posix(text: &str) -> Option<i32> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let number = |text: &str, limit: i32| {
        let fits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| text.parse::<i32>().ok())
            .flatten()
            .filter(|number| *number <= limit)
    };
    let mut parts = digits.split(':');
    let hours = number(parts.next()?, 15)?;
    let minutes = parts.next().map_or(Some(0), |part| number(part, 59))?;
    let seconds = parts.next().map_or(Some(0), |part| number(part, 59))?;
    parts
        .next()
        .is_none()
        .then_some(sign * (hours * 3600 + minutes * 60 + seconds))
}

/// `europe/berlin` as it is spelt in the database of zones.
fn titled(folded: &str) -> String {
    let mut start = true;
    folded
        .chars()
        .map(|character| {
            let shown = if start {
                character.to_ascii_uppercase()
            } else {
                character
            };
            start = !character.is_ascii_alphabetic();
            shown
        })
        .collect()
}

fn moved(micros: i64, zone: &Zone, to_local: bool) -> Result<i64> {
    let out_of_range = || {
        external(SqlError::new(
            SqlState::DATETIME_OVERFLOW,
            "timestamp out of range",
        ))
    };
    let time = DateTime::from_timestamp_micros(micros)
        .ok_or_else(out_of_range)?
        .naive_utc();
    let east = match zone {
        Zone::Fixed(offset) => *offset,
        Zone::Named(zone) if to_local => zone.offset_from_utc_datetime(&time).fix(),
        Zone::Named(zone) => offset_of_local(zone, &time).ok_or_else(out_of_range)?,
    };
    let micros_east = i64::from(east.local_minus_utc()) * 1_000_000;
    if to_local {
        micros.checked_add(micros_east)
    } else {
        micros.checked_sub(micros_east)
    }
    .ok_or_else(out_of_range)
}

/// Of two instants with this local time, the later one, in standard time; of none, the one that
/// the clock would have shown had it not been put forward.
fn offset_of_local(zone: &Tz, time: &NaiveDateTime) -> Option<FixedOffset> {
    match zone.offset_from_local_datetime(time) {
        LocalResult::Single(offset) => Some(offset.fix()),
        LocalResult::Ambiguous(_, later) => Some(later.fix()),
        LocalResult::None => {
            let before = time.checked_sub_signed(TimeDelta::days(1))?;
            match zone.offset_from_local_datetime(&before) {
                LocalResult::Single(offset) | LocalResult::Ambiguous(_, offset) => {
                    Some(offset.fix())
                }
                LocalResult::None => None,
            }
        }
    }
}
