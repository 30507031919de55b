//! One call and its session. Each call has a session of its own: a statement that runs for
//! ever in one call does not hold up another on the same connection.

use std::future::Future;
use std::sync::Arc;

use summit_session::{
    Cancel, Outcome, ParsedStatement, Prepared, Server, Session, SessionOptions, SqlError, SqlState,
};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::metadata::MetadataMap;

use crate::identity::user_of;
use crate::limits::STATEMENT_BYTES_MAX;
use crate::status::{from_sql, shutting_down};

const DATABASE: &str = "summit";

/// A session for the length of one call. Dropping it cancels what still runs: a client that
/// ends a call ends its statement.
pub(crate) struct Call {
    pub(crate) session: Box<dyn Session>,
    cancel: Cancel,
    /// Becomes cancelled when no call may go on.
    ending: CancellationToken,
}

impl Drop for Call {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl Call {
    /// Opens the session of a call.
    pub(crate) fn open(
        server: &Arc<dyn Server>,
        headers: &MetadataMap,
        peer: Option<String>,
        ending: CancellationToken,
    ) -> Result<Self, Status> {
        let options = SessionOptions {
            user: user_of(headers)?,
            database: DATABASE.to_owned(),
            peer: peer.unwrap_or_else(|| "flight".to_owned()),
            settings: vec![
                ("application_name".to_owned(), "flight".to_owned()),
                // the client's earlier calls were other sessions: only strict reads see them
                ("read_consistency".to_owned(), "strict".to_owned()),
            ],
        };
        let session = server.session(options).map_err(|error| from_sql(&error))?;
        let cancel = session.cancel_handle();
        Ok(Call {
            session,
            cancel,
            ending,
        })
    }

    /// Becomes cancelled when the session must end.
    pub(crate) fn ended(&self) -> CancellationToken {
        self.cancel.ended.clone()
    }

    /// Plans the one statement that a text holds.
    pub(crate) async fn prepare(&mut self, sql: &str) -> Result<Prepared, Status> {
        let statement = self.one_statement(sql)?;
        let (ended, ending) = (self.ended(), self.ending.clone());
        let prepared = until(ended, ending, self.session.prepare(&statement, &[])).await?;
        if prepared.parameter_types.is_empty() {
            Ok(prepared)
        } else {
            Err(from_sql(
                &SqlError::new(
                    SqlState::UNDEFINED_PARAMETER,
                    "a ticket takes no parameters",
                )
                .hint("write the values into the text, or use the PostgreSQL port"),
            ))
        }
    }

    /// Runs a planned statement.
    pub(crate) async fn execute(&mut self, prepared: &Prepared) -> Result<Outcome, Status> {
        let (ended, ending) = (self.ended(), self.ending.clone());
        until(ended, ending, self.session.execute(prepared, Vec::new())).await
    }

    fn one_statement(&self, sql: &str) -> Result<ParsedStatement, Status> {
        let mut statements = self.session.parse(sql).map_err(|error| from_sql(&error))?;
        match (statements.pop(), statements.len()) {
            (Some(statement), 0) => Ok(statement),
            (None, _) => Err(Status::invalid_argument(
                "the text holds no statement\nHINT: send one SQL statement, such as SELECT 1",
            )),
            (Some(_), before) => Err(Status::invalid_argument(format!(
                "the text holds {} statements, a call runs one\n\
                 HINT: send each as a call of its own",
                before + 1
            ))),
        }
    }
}

/// Waits for work of a session, but no longer than the session and the server live.
pub(crate) async fn until<T>(
    ended: CancellationToken,
    ending: CancellationToken,
    work: impl Future<Output = Result<T, SqlError>>,
) -> Result<T, Status> {
    tokio::select! {
        biased;
        result = work => result.map_err(|error| from_sql(&error)),
        () = ended.cancelled() => Err(shutting_down()),
        () = ending.cancelled() => Err(shutting_down()),
    }
}

/// The SQL text in a ticket or command.
pub(crate) fn sql_text(bytes: &[u8]) -> Result<&str, Status> {
    const FLIGHT_SQL: &[u8] = b"type.googleapis.com/arrow.flight.protocol.sql.";
    if bytes
        .windows(FLIGHT_SQL.len())
        .take(16)
        .any(|window| window == FLIGHT_SQL)
    {
        return Err(Status::unimplemented(
            "this is plain Arrow Flight, not Flight SQL\n\
             HINT: send the SQL text itself as the ticket of DoGet, or use the PostgreSQL port \
             (JDBC, ODBC, ADBC)",
        ));
    }
    if bytes.len() > STATEMENT_BYTES_MAX {
        return Err(Status::resource_exhausted(format!(
            "a statement of {} bytes is larger than the limit of {STATEMENT_BYTES_MAX} bytes\n\
             HINT: append rows with DoPut",
            bytes.len()
        )));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        Status::invalid_argument(format!(
            "the text is not UTF-8 (at byte {})\nHINT: a ticket is one SQL statement's text",
            error.valid_up_to()
        ))
    })
}
