//! A view's operators as text.

use arrow::datatypes::Schema;

use crate::output_names::shown;
use crate::render::{render, render_aggregate, render_with};
use crate::{StreamAggregate, StreamJoin, StreamNode, StreamPlan};

/// A tree, the result first. Each operator has its line, whether rows only come (`append-only`)
/// or also go (`changing`), and below it what it works on and what it keeps in memory.
pub fn explain(plan: &StreamPlan) -> Vec<String> {
    let mut lines = Vec::new();
    write(plan, 0, &mut lines);
    lines
}

fn write(plan: &StreamPlan, depth: usize, lines: &mut Vec<String>) {
    let arrow = if depth == 0 {
        String::new()
    } else {
        format!("{}-> ", "   ".repeat(depth - 1))
    };
    let flow = if plan.append_only {
        "append-only"
    } else {
        "changing"
    };
    lines.push(shown(&format!("{arrow}{} [{flow}]", title(plan))));
    let margin = "   ".repeat(depth);
    for detail in details(plan) {
        lines.push(shown(&format!("{margin}  {detail}")));
    }
    for input in inputs(plan) {
        write(input, depth + 1, lines);
    }
}

fn title(plan: &StreamPlan) -> String {
    match &plan.node {
        StreamNode::Source { name, .. } => format!("Source {name}"),
        StreamNode::Constant { rows } => {
            match rows.iter().map(|batch| batch.num_rows()).sum::<usize>() {
                1 => "Constant of 1 row".to_owned(),
                count => format!("Constant of {count} rows"),
            }
        }
        StreamNode::Filter { .. } => "Filter".to_owned(),
        StreamNode::Project { .. } => "Project".to_owned(),
        StreamNode::Unnest { input, column } => {
            format!("Unnest {}", input.schema.field(*column).name())
        }
        StreamNode::Aggregate(aggregate) if aggregate.aggregates.is_empty() => {
            "Distinct".to_owned()
        }
        StreamNode::Aggregate(_) => "Aggregate".to_owned(),
        StreamNode::Join(join) if join.on.is_empty() && join.filter.is_none() => {
            "Cross join".to_owned()
        }
        StreamNode::Join(_) => "Join".to_owned(),
        StreamNode::Union { .. } => "Union".to_owned(),
    }
}

fn details(plan: &StreamPlan) -> Vec<String> {
    match &plan.node {
        StreamNode::Source { projection, .. } => match projection {
            Some(_) => {
                let names: Vec<&str> = plan
                    .schema
                    .fields()
                    .iter()
                    .map(|field| field.name().as_str())
                    .collect();
                vec![format!("columns: {}", names.join(", "))]
            }
            None => vec!["columns: all".to_owned()],
        },
        StreamNode::Constant { .. } | StreamNode::Unnest { .. } | StreamNode::Union { .. } => {
            Vec::new()
        }
        StreamNode::Filter { input, predicate } => {
            vec![format!("where: {}", render(predicate, &input.schema))]
        }
        StreamNode::Project { input, exprs } => {
            let columns: Vec<String> = exprs
                .iter()
                .zip(plan.schema.fields())
                .map(|(one, field)| {
                    let text = render(one, &input.schema);
                    if text == *field.name() || field.name().is_empty() {
                        text
                    } else {
                        format!("{text} AS {}", field.name())
                    }
                })
                .collect();
            vec![format!("columns: {}", columns.join(", "))]
        }
        StreamNode::Aggregate(aggregate) => aggregate_details(aggregate),
        StreamNode::Join(join) => join_details(join),
    }
}

fn aggregate_details(aggregate: &StreamAggregate) -> Vec<String> {
    let schema: &Schema = &aggregate.input.schema;
    let mut details = Vec::new();
    if !aggregate.group.is_empty() {
        let keys: Vec<String> = aggregate
            .group
            .iter()
            .map(|key| render(key, schema))
            .collect();
        details.push(format!("group by: {}", keys.join(", ")));
    }
    if !aggregate.aggregates.is_empty() {
        let functions: Vec<String> = aggregate
            .aggregates
            .iter()
            .zip(&aggregate.filters)
            .map(|(function, filter)| render_aggregate(function, filter.as_ref(), schema))
            .collect();
        details.push(format!("aggregates: {}", functions.join(", ")));
    }
    details.push(if aggregate.group.is_empty() {
        "keeps: one group".to_owned()
    } else {
        "keeps: each group".to_owned()
    });
    details
}

fn join_details(join: &StreamJoin) -> Vec<String> {
    let (left, right) = sides(join);
    let of_left = |index: usize| column(&left, &join.left.schema, index);
    let of_right = |index: usize| column(&right, &join.right.schema, index);
    let mut details = Vec::new();
    if !join.on.is_empty() {
        let equals = if join.null_equals_null {
            "IS NOT DISTINCT FROM"
        } else {
            "="
        };
        let keys: Vec<String> = join
            .on
            .iter()
            .map(|(left_key, right_key)| {
                format!(
                    "{} {equals} {}",
                    render_with(left_key, &of_left),
                    render_with(right_key, &of_right)
                )
            })
            .collect();
        details.push(format!("on: {}", keys.join(" AND ")));
    }
    if let Some(filter) = &join.filter {
        let width = join.left.schema.fields().len();
        let of_both = |index: usize| match index.checked_sub(width) {
            None => of_left(index),
            Some(index) => of_right(index),
        };
        details.push(format!("where: {}", render_with(filter, &of_both)));
    }
    details.push("keeps: the rows of both sides".to_owned());
    details
}

fn column(side: &str, schema: &Schema, index: usize) -> String {
    let name = schema
        .fields()
        .get(index)
        .map_or("?", |field| field.name().as_str());
    format!("{side}.{name}")
}

/// What the sides of a join are called: their relation, when each has one of its own.
fn sides(join: &StreamJoin) -> (String, String) {
    match (only_source(&join.left), only_source(&join.right)) {
        (Some(left), Some(right)) if left != right => (left, right),
        _ => ("left".to_owned(), "right".to_owned()),
    }
}

fn only_source(plan: &StreamPlan) -> Option<String> {
    match (&plan.node, inputs(plan).as_slice()) {
        (StreamNode::Source { name, .. }, _) => Some(name.clone()),
        (_, [input]) => only_source(input),
        _ => None,
    }
}

fn inputs(plan: &StreamPlan) -> Vec<&StreamPlan> {
    match &plan.node {
        StreamNode::Source { .. } | StreamNode::Constant { .. } => Vec::new(),
        StreamNode::Filter { input, .. }
        | StreamNode::Project { input, .. }
        | StreamNode::Unnest { input, .. } => vec![input],
        StreamNode::Aggregate(aggregate) => vec![&aggregate.input],
        StreamNode::Join(join) => vec![&join.left, &join.right],
        StreamNode::Union { inputs } => inputs.iter().collect(),
    }
}
