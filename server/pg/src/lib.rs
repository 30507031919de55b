//! The PostgreSQL front end: simple and extended query protocol, COPY and cancel requests,
//! over [`summit_session`]. psql, libpq and the drivers of other languages talk to it.
//!
//! Statements run one after the other per connection. While one runs, the connection watches
//! its client and the server: a client that goes away, a cancel request and a shutdown reach
//! it at once. Rows are encoded from Arrow columns batch by batch and sent as they come.
//!
//! It is not: a place for SQL (the session has that), for authentication (it trusts whoever
//! can connect: the server only listens on loopback) or for TLS (it answers `N`).
//!
//! Limits: see `limits.rs`. Notable ones: 256 sessions, 64 MiB per message, 16 MiB per
//! statement text, 1 GiB per COPY, 4096 prepared statements and 1024 portals per session.
//!
//! Invariants: knows nothing about plans or storage; bytes of a client never panic; nothing
//! is sent to the client before the session answered for it.

mod builder;
mod calendar;
mod cancels;
mod conversation;
mod copy_in;
mod copy_out;
mod encode;
mod error;
mod handshake;
mod limits;
mod options;
mod parse;
mod pg_type;
#[cfg(test)]
mod round_trip_test;
mod rows;
mod serve;
#[cfg(test)]
mod values_test;
mod wire;

pub use options::PgOptions;
pub use serve::serve;
