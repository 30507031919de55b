//! A subscriber that keeps count of what it was told.

use std::collections::BTreeMap;

use futures::StreamExt;
use summit_session::{Rows, SqlError};

use crate::bag::{Bag, Row, Value, order, rows_of};
use crate::database::Client;

pub struct Follower {
    name: String,
    rows: Rows,
    /// Rows by their text, which is exact for floats too.
    counts: BTreeMap<String, (Row, i64)>,
    /// Changes of the position that is being read.
    open: BTreeMap<String, (i64, i64)>,
    at: i64,
    done: i64,
}

impl Follower {
    /// Follows a relation or `(query)` from a snapshot on, with progress.
    pub async fn open(client: &mut Client, what: &str) -> Self {
        let sql = format!("SUBSCRIBE {what} WITH (snapshot = true, progress = true)");
        let rows = client.subscribe(&sql).await;
        Follower::of(
            what,
            rows.unwrap_or_else(|error| panic!("{sql}: {error:?}")),
        )
    }

    pub fn of(name: &str, rows: Rows) -> Self {
        Follower {
            name: name.to_owned(),
            rows,
            counts: BTreeMap::new(),
            open: BTreeMap::new(),
            at: -1,
            done: -1,
        }
    }

    /// What it follows.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads until everything up to a position is there.
    pub async fn reach(&mut self, lsn: i64) {
        while self.done < lsn {
            if let Err(error) = self.next().await.expect("it goes on") {
                panic!("subscription to {}: {error:?}", self.name);
            }
        }
    }

    /// Reads to the end; the error that it ended with.
    pub async fn end(&mut self) -> Option<SqlError> {
        loop {
            match self.next().await {
                None => {
                    self.close();
                    return None;
                }
                Some(Err(error)) => return Some(error),
                Some(Ok(())) => {}
            }
        }
    }

    /// Takes the next batch.
    pub async fn next(&mut self) -> Option<Result<(), SqlError>> {
        let batch = match self.rows.batches.next().await? {
            Ok(batch) => batch,
            Err(error) => return Some(Err(error)),
        };
        for mut row in rows_of(&[batch]) {
            let lsn = number(&row[0]);
            let diff = number(&row[1]);
            assert!(
                lsn > self.done,
                "{}: changes of {lsn} after it was done ({})",
                self.name,
                self.done
            );
            assert!(
                lsn >= self.at,
                "{}: changes of {lsn} after those of {}",
                self.name,
                self.at
            );
            if lsn > self.at {
                self.close();
                self.at = lsn;
            }
            if diff == 0 {
                self.close();
                self.done = lsn;
                continue;
            }
            let row = row.split_off(2);
            let text = format!("{row:?}");
            let open = self.open.entry(text.clone()).or_default();
            if diff > 0 {
                open.0 += diff;
            } else {
                open.1 -= diff;
            }
            self.counts.entry(text).or_insert((row, 0)).1 += diff;
        }
        Some(Ok(()))
    }

    /// All changes of a position are there: nothing may be negative, and nothing came and went.
    fn close(&mut self) {
        for (text, (inserted, deleted)) in std::mem::take(&mut self.open) {
            assert!(
                inserted == 0 || deleted == 0,
                "{} at {}: {text} was inserted {inserted} and deleted {deleted} times",
                self.name,
                self.at
            );
            let count = self.counts[&text].1;
            assert!(
                count >= 0,
                "{} at {}: {text} is there {count} times",
                self.name,
                self.at
            );
            if count == 0 {
                self.counts.remove(&text);
            }
        }
    }

    /// The rows as they are after all that was read.
    pub fn bag(&self) -> Bag {
        let mut rows = Vec::new();
        for (row, count) in self.counts.values() {
            for _ in 0..*count {
                rows.push(row.clone());
            }
        }
        rows.sort_by(order);
        Bag::new(rows)
    }

    /// The last position that changes came from.
    pub fn at(&self) -> i64 {
        self.at
    }
}

fn number(value: &Value) -> i64 {
    match value {
        Value::Text(text) => text.parse().expect("a number"),
        other => panic!("{other:?} for a number"),
    }
}
