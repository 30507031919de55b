//! From syntax trees to plans: DataFusion's logical plans for queries over what is stored,
//! and [`StreamPlan`]s for views that are kept up to date.
//!
//! It is not: an executor. It reads no rows, and knows the catalog but no storage.
//!
//! Both kinds of plan come from one logical plan, so a view means what its query means.
//! Planning is a function of the statement and its [`Scope`]: the same text against the same
//! catalog gives the same plan. What has no incremental form is refused with its reason.

mod assign;
mod at_time_zone;
mod bound;
mod bytea_text;
mod checked;
mod columns;
mod compile;
mod create;
mod error;
mod explain;
mod functions;
mod interval;
mod interval_times;
pub mod limits;
mod meaning;
mod names;
mod normalize;
mod output_names;
mod parameters;
mod planner;
mod presentable;
mod refuse;
mod render;
mod rounding;
mod scope;
mod sources;
mod stream_plan;
mod timestamp_text;
mod type_names;
mod type_planner;
mod window_functions;
mod window_tables;
mod write;

#[cfg(test)]
mod tests;

pub use bound::{BoundDelete, BoundInsert, BoundQuery, BoundUpdate, bind};
pub use error::sql_error;
pub use explain::explain;
pub use planner::Planner;
pub use scope::{Scope, SystemRelations};
pub use sources::{LateSource, Provide, RelationSource, Scanned, late_schema, replace_sources};
pub use stream_plan::{StreamAggregate, StreamJoin, StreamNode, StreamPlan};
