//! The plan's query computed from scratch.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, filter_record_batch, take_record_batch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode, PhysicalGroupBy};
use datafusion::physical_plan::collect;
use datafusion::scalar::ScalarValue;
use summit_log::Cut;
use summit_planner::{StreamNode, StreamPlan};

use crate::build::Expr;
use crate::history::History;

/// What the relations of a plan hold: base relations are the history's, views are plans.
pub struct World<'a> {
    pub history: &'a History,
    pub views: &'a BTreeMap<u32, StreamPlan>,
    pub at: Cut,
}

fn values(expr: &Expr, rows: &RecordBatch) -> ArrayRef {
    let values = expr.evaluate(rows).expect("it evaluates");
    values.into_array(rows.num_rows()).expect("it is an array")
}

fn with_schema(plan: &StreamPlan, rows: RecordBatch) -> RecordBatch {
    RecordBatch::try_new(Arc::clone(&plan.schema), rows.columns().to_vec())
        .expect("the columns fit the plan's schema")
}

impl World<'_> {
    pub fn evaluate(&self, plan: &StreamPlan) -> RecordBatch {
        match &plan.node {
            StreamNode::Source {
                relation,
                projection,
                ..
            } => {
                let rows = match self.views.get(&relation.0) {
                    Some(view) => self.evaluate(view),
                    None => self.history.rows_at(*relation, self.at),
                };
                match projection {
                    None => rows,
                    Some(columns) => rows.project(columns).expect("they are there"),
                }
            }
            StreamNode::Constant { rows } => {
                concat_batches(&plan.schema, rows).expect("they have one schema")
            }
            StreamNode::Filter { input, predicate } => {
                let rows = self.evaluate(input);
                let mask = values(predicate, &rows);
                filter_record_batch(&rows, mask.as_boolean()).expect("it filters")
            }
            StreamNode::Project { input, exprs } => {
                let rows = self.evaluate(input);
                let columns = exprs.iter().map(|expr| values(expr, &rows)).collect();
                RecordBatch::try_new(Arc::clone(&plan.schema), columns).expect("they fit")
            }
            StreamNode::Unnest { input, column } => {
                let rows = self.evaluate(input);
                let mut pieces = Vec::new();
                for row in 0..rows.num_rows() {
                    let lists = rows.column(*column).as_list::<i32>();
                    if lists.is_null(row) || lists.value(row).is_empty() {
                        continue;
                    }
                    let elements = lists.value(row);
                    let copies = UInt32Array::from(vec![row as u32; elements.len()]);
                    let copies = take_record_batch(&rows, &copies).expect("it takes");
                    let mut columns = copies.columns().to_vec();
                    columns[*column] = elements;
                    pieces.push(
                        RecordBatch::try_new(Arc::clone(&plan.schema), columns).expect("they fit"),
                    );
                }
                concat_batches(&plan.schema, &pieces).expect("they have one schema")
            }
            StreamNode::Union { inputs } => {
                let pieces: Vec<_> = inputs
                    .iter()
                    .map(|input| with_schema(plan, self.evaluate(input)))
                    .collect();
                concat_batches(&plan.schema, &pieces).expect("they have one schema")
            }
            StreamNode::Aggregate(node) => {
                let rows = self.evaluate(&node.input);
                let schema = rows.schema();
                let input =
                    MemorySourceConfig::try_new_exec(&[vec![rows]], Arc::clone(&schema), None)
                        .expect("it is a source");
                let group = node
                    .group
                    .iter()
                    .enumerate()
                    .map(|(at, expr)| (Arc::clone(expr), plan.schema.field(at).name().clone()))
                    .collect();
                let exec = AggregateExec::try_new(
                    AggregateMode::Single,
                    PhysicalGroupBy::new_single(group),
                    node.aggregates.clone(),
                    node.filters.clone(),
                    input,
                    schema,
                )
                .expect("it is an aggregate");
                let batches = run(collect(Arc::new(exec), Arc::new(TaskContext::default())));
                let batches: Vec<_> = batches
                    .into_iter()
                    .map(|batch| with_schema(plan, batch))
                    .collect();
                concat_batches(&plan.schema, &batches).expect("they have one schema")
            }
            StreamNode::Join(node) => {
                let left = self.evaluate(&node.left);
                let right = self.evaluate(&node.right);
                let (lefts, rights): (Vec<u32>, Vec<u32>) = (0..left.num_rows() as u32)
                    .flat_map(|l| (0..right.num_rows() as u32).map(move |r| (l, r)))
                    .unzip();
                let left = take_record_batch(&left, &UInt32Array::from(lefts)).expect("it takes");
                let right =
                    take_record_batch(&right, &UInt32Array::from(rights)).expect("it takes");
                let mut kept: Vec<bool> = vec![true; left.num_rows()];
                for (l, r) in &node.on {
                    let (l, r) = (values(l, &left), values(r, &right));
                    for (row, kept) in kept.iter_mut().enumerate() {
                        let l = ScalarValue::try_from_array(&l, row).expect("a value");
                        let r = ScalarValue::try_from_array(&r, row).expect("a value");
                        *kept &= l == r && (node.null_equals_null || !l.is_null());
                    }
                }
                let columns = [left.columns(), right.columns()].concat();
                let rows =
                    RecordBatch::try_new(Arc::clone(&plan.schema), columns).expect("they fit");
                let mut rows = filter_record_batch(&rows, &kept.into()).expect("it filters");
                if let Some(filter) = &node.filter {
                    let mask = values(filter, &rows);
                    rows = filter_record_batch(&rows, mask.as_boolean()).expect("it filters");
                }
                rows
            }
        }
    }
}

fn run<T>(future: impl Future<Output = datafusion::error::Result<T>>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime
        .block_on(future)
        .expect("the oracle's aggregate runs")
}

/// Each row as text, floats to the bit.
pub fn row_texts(rows: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::new().with_null("NULL");
    let columns: Vec<ArrayFormatter> = rows
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).expect("it prints"))
        .collect();
    (0..rows.num_rows())
        .map(|row| {
            columns
                .iter()
                .map(|column| column.value(row).to_string())
                .collect::<Vec<_>>()
                .join("|")
        })
        .collect()
}
