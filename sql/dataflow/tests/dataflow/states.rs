//! What views hold and what they ask for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::functions_aggregate::array_agg::array_agg_udaf;
use datafusion::functions_aggregate::average::avg_udaf;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::functions_aggregate::sum::sum_udaf;
use summit_dataflow::{Changes, Dataflow, DataflowOptions, FlowError, Keep, Sources, StepReport};
use summit_log::Cut;
use summit_planner::{StreamNode, StreamPlan};
use summit_storage::{Change, RelationId};

use crate::build::*;
use crate::history::{History, OTHER, Row, STREAM, TABLE, at, batch};
use crate::oracle::{Bag, add, contents};
use crate::plans::{other, stream, table};

const VIEW: u32 = 101;

fn row(k: i64, v: i64, f: f64) -> Row {
    Row {
        k: Some(k),
        g: Some(format!("g{k}")),
        v: Some(v),
        f: Some(f),
        d: Some(1),
        tags: None,
    }
}

fn flow_of(plans: &[StreamPlan], history: &dyn Sources) -> Dataflow {
    let mut flow = Dataflow::new(DataflowOptions::default());
    for (view, plan) in (VIEW..).zip(plans) {
        flow.install(RelationId(view), plan, history, Keep::Contents)
            .expect("it installs");
    }
    flow
}

fn texts(bag: &Bag) -> Vec<(&str, i64)> {
    bag.iter()
        .map(|(text, count)| (text.as_str(), *count))
        .collect()
}

fn counted(input: StreamPlan, by: &[&'static str]) -> StreamPlan {
    let calls = vec![
        call(&input, count_udaf(), &[lit(1_i64)]).build("count"),
        call(&input, sum_udaf(), &[col(&input, "v")]).build("sum"),
    ];
    let group = by.iter().map(|name| (col(&input, name), *name)).collect();
    aggregate(input, group, calls)
}

#[test]
fn without_group_there_is_a_row_over_no_rows() {
    let history = History::of(vec![
        (TABLE, Change::inserts(batch(&[row(1, 5, 0.5)]))),
        (TABLE, Change::weighted(batch(&[row(1, 5, 0.5)]), vec![-1])),
    ]);
    let mut flow = flow_of(&[counted(table(), &[])], &history);
    assert_eq!(texts(&contents(&flow, VIEW)), vec![("0|NULL", 1)]);
    flow.step(&history, at(1));
    assert_eq!(texts(&contents(&flow, VIEW)), vec![("1|5", 1)]);
    flow.step(&history, at(2));
    assert_eq!(texts(&contents(&flow, VIEW)), vec![("0|NULL", 1)]);
}

#[test]
fn a_projection_to_no_columns_keeps_the_number_of_rows() {
    let mut input = table();
    input.schema = schema(&[]);
    if let StreamNode::Source { projection, .. } = &mut input.node {
        *projection = Some(Vec::new());
    }
    let calls = vec![call(&input, count_udaf(), &[lit(1_i64)]).build("count")];
    let plan = aggregate(filter(input, lit(true)), vec![], calls);
    let rows = [row(1, 5, 0.5), row(2, 5, 0.5), row(3, 5, 0.5)];
    let history = History::of(vec![
        (TABLE, Change::inserts(batch(&rows))),
        (TABLE, Change::weighted(batch(&rows[..1]), vec![-1])),
    ]);
    let mut flow = flow_of(std::slice::from_ref(&plan), &history);
    flow.step(&history, at(1));
    assert_eq!(texts(&contents(&flow, VIEW)), vec![("3", 1)]);
    flow.step(&history, at(2));
    assert_eq!(texts(&contents(&flow, VIEW)), vec![("2", 1)]);
}

#[test]
fn a_step_that_changes_nothing_emits_nothing() {
    let history = History::of(vec![
        (TABLE, Change::inserts(batch(&[row(1, 5, 0.5)]))),
        (
            TABLE,
            Change::weighted(batch(&[row(1, 5, 0.5), row(1, 5, 0.75)]), vec![-1, 1]),
        ),
        (
            TABLE,
            Change::weighted(batch(&[row(9, 5, 0.5), row(9, 5, 0.5)]), vec![1, -1]),
        ),
    ]);
    let mut flow = flow_of(&[counted(table(), &["k"]), counted(table(), &[])], &history);
    assert_eq!(flow.step(&history, at(1)).changed.len(), 2);
    assert!(flow.step(&history, at(2)).changed.is_empty());
    assert!(flow.step(&history, at(3)).changed.is_empty());
    let steps = flow.stats(RelationId(VIEW)).expect("it is there").steps;
    assert_eq!(
        steps, 2,
        "rows that come and go within a step reach no view"
    );
}

#[test]
fn a_subscription_gets_the_contents_first_and_changes_after() {
    let history = History::random(5, 40);
    let plan = counted(table(), &["g"]);
    let mut flow = Dataflow::new(DataflowOptions::default());
    flow.set_position(at(20));
    let mut bag = Bag::new();
    flow.install_emitting(RelationId(VIEW), &plan, &history, &mut |change| {
        assert!(change.weights.is_none(), "only inserts");
        add(&mut bag, &change);
        Ok(())
    })
    .expect("it installs");
    assert!(flow.contents(RelationId(VIEW)).is_none());
    for upto in [23, 31, 40] {
        for changed in flow.step(&history, at(upto)).changed {
            changed
                .changes
                .iter()
                .for_each(|change| add(&mut bag, change));
        }
    }
    flow.install(RelationId(VIEW + 1), &plan, &history, Keep::Contents)
        .expect("it installs");
    assert_eq!(bag, contents(&flow, VIEW + 1));
    // nothing reads what is not kept
    let reader = counted(table(), &["g"]);
    let reader = over(VIEW, &reader);
    assert!(
        flow.install(RelationId(VIEW + 2), &reader, &history, Keep::Contents)
            .is_err()
    );
}

/// Counts what is asked of it.
struct Counting {
    history: History,
    asked: AtomicUsize,
}

impl Sources for Counting {
    fn changes(
        &self,
        relation: RelationId,
        after: Cut,
        upto: Cut,
    ) -> Result<Changes<'_>, FlowError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.history.changes(relation, after, upto)
    }

    fn contents(&self, relation: RelationId, at: Cut) -> Result<Changes<'_>, FlowError> {
        self.history.contents(relation, at)
    }
}

#[test]
fn a_relation_is_read_once_for_all_views_and_idle_views_do_nothing() {
    let history = History::of(vec![(STREAM, Change::inserts(batch(&[row(1, 5, 0.5)])))]);
    let sources = Counting {
        history,
        asked: AtomicUsize::new(0),
    };
    let by_key = counted(stream(), &["k"]);
    let plans = [
        by_key.clone(),
        counted(stream(), &["g"]),
        counted(table(), &["k"]),
        over(VIEW, &by_key),
    ];
    let mut flow = flow_of(&plans, &sources);
    flow.step(&sources, at(1));
    assert_eq!(
        sources.asked.load(Ordering::Relaxed),
        2,
        "the stream and the table once each"
    );
    let steps: Vec<u64> = (VIEW..VIEW + 4)
        .map(|view| flow.stats(RelationId(view)).expect("it is there").steps)
        .collect();
    assert_eq!(steps, vec![1, 1, 0, 1]);
    assert!(
        flow.step(&sources, at(1)).changed.is_empty(),
        "no step backwards or in place"
    );
}

#[test]
fn floats_sum_to_the_same_bits_in_any_order_and_after_deletes() {
    let values = [
        1e300,
        0.1,
        -1e300,
        1e-300,
        0.2,
        f64::MAX,
        0.3,
        -f64::MAX,
        5e-324,
        1e16,
        -1e16,
    ];
    let rows: Vec<Row> = (0..)
        .zip(values)
        .map(|(v, value)| row(1, v, value))
        .collect();
    let reversed: Vec<Row> = rows.iter().rev().cloned().collect();
    let noise = [
        row(1, 99, 1e200),
        row(1, 99, f64::NAN),
        row(1, 99, f64::INFINITY),
    ];
    let delete = |rows: &[Row]| Change::weighted(batch(rows), vec![-1; rows.len()]);
    let histories = [
        History::of(vec![(TABLE, Change::inserts(batch(&rows)))]),
        History::of(
            reversed
                .iter()
                .map(|r| (TABLE, Change::inserts(batch(std::slice::from_ref(r)))))
                .collect(),
        ),
        History::of(vec![
            (TABLE, Change::inserts(batch(&noise))),
            (TABLE, Change::inserts(batch(&reversed))),
            (TABLE, delete(&noise[1..])),
            (TABLE, delete(&noise[..1])),
        ]),
    ];
    let calls = vec![
        call(&table(), sum_udaf(), &[col(&table(), "f")]).build("sum"),
        call(&table(), avg_udaf(), &[col(&table(), "f")]).build("avg"),
    ];
    let plan = aggregate(table(), vec![(col(&table(), "k"), "k")], calls);
    for history in &histories {
        let mut flow = flow_of(std::slice::from_ref(&plan), history);
        (1..=history.end()).for_each(|upto| drop(flow.step(history, at(upto))));
        // 0.1 + 0.2 + 0.3 exactly is just above 0.6, and rounds to it
        assert_eq!(
            texts(&contents(&flow, VIEW)),
            vec![("1|0.6|0.05454545454545454", 1)]
        );
    }
}

#[test]
fn keys_hold_minus_zero_and_zero_equal_and_every_nan() {
    let rows = [
        row(1, 1, 0.0),
        row(1, 2, -0.0),
        row(1, 3, f64::NAN),
        row(1, 4, -f64::NAN),
    ];
    let history = History::of(vec![
        (TABLE, Change::inserts(batch(&rows))),
        (OTHER, Change::inserts(batch(&rows))),
    ]);
    let on = vec![(col(&table(), "f"), col(&other(), "f"))];
    let joined = join(table(), other(), on);
    let pairs = call(&joined, count_udaf(), &[lit(1_i64)]).build("pairs");
    let plans = [
        aggregate(joined, vec![], vec![pairs]),
        counted(table(), &["f"]),
    ];
    let mut flow = flow_of(&plans, &history);
    flow.step(&history, at(2));
    assert_eq!(texts(&contents(&flow, VIEW)), vec![("8", 1)]);
    assert_eq!(
        texts(&contents(&flow, VIEW + 1)),
        vec![("0.0|2|3", 1), ("NaN|2|7", 1)]
    );
}

#[test]
fn an_array_without_order_is_sorted() {
    let values = [5, 3, 9, 3];
    let rows: Vec<Row> = values.into_iter().map(|v| row(1, v, 0.0)).collect();
    let history = History::of(vec![(STREAM, Change::inserts(batch(&rows)))]);
    let array = call(&stream(), array_agg_udaf(), &[col(&stream(), "v")]).build("array");
    let plan = aggregate(stream(), vec![], vec![array]);
    let mut flow = flow_of(&[plan], &history);
    flow.step(&history, at(1));
    assert_eq!(texts(&contents(&flow, VIEW)), vec![("[3, 3, 5, 9]", 1)]);
}

fn churn(round: i64) -> Vec<(u32, Change)> {
    let rows: Vec<Row> = (0..500).map(|k| row(round * 500 + k, k, 0.25)).collect();
    let half: Vec<Row> = rows
        .iter()
        .map(|row| Row {
            k: Some(7),
            ..row.clone()
        })
        .collect();
    vec![
        (TABLE, Change::inserts(batch(&rows))),
        (OTHER, Change::inserts(batch(&half))),
        (TABLE, Change::weighted(batch(&rows), vec![-1; rows.len()])),
        (OTHER, Change::weighted(batch(&half), vec![-1; half.len()])),
    ]
}

#[test]
fn rows_and_groups_that_are_gone_take_no_memory() {
    let mut entries = vec![(OTHER, Change::inserts(batch(&[row(7, 1, 0.5)])))];
    entries.extend((0..20).flat_map(churn));
    let history = History::of(entries);
    let on = vec![(col(&table(), "k"), col(&other(), "k"))];
    let joined = join(table(), other(), on);
    let strings = call(&table(), array_agg_udaf(), &[col(&table(), "g")]).build("array");
    let arrays = aggregate(table(), vec![(col(&table(), "k"), "k")], vec![strings]);
    let mut flow = flow_of(&[counted(table(), &["k"]), joined, arrays], &history);
    let mut most: BTreeMap<u32, usize> = BTreeMap::new();
    for upto in 1..=history.end() {
        let StepReport { failed, .. } = flow.step(&history, at(upto));
        assert_eq!(failed, vec![]);
        flow.compact(at(upto));
        for view in VIEW..VIEW + 3 {
            let bytes = flow
                .stats(RelationId(view))
                .expect("it is there")
                .state_bytes;
            let most = most.entry(view).or_default();
            if upto > 12 {
                assert!(
                    bytes <= *most * 5 / 2,
                    "view {view}: {bytes} bytes, {most} before"
                );
            } else {
                *most = bytes.max(*most);
            }
        }
    }
    for view in VIEW..VIEW + 3 {
        let stats = flow.stats(RelationId(view)).expect("it is there");
        assert_eq!(stats.rows, 0, "view {view}");
        assert!(stats.changed_rows > 0, "view {view}");
    }
}

#[test]
fn more_groups_than_a_piece_keep_their_old_rows_apart() {
    let insert = |range: std::ops::Range<i64>, v: i64| {
        let rows: Vec<Row> = range.map(|k| row(k, v, 0.5)).collect();
        (TABLE, Change::inserts(batch(&rows)))
    };
    let gone: Vec<Row> = (0..20_000).step_by(3).map(|k| row(k, 1, 0.5)).collect();
    let delete = (TABLE, Change::weighted(batch(&gone), vec![-1; gone.len()]));
    let entries = vec![
        insert(0..20_000, 1),
        insert(15_000..25_000, 7),
        delete,
        insert(24_000..24_100, 0),
    ];
    let history = History::of(entries);
    for chunk_rows in [999, 16_384] {
        let mut flow = Dataflow::new(DataflowOptions { chunk_rows });
        let plan = counted(table(), &["k"]);
        flow.install(RelationId(VIEW), &plan, &history, Keep::Contents)
            .expect("it installs");
        let mut bag = Bag::new();
        for upto in [1, 4] {
            for changed in flow.step(&history, at(upto)).changed {
                changed
                    .changes
                    .iter()
                    .for_each(|change| add(&mut bag, change));
            }
        }
        let expected: Bag = (0..25_000)
            .filter_map(|k| {
                let first = i64::from(k < 20_000 && k % 3 != 0);
                let second = i64::from(k >= 15_000);
                let third = i64::from((24_000..24_100).contains(&k));
                let count = first + second + third;
                (count > 0).then(|| (format!("{k}|{count}|{}", first + 7 * second), 1))
            })
            .collect();
        assert!(
            bag == expected,
            "the changes of the steps differ from what is expected"
        );
        assert!(contents(&flow, VIEW) == expected, "the contents differ");
    }
}

#[test]
fn a_join_of_more_pairs_than_a_piece_finds_and_deletes_them_all() {
    let rows: Vec<Row> = (0..300).map(|v| row(1, v, 0.5)).collect();
    let inserts = || Change::inserts(batch(&rows));
    let history = History::of(vec![
        (TABLE, inserts()),
        (OTHER, inserts()),
        (TABLE, Change::weighted(batch(&rows[..100]), vec![-1; 100])),
        (OTHER, Change::weighted(batch(&rows[..299]), vec![-1; 299])),
    ]);
    let on = vec![(col(&table(), "k"), col(&other(), "k"))];
    let joined = join(table(), other(), on);
    let calls = vec![
        call(&joined, count_udaf(), &[lit(1_i64)]).build("pairs"),
        call(&joined, sum_udaf(), &[col(&joined, "r_v")]).build("sum"),
    ];
    let plans = [joined.clone(), aggregate(joined, vec![], calls)];
    let mut flow = flow_of(&plans, &history);
    let counts = [
        (1, 0, "0|NULL"),
        (2, 90_000, "90000|13455000"),
        (4, 200, "200|59800"),
    ];
    for (upto, pairs, totals) in counts {
        assert_eq!(flow.step(&history, at(upto)).failed, vec![]);
        assert_eq!(
            flow.stats(RelationId(VIEW)).expect("it is there").rows,
            pairs
        );
        assert_eq!(texts(&contents(&flow, VIEW + 1)), vec![(totals, 1)]);
    }
}

#[test]
fn a_dataflow_can_be_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Dataflow>();
}

#[test]
fn a_join_finds_its_rows_after_its_state_was_rewritten() {
    let rows = |keys: &dyn Fn(i64) -> bool, v: i64| -> Vec<Row> {
        (0..3_000)
            .filter(|k| keys(*k))
            .map(|k| row(k, v, 0.5))
            .collect()
    };
    let twice = |k: i64| if k % 12 == 0 { 2 } else { 1 };
    let weighted = |rows: Vec<Row>, sign: i64| {
        let weights = rows
            .iter()
            .map(|row| sign * twice(row.k.unwrap_or_default()))
            .collect();
        Change::weighted(batch(&rows), weights)
    };
    let history = History::of(vec![
        (TABLE, weighted(rows(&|_| true, 1), 1)),
        (OTHER, Change::inserts(batch(&rows(&|_| true, 2)))),
        (TABLE, weighted(rows(&|k| k % 4 != 0, 1), -1)),
        (
            OTHER,
            Change::weighted(batch(&rows(&|k| k < 2_500, 2)), vec![-1; 2_500]),
        ),
        (OTHER, Change::inserts(batch(&rows(&|k| k < 2_000, 3)))),
        (TABLE, weighted(rows(&|k| k % 8 == 0, 1), -1)),
        (TABLE, weighted(rows(&|k| k % 4 == 1, 1), 1)),
    ]);
    let on = vec![(col(&table(), "k"), col(&other(), "k"))];
    let joined = join(table(), other(), on);
    let exprs = vec![(col(&joined, "l_k"), "k"), (col(&joined, "r_v"), "v")];
    let mut flow = flow_of(&[project(joined, exprs)], &history);
    for upto in 1..=history.end() {
        assert_eq!(flow.step(&history, at(upto)).failed, vec![]);
        let expected: Bag = (0..3_000)
            .filter_map(|k| {
                let here = match upto {
                    0..=2 => true,
                    3..=5 => k % 4 == 0,
                    6 => k % 4 == 0 && k % 8 != 0,
                    _ => (k % 4 == 0 && k % 8 != 0) || k % 4 == 1,
                };
                let there = match upto {
                    0..=1 => None,
                    2..=3 => Some(2),
                    4 => (k >= 2_500).then_some(2),
                    _ if k < 2_000 => Some(3),
                    _ => (k >= 2_500).then_some(2),
                };
                there
                    .filter(|_| here)
                    .map(|v| (format!("{k}|{v}"), twice(k)))
            })
            .collect();
        assert!(contents(&flow, VIEW) == expected, "at {upto}");
    }
}
