//! Times as people write them.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// Microseconds since 1970-01-01 UTC of a date or a time; UTC unless it says otherwise.
pub fn parse_time(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let zoned = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z"];
    for format in zoned {
        if let Ok(time) = DateTime::parse_from_str(&text.replace(['Z', 'z'], "+00:00"), format) {
            return Ok(time.timestamp_micros());
        }
    }
    for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, format) {
            return Ok(time.and_utc().timestamp_micros());
        }
    }
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        && let Some(time) = date.and_hms_opt(0, 0, 0)
    {
        return Ok(time.and_utc().timestamp_micros());
    }
    Err(format!(
        "\"{text}\" is not a time; accepted is 2026-11-24T15:30:00Z, or with a space and without a zone (UTC)"
    ))
}

/// A time in UTC, to the microsecond.
pub fn show_time(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros).map_or_else(
        || format!("{micros} µs"),
        |time| time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_unless_they_say_otherwise() {
        let expected = 1_795_534_200_000_000;
        for text in [
            "2026-11-24T15:30:00Z",
            "2026-11-24 15:30:00",
            "2026-11-24T15:30:00",
            "2026-11-24T16:30:00+01:00",
            "2026-11-24 16:30:00+01",
            "2026-11-24 10:30:00.000-0500",
        ] {
            assert_eq!(parse_time(text), Ok(expected), "{text}");
        }
        assert_eq!(
            parse_time("2026-11-24"),
            Ok(expected - 15 * 3_600_000_000 - 1_800_000_000)
        );
        assert_eq!(show_time(expected), "2026-11-24T15:30:00.000000Z");
        for wrong in ["", "yesterday", "2026-13-01", "15:30"] {
            assert!(parse_time(wrong).is_err(), "{wrong}");
        }
    }
}
