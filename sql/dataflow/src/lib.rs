//! Views kept up to date: operators over changes, and the step that runs them all.
//!
//! [`Dataflow`] holds every installed view. `step` moves them together from one position of
//! the log to a later one; after it each view's contents equal its query over the log up to
//! that position. Results do not depend on where steps are cut.
//!
//! It is not: a scheduler or a network. Operators are a state and a function, without async,
//! threads or channels.

mod dataflow;
mod error;
mod sources;

pub use dataflow::{Dataflow, DataflowOptions, StepReport, ViewChanges};
pub use error::FlowError;
pub use sources::{Changes, Sources};
