//! What can go wrong with the front end as a whole. Errors of requests are answers.

/// An error of the HTTP server.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HttpError {
    /// Ours: metrics can be installed once per process.
    #[error("cannot install the metrics recorder: {message}")]
    Metrics {
        /// What the recorder said.
        message: String,
    },
}
