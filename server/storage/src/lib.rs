//! What the log's entries amount to: the rows of streams and tables.
//!
//! [`Storage`] is a deterministic state machine. It is fed the log's entries in order and
//! decides, the same way on every replica: offsets, lateness, conflicts of keys. It serves
//! the rows of a stream and the contents and changes of a table at a [`summit_log::Cut`].
//! [`VersionedRows`] keeps the contents of a changing relation readable at its last
//! positions; tables and materialized views both use it.
//!
//! It is not: aware of SQL, types beyond Arrow's, or names. It links no DataFusion.

mod change;
mod entry;
mod error;
mod ids;
pub mod limits;
mod relation;

pub use change::{Change, LsnChange};
pub use entry::{Body, Entry, RelationWrite, TableWrite, Transaction, WriteKind};
pub use error::StorageError;
pub use ids::{Offset, PartitionId, RelationId};
pub use relation::{StreamSpec, TableSpec, WatermarkSpec};
