//! The server as a front end sees it.

use crate::{Session, SqlError, Status};

/// A running database server.
pub trait Server: Send + Sync {
    /// Opens a session.
    ///
    /// # Errors
    /// `53300` when there are too many, `3D000` for an unknown database, `57P01` while
    /// shutting down.
    fn session(&self, options: SessionOptions) -> Result<Box<dyn Session>, SqlError>;

    /// How the server is. Cheap; never blocks on the log.
    fn status(&self) -> Status;
}

/// Who opens a session.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// The user's name.
    pub user: String,
    /// The database's name.
    pub database: String,
    /// From where, for logs and errors: `127.0.0.1:5000` or `flight`.
    pub peer: String,
    /// Settings that the client asked for at the start (`application_name`, `TimeZone`, …);
    /// unknown ones are ignored with a log line.
    pub settings: Vec<(String, String)>,
}
