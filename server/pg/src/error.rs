//! What can go wrong in a conversation.

use summit_session::{SqlError, SqlState};

/// An error with where it happened.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{error}")]
pub(crate) struct Located {
    pub(crate) error: Box<SqlError>,
    /// PostgreSQL's CONTEXT line.
    pub(crate) context: Option<String>,
}

/// Why a step of a conversation did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The statement failed; the session goes on.
    #[error(transparent)]
    Statement(#[from] Box<Located>),
    /// The session is over.
    #[error(transparent)]
    End(#[from] End),
}

/// Why a session is over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum End {
    /// The client went away, or said goodbye.
    #[error("the client went away")]
    Gone,
    /// The server shuts down, or ends this session.
    #[error("terminating connection due to administrator command")]
    Shutdown,
    /// The client must be told, then the connection closes.
    #[error(transparent)]
    Fatal(SqlError),
}

impl From<SqlError> for Located {
    fn from(error: SqlError) -> Self {
        Located {
            error: Box::new(error),
            context: None,
        }
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        Failure::Statement(Box::new(error.into()))
    }
}

impl From<Located> for Failure {
    fn from(error: Located) -> Self {
        Failure::Statement(Box::new(error))
    }
}

impl From<std::io::Error> for End {
    fn from(_: std::io::Error) -> Self {
        // whatever the socket says, nobody listens any more
        End::Gone
    }
}

/// A message that breaks the protocol.
pub(crate) fn protocol(message: impl Into<String>) -> SqlError {
    SqlError::new(SqlState::PROTOCOL_VIOLATION, message)
}

/// PostgreSQL's words at a cancelled statement.
pub(crate) fn canceled() -> SqlError {
    SqlError::new(
        SqlState::QUERY_CANCELED,
        "canceling statement due to user request",
    )
}

impl Failure {
    /// Moves a statement's error position by where the statement starts in the query text.
    pub(crate) fn shifted(mut self, offset: usize) -> Failure {
        if let Failure::Statement(located) = &mut self {
            located.error.position = located.error.position.map(|position| position + offset);
        }
        self
    }
}
