//! From a transaction to its outcome: append to the log, wait until it is applied.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use summit_catalog::{Definition, RelationId, SqlError, SqlState};
use summit_context::Context;
use summit_log::{Log, LogError, Lsn};
use summit_storage::{Body, Entry, StorageError, Transaction};
use tokio::sync::oneshot;

use crate::limits;

/// What became of an entry when it was applied.
pub(crate) type Applied = Result<Outcome, ApplyError>;

/// What an entry did.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// Its position.
    pub lsn: Lsn,
    /// The relations that it made.
    pub created: Vec<RelationId>,
}

/// Why an entry did nothing.
#[derive(Debug, Clone)]
pub(crate) enum ApplyError {
    Storage(StorageError),
    Catalog(SqlError),
    /// Bytes that this program cannot read.
    Undecodable(String),
}

impl From<ApplyError> for SqlError {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Catalog(error) => error,
            ApplyError::Storage(error) => storage_error(error),
            ApplyError::Undecodable(message) => SqlError::internal(message),
        }
    }
}

/// Where entries go in and their outcomes come back.
pub(crate) struct Committer {
    ctx: Context,
    log: Arc<dyn Log>,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Applied>>>,
}

impl Committer {
    pub(crate) fn new(ctx: Context, log: Arc<dyn Log>) -> Self {
        Committer {
            ctx,
            log,
            waiting: Mutex::default(),
        }
    }

    /// Commits what a transaction defines and writes: all or, with an error, none.
    pub(crate) async fn transaction(
        &self,
        definition: Option<&Definition>,
        writes: Transaction,
    ) -> Result<Applied, SqlError> {
        let body = match definition.map(|definition| definition.encode().into()) {
            None => Body::Transaction(writes),
            Some(definition) if writes.writes.is_empty() => Body::Definition(definition),
            Some(definition) => Body::DefinitionAndTransaction(definition, writes),
        };
        self.commit(body).await
    }

    async fn commit(&self, body: Body) -> Result<Applied, SqlError> {
        let origin = self.ctx.random.next_u64();
        let payload = Entry { origin, body }.encode().map_err(storage_error)?;
        if payload.len() > limits::TRANSACTION_BYTES_MAX {
            return Err(SqlError::new(
                SqlState::PROGRAM_LIMIT,
                format!(
                    "the transaction writes {} MB, more than the {} MB that one transaction may",
                    payload.len() >> 20,
                    limits::TRANSACTION_BYTES_MAX >> 20
                ),
            )
            .hint("Load the data in several smaller INSERT or COPY statements."));
        }
        let (sender, receiver) = oneshot::channel();
        let waiting = Waiting {
            committer: self,
            origin,
        };
        self.waiting.lock().insert(origin, sender);
        self.log.append(payload).await.map_err(log_error)?;
        let applied = receiver.await.map_err(|_| shutting_down())?;
        drop(waiting);
        Ok(applied)
    }

    /// Tells whoever waits for the entry what became of it.
    pub(crate) fn resolve(&self, origin: u64, applied: Applied) {
        if let Some(sender) = self.waiting.lock().remove(&origin) {
            // The client may have gone.
            let _ = sender.send(applied);
        }
    }

    /// Nothing will be applied any more.
    pub(crate) fn close(&self) {
        self.waiting.lock().clear();
    }
}

/// Takes the entry out of the map when the waiting future is dropped.
struct Waiting<'a> {
    committer: &'a Committer,
    origin: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.committer.waiting.lock().remove(&self.origin);
    }
}

/// The error for a server that is going away.
pub(crate) fn shutting_down() -> SqlError {
    SqlError::new(
        SqlState::SHUTDOWN,
        "terminating connection due to administrator command",
    )
}

/// The log's errors as a client sees them.
pub(crate) fn log_error(error: LogError) -> SqlError {
    match error {
        LogError::TooLarge { .. } => SqlError::new(SqlState::PROGRAM_LIMIT, error.to_string())
            .hint("Write less in one transaction."),
        LogError::Closed => shutting_down(),
        LogError::Overloaded { .. } => SqlError::new(SqlState("53000"), error.to_string())
            .hint("Send the transaction again; the disk is slower than what is written."),
        LogError::Damaged { .. } => SqlError::new(SqlState::DATA_CORRUPTED, error.to_string())
            .hint("Restore from a backup: summit backup restore."),
        LogError::OutOfRange { .. } => SqlError::internal(error.to_string()),
        LogError::Io {
            kind: std::io::ErrorKind::StorageFull,
            ..
        } => SqlError::new(SqlState::DISK_FULL, error.to_string()),
        LogError::Io { .. } => SqlError::new(SqlState::IO_ERROR, error.to_string()),
    }
}

/// Storage's errors as a client sees them, where no relation's name is at hand.
pub(crate) fn storage_error(error: StorageError) -> SqlError {
    match error {
        StorageError::Log(error) => log_error(error),
        StorageError::NoRelation(id) => SqlError::new(
            SqlState::UNDEFINED_TABLE,
            format!("relation {id} was dropped meanwhile"),
        ),
        StorageError::DuplicateKey { key, .. } => SqlError::new(
            SqlState::UNIQUE_VIOLATION,
            "duplicate key value violates unique constraint",
        )
        .detail(format!("Key {key} already exists.")),
        StorageError::Conflict { .. } => SqlError::new(
            SqlState::SERIALIZATION_FAILURE,
            "could not serialize access due to concurrent update",
        )
        .hint("Run the transaction again."),
        other => SqlError::internal(other.to_string()),
    }
}
