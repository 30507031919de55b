//! Applies the log's entries, in order: the same on every replica and after every restart.

use std::sync::Arc;
use std::time::Duration;

use summit_catalog::{Catalog, Definition, Relation, RelationKind};
use summit_log::{Cut, Entry as LogEntry, Lsn};
use summit_storage::{
    Body, Entry, StorageError, StreamSpec, TableSpec, Transaction, WatermarkSpec,
};
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
            if let Err(ApplyError::Storage(StorageError::Invalid(message))) = &origin_and_outcome.1
            {
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

fn apply(shared: &Shared, entry: &LogEntry, live: bool) -> (u64, Applied) {
    let schemas = |id| shared.storage.schema(id);
    let decoded = match Entry::decode(&entry.payload, &schemas) {
        Ok(decoded) => decoded,
        Err(error) => {
            let origin = Entry::origin_of(&entry.payload).unwrap_or_default();
            return (origin, Err(ApplyError::Storage(error)));
        }
    };
    let outcome = match &decoded.body {
        Body::Transaction(transaction) => write(shared, transaction, entry),
        Body::Definition(bytes) => define(shared, bytes, entry.lsn, live),
        Body::Tick => Ok(Outcome {
            lsn: entry.lsn,
            created: None,
        }),
    };
    (decoded.origin, outcome)
}

fn write(shared: &Shared, transaction: &Transaction, entry: &LogEntry) -> Applied {
    let catalog = shared.catalog();
    // Storage may still hold a dropped relation, for views that are a step behind.
    if let Some(gone) = transaction
        .writes
        .iter()
        .find(|write| catalog.relation(write.relation).is_none())
    {
        return Err(ApplyError::Storage(StorageError::NoRelation(gone.relation)));
    }
    shared
        .storage
        .apply(entry.lsn, entry.time, transaction)
        .map(|_| Outcome {
            lsn: entry.lsn,
            created: None,
        })
        .map_err(ApplyError::Storage)
}

fn define(shared: &Shared, bytes: &[u8], lsn: Lsn, live: bool) -> Applied {
    let definition = Definition::decode(bytes)
        .map_err(|message| ApplyError::Storage(StorageError::Invalid(message)))?;
    let before = shared.catalog();
    let after = Arc::new(
        before
            .apply(&definition, lsn)
            .map_err(ApplyError::Catalog)?,
    );
    let mut created = None;
    match &definition {
        Definition::Create(relation) => {
            let relation = after
                .find(&relation.schema, &relation.name)
                .expect("the definition has just made it");
            created = Some(relation.id);
            make_base(shared, relation, lsn).map_err(ApplyError::Storage)?;
            if live && matches!(relation.kind, RelationKind::MaterializedView { .. }) {
                shared.views.push(ViewCommand::Install {
                    at: lsn,
                    relation: Arc::clone(relation),
                    catalog: Arc::clone(&after),
                });
            }
        }
        Definition::Drop { ids } => drop_all(shared, &before, ids, lsn, live),
    }
    *shared.catalog.write() = after;
    Ok(Outcome { lsn, created })
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

fn drop_all(
    shared: &Shared,
    before: &Catalog,
    ids: &[summit_catalog::RelationId],
    lsn: Lsn,
    live: bool,
) {
    let mut views = Vec::new();
    for id in ids {
        match before.relation(*id) {
            Some(relation) if relation.is_base() => {
                if live {
                    // Views that read it may still be a step behind: it goes after they went.
                    shared.views.push(ViewCommand::Forget {
                        at: lsn,
                        relation: *id,
                    });
                } else {
                    // Its absence is what is wanted.
                    let _ = shared.storage.drop_relation(*id);
                }
            }
            Some(relation) if matches!(relation.kind, RelationKind::MaterializedView { .. }) => {
                views.push(*id);
            }
            _ => {}
        }
    }
    if live && !views.is_empty() {
        shared.views.push(ViewCommand::Drop { at: lsn, views });
    }
}
