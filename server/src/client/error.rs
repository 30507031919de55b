//! What can go wrong with a connection.

use std::io;

use super::Report;

/// What can go wrong with a connection.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody there, or not reachable.
    #[error("cannot connect to {address}: {message}")]
    Connect {
        /// Where.
        address: String,
        /// Why, and what to do.
        message: String,
    },
    /// The connection broke.
    #[error("lost the connection to {address}: {message}")]
    Lost {
        /// Where.
        address: String,
        /// Why.
        message: String,
    },
    /// Not a server that we understand.
    #[error("{address} does not talk as expected: {message}")]
    Protocol {
        /// Where.
        address: String,
        /// What came.
        message: String,
    },
    /// The server's answer to a statement.
    #[error("{0}")]
    Server(Box<Report>),
}

impl ClientError {
    pub(super) fn lost(address: &str, error: &io::Error) -> Self {
        let message = match error.kind() {
            io::ErrorKind::UnexpectedEof => "the server closed it".to_owned(),
            _ => error.to_string(),
        };
        ClientError::Lost {
            address: address.to_owned(),
            message,
        }
    }

    pub(super) fn protocol(address: &str, message: impl Into<String>) -> Self {
        ClientError::Protocol {
            address: address.to_owned(),
            message: message.into(),
        }
    }
}
