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
mod changes;
mod codec;
mod entry;
mod error;
mod gather;
mod ids;
mod key_text;
pub mod limits;
mod log_source;
mod lsn_list;
mod partition;
mod parts;
mod relation;
mod row_key;
mod storage;
mod stream;
mod table;
mod versioned_rows;

pub use change::{Change, LsnChange};
pub use changes::Changes;
pub use entry::{Body, Entry, RelationWrite, TableWrite, Transaction, WriteKind};
pub use error::StorageError;
pub use ids::{Offset, PartitionId, RelationId};
pub use key_text::key_text;
pub use partition::partition_rows;
pub use relation::{StreamSpec, TableSpec, WatermarkSpec};
pub use storage::{Applied, RelationStats, Storage, StorageOptions};
pub use stream::{Appended, LateReader, StreamReader};
pub use versioned_rows::{Key, Snapshot, VersionedRows};
