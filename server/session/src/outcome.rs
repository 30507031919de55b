//! What a statement gives.

use std::fmt;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::stream::BoxStream;

use crate::{CopyIn, CopyOptions, SqlError};

/// Record batches as they come. An item may be an empty batch: it says that what was sent
/// before should reach the client now.
pub type RowStream = BoxStream<'static, Result<RecordBatch, SqlError>>;

/// What a statement gives.
pub enum Outcome {
    /// Rows.
    Rows(Rows),
    /// No rows; PostgreSQL's command tag (`INSERT 0 3`, `CREATE TABLE`).
    Done(String),
    /// An empty statement.
    Empty,
    /// The client must send rows now, see [`crate::Session::copy_in`].
    CopyIn(CopyIn),
    /// Rows to send as COPY data.
    CopyOut(Rows, CopyOptions),
}

/// Rows on their way. Dropping the stream ends the work behind it. The stream ends with
/// `57014` when the session's statement is cancelled.
pub struct Rows {
    /// Their columns.
    pub schema: SchemaRef,
    /// The batches.
    pub batches: RowStream,
    /// First word of the command tag; the number of rows follows it (`SELECT 5`).
    pub tag: &'static str,
    /// Whether the stream may go on for ever (`SUBSCRIBE`): each batch must be flushed.
    pub live: bool,
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Rows(rows) => write!(f, "Rows({})", rows.tag),
            Outcome::Done(tag) => write!(f, "Done({tag})"),
            Outcome::Empty => f.write_str("Empty"),
            Outcome::CopyIn(copy) => write!(f, "CopyIn({copy:?})"),
            Outcome::CopyOut(..) => f.write_str("CopyOut"),
        }
    }
}
