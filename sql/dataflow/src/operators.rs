//! Operators, one per file.

mod aggregate;
mod constant;
mod filter;
mod join;
mod project;
mod source;
mod union;
mod unnest;

pub(crate) use aggregate::Aggregate;
pub(crate) use constant::Constant;
pub(crate) use filter::Filter;
pub(crate) use join::Join;
pub(crate) use project::Project;
pub(crate) use source::Source;
pub(crate) use union::Union;
pub(crate) use unnest::Unnest;
