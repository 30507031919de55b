//! Views that fail stop alone, at their last good position.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use arrow::record_batch::RecordBatch;
use datafusion::error::Result as DataFusionResult;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::{ColumnarValue, Operator};
use datafusion::physical_expr::PhysicalExpr;
use summit_dataflow::{Changes, Dataflow, DataflowOptions, FlowError, Keep, Sources};
use summit_log::Cut;
use summit_parser::SqlState;
use summit_storage::{Change, RelationId};

use crate::build::*;
use crate::history::{History, Row, STREAM, TABLE, at, batch};
use crate::oracle::contents;
use crate::plans::{stream, table};

const GOOD: u32 = 101;
const BAD: u32 = 102;
const READER: u32 = 103;

fn row(v: i64) -> Row {
    Row {
        k: Some(1),
        g: Some("g".to_owned()),
        v: Some(v),
        f: None,
        d: None,
        tags: None,
    }
}

fn inserts(values: &[i64]) -> Change {
    Change::inserts(batch(&values.iter().map(|v| row(*v)).collect::<Vec<_>>()))
}

fn count(input: summit_planner::StreamPlan) -> summit_planner::StreamPlan {
    let counted = call(&input, count_udaf(), &[lit(1_i64)]).build("count");
    aggregate(input, vec![], vec![counted])
}

/// A good view, a bad one and one that reads the bad one; at the last entry the bad one is
/// to fail.
fn failing(bad: summit_planner::StreamPlan, history: &History) -> (Dataflow, FlowError) {
    let mut flow = Dataflow::new(DataflowOptions::default());
    let mut install = |view, plan: &summit_planner::StreamPlan| {
        flow.install(RelationId(view), plan, history, Keep::Contents)
            .expect("it installs");
    };
    install(GOOD, &count(stream()));
    install(BAD, &bad);
    install(
        READER,
        &count(source(BAD, "bad", &bad.schema, bad.append_only)),
    );
    let last = history.end();
    assert_eq!(flow.step(history, at(last - 1)).failed, vec![]);
    let before = (contents(&flow, BAD), contents(&flow, READER));

    let report = flow.step(history, at(last));
    let changed: Vec<u32> = report
        .changed
        .iter()
        .map(|changed| changed.view.0)
        .collect();
    assert_eq!(changed, vec![GOOD]);
    assert_eq!((contents(&flow, BAD), contents(&flow, READER)), before);
    let failed: Vec<u32> = report.failed.iter().map(|(view, _)| view.0).collect();
    assert_eq!(failed, vec![BAD, READER]);
    assert!(
        report.failed[1].1.to_string().contains("\"bad\""),
        "{}",
        report.failed[1].1
    );
    let (position, error) = flow.failed(RelationId(BAD)).expect("it failed");
    assert_eq!(position, at(last - 1));
    assert_eq!(error, report.failed[0].1);
    assert_eq!(flow.reached(), at(last));
    (flow, error)
}

fn stream_history(entries: &[&[i64]]) -> History {
    History::of(
        entries
            .iter()
            .map(|values| (STREAM, inserts(values)))
            .collect(),
    )
}

#[test]
fn a_sum_that_overflows_stops_its_view_and_its_readers() {
    let history = stream_history(&[&[1, i64::MAX - 1], &[1]]);
    let summed = call(&stream(), sum_udaf(), &[col(&stream(), "v")]).build("sum");
    let (_, error) = failing(aggregate(stream(), vec![], vec![summed]), &history);
    let FlowError::Evaluation { code, message } = error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (code, message.as_str()),
        (SqlState::NUMERIC_OUT_OF_RANGE, "bigint out of range")
    );
}

#[test]
fn a_division_by_zero_stops_its_view() {
    let history = stream_history(&[&[1, 2], &[4, 0]]);
    let quotient = op(lit(10_i64), Operator::Divide, col(&stream(), "v"));
    let bad = project(stream(), vec![(quotient, "q")]);
    let (mut flow, error) = failing(bad.clone(), &history);
    let FlowError::Evaluation { code, message } = error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (code, message.as_str()),
        (SqlState::DIVISION_BY_ZERO, "division by zero")
    );

    // a view that failed stays so, can be dropped, and cannot be built where it fails
    let history = stream_history(&[&[1, 2], &[4, 0], &[5]]);
    assert!(flow.step(&history, at(3)).failed.is_empty());
    flow.drop_view(RelationId(READER));
    flow.drop_view(RelationId(BAD));
    assert!(flow.failed(RelationId(BAD)).is_none());
    let again = flow.install(RelationId(BAD), &bad, &history, Keep::Contents);
    assert!(matches!(again, Err(FlowError::Evaluation { .. })));
    assert!(flow.contents(RelationId(BAD)).is_none());
}

#[test]
fn rows_that_filter_leaves_out_are_not_evaluated() {
    let quotient = op(lit(10_i64), Operator::Divide, col(&stream(), "v"));
    let not_zero = op(col(&stream(), "v"), Operator::NotEq, lit(0_i64));
    let input = stream();
    let summed = Call {
        filter: Some(not_zero),
        ..call(&input, sum_udaf(), &[quotient])
    };
    let plan = aggregate(stream(), vec![], vec![summed.build("sum")]);
    let history = stream_history(&[&[1, 0, 5]]);
    let mut flow = Dataflow::new(DataflowOptions::default());
    flow.install(RelationId(GOOD), &plan, &history, Keep::Contents)
        .expect("it installs");
    assert!(flow.step(&history, at(1)).failed.is_empty());
    assert_eq!(contents(&flow, GOOD).keys().collect::<Vec<_>>(), vec!["12"]);
}

/// Panics on a batch of more than one row.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Panics;

impl fmt::Display for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("panics")
    }
}

impl PhysicalExpr for Panics {
    fn data_type(&self, _: &Schema) -> DataFusionResult<DataType> {
        Ok(DataType::Int64)
    }

    fn nullable(&self, _: &Schema) -> DataFusionResult<bool> {
        Ok(true)
    }

    fn evaluate(&self, rows: &RecordBatch) -> DataFusionResult<ColumnarValue> {
        assert!(rows.num_rows() < 2, "two rows are too many");
        Ok(ColumnarValue::Array(Arc::clone(rows.column(2))))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        Vec::new()
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn PhysicalExpr>>,
    ) -> DataFusionResult<Arc<dyn PhysicalExpr>> {
        Ok(self)
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("panics")
    }
}

#[test]
fn a_panic_stops_its_view_alone() {
    let history = stream_history(&[&[1], &[2, 3]]);
    let (_, error) = failing(project(stream(), vec![(Arc::new(Panics), "p")]), &history);
    assert!(
        error.to_string().contains("two rows are too many"),
        "{error}"
    );
    assert!(matches!(error, FlowError::Internal(_)));
}

#[test]
fn a_delete_of_a_row_that_is_not_there_stops_the_view() {
    let gone = Change::weighted(batch(&[row(7)]), vec![-1]);
    let history = History::of(vec![(TABLE, gone)]);
    let mut flow = Dataflow::new(DataflowOptions::default());
    let plans = [count(table()), table()];
    for (view, plan) in (GOOD..).zip(&plans) {
        flow.install(RelationId(view), plan, &history, Keep::Contents)
            .expect("it installs");
    }
    let report = flow.step(&history, at(1));
    assert_eq!(report.failed.len(), plans.len());
    for (_, error) in report.failed {
        assert!(matches!(error, FlowError::Internal(_)), "{error}");
    }
}

struct Unreadable;

impl Sources for Unreadable {
    fn changes(&self, _: RelationId, _: Cut, _: Cut) -> Result<Changes<'_>, FlowError> {
        Err(FlowError::Source("the segment: gone".to_owned()))
    }

    fn contents(&self, _: RelationId, _: Cut) -> Result<Changes<'_>, FlowError> {
        Ok(Box::new(std::iter::once(Err(FlowError::Source(
            "the segment: gone".to_owned(),
        )))))
    }
}

#[test]
fn an_input_that_cannot_be_read_is_reported() {
    let mut flow = Dataflow::new(DataflowOptions::default());
    let installed: Result<(), FlowError> = flow.install(
        RelationId(BAD),
        &count(stream()),
        &Unreadable,
        Keep::Contents,
    );
    assert_eq!(
        installed,
        Err(FlowError::Source("the segment: gone".to_owned()))
    );
    let history = stream_history(&[&[1]]);
    flow.install(RelationId(BAD), &count(stream()), &history, Keep::Contents)
        .expect("it installs");
    let report = flow.step(&Unreadable, at(1));
    let expected = FlowError::Source("the segment: gone".to_owned());
    assert_eq!(report.failed, vec![(RelationId(BAD), expected)]);
}
