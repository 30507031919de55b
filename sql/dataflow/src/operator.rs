//! The tree of operators of one view, and how changes move through it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use summit_planner::{StreamNode, StreamPlan};
use summit_storage::{Change, RelationId};

use crate::FlowError;
use crate::operators::{Aggregate, Constant, Filter, Join, Project, Source, Union, Unnest};

/// Takes changes, piece by piece.
pub(crate) type Sink<'a> = dyn FnMut(Change) -> Result<(), FlowError> + 'a;

/// What the relations that a view reads hand to it in one step.
pub(crate) trait Feed {
    /// A relation's changes.
    fn read(&self, relation: RelationId, sink: &mut Sink) -> Result<(), FlowError>;
}

/// A node of the tree. `run` is one step: it pulls the step's changes through the operator,
/// in pieces, so that no more than a piece per node is in memory besides the state.
pub(crate) enum Operator {
    /// A relation's changes.
    Source(Source),
    /// Rows that come once, in the first step.
    Constant(Constant),
    /// Rows that meet a condition.
    Filter(Box<Operator>, Filter),
    /// Expressions.
    Project(Box<Operator>, Project),
    /// Lists to rows.
    Unnest(Box<Operator>, Unnest),
    /// Groups.
    Aggregate(Box<Operator>, Box<Aggregate>),
    /// Pairs.
    Join(Box<Operator>, Box<Operator>, Box<Join>),
    /// Several inputs, one after the other.
    Union(Vec<Operator>, Union),
}

impl Operator {
    /// The operators of a plan, with no state yet.
    pub(crate) fn build(plan: &StreamPlan, chunk_rows: usize) -> Result<Self, FlowError> {
        let build = |plan: &StreamPlan| Operator::build(plan, chunk_rows).map(Box::new);
        let schema = Arc::clone(&plan.schema);
        Ok(match &plan.node {
            StreamNode::Source {
                relation,
                projection,
                ..
            } => Operator::Source(Source::new(
                *relation,
                projection.clone(),
                schema,
                chunk_rows,
            )),
            StreamNode::Constant { rows } => {
                Operator::Constant(Constant::new(rows.clone(), chunk_rows))
            }
            StreamNode::Filter { input, predicate } => {
                Operator::Filter(build(input)?, Filter::new(Arc::clone(predicate)))
            }
            StreamNode::Project { input, exprs } => {
                Operator::Project(build(input)?, Project::new(exprs.clone(), schema))
            }
            StreamNode::Unnest { input, column } => {
                Operator::Unnest(build(input)?, Unnest::new(*column, schema))
            }
            StreamNode::Aggregate(node) => {
                Operator::Aggregate(build(&node.input)?, Box::new(Aggregate::new(node, schema)?))
            }
            StreamNode::Join(node) => Operator::Join(
                build(&node.left)?,
                build(&node.right)?,
                Box::new(Join::new(node, schema)?),
            ),
            StreamNode::Union { inputs } => {
                let inputs = inputs
                    .iter()
                    .map(|input| Operator::build(input, chunk_rows));
                Operator::Union(inputs.collect::<Result<_, _>>()?, Union::new(schema))
            }
        })
    }

    /// One step. An error, or a panic of a function that the view calls, leaves the state in
    /// no defined condition: the tree must not be run again.
    pub(crate) fn run_caught(&mut self, feed: &dyn Feed, sink: &mut Sink) -> Result<(), FlowError> {
        catch_unwind(AssertUnwindSafe(|| self.run(feed, sink))).unwrap_or_else(|panic| {
            let text = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            Err(FlowError::internal(format!(
                "panic in a view's step: {text}"
            )))
        })
    }

    /// Bytes of all states.
    pub(crate) fn state_bytes(&self) -> usize {
        match self {
            Operator::Source(_) | Operator::Constant(_) => 0,
            Operator::Filter(input, _)
            | Operator::Project(input, _)
            | Operator::Unnest(input, _) => input.state_bytes(),
            Operator::Aggregate(input, state) => input.state_bytes() + state.bytes(),
            Operator::Join(left, right, state) => {
                left.state_bytes() + right.state_bytes() + state.bytes()
            }
            Operator::Union(inputs, _) => inputs.iter().map(Operator::state_bytes).sum(),
        }
    }

    /// Whether a step's output holds each row at most once.
    pub(crate) fn is_netted(&self) -> bool {
        match self {
            Operator::Aggregate(..) => true,
            Operator::Filter(input, _) => input.is_netted(),
            _ => false,
        }
    }

    fn run(&mut self, feed: &dyn Feed, sink: &mut Sink) -> Result<(), FlowError> {
        match self {
            Operator::Source(source) => source.run(feed, sink),
            Operator::Constant(constant) => constant.run(sink),
            Operator::Filter(input, filter) => {
                input.run(feed, &mut |change| filter.apply(change, sink))
            }
            Operator::Project(input, project) => {
                input.run(feed, &mut |change| sink(project.apply(&change)?))
            }
            Operator::Unnest(input, unnest) => {
                input.run(feed, &mut |change| unnest.apply(&change, sink))
            }
            Operator::Aggregate(input, state) => {
                input.run(feed, &mut |change| state.update(&change))?;
                state.emit(sink)
            }
            Operator::Join(left, right, state) => {
                // ΔL ⋈ R as it was, then L as it is ⋈ ΔR
                left.run(feed, &mut |change| state.change_left(&change, sink))?;
                right.run(feed, &mut |change| state.change_right(&change, sink))
            }
            Operator::Union(inputs, union) => {
                for input in inputs {
                    input.run(feed, &mut |change| sink(union.apply(change)?))?;
                }
                Ok(())
            }
        }
    }
}
