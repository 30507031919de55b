//! What can go wrong in a view.

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
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

impl FlowError {
    /// An error of evaluation.
    pub(crate) fn evaluation(code: SqlState, message: impl Into<String>) -> Self {
        FlowError::Evaluation {
            code,
            message: message.into(),
        }
    }

    /// A bug of ours.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        FlowError::Internal(message.into())
    }

    /// This view's error, as a view that reads it reports it.
    pub(crate) fn of_input(&self, name: &str) -> Self {
        let code = match self {
            FlowError::Evaluation { code, .. } => *code,
            FlowError::Source(_) => SqlState::IO_ERROR,
            FlowError::Internal(_) => SqlState::INTERNAL,
        };
        FlowError::evaluation(
            code,
            format!("\"{name}\", which it reads, has stopped: {self}"),
        )
    }
}

impl From<FlowError> for SqlError {
    fn from(error: FlowError) -> Self {
        match error {
            FlowError::Evaluation { code, message } => SqlError::new(code, message),
            FlowError::Source(message) => {
                SqlError::new(SqlState::IO_ERROR, format!("cannot read {message}"))
            }
            FlowError::Internal(message) => SqlError::internal(message),
        }
    }
}

impl From<ArrowError> for FlowError {
    fn from(error: ArrowError) -> Self {
        DataFusionError::ArrowError(Box::new(error), None).into()
    }
}

impl From<DataFusionError> for FlowError {
    fn from(error: DataFusionError) -> Self {
        let error = summit_planner::sql_error(error);
        match error.code {
            SqlState::INTERNAL => FlowError::Internal(error.message),
            code => FlowError::Evaluation {
                code,
                message: error.message,
            },
        }
    }
}
