//! How the server is.

use std::sync::atomic::Ordering;

use summit_catalog::RelationKind;
use summit_session::{PartitionStatus, RelationKind as Kind, RelationStatus, Status};

use crate::state::Shared;

/// A moment's view of the server.
pub(crate) fn status(shared: &Shared) -> Status {
    Status {
        ready: if shared.shutdown.is_cancelled() {
            Err("shutting down".to_owned())
        } else {
            Ok(())
        },
        version: env!("CARGO_PKG_VERSION"),
        node_id: shared.options.node_id,
        roles: shared.options.roles.clone(),
        committed_lsn: shared.log.committed().get(),
        views_lsn: shared.reached.borrow().lsn().get(),
        uptime_seconds: shared
            .ctx
            .clock
            .monotonic()
            .saturating_sub(shared.started)
            .as_secs_f64(),
        sessions: shared.sessions.load(Ordering::Relaxed),
        relations: relations(shared),
    }
}

/// Streams, tables and materialized views.
pub(crate) fn relations(shared: &Shared) -> Vec<RelationStatus> {
    let catalog = shared.catalog();
    let mut found = Vec::new();
    for relation in catalog.relations() {
        let mut status = RelationStatus {
            schema: relation.schema.clone(),
            name: relation.name.clone(),
            kind: Kind::Stream,
            rows: 0,
            memory_bytes: 0,
            late_rows: 0,
            failed: None,
            partitions: Vec::new(),
        };
        match relation.kind {
            RelationKind::Stream { .. } | RelationKind::Table { .. } => {
                if matches!(relation.kind, RelationKind::Table { .. }) {
                    status.kind = Kind::Table;
                }
                let Ok(stats) = shared.storage.stats(relation.id) else {
                    continue;
                };
                status.rows = stats.rows;
                status.memory_bytes = stats.memory_bytes as u64;
                status.late_rows = stats.late_rows;
                status.partitions = stats
                    .offsets
                    .iter()
                    .zip(0..)
                    .map(|(end, partition)| PartitionStatus {
                        partition,
                        start_offset: 0,
                        end_offset: end.0,
                    })
                    .collect();
            }
            RelationKind::MaterializedView { .. } => {
                status.kind = Kind::MaterializedView;
                if let Some(view) = shared.views.view(relation.id) {
                    status.rows = view.stats.rows as u64;
                    status.memory_bytes =
                        (view.stats.state_bytes + view.stats.contents_bytes) as u64;
                    status.failed = view.failed.map(|(_, error)| error.to_string());
                }
            }
            RelationKind::View { .. } | RelationKind::System => continue,
        }
        found.push(status);
    }
    found
}
