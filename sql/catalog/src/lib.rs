//! What exists in a database: streams, tables, views, their columns and types.
//!
//! A [`Catalog`] is an immutable snapshot; a [`Definition`] is a log entry that makes the
//! next one. The same definitions in the same order give the same catalog everywhere.
//!
//! It is not: a planner. It never evaluates a query and does no IO.

mod catalog;
mod definition;
mod relation;
mod stored_column;
pub mod types;

pub use catalog::Catalog;
pub use definition::Definition;
pub use relation::{Relation, RelationKind, Watermark};
pub use stored_column::is_storable;
pub use summit_parser::{SqlError, SqlState};
pub use summit_storage::RelationId;
