//! What a statement is planned against.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::DataType;
use summit_catalog::{Catalog, Relation};

/// Finds a system relation by schema and name (`summit.views`, `pg_catalog.pg_class`).
pub type SystemRelations = Arc<dyn Fn(&str, &str) -> Option<Arc<Relation>> + Send + Sync>;

/// What a statement is planned against: a snapshot of the catalog and the session's values.
#[derive(Clone)]
pub struct Scope {
    /// What is defined.
    pub catalog: Arc<Catalog>,
    /// Relations of ours.
    pub system: SystemRelations,
    /// `current_user`
    pub user: String,
    /// `current_database()`
    pub database: String,
    /// `summit_lsn()`
    pub lsn: u64,
    /// The types that the client declared for `$1`, `$2`, …; they win over inferred ones.
    pub parameters: Vec<Option<DataType>>,
    /// The whole text that was parsed, of which a statement may be a part: the syntax tree's
    /// spans, and so the positions in errors, count from its start.
    pub source: Option<Arc<str>>,
}

impl Scope {
    /// A scope without system relations, parameters or source text.
    pub fn new(catalog: Arc<Catalog>) -> Self {
        Scope {
            catalog,
            system: Arc::new(|_, _| None),
            user: "summit".to_owned(),
            database: "summit".to_owned(),
            lsn: 0,
            parameters: Vec::new(),
            source: None,
        }
    }

    /// With system relations.
    #[must_use]
    pub fn with_system(mut self, system: SystemRelations) -> Self {
        self.system = system;
        self
    }

    /// With declared parameter types.
    #[must_use]
    pub fn with_parameters(mut self, parameters: Vec<Option<DataType>>) -> Self {
        self.parameters = parameters;
        self
    }

    /// With the whole text that was parsed.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Arc<str>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("catalog", &self.catalog.version)
            .field("user", &self.user)
            .field("database", &self.database)
            .field("lsn", &self.lsn)
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}
