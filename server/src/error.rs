//! Why a command did not do what it was asked: one clear line, and the exit status.

use summit_engine::OpenError;

use crate::client::ClientError;
use crate::settings::SettingsError;

/// Why a command ends early.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The user's: wrong use.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The user's: wrong use.
    #[error("{0}")]
    Usage(String),
    /// Whatever went wrong, in one line that says what to do.
    #[error("{0}")]
    Failed(String),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A server could not be talked to.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A failure with an exit status of its own.
    #[error("{message}")]
    Status {
        /// The exit status.
        status: u8,
        /// One line.
        message: String,
    },
    /// Everything has been said already; only the exit status is left.
    #[error("exit status {0}")]
    Silent(u8),
}

impl CommandError {
    /// The exit status: 1 failed, 2 wrong use, or the command's own.
    pub fn status(&self) -> u8 {
        match self {
            CommandError::Settings(_) | CommandError::Usage(_) => 2,
            CommandError::Status { status, .. } | CommandError::Silent(status) => *status,
            CommandError::Failed(_) | CommandError::Open(_) | CommandError::Client(_) => 1,
        }
    }
}
