//! The demo's data: Parquet files that the program holds.

use std::collections::BTreeMap;

use arrow::array::{Array, RecordBatch, TimestampMicrosecondArray};
use arrow::compute::concat_batches;
use bytes::Bytes;
use chrono::DateTime;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::error::CommandError;

const FLIGHTS: &[u8] = include_bytes!("../../demo/data/flights.parquet");
const WEATHER: &[u8] = include_bytes!("../../demo/data/weather.parquet");
const AIRLINES: &[u8] = include_bytes!("../../demo/data/airlines.parquet");
const AIRPORTS: &[u8] = include_bytes!("../../demo/data/airports.parquet");
const PLANES: &[u8] = include_bytes!("../../demo/data/planes.parquet");

const HOUR_MICROS: i64 = 3_600_000_000;

/// The tables' rows.
#[derive(Debug)]
pub struct Tables {
    /// Airlines.
    pub airlines: RecordBatch,
    /// Airports.
    pub airports: RecordBatch,
    /// Planes.
    pub planes: RecordBatch,
}

impl Tables {
    /// All of them.
    pub fn read() -> Result<Self, CommandError> {
        Ok(Tables {
            airlines: read("airlines", AIRLINES)?,
            airports: read("airports", AIRPORTS)?,
            planes: read("planes", PLANES)?,
        })
    }
}

/// What happened within one hour, in the order of event time.
#[derive(Debug, Clone)]
pub struct Hour {
    /// When it begins: microseconds since 1970-01-01 UTC.
    pub start_micros: i64,
    /// Rows of flights.
    pub flights: Option<RecordBatch>,
    /// Rows of weather.
    pub weather: Option<RecordBatch>,
}

impl Hour {
    /// When it begins, for people.
    pub fn shown(&self) -> String {
        DateTime::from_timestamp_micros(self.start_micros).map_or_else(String::new, |time| {
            time.format("%Y-%m-%d %H:%M UTC").to_string()
        })
    }
}

/// All hours in which something happened, in order.
pub fn hours() -> Result<Vec<Hour>, CommandError> {
    let flights = by_hour(&read("flights", FLIGHTS)?)?;
    let mut weather = by_hour(&read("weather", WEATHER)?)?;
    let mut hours: BTreeMap<i64, Hour> = flights
        .into_iter()
        .map(|(start_micros, rows)| {
            let weather = weather.remove(&start_micros);
            (
                start_micros,
                Hour {
                    start_micros,
                    flights: Some(rows),
                    weather,
                },
            )
        })
        .collect();
    for (start_micros, rows) in weather {
        hours.insert(
            start_micros,
            Hour {
                start_micros,
                flights: None,
                weather: Some(rows),
            },
        );
    }
    Ok(hours.into_values().collect())
}

fn read(name: &str, bytes: &'static [u8]) -> Result<RecordBatch, CommandError> {
    let unreadable = |error: &dyn std::fmt::Display| {
        CommandError::Failed(format!("the demo's {name} cannot be read: {error}"))
    };
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from_static(bytes))
        .map_err(|error| unreadable(&error))?;
    let schema = builder.schema().clone();
    let batches: Vec<RecordBatch> = builder
        .build()
        .map_err(|error| unreadable(&error))?
        .collect::<Result<_, _>>()
        .map_err(|error| unreadable(&error))?;
    concat_batches(&schema, &batches).map_err(|error| unreadable(&error))
}

/// Slices of rows that are sorted by their first column, `ts`.
fn by_hour(rows: &RecordBatch) -> Result<BTreeMap<i64, RecordBatch>, CommandError> {
    let wrong = || CommandError::Failed("the demo's data has no ts in microseconds".to_owned());
    let ts = rows.column_by_name("ts").ok_or_else(wrong)?;
    let ts = ts
        .as_any()
        .downcast_ref::<TimestampMicrosecondArray>()
        .ok_or_else(wrong)?;
    let hour = |row: usize| ts.value(row).div_euclid(HOUR_MICROS) * HOUR_MICROS;
    let mut hours = BTreeMap::new();
    let mut start = 0;
    while start < ts.len() {
        let mut end = start + 1;
        while end < ts.len() && hour(end) == hour(start) {
            end += 1;
        }
        hours.insert(hour(start), rows.slice(start, end - start));
        start = end;
    }
    Ok(hours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hours_hold_all_rows_in_the_order_of_event_time() {
        let hours = hours().unwrap();
        let count = |rows: &Option<RecordBatch>| rows.as_ref().map_or(0, RecordBatch::num_rows);
        assert_eq!(
            hours.iter().map(|hour| count(&hour.flights)).sum::<usize>(),
            80_789
        );
        assert_eq!(
            hours.iter().map(|hour| count(&hour.weather)).sum::<usize>(),
            6_463
        );
        assert!(hours.is_sorted_by(|a, b| a.start_micros < b.start_micros));
        assert_eq!(hours[0].shown(), "2013-01-01 06:00 UTC");
        for hour in &hours {
            for rows in [&hour.flights, &hour.weather].into_iter().flatten() {
                let ts = rows.column_by_name("ts").unwrap();
                let ts = ts
                    .as_any()
                    .downcast_ref::<TimestampMicrosecondArray>()
                    .unwrap();
                let within = hour.start_micros..hour.start_micros + HOUR_MICROS;
                assert!(ts.values().iter().all(|ts| within.contains(ts)));
                assert!(ts.values().is_sorted());
            }
        }
    }

    #[test]
    fn the_tables_are_complete() {
        let tables = Tables::read().unwrap();
        assert_eq!(tables.airlines.num_rows(), 16);
        assert_eq!(tables.airports.num_rows(), 1_458);
        assert_eq!(tables.planes.num_rows(), 3_322);
    }
}
