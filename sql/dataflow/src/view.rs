//! One view.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::physical_expr::expressions::Column;
use parking_lot::RwLock;
use summit_log::Cut;
use summit_planner::{StreamNode, StreamPlan};
use summit_storage::{Change, Key, RelationId, StorageError, VersionedRows};

use crate::batches::coalesce;
use crate::feeds::{InstallFeed, StepFeed};
use crate::limits::OUTPUT_ROWS;
use crate::netting::net;
use crate::operator::Operator;
use crate::{FlowError, Keep, ViewStats};

/// A view's operators and contents.
pub(crate) struct View {
    /// `None` once the view has failed: its state is in no defined condition.
    operators: Option<Operator>,
    schema: SchemaRef,
    contents: Option<Arc<RwLock<VersionedRows>>>,
    failed: Option<(Cut, FlowError)>,
    /// The relations it reads, with their names.
    inputs: BTreeMap<RelationId, String>,
    steps: u64,
    changed_rows: u64,
}

impl View {
    /// Without rows.
    pub(crate) fn new(plan: &StreamPlan, keep: Keep, chunk_rows: usize) -> Result<Self, FlowError> {
        let contents = match keep {
            Keep::Nothing => None,
            Keep::Contents => {
                let rows = VersionedRows::new(Arc::clone(&plan.schema), key_of(plan));
                Some(Arc::new(RwLock::new(rows.map_err(stored)?)))
            }
        };
        let mut inputs = BTreeMap::new();
        inputs_of(plan, &mut inputs);
        Ok(View {
            operators: Some(Operator::build(plan, chunk_rows)?),
            schema: Arc::clone(&plan.schema),
            contents,
            failed: None,
            inputs,
            steps: 0,
            changed_rows: 0,
        })
    }

    /// Runs the operators over the contents of the inputs. Nothing is collected: over inserts
    /// alone no operator deletes, so that each piece can go to the contents as it comes.
    pub(crate) fn build(
        &mut self,
        feed: &InstallFeed,
        at: Cut,
        each: &mut dyn FnMut(Change) -> Result<(), FlowError>,
    ) -> Result<(), FlowError> {
        let Some(operators) = &mut self.operators else {
            return Ok(());
        };
        let (contents, changed_rows) = (&self.contents, &mut self.changed_rows);
        operators.run_caught(feed, &mut |change| {
            *changed_rows += change.num_rows() as u64;
            if let Some(contents) = contents {
                contents.write().apply(at.lsn(), &change).map_err(stored)?;
            }
            each(change)
        })
    }

    /// Runs the operators over the changes of the inputs. Answers the netted changes, which
    /// are in the contents then, at `upto`.
    pub(crate) fn step(&mut self, feed: &StepFeed, upto: Cut) -> Result<Vec<Change>, FlowError> {
        let Some(operators) = &mut self.operators else {
            return Ok(Vec::new());
        };
        self.steps += 1;
        let mut changes = Vec::new();
        operators.run_caught(feed, &mut |change| {
            if change.num_rows() > 0 {
                changes.push(change);
            }
            Ok(())
        })?;
        if !operators.is_netted() {
            changes = net(&self.schema, changes)?;
        }
        changes = coalesce(&self.schema, changes, OUTPUT_ROWS)?;
        if changes.is_empty() {
            return Ok(changes);
        }
        if let Some(contents) = &self.contents {
            let mut contents = contents.write();
            for change in &changes {
                contents.apply(upto.lsn(), change).map_err(stored)?;
            }
        }
        self.changed_rows += changes
            .iter()
            .map(|change| change.num_rows() as u64)
            .sum::<u64>();
        Ok(changes)
    }

    /// Stops the view.
    pub(crate) fn fail(&mut self, at: Cut, error: FlowError) {
        self.operators = None;
        self.failed = Some((at, error));
    }

    /// Where it stopped and why.
    pub(crate) fn failed(&self) -> Option<&(Cut, FlowError)> {
        self.failed.as_ref()
    }

    /// The relations that it reads, with their names.
    pub(crate) fn inputs(&self) -> &BTreeMap<RelationId, String> {
        &self.inputs
    }

    /// Whether it reads a relation.
    pub(crate) fn reads(&self, relation: RelationId) -> bool {
        self.inputs.contains_key(&relation)
    }

    /// Its contents, when they are kept.
    pub(crate) fn contents(&self) -> Option<&Arc<RwLock<VersionedRows>>> {
        self.contents.as_ref()
    }

    /// Gives up old versions.
    pub(crate) fn compact(&self, horizon: Cut) -> Result<(), StorageError> {
        let Some(contents) = &self.contents else {
            return Ok(());
        };
        // those of a view that failed stay readable where it stopped
        let horizon = self
            .failed
            .as_ref()
            .map_or(horizon, |(at, _)| horizon.min(*at));
        contents.write().compact(horizon.lsn()).map(drop)
    }

    /// What it amounts to.
    pub(crate) fn stats(&self) -> ViewStats {
        let (rows, contents_bytes) = self.contents.as_ref().map_or((0, 0), |contents| {
            let contents = contents.read();
            (contents.len(), contents.memory_bytes())
        });
        ViewStats {
            rows,
            state_bytes: self.operators.as_ref().map_or(0, Operator::state_bytes),
            contents_bytes,
            steps: self.steps,
            changed_rows: self.changed_rows,
        }
    }
}

fn stored(error: StorageError) -> FlowError {
    FlowError::internal(error.to_string())
}

fn inputs_of(plan: &StreamPlan, inputs: &mut BTreeMap<RelationId, String>) {
    match &plan.node {
        StreamNode::Source { relation, name, .. } => {
            inputs.insert(*relation, name.clone());
        }
        StreamNode::Constant { .. } => {}
        StreamNode::Filter { input, .. }
        | StreamNode::Project { input, .. }
        | StreamNode::Unnest { input, .. } => inputs_of(input, inputs),
        StreamNode::Aggregate(node) => inputs_of(&node.input, inputs),
        StreamNode::Join(node) => {
            inputs_of(&node.left, inputs);
            inputs_of(&node.right, inputs);
        }
        StreamNode::Union { inputs: plans } => {
            plans.iter().for_each(|plan| inputs_of(plan, inputs));
        }
    }
}

/// How contents find the rows to delete: by the group's columns where there are any, which
/// are unique and shorter than the row.
fn key_of(plan: &StreamPlan) -> Key {
    if plan.append_only {
        return Key::None;
    }
    match unique_columns(plan) {
        Some(columns) if !columns.is_empty() => Key::Columns(columns),
        _ => Key::WholeRow,
    }
}

/// Columns that no two rows of the output share.
fn unique_columns(plan: &StreamPlan) -> Option<Vec<usize>> {
    match &plan.node {
        StreamNode::Aggregate(node) => Some((0..node.group.len()).collect()),
        StreamNode::Filter { input, .. } => unique_columns(input),
        StreamNode::Project { input, exprs } => unique_columns(input)?
            .into_iter()
            .map(|column| {
                exprs.iter().position(|expr| {
                    expr.downcast_ref::<Column>()
                        .is_some_and(|of| of.index() == column)
                })
            })
            .collect(),
        _ => None,
    }
}
