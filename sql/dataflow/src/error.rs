//! What can go wrong in a view.

use summit_parser::{SqlError, SqlState};

/// Why a view stopped, or could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// The data's: evaluating the view's query failed (division by zero, overflow, a cast).
    #[error("{message}")]
    Evaluation {
        /// SQLSTATE.
        code: SqlState,
        /// One line.
        message: String,
    },
    /// The outside's: an input could not be read.
    #[error("cannot read {0}")]
    Source(String),
    /// Ours: a row was deleted that is not there, or the like.
    #[error("internal error: {0}")]
    Internal(String),
}

impl From<FlowError> for SqlError {
    fn from(error: FlowError) -> Self {
        match error {
            FlowError::Evaluation { code, message } => SqlError::new(code, message),
            FlowError::Source(message) => SqlError::new(SqlState::IO_ERROR, message),
            FlowError::Internal(message) => SqlError::internal(message),
        }
    }
}
