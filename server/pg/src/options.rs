//! How the front end is set up.

use summit_context::Context;

use crate::limits;

/// How the front end is set up.
#[derive(Clone)]
pub struct PgOptions {
    /// Clock and randomness (the keys of cancel requests).
    pub context: Context,
    /// Sessions at a time.
    pub sessions_max: usize,
    /// Bytes of one message of a client.
    pub message_bytes_max: usize,
    /// Bytes of the text of one query or statement.
    pub statement_bytes_max: usize,
    /// Bytes that one COPY may send.
    pub copy_bytes_max: usize,
}

impl PgOptions {
    /// The defaults of `limits.rs`.
    pub fn new(context: Context) -> Self {
        PgOptions {
            context,
            sessions_max: limits::SESSIONS_MAX,
            message_bytes_max: limits::MESSAGE_BYTES_MAX,
            statement_bytes_max: limits::STATEMENT_BYTES_MAX,
            copy_bytes_max: limits::COPY_BYTES_MAX,
        }
    }
}
