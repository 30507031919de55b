//! A stream, table or view.

use arrow::datatypes::SchemaRef;
use summit_log::Lsn;
use summit_storage::RelationId;

/// A stream, table or view.
#[derive(Debug, Clone, PartialEq)]
pub struct Relation {
    /// Its identity.
    pub id: RelationId,
    /// Its schema's name (`public`).
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its columns. Field metadata `summit.type` names the PostgreSQL type where Arrow's
    /// does not say it, see [`crate::types`].
    pub columns: SchemaRef,
    /// What it is.
    pub kind: RelationKind,
    /// The relations that it reads, for views.
    pub depends_on: Vec<RelationId>,
    /// The statement that made it, as the user wrote it.
    pub sql: String,
    /// The position of its definition.
    pub created_at: Lsn,
}

/// What a relation is.
#[derive(Debug, Clone, PartialEq)]
pub enum RelationKind {
    /// Append-only, partitioned.
    Stream {
        /// Number of partitions.
        partitions: u32,
        /// Columns whose hash chooses the partition; empty: round robin.
        partition_by: Vec<usize>,
        /// When rows count as late.
        watermark: Option<Watermark>,
    },
    /// With a primary key.
    Table {
        /// The key's columns, at least one.
        primary_key: Vec<usize>,
    },
    /// A query kept up to date.
    MaterializedView {
        /// The query's text.
        query: String,
    },
    /// A query with a name, planned into whoever reads it.
    View {
        /// The query's text.
        query: String,
    },
    /// One of ours (schema `summit`), made up when it is read.
    System,
}

/// `WATERMARK FOR column AS column - delay`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watermark {
    /// The event-time column.
    pub column: usize,
    /// Microseconds.
    pub delay_micros: i64,
}

impl Relation {
    /// As PostgreSQL calls such a thing in messages.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            RelationKind::Stream { .. } => "stream",
            RelationKind::Table { .. } => "table",
            RelationKind::MaterializedView { .. } => "materialized view",
            RelationKind::View { .. } => "view",
            RelationKind::System => "system relation",
        }
    }

    /// Whether its contents change by log entries (streams, tables) and not by a query.
    pub fn is_base(&self) -> bool {
        matches!(
            self.kind,
            RelationKind::Stream { .. } | RelationKind::Table { .. }
        )
    }

    /// Its name, with the schema unless that is `public`.
    pub fn display_name(&self) -> String {
        if self.schema == crate::Catalog::DEFAULT_SCHEMA {
            self.name.clone()
        } else {
            format!("{}.{}", self.schema, self.name)
        }
    }
}
