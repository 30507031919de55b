//! What can go wrong with the front end as a whole. Errors of calls are gRPC statuses.

/// An error of the Flight server.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FlightError {
    /// The operator's: the listening socket cannot be used.
    #[error("cannot accept Flight connections: {message}")]
    Transport {
        /// What the system said.
        message: String,
    },
}
