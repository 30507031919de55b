//! What a front end sees of the server: sessions that take SQL text and Arrow arrays and
//! give Arrow record batches. One interface for PostgreSQL wire, Flight and HTTP.
//!
//! The engine implements [`Server`] and [`Session`]; front ends know only this crate, so a
//! change to planner or operators does not rebuild them, and a front end cannot reach past
//! the session.
//!
//! It is not: aware of any protocol, nor of DataFusion.

mod copy;
mod outcome;
mod server;
mod session;
mod status;

pub use copy::{CopyFormat, CopyIn, CopyOptions};
pub use outcome::{Outcome, RowStream, Rows};
pub use server::{Server, SessionOptions};
pub use session::{Cancel, Notice, Prepared, Session, TransactionStatus};
pub use status::{PartitionStatus, RelationKind, RelationStatus, Status};
pub use summit_parser::{ParsedStatement, SqlError, SqlState};
