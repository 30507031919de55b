//! All views, and the step that moves them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use parking_lot::RwLock;
use summit_log::Cut;
use summit_planner::StreamPlan;
use summit_storage::{Change, RelationId, VersionedRows};

use crate::feeds::{InstallFeed, StepFeed};
use crate::view::View;
use crate::{FlowError, Sources};

/// Settings.
#[derive(Debug, Clone, Copy)]
pub struct DataflowOptions {
    /// Rows of input that one call of the operators takes at most (memory, not results,
    /// depends on it).
    pub chunk_rows: usize,
}

impl Default for DataflowOptions {
    fn default() -> Self {
        DataflowOptions {
            chunk_rows: crate::limits::CHUNK_ROWS,
        }
    }
}

/// Whether a view's contents are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// They are: they can be read, also by other views.
    Contents,
    /// They are not: the view only tells what changes (a subscription to a query).
    Nothing,
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

/// What a view amounts to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct ViewStats {
    /// Rows of contents; 0 when they are not kept.
    pub rows: usize,
    /// Bytes of operators' states.
    pub state_bytes: usize,
    /// Bytes of contents.
    pub contents_bytes: usize,
    /// Steps in which an input changed. (In others the view did nothing.)
    pub steps: u64,
    /// Rows of changes that came out of all steps, those of the building included.
    pub changed_rows: u64,
}

/// All views.
pub struct Dataflow {
    options: DataflowOptions,
    reached: Cut,
    views: BTreeMap<RelationId, View>,
    /// Every view after those it reads.
    order: Vec<RelationId>,
}

impl Dataflow {
    /// Without views, at the start of the log.
    pub fn new(options: DataflowOptions) -> Self {
        Dataflow {
            options,
            reached: Cut::ZERO,
            views: BTreeMap::new(),
            order: Vec::new(),
        }
    }

    /// The position that all views are at, except those that failed.
    pub fn reached(&self) -> Cut {
        self.reached
    }

    /// Sets the position that the first view is built at.
    ///
    /// # Panics
    /// When there are views: they could not follow.
    pub fn set_position(&mut self, at: Cut) {
        assert!(
            self.views.is_empty(),
            "the position of a dataflow with views moves by steps"
        );
        self.reached = at;
    }

    /// Installs a view and builds it from the contents of its inputs at
    /// [`reached`](Self::reached). Views that it reads must be installed, with contents.
    ///
    /// # Errors
    /// When the query's evaluation fails or an input cannot be read; then nothing is
    /// installed.
    pub fn install(
        &mut self,
        view: RelationId,
        plan: &StreamPlan,
        sources: &dyn Sources,
        keep: Keep,
    ) -> Result<(), FlowError> {
        self.build(view, plan, sources, keep, &mut |_| Ok(()))
    }

    /// Installs a view of which nothing is kept and hands on its contents at
    /// [`reached`](Self::reached), as inserts in pieces: what a subscription begins with.
    ///
    /// # Errors
    /// As for [`install`](Self::install), or one of `each`.
    pub fn install_emitting(
        &mut self,
        view: RelationId,
        plan: &StreamPlan,
        sources: &dyn Sources,
        each: &mut dyn FnMut(Change) -> Result<(), FlowError>,
    ) -> Result<(), FlowError> {
        self.build(view, plan, sources, Keep::Nothing, each)
    }

    /// Forgets a view. Views that read it must have been dropped before.
    pub fn drop_view(&mut self, view: RelationId) {
        let is_read = self.views.values().any(|other| other.reads(view));
        debug_assert!(!is_read, "view {view} is dropped before one that reads it");
        self.views.remove(&view);
        self.order.retain(|other| *other != view);
    }

    /// Moves all views to `upto`. A view that fails keeps its contents as of the last
    /// position that it reached; so do views that read it. Others go on. A view whose inputs
    /// did not change costs nothing.
    pub fn step(&mut self, sources: &dyn Sources, upto: Cut) -> StepReport {
        let mut report = StepReport::default();
        if upto <= self.reached {
            return report;
        }
        let mut feed = StepFeed::new(sources, self.reached, upto, self.options.chunk_rows);
        for id in &self.order {
            let Some(view) = self.views.get(id) else {
                continue;
            };
            if view.failed().is_some() {
                continue;
            }
            let input_failed = view.inputs().iter().find_map(|(input, name)| {
                let error = self.views.get(input)?.failed().map(|(_, error)| error)?;
                Some(error.of_input(name))
            });
            let is_view = |relation: &RelationId| self.views.contains_key(relation);
            let outcome = match input_failed {
                Some(error) => Err(error),
                None => match feed.load(view.inputs().keys(), is_view) {
                    Err(error) => Err(error),
                    Ok(false) => continue,
                    Ok(true) => {
                        let view = self.views.get_mut(id).expect("it was there above");
                        view.step(&feed, upto)
                    }
                },
            };
            match outcome {
                Ok(changes) if changes.is_empty() => {}
                Ok(changes) => {
                    let changes: Arc<[Change]> = changes.into();
                    feed.insert(*id, Arc::clone(&changes));
                    report.changed.push(ViewChanges { view: *id, changes });
                }
                Err(error) => {
                    let view = self.views.get_mut(id).expect("it was there above");
                    view.fail(self.reached, error.clone());
                    report.failed.push((*id, error));
                }
            }
        }
        self.reached = upto;
        report
    }

    /// A view's contents; to be read at a position up to [`reached`](Self::reached), or of a
    /// view that failed, up to where it did.
    pub fn contents(&self, view: RelationId) -> Option<Arc<RwLock<VersionedRows>>> {
        self.views.get(&view)?.contents().cloned()
    }

    /// Where and why a view stopped, if it did.
    pub fn failed(&self, view: RelationId) -> Option<(Cut, FlowError)> {
        self.views.get(&view)?.failed().cloned()
    }

    /// What a view amounts to.
    pub fn stats(&self, view: RelationId) -> Option<ViewStats> {
        self.views.get(&view).map(View::stats)
    }

    /// Gives up the contents' versions before `horizon`, which nobody reads any more.
    pub fn compact(&mut self, horizon: Cut) {
        for (id, view) in &self.views {
            if let Err(error) = view.compact(horizon) {
                tracing::error!(view = id.0, %error, "cannot compact a view's contents");
            }
        }
    }

    fn build(
        &mut self,
        id: RelationId,
        plan: &StreamPlan,
        sources: &dyn Sources,
        keep: Keep,
        each: &mut dyn FnMut(Change) -> Result<(), FlowError>,
    ) -> Result<(), FlowError> {
        let mut view = View::new(plan, keep, self.options.chunk_rows)?;
        let mut inputs = BTreeMap::new();
        for (input, name) in view.inputs() {
            let Some(input_view) = self.views.get(input) else {
                continue;
            };
            if let Some((_, error)) = input_view.failed() {
                return Err(error.of_input(name));
            }
            let contents = input_view.contents().ok_or_else(|| {
                FlowError::internal(format!("\"{name}\" keeps no contents to read"))
            })?;
            inputs.insert(*input, contents.read().snapshot(self.reached.lsn()));
        }
        view.build(
            &InstallFeed {
                sources,
                inputs,
                at: self.reached,
            },
            self.reached,
            each,
        )?;
        match self.views.entry(id) {
            Entry::Occupied(_) => Err(FlowError::internal(format!("view {id} is there already"))),
            Entry::Vacant(entry) => {
                entry.insert(view);
                self.order.push(id);
                Ok(())
            }
        }
    }
}
