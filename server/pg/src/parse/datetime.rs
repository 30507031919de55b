//! Dates and times: ISO 8601 and PostgreSQL's own output.

use summit_session::{SqlError, SqlState};

use crate::calendar::{DAY_MICROS, Zone, days_from_civil};

/// Days since 1970-01-01.
pub(crate) fn date(text: &str) -> Result<i32, SqlError> {
    let parsed = Reader::read(text, "date")?;
    i32::try_from(parsed.days).map_err(|_| out_of_range(text))
}

/// Microseconds since midnight. A zone is ignored, as in PostgreSQL.
pub(crate) fn time(text: &str) -> Result<i64, SqlError> {
    let mut reader = Reader {
        rest: text.trim(),
        text,
        type_name: "time",
    };
    if reader.rest.contains(' ')
        && reader.rest.contains('-')
        && reader.rest.find('-') < reader.rest.find(' ')
    {
        return Ok(Reader::read(text, "time")?.micros);
    }
    reader.rest = reader.rest.strip_prefix(['T', 't']).unwrap_or(reader.rest);
    let micros = reader.time()?;
    reader.zone()?;
    reader.end()?;
    Ok(micros)
}

/// Microseconds since 1970 of a time without a zone; a zone in the text is ignored, as in
/// PostgreSQL.
pub(crate) fn timestamp(text: &str) -> Result<i64, SqlError> {
    let parsed = Reader::read(text, "timestamp")?;
    parsed.local_micros().ok_or_else(|| out_of_range(text))
}

/// Microseconds since 1970 UTC; a text without a zone is in the session's.
pub(crate) fn timestamptz(text: &str, session: Zone) -> Result<i64, SqlError> {
    let parsed = Reader::read(text, "timestamp with time zone")?;
    let local = parsed.local_micros().ok_or_else(|| out_of_range(text))?;
    match parsed.zone {
        Some(Given::Offset(seconds)) => local
            .checked_sub(i64::from(seconds) * 1_000_000)
            .ok_or_else(|| out_of_range(text)),
        Some(Given::Zone(zone)) => Ok(zone.to_utc(local)),
        None => Ok(session.to_utc(local)),
    }
}

fn out_of_range(text: &str) -> SqlError {
    SqlError::new(
        SqlState::DATETIME_OVERFLOW,
        format!("date/time field value out of range: \"{text}\""),
    )
}

/// The zone that a text names.
enum Given {
    Offset(i32),
    Zone(Zone),
}

struct Parsed {
    days: i64,
    micros: i64,
    zone: Option<Given>,
}

impl Parsed {
    fn local_micros(&self) -> Option<i64> {
        self.days.checked_mul(DAY_MICROS)?.checked_add(self.micros)
    }
}

struct Reader<'a> {
    rest: &'a str,
    text: &'a str,
    type_name: &'static str,
}

impl<'a> Reader<'a> {
    fn read(text: &'a str, type_name: &'static str) -> Result<Parsed, SqlError> {
        let trimmed = text.trim();
        if trimmed.eq_ignore_ascii_case("epoch") {
            return Ok(Parsed {
                days: 0,
                micros: 0,
                zone: Some(Given::Offset(0)),
            });
        }
        if ["infinity", "-infinity"].contains(&trimmed.to_ascii_lowercase().as_str()) {
            return Err(SqlError::unsupported(
                format!("{type_name} \"{trimmed}\" is not supported"),
                "Use NULL or a date far away.",
            ));
        }
        let mut reader = Reader {
            rest: trimmed,
            text,
            type_name,
        };
        let before_christ = match trimmed
            .len()
            .checked_sub(3)
            .and_then(|at| trimmed.split_at_checked(at))
        {
            Some((date, era)) if era.eq_ignore_ascii_case(" bc") => {
                reader.rest = date.trim_end();
                true
            }
            Some((date, era)) if era.eq_ignore_ascii_case(" ad") => {
                reader.rest = date.trim_end();
                false
            }
            _ => false,
        };
        let days = reader.date(before_christ)?;
        let mut micros = 0;
        let mut zone = None;
        let after_separator = reader
            .rest
            .strip_prefix(['T', 't'])
            .unwrap_or(reader.rest)
            .trim_start();
        if after_separator.starts_with(|first: char| first.is_ascii_digit())
            && after_separator.len() < reader.rest.len()
        {
            reader.rest = after_separator;
            micros = reader.time()?;
        }
        if !reader.rest.is_empty() {
            zone = reader.zone()?;
        }
        reader.end()?;
        Ok(Parsed { days, micros, zone })
    }

    fn invalid(&self) -> SqlError {
        SqlError::new(
            SqlState::INVALID_DATETIME,
            format!(
                "invalid input syntax for type {}: \"{}\"",
                self.type_name, self.text
            ),
        )
    }

    fn digits(&mut self) -> &'a str {
        let end = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        digits
    }

    /// A number of one or more digits, at most six.
    fn number(&mut self) -> Result<u32, SqlError> {
        let digits = self.digits();
        if digits.is_empty() {
            return Err(self.invalid());
        }
        if digits.len() > 6 {
            return Err(out_of_range(self.text));
        }
        digits.parse().map_err(|_| self.invalid())
    }

    fn take(&mut self, expected: char) -> bool {
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn date(&mut self, before_christ: bool) -> Result<i64, SqlError> {
        let compact = self.rest.bytes().take_while(u8::is_ascii_digit).count() == 8;
        let (year, month, day) = if compact {
            let digits = self.digits();
            let part = |range: std::ops::Range<usize>| {
                digits[range].parse::<u32>().map_err(|_| self.invalid())
            };
            (part(0..4)?, part(4..6)?, part(6..8)?)
        } else {
            let year_digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
            if year_digits < 3 {
                // 1/2/2013 and 13-1-2 depend on DateStyle; we read ISO only
                return Err(self.invalid());
            }
            let year = self.number()?;
            let separator = if self.rest.starts_with('/') { '/' } else { '-' };
            if !self.take(separator) {
                return Err(self.invalid());
            }
            let month = self.number()?;
            if !self.take(separator) {
                return Err(self.invalid());
            }
            (year, month, self.number()?)
        };
        let year = if before_christ {
            1 - i64::from(year)
        } else {
            i64::from(year)
        };
        if year == 0 && !before_christ {
            return Err(out_of_range(self.text));
        }
        days_from_civil(year, month, day).ok_or_else(|| out_of_range(self.text))
    }

    fn time(&mut self) -> Result<i64, SqlError> {
        let hour = self.number()?;
        if !self.take(':') {
            return Err(self.invalid());
        }
        let minute = self.number()?;
        let second = if self.take(':') { self.number()? } else { 0 };
        let mut fraction = 0;
        if self.take('.') {
            fraction = fraction_micros(self.digits());
        }
        let (hour, afternoon) = self.half_day(hour)?;
        let hour = if afternoon { hour + 12 } else { hour };
        let micros = (i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second))
            * 1_000_000
            + fraction;
        // a leap second counts as the next minute's first, as in PostgreSQL
        if minute > 59 || second > 60 || micros > DAY_MICROS {
            return Err(out_of_range(self.text));
        }
        Ok(micros)
    }

    /// `AM` or `PM` after the time.
    fn half_day(&mut self, hour: u32) -> Result<(u32, bool), SqlError> {
        let rest = self.rest.trim_start();
        let Some(word) = rest.get(..2) else {
            return Ok((hour, false));
        };
        let afternoon = word.eq_ignore_ascii_case("pm");
        if !afternoon && !word.eq_ignore_ascii_case("am") {
            return Ok((hour, false));
        }
        if hour > 12 {
            return Err(out_of_range(self.text));
        }
        self.rest = &rest[2..];
        Ok((hour % 12, afternoon))
    }

    fn zone(&mut self) -> Result<Option<Given>, SqlError> {
        let rest = self.rest.trim_start();
        if rest.is_empty() {
            self.rest = rest;
            return Ok(None);
        }
        let east = match rest.as_bytes()[0] {
            b'+' => true,
            b'-' => false,
            _ => {
                self.rest = "";
                return match Zone::named(rest) {
                    Some(zone) => Ok(Some(Given::Zone(zone))),
                    None if rest
                        .contains(|c: char| !c.is_ascii_alphanumeric() && !"/_+-".contains(c)) =>
                    {
                        Err(self.invalid())
                    }
                    None => Err(SqlError::new(
                        SqlState::INVALID_PARAMETER,
                        format!("time zone \"{rest}\" not recognized"),
                    )),
                };
            }
        };
        self.rest = &rest[1..];
        let digits = self.digits();
        let number = |text: &str| text.parse::<i32>().map_err(|_| self.invalid());
        let (hours, mut minutes) = match digits.len() {
            1 | 2 => (number(digits)?, 0),
            3 | 4 => {
                let (hours, minutes) = digits.split_at(digits.len() - 2);
                (number(hours)?, number(minutes)?)
            }
            _ => return Err(self.invalid()),
        };
        let mut seconds = 0;
        if digits.len() <= 2 && self.take(':') {
            minutes = self.number()? as i32;
            if self.take(':') {
                seconds = self.number()? as i32;
            }
        }
        if hours > 15 || minutes > 59 || seconds > 59 {
            return Err(SqlError::new(
                SqlState("22009"),
                format!("time zone displacement out of range: \"{}\"", self.text),
            ));
        }
        let offset = hours * 3600 + minutes * 60 + seconds;
        Ok(Some(Given::Offset(if east { offset } else { -offset })))
    }

    fn end(&self) -> Result<(), SqlError> {
        if self.rest.trim().is_empty() {
            Ok(())
        } else {
            Err(self.invalid())
        }
    }
}

/// The digits after the point as microseconds, rounded.
pub(super) fn fraction_micros(digits: &str) -> i64 {
    let mut micros = 0;
    for nth in 0..6 {
        micros = micros * 10
            + digits
                .as_bytes()
                .get(nth)
                .map_or(0, |digit| i64::from(digit - b'0'));
    }
    micros + i64::from(digits.as_bytes().get(6).is_some_and(|&digit| digit >= b'5'))
}
