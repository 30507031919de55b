//! The front end's bounds.

/// What a message to a client aims at; Go and Rust clients take 4 MiB unless told otherwise.
pub const MESSAGE_BYTES_TARGET: usize = 2 << 20;
/// The largest message from a client: pyarrow sends a whole batch as one.
pub const REQUEST_BYTES_MAX: usize = 64 << 20;
/// Rows of one message from a client: a column of nulls has no bytes to bound it.
pub const REQUEST_ROWS_MAX: i64 = 16 << 20;
/// Rows that one transaction of a `DoPut` may hold.
pub const GROUP_ROWS_MAX: usize = 65_536;
/// Bytes that one transaction of a `DoPut` may hold.
pub const GROUP_BYTES_MAX: usize = 8 << 20;
/// Connections at one time; past it, new ones wait to be accepted.
pub const CONNECTIONS_MAX: usize = 1024;
/// Calls at one time on one connection.
pub const CALLS_PER_CONNECTION_MAX: u32 = 256;
/// Bytes of a call's headers.
pub const HEADER_BYTES_MAX: u32 = 16 << 10;
/// Bytes of a statement's text.
pub const STATEMENT_BYTES_MAX: usize = 4 << 20;
/// A user's name.
pub const USER_BYTES_MAX: usize = 256;
