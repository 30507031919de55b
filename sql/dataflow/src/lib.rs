//! Views kept up to date: operators over changes, and the step that runs them all.
//!
//! [`Dataflow`] holds every installed view. `step` moves them together from one position of
//! the log to a later one; after it each view's contents equal its query over the log up to
//! that position. Results do not depend on where steps are cut, to the bit: sums of floats
//! are exact inside.
//!
//! It is not: a scheduler or a network. Operators are a state and a function, without async,
//! threads or channels.
//!
//! Limits: all state is in memory; one side of a join has at most 2^32 rows, an aggregate
//! 2^32 groups. Rows move in pieces of [`DataflowOptions::chunk_rows`]; what a step reads
//! and what comes out of it is in memory as a whole.
//!
//! Invariants: a view that failed does not move and its contents stay as they were before
//! the step that failed; only netted changes leave a view.

mod aggregates;
mod batches;
mod dataflow;
mod error;
mod feeds;
mod float_sum;
mod join_rows;
mod key_table;
pub mod limits;
mod multiset;
mod netting;
mod operator;
mod operators;
mod order_key;
mod row_encoder;
mod sources;
mod view;

pub use dataflow::{Dataflow, DataflowOptions, Keep, StepReport, ViewChanges, ViewStats};
pub use error::FlowError;
pub use sources::{Changes, Sources};
