//! One client's conversation, after the handshake.

mod copy;
mod extended;
mod portal;
mod simple;

use std::collections::HashMap;
use std::sync::Arc;

use pgwire::messages::response::{
    CommandComplete, EmptyQueryResponse, ReadyForQuery, TransactionStatus as WireStatus,
};
use pgwire::messages::startup::ParameterStatus;
use summit_session::{Outcome, Session, SqlError, SqlState, TransactionStatus};

use crate::PgOptions;
use crate::calendar::Zone;
use crate::copy_out::copy_out;
use crate::encode::{Format, Style};
use crate::error::{End, Failure, Located, protocol};
use crate::rows::{OpenRows, Progress, description};
use crate::wire::{Frontend, Io, write_error};
use portal::Portal;

/// A session with its client.
pub(crate) struct Conversation {
    io: Io,
    session: Box<dyn Session>,
    options: PgOptions,
    statements: HashMap<String, Arc<portal::Statement>>,
    portals: HashMap<String, Portal>,
    /// What the client was told of the session's settings.
    reported: Vec<(&'static str, String)>,
    /// After an error in the extended protocol: everything up to Sync is skipped.
    skips_to_sync: bool,
    /// An implicit transaction is open, to be ended at Sync.
    implicit: bool,
    executed: metrics::Counter,
    failed: metrics::Counter,
}

/// What a statement ends with.
enum Completion {
    Tag(String),
    Empty,
}

impl Conversation {
    pub(crate) fn new(io: Io, session: Box<dyn Session>, options: PgOptions) -> Self {
        Conversation {
            io,
            session,
            options,
            statements: HashMap::new(),
            portals: HashMap::new(),
            reported: Vec::new(),
            skips_to_sync: false,
            implicit: false,
            executed: metrics::counter!("summit_pg_statements_total"),
            failed: metrics::counter!("summit_pg_errors_total"),
        }
    }

    /// Talks until one side ends it.
    pub(crate) async fn run(mut self) {
        let end = self.messages().await;
        if let Err(end) = end {
            self.end(end).await;
        }
    }

    async fn messages(&mut self) -> Result<(), End> {
        self.ready().await?;
        loop {
            let (kind, body) = self.io.message().await?;
            if self.skips_to_sync && !matches!(kind, b'S' | b'X') {
                continue;
            }
            if !Frontend::is_known(kind) {
                // what follows cannot be trusted to start where a message does
                return Err(End::Fatal(protocol(format!(
                    "invalid frontend message type {kind}"
                ))));
            }
            let extended = Frontend::is_extended(kind);
            let step = match Frontend::read(kind, body) {
                Ok(Frontend::Terminate) => return Err(End::Gone),
                Ok(Frontend::Query(text)) => self.query(&text).await.map_err(Failure::End),
                Ok(Frontend::Sync) => self.sync().await.map_err(Failure::End),
                Ok(Frontend::Flush) => self.io.flush().await.map_err(Failure::End),
                Ok(Frontend::Parse { name, query, types }) => self.parse(name, &query, types).await,
                Ok(Frontend::Bind(bind)) => self.bind(bind),
                Ok(Frontend::Describe(target, name)) => self.describe(target, &name),
                Ok(Frontend::Execute { portal, rows_max }) => self.execute(portal, rows_max).await,
                Ok(Frontend::Close(target, name)) => self.close(target, &name),
                // what is left of a COPY that failed
                Ok(Frontend::CopyData(_) | Frontend::CopyDone | Frontend::CopyFail(_)) => Ok(()),
                Err(error) => Err(error.into()),
            };
            match step {
                Ok(()) => {}
                Err(Failure::End(end)) => return Err(end),
                Err(Failure::Statement(located)) => {
                    self.report(&located).await?;
                    if extended {
                        self.skips_to_sync = true;
                    } else {
                        self.ready().await?;
                    }
                }
            }
            self.io.flush_when_full().await?;
        }
    }

    /// Says goodbye as far as there is somebody to hear it.
    async fn end(mut self, end: End) {
        if self.session.transaction_status() != TransactionStatus::Idle {
            self.session.fail_transaction();
        }
        self.portals.clear();
        let error = match end {
            End::Gone => return,
            End::Shutdown => SqlError::new(SqlState::SHUTDOWN, end.to_string()),
            End::Fatal(error) => error,
        };
        write_error(&mut self.io.output, "FATAL", &error.into());
        crate::serve::farewell(&mut self.io.output).await;
    }

    /// Tells the client of an error of a statement, which has failed its transaction.
    async fn report(&mut self, located: &Located) -> Result<(), End> {
        self.failed.increment(1);
        self.session.fail_transaction();
        if self.io.ends.is_over() {
            return Err(End::Shutdown);
        }
        self.notices()?;
        write_error(&mut self.io.output, "ERROR", located);
        self.io.flush().await
    }

    /// Between statements: tells of changed settings and of the transaction's state.
    async fn ready(&mut self) -> Result<(), End> {
        let settings = self.session.reported_settings();
        for (name, value) in &settings {
            if !self
                .reported
                .iter()
                .any(|(known, old)| known == name && old == value)
            {
                let status = ParameterStatus::new((*name).to_owned(), value.replace('\0', ""));
                self.io.output.put(&status).map_err(End::Fatal)?;
            }
        }
        self.reported = settings;
        let status = self.session.transaction_status();
        if status != TransactionStatus::Active {
            self.portals.clear();
        }
        self.notices()?;
        let status = match status {
            TransactionStatus::Idle => WireStatus::Idle,
            TransactionStatus::Active => WireStatus::Transaction,
            TransactionStatus::Failed => WireStatus::Error,
        };
        self.io
            .output
            .put(&ReadyForQuery::new(status))
            .map_err(End::Fatal)?;
        self.io.flush().await
    }

    fn notices(&mut self) -> Result<(), End> {
        for notice in self.session.take_notices() {
            self.io.output.notice(&notice).map_err(End::Fatal)?;
        }
        Ok(())
    }

    /// How values look in this session.
    fn style(&self) -> Style {
        let name = self
            .session
            .setting("TimeZone")
            .or_else(|| self.session.setting("timezone"));
        Style {
            zone: name
                .and_then(|name| Zone::named(&name))
                .unwrap_or(Zone::Utc),
        }
    }

    fn check_length(&self, text: &str) -> Result<(), SqlError> {
        if text.len() <= self.options.statement_bytes_max {
            return Ok(());
        }
        Err(SqlError::new(
            SqlState::PROGRAM_LIMIT,
            format!(
                "a statement text is larger than the limit of {} bytes",
                self.options.statement_bytes_max
            ),
        )
        .hint("Send rows with COPY, or fewer at a time."))
    }

    /// Sends what a statement of the simple protocol gives.
    async fn respond(&mut self, outcome: Outcome) -> Result<Completion, Failure> {
        self.notices()?;
        match outcome {
            Outcome::Rows(rows) => {
                let formats = vec![Format::Text; rows.schema.fields().len()];
                self.io.output.put(&description(&rows.schema, &formats))?;
                if rows.live {
                    // the client learns the columns before there are rows
                    self.io.flush().await?;
                }
                let style = self.style();
                let mut open = OpenRows::new(rows, formats);
                match open.send(&mut self.io, &style, None).await? {
                    Progress::Finished(count) => {
                        Ok(Completion::Tag(format!("{} {count}", open.tag())))
                    }
                    Progress::Suspended => {
                        Err(SqlError::internal("a result stopped by itself").into())
                    }
                }
            }
            other => self.respond_without_rows(other).await,
        }
    }

    /// What both protocols do alike.
    async fn respond_without_rows(&mut self, outcome: Outcome) -> Result<Completion, Failure> {
        match outcome {
            Outcome::Done(tag) => {
                if tag == "DEALLOCATE ALL" || tag == "DISCARD ALL" {
                    // those that were prepared over the protocol are meant, too
                    self.statements.clear();
                }
                Ok(Completion::Tag(tag))
            }
            Outcome::Empty => Ok(Completion::Empty),
            Outcome::CopyIn(copy) => {
                let rows = self.copy_in(&copy).await?;
                Ok(Completion::Tag(format!("COPY {rows}")))
            }
            Outcome::CopyOut(rows, options) => {
                let style = self.style();
                let rows = copy_out(&mut self.io, rows, &options, &style).await?;
                Ok(Completion::Tag(format!("COPY {rows}")))
            }
            Outcome::Rows(_) => Err(SqlError::internal("rows without a place to go").into()),
        }
    }

    /// Says that a statement is done.
    fn complete(&mut self, completion: Completion) -> Result<(), Failure> {
        self.notices()?;
        match completion {
            Completion::Tag(tag) => self.io.output.put(&CommandComplete::new(tag))?,
            Completion::Empty => self.io.output.put(&EmptyQueryResponse::new())?,
        }
        Ok(())
    }

    /// Ends the implicit transaction.
    async fn end_implicit(&mut self, failed: bool) -> Result<(), Failure> {
        self.implicit = false;
        self.io.watched(self.session.end_implicit(failed)).await??;
        Ok(())
    }
}
