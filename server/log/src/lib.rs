//! The log: the ordered, durable record of everything that happened in one database.
//!
//! An entry is bytes; its position is an [`Lsn`]. [`Log`] is what the rest of the server
//! sees: append an entry, get its position once it is durable; read from a position.
//! [`Wal`] is the log of a single node: one write-ahead log with group commit.
//!
//! It is not: aware of what an entry holds. No Arrow, no SQL.
//!
//! Limits: an entry is at most [`limits::ENTRY_BYTES_MAX`] bytes; [`limits::WAITING_ENTRIES_MAX`]
//! entries of [`limits::WAITING_BYTES_MAX`] bytes may wait to be written.
//!
//! Invariants: what an append answered is never lost or changed without an error; positions
//! are dense; commit times never go back.

mod error;
pub mod limits;
mod log;
mod lsn;
mod wal;

pub use error::LogError;
pub use log::{Append, Committed, Entry, Log};
pub use lsn::{CommitTime, Cut, Lsn};
pub use wal::{OnFatal, VerifyReport, Wal, WalOptions, WalStats, verify};
