//! Intervals: PostgreSQL's form (`1 year 2 mons 3 days 04:05:06`), ISO 8601 (`P1Y2MT3S`) and
//! the SQL standard's (`1-2`).

use arrow::datatypes::IntervalMonthDayNano;
use summit_session::{SqlError, SqlState};

use super::datetime::fraction_micros;

/// Reads an interval; finer than microseconds is rounded.
pub(crate) fn interval(text: &str) -> Result<IntervalMonthDayNano, SqlError> {
    let trimmed = text.trim();
    let mut sum = Sum::default();
    let read = match trimmed.strip_prefix(['P', 'p']) {
        Some(rest) => sum.iso(rest),
        None => sum.postgres(trimmed),
    };
    read.ok_or_else(|| {
        SqlError::new(
            SqlState::INVALID_DATETIME,
            format!("invalid input syntax for type interval: \"{text}\""),
        )
    })?;
    sum.finish().ok_or_else(|| {
        SqlError::new(
            SqlState::DATETIME_OVERFLOW,
            format!("interval field value out of range: \"{text}\""),
        )
    })
}

/// A number with its millionths, both with the number's sign.
#[derive(Clone, Copy)]
struct Number {
    whole: i64,
    millionths: i64,
}

#[derive(Default)]
struct Sum {
    months: i128,
    days: i128,
    micros: i128,
}

impl Sum {
    fn finish(self) -> Option<IntervalMonthDayNano> {
        Some(IntervalMonthDayNano::new(
            i32::try_from(self.months).ok()?,
            i32::try_from(self.days).ok()?,
            i64::try_from(self.micros.checked_mul(1000)?).ok()?,
        ))
    }

    fn micros(&mut self, number: Number, unit: i128) {
        self.micros +=
            i128::from(number.whole) * unit + i128::from(number.millionths) * unit / 1_000_000;
    }

    fn days(&mut self, number: Number, unit: i128) {
        self.days += i128::from(number.whole) * unit;
        self.day_millionths(i128::from(number.millionths) * unit);
    }

    fn day_millionths(&mut self, millionths: i128) {
        self.days += millionths / 1_000_000;
        self.micros += millionths % 1_000_000 * 86_400;
    }

    fn months(&mut self, number: Number) {
        self.months += i128::from(number.whole);
        self.day_millionths(i128::from(number.millionths) * 30);
    }

    fn years(&mut self, number: Number, unit: i128) {
        self.months += i128::from(number.whole) * 12 * unit;
        let millionths = i128::from(number.millionths) * 12 * unit;
        self.months += (millionths + millionths.signum() * 500_000) / 1_000_000;
    }

    fn unit(&mut self, number: Number, unit: &str) -> Option<()> {
        match unit.to_ascii_lowercase().as_str() {
            "us" | "usec" | "usecs" | "useconds" | "microsecond" | "microseconds" | "microsec" => {
                self.micros(number, 1);
            }
            "ms" | "msec" | "msecs" | "mseconds" | "millisecond" | "milliseconds" | "millisec" => {
                self.micros(number, 1000);
            }
            "s" | "sec" | "secs" | "second" | "seconds" | "" => self.micros(number, 1_000_000),
            "m" | "min" | "mins" | "minute" | "minutes" => self.micros(number, 60_000_000),
            "h" | "hr" | "hrs" | "hour" | "hours" => self.micros(number, 3_600_000_000),
            "d" | "day" | "days" => self.days(number, 1),
            "w" | "week" | "weeks" => self.days(number, 7),
            "mon" | "mons" | "month" | "months" => self.months(number),
            "y" | "yr" | "yrs" | "year" | "years" => self.years(number, 1),
            "dec" | "decs" | "decade" | "decades" => self.years(number, 10),
            "c" | "cent" | "century" | "centuries" => self.years(number, 100),
            "mil" | "mils" | "millennium" | "millennia" => self.years(number, 1000),
            _ => return None,
        }
        Some(())
    }

    fn postgres(&mut self, text: &str) -> Option<()> {
        let mut rest = text.strip_prefix('@').unwrap_or(text).trim();
        let ago = match rest
            .len()
            .checked_sub(4)
            .and_then(|at| rest.split_at_checked(at))
        {
            Some((before, word)) if word.eq_ignore_ascii_case(" ago") => {
                rest = before.trim_end();
                true
            }
            _ => false,
        };
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            rest = match self.clock(rest) {
                Some(after) => after,
                None => {
                    let (number, after) = number(rest)?;
                    if let Some(after) = after.strip_prefix('-') {
                        // 1-2: years and months
                        let (months, after) = self::number(after)?;
                        let sign = if rest.starts_with('-') { -1 } else { 1 };
                        self.years(number, 1);
                        self.months += sign * i128::from(months.whole);
                        after
                    } else {
                        let after = after.trim_start();
                        let end = after
                            .find(|c: char| !c.is_ascii_alphabetic())
                            .unwrap_or(after.len());
                        self.unit(number, &after[..end])?;
                        &after[end..]
                    }
                }
            }
            .trim_start();
        }
        if ago {
            self.months = -self.months;
            self.days = -self.days;
            self.micros = -self.micros;
        }
        Some(())
    }

    /// `[-]hh:mm[:ss[.fff]]` at the start of the text; answers what follows.
    fn clock<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let negative = text.starts_with('-');
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let end = unsigned
            .find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.')
            .unwrap_or(unsigned.len());
        let (clock, rest) = unsigned.split_at(end);
        let mut parts = clock.split(':');
        let hours: i64 = parts.next()?.parse().ok()?;
        let minutes: i64 = parts.next()?.parse().ok()?;
        let (seconds, fraction) = match parts.next() {
            Some(seconds) => match seconds.split_once('.') {
                Some((seconds, fraction)) if fraction.bytes().all(|b| b.is_ascii_digit()) => {
                    (seconds.parse::<i64>().ok()?, fraction_micros(fraction))
                }
                Some(_) => return None,
                None => (seconds.parse().ok()?, 0),
            },
            None => (0, 0),
        };
        if parts.next().is_some() || minutes > 59 || seconds > 60 {
            return None;
        }
        let micros = (i128::from(hours) * 3600 + i128::from(minutes * 60 + seconds)) * 1_000_000
            + i128::from(fraction);
        self.micros += if negative { -micros } else { micros };
        Some(rest)
    }

    /// What follows the `P` of an ISO 8601 duration.
    fn iso(&mut self, text: &str) -> Option<()> {
        let mut rest = text;
        let mut in_time = false;
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix(['T', 't']) {
                if in_time || after.is_empty() {
                    return None;
                }
                in_time = true;
                rest = after;
                continue;
            }
            let (number, after) = number(rest)?;
            let unit = after.chars().next()?;
            match (unit.to_ascii_uppercase(), in_time) {
                ('Y', false) => self.years(number, 1),
                ('M', false) => self.months(number),
                ('W', false) => self.days(number, 7),
                ('D', false) => self.days(number, 1),
                ('H', true) => self.micros(number, 3_600_000_000),
                ('M', true) => self.micros(number, 60_000_000),
                ('S', true) => self.micros(number, 1_000_000),
                _ => return None,
            }
            rest = &after[unit.len_utf8()..];
        }
        Some(())
    }
}

fn number(text: &str) -> Option<(Number, &str)> {
    let negative = text.starts_with('-');
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, mut rest) = unsigned.split_at(digits(unsigned));
    let mut fraction = "";
    if let Some(after) = rest.strip_prefix('.') {
        (fraction, rest) = after.split_at(digits(after));
    }
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let value: i64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let millionths = fraction_micros(fraction);
    let sign = if negative { -1 } else { 1 };
    Some((
        Number {
            whole: sign * value,
            millionths: sign * millionths,
        },
        rest,
    ))
}
