//! The dataflow against a naive evaluation of the same plans.

mod build;
mod failures;
mod history;
mod naive;
mod oracle;
mod plans;
mod states;
