//! Where views read from.

use summit_log::Cut;
use summit_storage::{Change, RelationId};

use crate::FlowError;

/// Changes, in bounded pieces.
pub type Changes<'a> = Box<dyn Iterator<Item = Result<Change, FlowError>> + Send + 'a>;

/// Streams and tables, as views read them. (Views read other views within the dataflow.)
pub trait Sources: Send + Sync {
    /// What changed in a stream or table after `after`, up to and including `upto`.
    ///
    /// # Errors
    /// When it cannot be read.
    fn changes(
        &self,
        relation: RelationId,
        after: Cut,
        upto: Cut,
    ) -> Result<Changes<'_>, FlowError>;

    /// Everything that is in a stream or table at `at`, as inserts.
    ///
    /// # Errors
    /// When it cannot be read.
    fn contents(&self, relation: RelationId, at: Cut) -> Result<Changes<'_>, FlowError>;
}
