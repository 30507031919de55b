//! Arrow Flight: SQL text as the ticket of `DoGet`, appends with `DoPut`, straight from and
//! to record batches.
//!
//! - `DoGet`: the ticket is one statement's text. Rows come as record batches; a statement
//!   that gives none answers one row with one column, `tag` (`INSERT 0 3`). `SUBSCRIBE` goes
//!   on until the client ends the call; ending any call cancels its statement.
//! - `DoPut`: the descriptor's path names a relation, `[relation]` or `[schema, relation]`.
//!   Rows are appended in groups, each one transaction, each acknowledged once it is durable
//!   with `{"rows":n}` as the application metadata.
//! - `GetFlightInfo` and `GetSchema` take such a path, or SQL text as the command;
//!   `ListFlights` lists the relations.
//! - `Handshake` takes a user's name and gives a bearer token; passwords are not checked.
//!
//! Each call is a session of its own, with `read_consistency = strict`: a client reads what
//! its earlier calls wrote. `SET` has no effect on later calls.
//!
//! Types that JDBC and JavaScript clients cannot read (views, dictionaries, run ends, narrow
//! decimals) leave as their plain counterparts.
//!
//! It is not: Flight SQL (prepared statements, catalog commands), and it knows nothing of
//! the engine behind [`summit_session::Server`].
//!
//! Limits: see [`limits`]. One row of more than 4 MiB is one message of that size: clients
//! need a higher limit of their own for it.

mod call;
mod connections;
mod describe;
mod error;
mod get;
mod identity;
mod incoming;
pub mod limits;
mod plain;
mod put;
mod serve;
mod service;
mod slices;
mod status;

pub use error::FlightError;
pub use serve::{FlightOptions, serve};
