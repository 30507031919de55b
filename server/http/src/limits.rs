//! The front end's bounds.

use std::time::Duration;

/// Connections at one time; past it, new ones wait to be accepted.
pub const CONNECTIONS_MAX: usize = 256;
/// Bytes of a request's line and headers.
pub const HEAD_BYTES_MAX: usize = 16 << 10;
/// Headers of a request.
pub const HEADERS_MAX: usize = 64;
/// Bytes of a request's body.
pub const BODY_BYTES_MAX: usize = 64 << 10;
/// From a request's first to its last header; also how long a connection may idle.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// From a request's headers to its answer.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
