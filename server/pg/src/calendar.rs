//! Days and civil dates (proleptic Gregorian), and time zones.

use std::str::FromStr;

use arrow::array::timezone::Tz;
use chrono::{DateTime, LocalResult, Offset, TimeZone, Utc};

/// Microseconds of a day.
pub(crate) const DAY_MICROS: i64 = 86_400_000_000;
/// Days from 1970-01-01 to PostgreSQL's epoch, 2000-01-01.
pub(crate) const PG_EPOCH_DAYS: i32 = 10_957;
/// Microseconds from 1970-01-01 to 2000-01-01.
pub(crate) const PG_EPOCH_MICROS: i64 = PG_EPOCH_DAYS as i64 * DAY_MICROS;

/// Year (astronomical: 0 is 1 BC), month, day of a number of days since 1970-01-01.
/// Howard Hinnant's `civil_from_days`: eras of 400 years, years from March.
pub(crate) fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as u32, day as u32)
}

/// Days since 1970-01-01; `None` when there is no such date.
pub(crate) fn days_from_civil(year: i64, month: u32, day: u32) -> Option<i64> {
    if !(1..=12).contains(&month) || day == 0 || day > days_in_month(year, month) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month = i64::from(month);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A session's time zone.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Zone {
    Utc,
    Other(Tz),
}

impl Zone {
    /// A zone by name (`UTC`, `Europe/Berlin`) or fixed offset (`+05:30`).
    pub(crate) fn named(name: &str) -> Option<Zone> {
        if ["utc", "gmt", "z", "zulu", "etc/utc", "etc/gmt", "uct"]
            .contains(&name.to_ascii_lowercase().as_str())
        {
            return Some(Zone::Utc);
        }
        Tz::from_str(name).ok().map(Zone::Other)
    }

    /// Seconds east of UTC at a moment (microseconds since 1970 UTC).
    pub(crate) fn offset_seconds(self, micros: i64) -> i32 {
        let Zone::Other(zone) = self else { return 0 };
        DateTime::<Utc>::from_timestamp_micros(micros).map_or(0, |moment| {
            zone.offset_from_utc_datetime(&moment.naive_utc())
                .fix()
                .local_minus_utc()
        })
    }

    /// The moment of a local time (microseconds as if it were UTC). In a gap of the clock the
    /// time is read with the offset before the gap, in an overlap the earlier moment is taken.
    pub(crate) fn to_utc(self, local_micros: i64) -> i64 {
        let Zone::Other(zone) = self else {
            return local_micros;
        };
        let Some(moment) = DateTime::<Utc>::from_timestamp_micros(local_micros) else {
            return local_micros;
        };
        let offset = match zone.offset_from_local_datetime(&moment.naive_utc()) {
            LocalResult::Single(offset) | LocalResult::Ambiguous(offset, _) => {
                offset.fix().local_minus_utc()
            }
            LocalResult::None => self.offset_seconds(local_micros - 3 * 3_600_000_000),
        };
        local_micros - i64::from(offset) * 1_000_000
    }
}
