//! What clients see: drivers, psql, Flight, HTTP.

mod consistency;
mod copy;
mod errors;
mod flight;
mod http;
mod parameters;
mod psql;
mod python;
mod sql_client;
mod statements;
mod subscribe;

pub use statements::LONG_QUERY;
