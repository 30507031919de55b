//! Applies the log's entries, in order: the same on every replica and after every restart.

use std::sync::Arc;
use std::time::Duration;

use summit_catalog::{Catalog, Definition, Relation, RelationId, RelationKind};
use summit_log::{Cut, Entry as LogEntry, Lsn};
use summit_storage::{Body, Entry, StorageError, StreamSpec, TableSpec, WatermarkSpec};
use tracing::error;

use crate::OpenError;
use crate::commit::{Applied, ApplyError, Outcome};
use crate::limits;
use crate::state::Shared;
use crate::views::ViewCommand;

/// How long the thread sleeps at most before it looks whether to stop.
const NAP: Duration = Duration::from_millis(200);

/// Applies everything that is in the log at the start. No views run yet.
pub(crate) fn replay(shared: &Shared) -> Result<(), OpenError> {
    let end = shared.log.committed();
    let mut applied = Lsn::ZERO;
    while applied < end {
        for entry in shared.log.read(applied.next(), limits::APPLY_BYTES_MAX)? {
            applied = entry.lsn;
            let origin_and_outcome = apply(shared, &entry, false);
            if let Err(ApplyError::Undecodable(message)) = &origin_and_outcome.1 {
                return Err(OpenError::Entry {
                    lsn: entry.lsn.get(),
                    message: message.clone(),
                });
            }
        }
    }
    shared.applied.send_replace(Cut::at(applied));
    Ok(())
}

/// Applies entries as they are committed, until the log is closed and all is applied.
pub(crate) fn run(shared: &Shared) {
    let mut applied = shared.applied.borrow().lsn();
    loop {
        let committed = shared.log.wait_for(applied.next(), NAP);
        if committed <= applied {
            if shared.shutdown.is_cancelled() {
                shared.committer.close();
                return;
            }
            continue;
        }
        let entries = match shared.log.read(applied.next(), limits::APPLY_BYTES_MAX) {
            Ok(entries) => entries,
            Err(error) => {
                // Answers would be wrong from here on: better none.
                error!(%error, lsn = applied.next().get(), "cannot read the log; the node stops");
                std::process::abort();
            }
        };
        let mut outcomes = Vec::with_capacity(entries.len());
        for entry in &entries {
            outcomes.push(apply(shared, entry, true));
            applied = entry.lsn;
        }
        shared.applied.send_replace(Cut::at(applied));
        shared.views.wake();
        // After the position moved: who is told can read what it wrote.
        for (origin, outcome) in outcomes {
            shared.committer.resolve(origin, outcome);
        }
    }
}

/// Applies an entry: all of it, or nothing and the reason.
fn apply(shared: &Shared, entry: &LogEntry, live: bool) -> (u64, Applied) {
    let origin = Entry::origin_of(&entry.payload).unwrap_or_default();
    (origin, apply_body(shared, entry, live))
}

fn apply_body(shared: &Shared, entry: &LogEntry, live: bool) -> Applied {
    let undecodable = |message: String| ApplyError::Undecodable(message);
    let before = shared.catalog();
    let definition = Entry::definition_of(&entry.payload)
        .map_err(|error| undecodable(error.to_string()))?
        .map(|bytes| Definition::decode(&bytes).map_err(undecodable))
        .transpose()?;
    let after = match &definition {
        Some(definition) => Arc::new(
            before
                .apply(definition, entry.lsn)
                .map_err(ApplyError::Catalog)?,
        ),
        None => Arc::clone(&before),
    };
    // By the catalog: storage may still hold a dropped relation, for views a step behind.
    let schemas = |id| {
        after
            .relation(id)
            .map(|relation| Arc::clone(&relation.columns))
    };
    let decoded = Entry::decode(&entry.payload, &schemas).map_err(|error| match error {
        StorageError::NoRelation(_) => ApplyError::Storage(error),
        error => undecodable(error.to_string()),
    })?;
    let created = difference(&after, &before);
    for (made, relation) in created.iter().enumerate() {
        if let Err(error) = make_base(shared, relation, entry.lsn) {
            undo(shared, &created[..made]);
            return Err(ApplyError::Storage(error));
        }
    }
    if let Body::Transaction(writes) | Body::DefinitionAndTransaction(_, writes) = &decoded.body
        && let Err(error) = shared.storage.apply(entry.lsn, entry.time, writes)
    {
        undo(shared, &created);
        return Err(ApplyError::Storage(error));
    }
    if definition.is_some() {
        drop_all(shared, &difference(&before, &after), entry.lsn, live);
        for relation in &created {
            if live && matches!(relation.kind, RelationKind::MaterializedView { .. }) {
                shared.views.push(ViewCommand::Install {
                    at: entry.lsn,
                    relation: Arc::clone(relation),
                    catalog: Arc::clone(&after),
                });
            }
        }
        *shared.catalog.write() = after;
    }
    Ok(Outcome {
        lsn: entry.lsn,
        created: created.iter().map(|relation| relation.id).collect(),
    })
}

/// The relations of one catalog that another does not have, in the order of their making.
fn difference(of: &Catalog, without: &Catalog) -> Vec<Arc<Relation>> {
    if of.version == without.version {
        return Vec::new();
    }
    of.relations()
        .filter(|relation| without.relation(relation.id).is_none())
        .cloned()
        .collect()
}

fn undo(shared: &Shared, created: &[Arc<Relation>]) {
    for relation in created.iter().filter(|relation| relation.is_base()) {
        // It was made a moment ago by the entry that fails.
        let _ = shared.storage.drop_relation(relation.id);
    }
}

fn make_base(shared: &Shared, relation: &Relation, lsn: Lsn) -> Result<(), StorageError> {
    let schema = Arc::clone(&relation.columns);
    match &relation.kind {
        RelationKind::Stream {
            partitions,
            watermark,
            ..
        } => {
            let watermark = watermark.map(|watermark| WatermarkSpec {
                column: watermark.column,
                delay_micros: watermark.delay_micros,
            });
            let spec = StreamSpec {
                schema,
                partitions: *partitions,
                watermark,
            };
            shared.storage.create_stream(relation.id, spec, lsn)
        }
        RelationKind::Table { primary_key } => {
            let spec = TableSpec {
                schema,
                primary_key: primary_key.clone(),
            };
            shared.storage.create_table(relation.id, spec, lsn)
        }
        RelationKind::MaterializedView { .. }
        | RelationKind::View { .. }
        | RelationKind::System => Ok(()),
    }
}

fn drop_all(shared: &Shared, dropped: &[Arc<Relation>], lsn: Lsn, live: bool) {
    // Dependents were made after what they read, so the other way round they go first.
    let views: Vec<RelationId> = dropped
        .iter()
        .rev()
        .filter(|relation| matches!(relation.kind, RelationKind::MaterializedView { .. }))
        .map(|relation| relation.id)
        .collect();
    if live && !views.is_empty() {
        shared.views.push(ViewCommand::Drop { at: lsn, views });
    }
    for relation in dropped.iter().filter(|relation| relation.is_base()) {
        if live {
            // Views that read it may still be a step behind: it goes after they went.
            shared.views.push(ViewCommand::Forget {
                at: lsn,
                relation: relation.id,
            });
        } else {
            // Its absence is what is wanted.
            let _ = shared.storage.drop_relation(relation.id);
        }
    }
}
