//! Puts the data into the node, through a session as any client's.

use arrow::array::RecordBatch;
use summit_session::{Outcome, Server, Session, SessionOptions, SqlError};

use crate::error::CommandError;

use super::data::{Hour, Tables};
use super::queries::{SCHEMA, VIEWS};

/// Puts the data into the node.
pub struct Replay {
    session: Box<dyn Session>,
    flights: u64,
    weather: u64,
}

impl Replay {
    /// With a session of its own.
    pub fn new(server: &dyn Server) -> Result<Self, CommandError> {
        let options = SessionOptions {
            user: "summit".to_owned(),
            database: "summit".to_owned(),
            peer: "demo".to_owned(),
            settings: Vec::new(),
        };
        let session = server
            .session(options)
            .map_err(|error| failed("open a session", &error))?;
        Ok(Replay {
            session,
            flights: 0,
            weather: 0,
        })
    }

    /// Rows of flights so far.
    pub fn flights(&self) -> u64 {
        self.flights
    }

    /// Rows of weather so far.
    pub fn weather(&self) -> u64 {
        self.weather
    }

    /// Creates streams, tables and views.
    pub async fn define(&mut self) -> Result<(), CommandError> {
        for sql in [SCHEMA, VIEWS] {
            let statements = self
                .session
                .parse(sql)
                .map_err(|error| failed("read the demo's SQL", &error))?;
            for statement in statements {
                let first_line = statement
                    .text
                    .lines()
                    .find(|line| line.starts_with("CREATE"));
                let what = first_line.unwrap_or("run the demo's SQL").to_owned();
                let prepared = self
                    .session
                    .prepare(&statement, &[])
                    .await
                    .map_err(|error| failed(&what, &error))?;
                let outcome = self
                    .session
                    .execute(&prepared, Vec::new())
                    .await
                    .map_err(|error| failed(&what, &error))?;
                if !matches!(outcome, Outcome::Done(_) | Outcome::Empty) {
                    return Err(CommandError::Failed(format!("{what}: gave {outcome:?}")));
                }
            }
        }
        Ok(())
    }

    /// Fills the tables.
    pub async fn tables(&mut self, tables: Tables) -> Result<(), CommandError> {
        self.append("airlines", vec![tables.airlines]).await?;
        self.append("airports", vec![tables.airports]).await?;
        self.append("planes", vec![tables.planes]).await?;
        Ok(())
    }

    /// Appends what happened in these hours. The weather goes first: it was measured at the
    /// beginning of the hour.
    pub async fn hours(&mut self, hours: &[Hour]) -> Result<(), CommandError> {
        let rows = |of: fn(&Hour) -> &Option<RecordBatch>| -> Vec<RecordBatch> {
            hours.iter().filter_map(|hour| of(hour).clone()).collect()
        };
        let weather = rows(|hour| &hour.weather);
        let flights = rows(|hour| &hour.flights);
        if !weather.is_empty() {
            self.weather += self.append("weather", weather).await?;
        }
        if !flights.is_empty() {
            self.flights += self.append("flights", flights).await?;
        }
        Ok(())
    }

    async fn append(
        &mut self,
        relation: &str,
        batches: Vec<RecordBatch>,
    ) -> Result<u64, CommandError> {
        self.session
            .append(&[relation.to_owned()], batches)
            .await
            .map_err(|error| failed(&format!("append to {relation}"), &error))
    }
}

fn failed(what: &str, error: &SqlError) -> CommandError {
    let hint = error
        .hint
        .as_ref()
        .map_or_else(String::new, |hint| format!(" ({hint})"));
    CommandError::Failed(format!("demo: cannot {what}: {}{hint}", error.message))
}
