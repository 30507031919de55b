//! What a log entry of a database holds.

use arrow::array::RecordBatch;
use bytes::Bytes;
use summit_log::Lsn;

use crate::{PartitionId, RelationId};

/// A log entry.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Chosen at random by who appended it, to recognise the entry when it is applied.
    pub origin: u64,
    /// What it does.
    pub body: Body,
}

/// What a log entry does.
#[derive(Debug, Clone)]
pub enum Body {
    /// Writes rows, all or none.
    Transaction(Transaction),
    /// Changes definitions; bytes of the catalog, opaque here.
    Definition(Bytes),
    /// Changes definitions, then writes rows, also of what it has just defined; all or none.
    DefinitionAndTransaction(Bytes, Transaction),
    /// Only moves the log's time on.
    Tick,
}

/// Writes of one transaction, applied together or not at all. A relation appears once.
#[derive(Debug, Clone, Default)]
pub struct Transaction {
    /// What it writes.
    pub writes: Vec<RelationWrite>,
}

/// What a transaction writes to one relation.
#[derive(Debug, Clone)]
pub struct RelationWrite {
    /// Which.
    pub relation: RelationId,
    /// What.
    pub kind: WriteKind,
}

/// Rows for a stream or changes for a table.
#[derive(Debug, Clone)]
pub enum WriteKind {
    /// Rows to append to a stream, by partition.
    Append(Vec<(PartitionId, RecordBatch)>),
    /// Changes to a table.
    Table(TableWrite),
}

/// Changes to a table. First the deletes are checked and done, then the inserts.
#[derive(Debug, Clone)]
pub struct TableWrite {
    /// The position that the writer read the table at.
    pub read_at: Lsn,
    /// Full rows to delete, as they were read; a row that has been changed or deleted since
    /// `read_at` is a conflict.
    pub deletes: Option<RecordBatch>,
    /// Full rows to insert; a key that exists after the deletes is a duplicate.
    pub inserts: Option<RecordBatch>,
}
