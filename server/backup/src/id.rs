//! Names of backups.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime};

use crate::BackupError;

const TIME_FORMAT: &str = "%Y%m%dT%H%M%SZ";
const TIME_BYTES: usize = 16;

/// A backup's name: when it was begun, to the second, then five hex digits of its microsecond
/// and three random ones, as `20261124T153000Z-0123abcd`. Sorts by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BackupId(String);

impl BackupId {
    /// A name for a backup that begins at `now_micros` (since 1970-01-01 UTC).
    pub(crate) fn new(now_micros: i64, random: u64) -> Result<Self, BackupError> {
        let time = DateTime::from_timestamp_micros(now_micros)
            .map(|time| time.format(TIME_FORMAT).to_string())
            .filter(|text| text.len() == TIME_BYTES)
            .ok_or_else(|| {
                BackupError::wrong_use(
                    format!("the time {now_micros} is no date of our era"),
                    "set the machine's clock",
                )
            })?;
        let micros = now_micros.rem_euclid(1_000_000);
        Ok(BackupId(format!(
            "{time}-{micros:05x}{:03x}",
            random & 0xfff
        )))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// When the backup was begun, in microseconds since 1970-01-01 UTC, to the second.
    pub fn begun_micros(&self) -> i64 {
        let time = self.0.get(..TIME_BYTES).unwrap_or_default();
        NaiveDateTime::parse_from_str(time, TIME_FORMAT)
            .map_or(i64::MAX, |time| time.and_utc().timestamp_micros())
    }
}

impl FromStr for BackupId {
    type Err = BackupError;

    fn from_str(text: &str) -> Result<Self, BackupError> {
        let bytes = text.as_bytes();
        let well_formed = bytes.len() == TIME_BYTES + 9
            && bytes.iter().enumerate().all(|(index, byte)| match index {
                8 => *byte == b'T',
                15 => *byte == b'Z',
                16 => *byte == b'-',
                0..15 => byte.is_ascii_digit(),
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            });
        let id = BackupId(text.to_owned());
        if well_formed && id.begun_micros() != i64::MAX {
            return Ok(id);
        }
        let shown: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
        Err(BackupError::wrong_use(
            format!("\"{shown}\" is not a backup's id"),
            "summit backup list shows them; one looks like 20261124T153000Z-0123abcd",
        ))
    }
}

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// The newest complete one.
    Latest,
    /// This one.
    Id(BackupId),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_when_it_was_begun_and_reads_back() {
        let id = BackupId::new(1_795_534_200_123_456, 0xdead_beef_0000_00ff).unwrap();
        assert_eq!(id.as_str(), "20261124T153000Z-1e2400ff");
        assert_eq!(id.begun_micros(), 1_795_534_200_000_000);
        assert_eq!(id.as_str().parse::<BackupId>().unwrap(), id);
    }

    #[test]
    fn other_names_are_refused() {
        for text in [
            "",
            "latest",
            "../../etc/passwd",
            "20261324T153000Z-000000ff",
            "20261124T153000Z-000000FF",
        ] {
            assert!(text.parse::<BackupId>().is_err(), "{text}");
        }
        assert!(BackupId::new(i64::MAX, 0).is_err());
    }
}
