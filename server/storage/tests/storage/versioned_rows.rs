//! The contents of a changing relation against a model.

use std::collections::BTreeMap;

use arrow::array::{Int64Array, RecordBatch};
use rand::Rng;
use rand::rngs::StdRng;
use summit_log::Lsn;
use summit_storage::{Change, Key, Snapshot, StorageError, VersionedRows};

use crate::support::{Row, any_row, batch, encoded, random, row, schema};

type Bag = BTreeMap<Vec<u8>, i64>;

fn bag_of(snapshot: &Snapshot) -> Bag {
    let mut bag = Bag::new();
    let mut rows = 0;
    for batch in snapshot.batches(None) {
        let batch = batch.unwrap();
        rows += batch.num_rows();
        for row in encoded(&batch) {
            *bag.entry(row).or_default() += 1;
        }
    }
    assert_eq!(snapshot.num_rows(), rows);
    bag
}

/// A random change that the bag can take, rows it removes among those it holds.
fn any_change(random: &mut StdRng, live: &[Row], rows: usize) -> (Vec<Row>, Vec<i64>) {
    let (mut changed, mut weights) = (Vec::new(), Vec::new());
    let mut left: Vec<usize> = (0..live.len()).collect();
    for _ in 0..random.random_range(1..=rows) {
        if random.random_bool(0.45) && !left.is_empty() {
            let at = left.swap_remove(random.random_range(0..left.len()));
            changed.push(live[at].clone());
            weights.push(-1);
        } else {
            changed.push(any_row(random));
            weights.push(if random.random_bool(0.2) {
                random.random_range(1..5)
            } else {
                1
            });
        }
    }
    (changed, weights)
}

fn check_against_model(key: Key, seed: u64, steps: u64, rows: usize) {
    let mut random = random(seed);
    let mut contents = VersionedRows::new(schema(), key).unwrap();
    let mut history: BTreeMap<u64, Bag> = BTreeMap::from([(0, Bag::new())]);
    let mut held: Vec<(u64, Snapshot)> = Vec::new();
    let mut live: Vec<Row> = Vec::new();
    let mut bag = Bag::new();
    for step in 1..=steps {
        let lsn = step * 2;
        let (changed, weights) = any_change(&mut random, &live, rows);
        let rows = batch(&changed);
        for ((row, bytes), weight) in changed.iter().zip(encoded(&rows)).zip(&weights) {
            let count = bag.entry(bytes.clone()).or_default();
            *count += weight;
            if *count == 0 {
                bag.remove(&bytes);
            }
            for _ in 0..*weight {
                live.push(row.clone());
            }
        }
        for ((row, _), weight) in changed.iter().zip(0..).zip(&weights) {
            if *weight < 0 {
                let wanted = encoded(&batch(std::slice::from_ref(row)));
                let at = live
                    .iter()
                    .position(|row| encoded(&batch(std::slice::from_ref(row))) == wanted);
                live.swap_remove(at.unwrap());
            }
        }
        contents
            .apply(Lsn::new(lsn), &Change::weighted(rows, weights))
            .unwrap();
        history.insert(lsn, bag.clone());
        assert_eq!(contents.len() as i64, bag.values().sum::<i64>());
        if random.random_bool(0.2) {
            held.push((lsn, contents.snapshot(Lsn::new(lsn))));
        }
        if random.random_bool(0.3) {
            let oldest = contents.oldest().get();
            let horizon = random.random_range(oldest..=lsn);
            contents.compact(Lsn::new(horizon)).unwrap();
        }
        let at = random.random_range(contents.oldest().get()..=lsn + 3);
        let (_, expected) = history.range(..=at).next_back().unwrap();
        assert_eq!(
            bag_of(&contents.snapshot(Lsn::new(at))),
            *expected,
            "at {at} of {lsn}"
        );
        if random.random_bool(0.05) {
            held.retain(|(at, snapshot)| {
                assert_eq!(bag_of(snapshot), history[at], "held since {at}, now {lsn}");
                random.random_bool(0.5)
            });
        }
    }
    for (at, snapshot) in &held {
        assert_eq!(bag_of(snapshot), history[at], "held since {at}");
    }
    // and down to nothing
    let rows = batch(&live);
    let weights = vec![-1; live.len()];
    contents
        .apply(Lsn::new(steps * 2 + 1), &Change::weighted(rows, weights))
        .unwrap();
    assert!(contents.is_empty());
    for _ in 0..10 {
        contents.compact(Lsn::MAX).unwrap();
    }
    assert_eq!(bag_of(&contents.snapshot(Lsn::MAX)), Bag::new());
}

#[test]
fn rows_found_by_all_columns_are_those_of_a_naive_bag() {
    for seed in 0..4 {
        check_against_model(Key::WholeRow, seed, 150, 20);
    }
}

#[test]
fn rows_found_by_some_columns_are_those_of_a_naive_bag() {
    for seed in 10..14 {
        check_against_model(Key::Columns(vec![1, 2]), seed, 150, 20);
    }
}

#[test]
fn removing_what_is_not_there_is_an_error_and_changes_nothing() {
    for key in [Key::WholeRow, Key::Columns(vec![1])] {
        let mut contents = VersionedRows::new(schema(), key).unwrap();
        contents
            .apply(
                Lsn::new(1),
                &Change::inserts(batch(&[row(1, 1), row(2, 2)])),
            )
            .unwrap();
        let before = bag_of(&contents.snapshot(Lsn::MAX));
        // the key is there, the row is not; and one that is there, twice
        for (rows, weights) in [
            (vec![row(3, 3), row(9, 1)], vec![1, -1]),
            (vec![row(1, 1), row(1, 1)], vec![-1, -1]),
            (vec![row(1, 1)], vec![-2]),
            (vec![row(1, 1)], vec![i64::MIN]),
        ] {
            let change = Change::weighted(batch(&rows), weights);
            let error = contents.apply(Lsn::new(2), &change).unwrap_err();
            assert!(matches!(error, StorageError::Invalid(_)), "{error}");
            assert_eq!(bag_of(&contents.snapshot(Lsn::MAX)), before);
            assert_eq!(contents.len(), 2);
        }
    }
    let mut contents = VersionedRows::new(schema(), Key::None).unwrap();
    contents
        .apply(Lsn::new(1), &Change::inserts(batch(&[row(1, 1)])))
        .unwrap();
    let change = Change::weighted(batch(&[row(1, 1)]), vec![-1]);
    assert!(contents.apply(Lsn::new(2), &change).is_err());
}

#[test]
fn what_a_change_adds_and_removes_cancels_out() {
    let mut contents = VersionedRows::new(schema(), Key::WholeRow).unwrap();
    let rows = batch(&[row(1, 1), row(1, 1), row(2, 2)]);
    contents
        .apply(Lsn::new(1), &Change::weighted(rows, vec![-1, 2, 1]))
        .unwrap();
    assert_eq!(contents.len(), 2);
    assert_eq!(contents.snapshot(Lsn::MAX).num_rows(), 2);
}

#[test]
fn one_row_changes_are_gathered_into_chunks() {
    let mut contents = VersionedRows::new(schema(), Key::None).unwrap();
    for k in 0..20_000 {
        contents
            .apply(
                Lsn::new(k + 1),
                &Change::inserts(batch(&[row(1, k as i64)])),
            )
            .unwrap();
    }
    let batches: Vec<RecordBatch> = contents
        .snapshot(Lsn::MAX)
        .batches(Some(&[1]))
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(batches.len() <= 2 + 13, "{} batches", batches.len());
    let keys: Vec<i64> = batches
        .iter()
        .flat_map(|rows| {
            rows.column(0)
                .as_any()
                .downcast_ref::<Int64Array>()
                .unwrap()
                .values()
                .to_vec()
        })
        .collect();
    assert_eq!(keys, (0..20_000).collect::<Vec<_>>());
    let counted: usize = contents
        .snapshot(Lsn::new(9_000))
        .batches(Some(&[]))
        .map(|rows| rows.unwrap().num_rows())
        .sum();
    assert_eq!(counted, 9_000);
}

#[test]
fn a_row_that_changes_again_and_again_does_not_grow_memory() {
    let mut contents = VersionedRows::new(schema(), Key::Columns(vec![1])).unwrap();
    let mut lsn = 1;
    contents
        .apply(Lsn::new(lsn), &Change::inserts(batch(&[row(0, 1)])))
        .unwrap();
    let mut most = 0;
    for ts in 0..30_000 {
        lsn += 1;
        let rows = batch(&[row(ts, 1), row(ts + 1, 1)]);
        contents
            .apply(Lsn::new(lsn), &Change::weighted(rows, vec![-1, 1]))
            .unwrap();
        if lsn % 100 == 0 {
            contents.compact(Lsn::new(lsn)).unwrap();
        }
        most = most.max(contents.memory_bytes());
    }
    assert!(most < 200_000, "{most} bytes");
    assert_eq!(contents.len(), 1);
    let key = batch(&[row(0, 1)]).project(&[1]).unwrap();
    assert_eq!(
        contents.lookup(&key).unwrap(),
        Some(batch(&[row(30_000, 1)]))
    );
    let none = batch(&[row(0, 2)]).project(&[1]).unwrap();
    assert_eq!(contents.lookup(&none).unwrap(), None);
}

#[test]
fn many_equal_rows_are_removed_as_fast_as_they_came() {
    let mut contents = VersionedRows::new(schema(), Key::WholeRow).unwrap();
    let one = batch(&[row(1, 1)]);
    contents
        .apply(Lsn::new(1), &Change::weighted(one.clone(), vec![100_000]))
        .unwrap();
    for lsn in 2..502 {
        contents
            .apply(Lsn::new(lsn), &Change::weighted(one.clone(), vec![-100]))
            .unwrap();
    }
    assert_eq!(contents.len(), 50_000);
    contents
        .apply(Lsn::new(502), &Change::weighted(one, vec![-50_000]))
        .unwrap();
    assert!(contents.is_empty());
}

#[test]
fn large_relations_are_compacted_in_bounded_steps() {
    let mut contents = VersionedRows::new(schema(), Key::Columns(vec![1])).unwrap();
    let rows: Vec<Row> = (0..60_000).map(|k| row(k, k)).collect();
    contents
        .apply(Lsn::new(1), &Change::inserts(batch(&rows)))
        .unwrap();
    let full = contents.memory_bytes();
    let dead: Vec<Row> = rows.iter().filter(|row| row.1 % 10 != 0).cloned().collect();
    let weights = vec![-1; dead.len()];
    contents
        .apply(Lsn::new(2), &Change::weighted(batch(&dead), weights))
        .unwrap();
    let held = contents.snapshot(Lsn::new(1));
    let mut dropped = 0;
    for _ in 0..5 {
        dropped += contents.compact(Lsn::new(2)).unwrap();
    }
    assert_eq!(dropped, dead.len());
    assert!(
        contents.memory_bytes() < full / 4,
        "{} of {full}",
        contents.memory_bytes()
    );
    assert_eq!(held.num_rows(), 60_000);
    assert_eq!(contents.snapshot(Lsn::MAX).num_rows(), 6_000);
    for k in [0_i64, 10, 59_990] {
        let key = batch(&[row(0, k)]).project(&[1]).unwrap();
        assert_eq!(contents.lookup(&key).unwrap(), Some(batch(&[row(k, k)])));
    }
}
