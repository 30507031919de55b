//! Runs one query and prints what comes of it, as psql would.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;

use crate::client::{Connection, Event, Splitter, TableWriter, first_word};
use crate::error::CommandError;
use crate::limits::COPY_CHUNK_BYTES;
use crate::output::{print, say};

use super::input::Input;

/// Rows of a subscription that come together are aligned together.
const LIVE_WAIT: Duration = Duration::from_millis(30);
/// The SQLSTATE of a statement that was cancelled.
const CANCELED: &str = "57014";

/// How a query ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Well.
    Done,
    /// With an error, which is printed.
    Failed,
}

/// Runs queries on a connection.
pub struct Runner {
    connection: Connection,
    interrupt: Signal,
}

impl Runner {
    /// On this connection. Ctrl-C cancels from here on, instead of ending the process.
    pub fn new(connection: Connection) -> Result<Self, CommandError> {
        let interrupt = signal(SignalKind::interrupt())
            .map_err(|error| CommandError::Failed(format!("cannot catch signals: {error}")))?;
        Ok(Runner {
            connection,
            interrupt,
        })
    }

    /// Resolves at Ctrl-C.
    pub async fn interrupted(&mut self) {
        self.interrupt.recv().await;
    }

    /// Runs a text of one or more statements. COPY data comes from `input`; `place` goes
    /// before errors.
    pub async fn run(
        &mut self,
        sql: &str,
        place: &str,
        input: &mut Input,
    ) -> Result<Ending, CommandError> {
        // error positions count lines from the first word, as in psql
        let sql = sql.trim_start();
        let is_live = has_subscription(sql);
        self.connection.query(sql).await?;
        let mut table: Option<TableWriter> = None;
        let mut ending = Ending::Done;
        let mut cancelled = false;
        let mut copied_out = false;
        loop {
            let wait = if is_live && table.as_ref().is_some_and(TableWriter::holds_back) {
                LIVE_WAIT
            } else {
                Duration::MAX
            };
            let event = tokio::select! {
                event = timeout(wait, self.connection.next()) => event,
                _ = self.interrupt.recv() => {
                    if cancelled {
                        // asked twice: the server may be gone
                        return Err(CommandError::Silent(1));
                    }
                    cancelled = true;
                    self.connection.cancel().await?;
                    continue;
                }
            };
            let Ok(event) = event else {
                if let Some(table) = &mut table {
                    print(table.flush())?;
                }
                continue;
            };
            match event? {
                Event::Columns(columns) => table = Some(TableWriter::new(columns)),
                Event::Row(row) => {
                    if let Some(table) = &mut table {
                        print(table.row(row))?;
                    }
                }
                Event::Complete(tag) => match table.take() {
                    Some(table) => print(table.finish())?,
                    // COPY's data went to standard output, where nothing may follow it
                    None if copied_out => copied_out = false,
                    None => print(format!("{tag}\n"))?,
                },
                Event::Notice(report) => say(format!("{place}{}", report.show(sql))),
                Event::Error(report) => {
                    let unfinished = table.take();
                    if cancelled && is_live && report.code == CANCELED {
                        // the way to end a subscription: not an error
                        print(unfinished.map(TableWriter::finish).unwrap_or_default())?;
                    } else {
                        ending = Ending::Failed;
                        if let Some(mut table) = unfinished.filter(|_| is_live) {
                            print(table.flush())?;
                        }
                        say(format!("{place}{}", report.show(sql)));
                    }
                }
                Event::CopyIn => self.copy_in(input).await?,
                Event::CopyOut => copied_out = true,
                Event::CopyData(data) => print(data)?,
                Event::Empty => {}
                Event::Ready => return Ok(ending),
            }
        }
    }

    /// Ends the connection.
    pub async fn close(self) {
        self.connection.close().await;
    }

    /// Sends lines up to `\.` or the end.
    async fn copy_in(&mut self, input: &mut Input) -> Result<(), CommandError> {
        let mut chunk = Vec::with_capacity(COPY_CHUNK_BYTES);
        while let Some(line) = input.next().await? {
            if line.text.trim_end_matches(['\r', '\n']) == "\\." {
                break;
            }
            chunk.extend_from_slice(line.text.as_bytes());
            if chunk.len() >= COPY_CHUNK_BYTES {
                self.connection.copy_data(&chunk).await?;
                chunk.clear();
            }
        }
        if !chunk.is_empty() {
            self.connection.copy_data(&chunk).await?;
        }
        Ok(self.connection.copy_done().await?)
    }
}

fn has_subscription(sql: &str) -> bool {
    let mut splitter = Splitter::default();
    splitter.push(sql);
    let mut statements: Vec<String> = std::iter::from_fn(|| splitter.next_statement()).collect();
    statements.extend(splitter.finish());
    statements
        .iter()
        .any(|statement| first_word(statement) == "SUBSCRIBE")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_are_known_by_their_first_word() {
        assert!(has_subscription("SELECT 1; -- and\n subscribe to x"));
        assert!(!has_subscription("SELECT 'SUBSCRIBE'"));
    }
}
