//! What an open transaction has defined: seen by its own statements, by others once it commits.

use std::sync::Arc;

use summit_catalog::{Catalog, Definition, Relation, RelationId, RelationKind, SqlError};
use summit_log::Lsn;

/// Versions of catalogs, and positions of relations, that only one transaction sees.
const PENDING_FROM: u64 = 1 << 63;

/// The definitions of an open transaction.
pub(crate) struct PendingDefinitions {
    base: Lsn,
    definitions: Vec<Definition>,
    catalog: Arc<Catalog>,
}

impl PendingDefinitions {
    /// None yet, on top of what is committed.
    pub(crate) fn new(committed: &Arc<Catalog>) -> Self {
        PendingDefinitions {
            base: committed.version,
            definitions: Vec::new(),
            catalog: Arc::clone(committed),
        }
    }

    /// The catalog as the transaction sees it.
    pub(crate) fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// Adds a definition; answers the relations that it makes.
    pub(crate) fn add(&mut self, definition: Definition) -> Result<Vec<RelationId>, SqlError> {
        let version = Lsn::new(PENDING_FROM + self.definitions.len() as u64);
        let after = self.catalog.apply(&definition, version)?;
        let created = after
            .relations()
            .filter(|relation| self.catalog.relation(relation.id).is_none())
            .map(|relation| relation.id)
            .collect();
        self.catalog = Arc::new(after);
        self.definitions.push(definition);
        Ok(created)
    }

    /// The materialized views that it makes.
    pub(crate) fn views(&self) -> Vec<Arc<Relation>> {
        self.catalog
            .relations()
            .filter(|relation| {
                is_pending(relation)
                    && matches!(relation.kind, RelationKind::MaterializedView { .. })
            })
            .cloned()
            .collect()
    }

    /// The definition of the log entry.
    pub(crate) fn into_definition(self) -> Definition {
        Definition::Several {
            base: self.base,
            definitions: self.definitions,
        }
    }
}

/// Whether a relation is defined by a transaction that has not committed.
pub(crate) fn is_pending(relation: &Relation) -> bool {
    relation.created_at.get() >= PENDING_FROM
}
