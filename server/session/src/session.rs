//! One client's conversation.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::{CopyIn, Outcome, ParsedStatement, SqlError};

/// One client's conversation. Statements run one after the other.
///
/// Transactions: outside an explicit transaction each statement commits by itself, unless
/// the front end brackets several with [`Session::begin_implicit`] and
/// [`Session::end_implicit`] (a simple query of several statements). When a statement fails
/// inside an explicit transaction, the transaction is failed and everything but
/// `ROLLBACK`/`COMMIT` is refused with `25P02`.
pub trait Session: Send {
    /// Splits a text into statements.
    ///
    /// # Errors
    /// Syntax errors with their position in `sql`.
    fn parse(&self, sql: &str) -> Result<Vec<ParsedStatement>, SqlError>;

    /// Plans a statement. `parameter_types` are those that the client declared (`$1` first);
    /// the rest is inferred.
    ///
    /// # Errors
    /// Whatever is wrong with the statement, positions relative to the statement's text.
    fn prepare<'a>(
        &'a mut self,
        statement: &'a ParsedStatement,
        parameter_types: &'a [Option<DataType>],
    ) -> BoxFuture<'a, Result<Prepared, SqlError>>;

    /// Runs a statement. One array of length 1 per parameter, of the type that
    /// [`Prepared::parameter_types`] says.
    fn execute<'a>(
        &'a mut self,
        prepared: &'a Prepared,
        parameters: Vec<ArrayRef>,
    ) -> BoxFuture<'a, Result<Outcome, SqlError>>;

    /// Finishes a `COPY … FROM STDIN` that [`Outcome::CopyIn`] began: appends all rows, or
    /// none. The batches have the schema of `copy`. Answers the number of rows.
    fn copy_in<'a>(
        &'a mut self,
        copy: &'a CopyIn,
        batches: Vec<RecordBatch>,
    ) -> BoxFuture<'a, Result<u64, SqlError>>;

    /// Appends rows to a stream or inserts them into a table; columns are matched by name
    /// and must have types that cast without loss; missing ones are NULL. The name may be
    /// qualified. Answers the number of rows. Each call is one transaction unless one is open.
    fn append<'a>(
        &'a mut self,
        relation: &'a [String],
        batches: Vec<RecordBatch>,
    ) -> BoxFuture<'a, Result<u64, SqlError>>;

    /// The schema of a relation, by name.
    fn relation_schema(&self, relation: &[String]) -> Result<SchemaRef, SqlError>;

    /// Makes the statements from here on one transaction, if none is open.
    fn begin_implicit(&mut self);

    /// Ends what [`Session::begin_implicit`] began: commits, or rolls back when `failed`.
    /// Does nothing when no implicit transaction is open.
    fn end_implicit(&mut self, failed: bool) -> BoxFuture<'_, Result<(), SqlError>>;

    /// The front end met an error of its own while running a statement (bad COPY data, a
    /// client that went away): fails an open transaction as an error of a statement would.
    fn fail_transaction(&mut self);

    /// Where the session stands between statements.
    fn transaction_status(&self) -> TransactionStatus;

    /// A setting's current value as `SHOW` prints it.
    fn setting(&self, name: &str) -> Option<String>;

    /// Settings that clients are told of at the start and when they change (PostgreSQL's
    /// ParameterStatus), with their values.
    fn reported_settings(&self) -> Vec<(&'static str, String)>;

    /// Messages for the user since the last call.
    fn take_notices(&mut self) -> Vec<Notice>;

    /// Cancels what runs in this session, from any thread.
    fn cancel_handle(&self) -> Cancel;
}

/// A message for the user that is not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// `NOTICE` or `WARNING`.
    pub severity: &'static str,
    /// SQLSTATE.
    pub code: &'static str,
    /// One line.
    pub message: String,
}

/// PostgreSQL's transaction status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionStatus {
    /// No transaction.
    Idle,
    /// In a transaction.
    Active,
    /// In a transaction that failed.
    Failed,
}

/// A planned statement. Cheap to clone; stays valid when definitions change (it is planned
/// again when it runs).
#[derive(Clone)]
pub struct Prepared {
    /// The types of `$1`, `$2`, …
    pub parameter_types: Vec<DataType>,
    /// The columns of its rows; `None` when it gives no rows.
    pub columns: Option<SchemaRef>,
    /// The engine's own.
    pub inner: Arc<dyn Any + Send + Sync>,
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared")
            .field("parameter_types", &self.parameter_types)
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

/// Cancels the statement that runs in a session. The statement then ends with `57014`.
#[derive(Clone)]
pub struct Cancel {
    cancel: Arc<dyn Fn() + Send + Sync>,
    /// Becomes cancelled when the session must end altogether (shutdown).
    pub ended: CancellationToken,
}

impl Cancel {
    /// From what cancels the running statement, and what ends the session.
    pub fn new(cancel: Arc<dyn Fn() + Send + Sync>, ended: CancellationToken) -> Self {
        Cancel { cancel, ended }
    }

    /// Cancels what runs now; nothing when nothing runs.
    pub fn cancel(&self) {
        (self.cancel)();
    }
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancel").finish_non_exhaustive()
    }
}
