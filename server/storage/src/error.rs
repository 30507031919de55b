//! What can go wrong in storage.

use summit_log::LogError;

use crate::RelationId;

/// An error of storage.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StorageError {
    /// The log's.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The user's: a key exists already. `key` is as PostgreSQL prints it: `(k)=(1)`.
    #[error("duplicate key in relation {relation}: {key}")]
    DuplicateKey {
        /// The table.
        relation: RelationId,
        /// Columns and values.
        key: String,
    },
    /// Nobody's, try again: another transaction changed the row first.
    #[error("a row of relation {relation} was changed by a concurrent transaction")]
    Conflict {
        /// The table.
        relation: RelationId,
    },
    /// The relation was dropped meanwhile.
    #[error("relation {0} does not exist")]
    NoRelation(RelationId),
    /// Bytes that are not an entry, or rows that do not fit the relation.
    #[error("invalid entry: {0}")]
    Invalid(String),
}
