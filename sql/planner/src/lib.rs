//! From syntax trees to plans: DataFusion's logical plans for queries over what is stored,
//! and [`StreamPlan`]s for views that are kept up to date.
//!
//! It is not: an executor. It reads no rows, and knows the catalog but no storage.

mod stream_plan;

pub use stream_plan::{StreamAggregate, StreamJoin, StreamNode, StreamPlan};
