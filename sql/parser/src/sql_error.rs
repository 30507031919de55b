//! The error that a client sees, in PostgreSQL's shape.

use crate::ParseError;

/// A SQLSTATE: five characters, of Appendix A of PostgreSQL's manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SqlState(pub &'static str);

macro_rules! states {
    ($($(#[doc = $doc:literal])? $name:ident = $code:literal;)*) => {
        impl SqlState {
            $(#[doc = concat!("`", $code, "`")] pub const $name: SqlState = SqlState($code);)*
        }
    };
}

states! {
    CONNECTION_FAILURE = "08006";
    PROTOCOL_VIOLATION = "08P01";
    FEATURE_NOT_SUPPORTED = "0A000";
    STRING_TOO_LONG = "22001";
    NUMERIC_OUT_OF_RANGE = "22003";
    INVALID_DATETIME = "22007";
    DATETIME_OVERFLOW = "22008";
    DIVISION_BY_ZERO = "22012";
    INVALID_PARAMETER = "22023";
    INVALID_TEXT = "22P02";
    INVALID_BINARY = "22P03";
    BAD_COPY_FORMAT = "22P04";
    NOT_NULL_VIOLATION = "23502";
    UNIQUE_VIOLATION = "23505";
    INVALID_TRANSACTION_STATE = "25000";
    NO_ACTIVE_TRANSACTION = "25P01";
    ACTIVE_TRANSACTION = "25001";
    FAILED_TRANSACTION = "25P02";
    UNKNOWN_STATEMENT = "26000";
    DEPENDENT_OBJECTS = "2BP01";
    UNKNOWN_CURSOR = "34000";
    UNKNOWN_DATABASE = "3D000";
    UNKNOWN_SCHEMA = "3F000";
    SERIALIZATION_FAILURE = "40001";
    SYNTAX_ERROR = "42601";
    AMBIGUOUS_COLUMN = "42702";
    UNDEFINED_COLUMN = "42703";
    UNDEFINED_OBJECT = "42704";
    DUPLICATE_COLUMN = "42701";
    DUPLICATE_OBJECT = "42710";
    GROUPING_ERROR = "42803";
    DATATYPE_MISMATCH = "42804";
    WRONG_OBJECT_TYPE = "42809";
    UNDEFINED_FUNCTION = "42883";
    UNDEFINED_TABLE = "42P01";
    UNDEFINED_PARAMETER = "42P02";
    DUPLICATE_CURSOR = "42P03";
    DUPLICATE_STATEMENT = "42P05";
    DUPLICATE_TABLE = "42P07";
    INVALID_COLUMN_DEFINITION = "42611";
    INVALID_TABLE_DEFINITION = "42P16";
    INDETERMINATE_TYPE = "42P18";
    DISK_FULL = "53100";
    OUT_OF_MEMORY = "53200";
    TOO_MANY_CONNECTIONS = "53300";
    LIMIT_EXCEEDED = "53400";
    STATEMENT_TOO_COMPLEX = "54001";
    PROGRAM_LIMIT = "54000";
    NOT_IN_STATE = "55000";
    QUERY_CANCELED = "57014";
    SHUTDOWN = "57P01";
    IO_ERROR = "58030";
    INTERNAL = "XX000";
    DATA_CORRUPTED = "XX001";
}

/// An error as the client sees it: one primary line in PostgreSQL's words, with what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SqlError {
    /// What kind.
    pub code: SqlState,
    /// One line.
    pub message: String,
    /// More about what was found.
    pub detail: Option<String>,
    /// What to do.
    pub hint: Option<String>,
    /// Where in the statement's text, in characters from 1.
    pub position: Option<usize>,
}

impl SqlError {
    /// An error with its primary line.
    pub fn new(code: SqlState, message: impl Into<String>) -> Self {
        SqlError {
            code,
            message: message.into(),
            detail: None,
            hint: None,
            position: None,
        }
    }

    /// What is known and not offered; the hint must name the way out.
    pub fn unsupported(message: impl Into<String>, hint: impl Into<String>) -> Self {
        SqlError::new(SqlState::FEATURE_NOT_SUPPORTED, message).hint(hint)
    }

    /// A bug of ours.
    pub fn internal(message: impl Into<String>) -> Self {
        SqlError::new(SqlState::INTERNAL, message)
    }

    /// With a detail line.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// With a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With a position, in characters from 1.
    #[must_use]
    pub fn position(mut self, position: usize) -> Self {
        self.position = Some(position);
        self
    }
}

impl From<ParseError> for SqlError {
    fn from(error: ParseError) -> Self {
        SqlError {
            code: SqlState(error.sqlstate),
            message: error.message,
            detail: None,
            hint: error.hint,
            position: error.position,
        }
    }
}
