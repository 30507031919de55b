//! A client of the PostgreSQL wire protocol, for `summit sql`, `summit backup create` and the
//! demo's screen: simple queries, rows as text, COPY, cancel.
//!
//! It is not: for applications. It has no types, no parameters, no TLS and no passwords.
//! (`tokio-postgres` hides command tags and the types of a simple query's columns, which a
//! terminal shows.)

mod connection;
mod error;
mod report;
mod split;
mod table;

pub use connection::{Column, Connection, Event};
pub use error::ClientError;
pub use report::Report;
pub use split::{Splitter, first_word};
pub use table::{Table, TableWriter};
