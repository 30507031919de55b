//! After every step each view is what its query gives from scratch.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use summit_dataflow::{Dataflow, DataflowOptions, Keep};
use summit_planner::StreamPlan;
use summit_storage::{Change, RelationId};

use crate::history::{History, at};
use crate::naive::{World, row_texts};
use crate::plans;

pub type Bag = BTreeMap<String, i64>;

pub fn add(bag: &mut Bag, change: &Change) {
    for (row, text) in row_texts(&change.rows).into_iter().enumerate() {
        let count = bag.entry(text.clone()).or_default();
        *count += change.weight(row);
        if *count == 0 {
            bag.remove(&text);
        }
    }
}

pub fn contents(flow: &Dataflow, view: u32) -> Bag {
    let contents = flow
        .contents(RelationId(view))
        .expect("the view keeps contents");
    let snapshot = contents.read().snapshot(flow.reached().lsn());
    let mut bag = Bag::new();
    for rows in snapshot.batches(None) {
        add(&mut bag, &Change::inserts(rows.expect("a batch")));
    }
    bag
}

fn bag(rows: RecordBatch) -> Bag {
    let mut bag = Bag::new();
    add(&mut bag, &Change::inserts(rows));
    bag
}

fn checked(seed: u64, entries: usize, chunk_rows: usize, start: u64) -> BTreeMap<u32, Bag> {
    println!("seed {seed}, {entries} entries, chunks of {chunk_rows}, from {start}");
    let history = History::random(seed, entries);
    let views: BTreeMap<u32, StreamPlan> = plans::all();
    let mut random = StdRng::seed_from_u64(seed ^ chunk_rows as u64);
    let mut flow = Dataflow::new(DataflowOptions { chunk_rows });
    flow.set_position(at(start));
    let mut followed: BTreeMap<u32, Bag> = BTreeMap::new();
    for (view, plan) in &views {
        flow.install(RelationId(*view), plan, &history, Keep::Contents)
            .expect("it installs");
        followed.insert(*view, contents(&flow, *view));
    }
    let mut reached = start;
    loop {
        let world = World {
            history: &history,
            views: &views,
            at: at(reached),
        };
        for (view, plan) in &views {
            let ours = contents(&flow, *view);
            assert_eq!(
                ours,
                bag(world.evaluate(plan)),
                "view {view} at {reached}: {plan:?}"
            );
            assert_eq!(
                ours, followed[view],
                "changes of view {view} up to {reached}"
            );
        }
        if reached == history.end() {
            break;
        }
        reached = (reached + random.random_range(1..8)).min(history.end());
        let report = flow.step(&history, at(reached));
        assert_eq!(report.failed, vec![]);
        for changed in report.changed {
            let bag = followed.get_mut(&changed.view.0).expect("it was installed");
            let mut seen = Bag::new();
            for change in changed.changes.iter() {
                add(bag, change);
                for (row, text) in row_texts(&change.rows).into_iter().enumerate() {
                    let before = seen.insert(text, change.weight(row)).unwrap_or(0);
                    assert!(
                        before * change.weight(row) >= 0,
                        "inserted and deleted in one step"
                    );
                }
            }
        }
        if random.random_bool(0.2) {
            flow.compact(flow.reached());
        }
    }
    followed
}

#[test]
fn every_view_equals_its_query_after_every_step() {
    for seed in 0..4 {
        checked(seed, 60, 16_384, 0);
    }
}

#[test]
fn chunks_of_any_size_and_any_start_give_the_same_contents() {
    for seed in 10..12 {
        let whole = checked(seed, 60, 16_384, 0);
        for (chunk_rows, start) in [(1, 0), (3, 20), (2, 59)] {
            assert_eq!(checked(seed, 60, chunk_rows, start), whole, "seed {seed}");
        }
    }
}

#[test]
fn one_large_step_equals_many_small_ones() {
    let history = History::random(77, 1_200);
    let views = plans::all();
    // those whose size is the square of the input's would take too long here
    let views: BTreeMap<u32, StreamPlan> = views
        .into_iter()
        .filter(|(_, plan)| !matches!(plan.node, summit_planner::StreamNode::Join(_)))
        .collect();
    let mut results = Vec::new();
    for step in [1_200, 300, 41] {
        let mut flow = Dataflow::new(DataflowOptions::default());
        for (view, plan) in &views {
            flow.install(RelationId(*view), plan, &history, Keep::Contents)
                .expect("it installs");
        }
        while flow.reached() < at(history.end()) {
            let upto = (flow.reached().lsn().get() + step).min(history.end());
            let report = flow.step(&history, at(upto));
            assert_eq!(report.failed, vec![]);
        }
        let all: BTreeMap<u32, Bag> = views
            .keys()
            .map(|view| (*view, contents(&flow, *view)))
            .collect();
        results.push(all);
    }
    assert_eq!(results[0], results[1]);
    assert_eq!(results[0], results[2]);
}
