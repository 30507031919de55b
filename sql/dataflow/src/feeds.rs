//! What views read: while they are built, and in a step.

use std::collections::BTreeMap;
use std::sync::Arc;

use summit_log::Cut;
use summit_storage::{Change, RelationId, Snapshot};

use crate::batches::coalesce;
use crate::netting::net;
use crate::operator::{Feed, Sink};
use crate::{FlowError, Sources};

/// Contents at one position.
pub(crate) struct InstallFeed<'a> {
    /// Streams and tables.
    pub(crate) sources: &'a dyn Sources,
    /// Views.
    pub(crate) inputs: BTreeMap<RelationId, Snapshot>,
    /// The position.
    pub(crate) at: Cut,
}

impl Feed for InstallFeed<'_> {
    fn read(&self, relation: RelationId, sink: &mut Sink) -> Result<(), FlowError> {
        if let Some(snapshot) = self.inputs.get(&relation) {
            for rows in snapshot.batches(None) {
                let rows = rows.map_err(|error| FlowError::internal(error.to_string()))?;
                sink(Change::inserts(rows))?;
            }
            return Ok(());
        }
        for change in self.sources.contents(relation, self.at)? {
            sink(change?)?;
        }
        Ok(())
    }
}

/// Changes of one step: each relation's are read once and shared by the views.
pub(crate) struct StepFeed<'a> {
    sources: &'a dyn Sources,
    after: Cut,
    upto: Cut,
    chunk_rows: usize,
    changes: BTreeMap<RelationId, Result<Arc<[Change]>, FlowError>>,
}

impl<'a> StepFeed<'a> {
    /// Of the positions after `after` up to `upto`.
    pub(crate) fn new(sources: &'a dyn Sources, after: Cut, upto: Cut, chunk_rows: usize) -> Self {
        StepFeed {
            sources,
            after,
            upto,
            chunk_rows,
            changes: BTreeMap::new(),
        }
    }

    /// Reads what these relations changed, unless it has been read. Answers whether there is
    /// anything.
    pub(crate) fn load<'b>(
        &mut self,
        relations: impl Iterator<Item = &'b RelationId>,
        is_view: impl Fn(&RelationId) -> bool,
    ) -> Result<bool, FlowError> {
        let mut any = false;
        for relation in relations {
            if is_view(relation) {
                any |= self.changes.contains_key(relation);
                continue;
            }
            if !self.changes.contains_key(relation) {
                let changes = self.read_source(*relation);
                self.changes.insert(*relation, changes);
            }
            match &self.changes[relation] {
                Ok(changes) => any |= !changes.is_empty(),
                Err(error) => return Err(error.clone()),
            }
        }
        Ok(any)
    }

    /// A view's changes, for the views that read it.
    pub(crate) fn insert(&mut self, view: RelationId, changes: Arc<[Change]>) {
        self.changes.insert(view, Ok(changes));
    }

    fn read_source(&self, relation: RelationId) -> Result<Arc<[Change]>, FlowError> {
        let mut changes = Vec::new();
        for change in self.sources.changes(relation, self.after, self.upto)? {
            let change = change?;
            if change.num_rows() > 0 {
                changes.push(change);
            }
        }
        let Some(first) = changes.first() else {
            return Ok(Arc::from([]));
        };
        let schema = first.rows.schema();
        // rows of a table that came and went within the step concern no view
        let changes = net(&schema, changes)?;
        // entries are often of a few rows each
        Ok(coalesce(&schema, changes, self.chunk_rows)?.into())
    }
}

impl Feed for StepFeed<'_> {
    fn read(&self, relation: RelationId, sink: &mut Sink) -> Result<(), FlowError> {
        match self.changes.get(&relation) {
            None => Ok(()),
            Some(Err(error)) => Err(error.clone()),
            Some(Ok(changes)) => changes.iter().try_for_each(|change| sink(change.clone())),
        }
    }
}
