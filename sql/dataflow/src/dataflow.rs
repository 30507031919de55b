//! All views, and the step that moves them.

use std::sync::Arc;

use parking_lot::RwLock;
use summit_log::Cut;
use summit_planner::StreamPlan;
use summit_storage::{Change, RelationId, VersionedRows};

use crate::{FlowError, Sources};

/// Settings.
#[derive(Debug, Clone, Copy)]
pub struct DataflowOptions {
    /// Rows of input that one call of the operators takes at most (memory, not results,
    /// depends on it).
    pub chunk_rows: usize,
}

/// What a view's step changed.
#[derive(Debug, Clone)]
pub struct ViewChanges {
    /// Which view.
    pub view: RelationId,
    /// The netted changes; shared with subscribers.
    pub changes: Arc<[Change]>,
}

/// What a step did.
#[derive(Debug, Clone, Default)]
pub struct StepReport {
    /// Views that changed.
    pub changed: Vec<ViewChanges>,
    /// Views that stopped in this step, and why. Views that read them stop too.
    pub failed: Vec<(RelationId, FlowError)>,
}

/// All views.
pub struct Dataflow {}
