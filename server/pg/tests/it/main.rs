//! The front end against a made-up session, with real clients and raw sockets.

mod copy;
mod extended;
mod fake;
mod raw;
mod simple;
mod startup;
