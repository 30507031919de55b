//! Which partition a row belongs to.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, StringViewArray,
};
use arrow::compute::concat_batches;
use summit_storage::{StorageError, partition_rows};

use crate::support::{batch, row};

fn partitions_of(column: ArrayRef) -> Vec<u32> {
    let rows = column.len();
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows as i64));
    let batch = RecordBatch::try_from_iter_with_nullable([("c", column, true), ("id", ids, false)])
        .unwrap();
    let mut found = vec![u32::MAX; rows];
    for (partition, part) in partition_rows(&batch, &[0], 1000, 0).unwrap() {
        let ids = part
            .column(1)
            .as_any()
            .downcast_ref::<Int64Array>()
            .unwrap();
        for id in ids.values() {
            found[*id as usize] = partition.0;
        }
    }
    found
}

/// These never change: a key that moves to another partition comes out of order.
#[test]
fn keys_stay_in_their_partitions_for_ever() {
    let integers: ArrayRef = Arc::new(Int64Array::from(vec![Some(0), Some(1), Some(-1), None]));
    expect_test::expect!["[775, 933, 483, 267]"]
        .assert_eq(&format!("{:?}", partitions_of(integers)));
    let texts: ArrayRef = Arc::new(StringArray::from(vec![
        Some(""),
        Some("JFK"),
        Some("LGA"),
        None,
    ]));
    expect_test::expect!["[775, 311, 402, 267]"].assert_eq(&format!("{:?}", partitions_of(texts)));
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![
        0.0,
        -0.0,
        1.5,
        f64::NAN,
        -f64::NAN,
    ]));
    expect_test::expect!["[775, 775, 679, 865, 865]"]
        .assert_eq(&format!("{:?}", partitions_of(floats)));
    let booleans: ArrayRef = Arc::new(BooleanArray::from(vec![true, false]));
    expect_test::expect!["[358, 742]"].assert_eq(&format!("{:?}", partitions_of(booleans)));
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![0, 19_000]));
    expect_test::expect!["[775, 174]"].assert_eq(&format!("{:?}", partitions_of(dates)));
}

#[test]
fn the_width_of_a_type_does_not_move_a_key() {
    let narrow: ArrayRef = Arc::new(Int32Array::from(vec![Some(0), Some(1), Some(-1), None]));
    let wide: ArrayRef = Arc::new(Int64Array::from(vec![Some(0), Some(1), Some(-1), None]));
    assert_eq!(partitions_of(narrow), partitions_of(wide));
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["JFK", "a text longer than that"]));
    let views: ArrayRef = Arc::new(StringViewArray::from(vec![
        "JFK",
        "a text longer than that",
    ]));
    assert_eq!(partitions_of(texts), partitions_of(views));
}

#[test]
fn every_row_is_in_one_partition_and_in_order() {
    let rows: Vec<_> = (0..20_000).map(|n| row(n, n % 50)).collect();
    let rows = batch(&rows);
    for (by, partitions) in [(vec![1], 6), (vec![3, 1], 2), (vec![], 3), (vec![1], 1)] {
        let parts = partition_rows(&rows, &by, partitions, 5).unwrap();
        assert_eq!(parts.len() as u32, partitions);
        let mut ids: Vec<i64> = Vec::new();
        for (_, part) in &parts {
            let times = part.column(0).to_data();
            let times: Vec<i64> = times.buffer::<i64>(0)[..part.num_rows()].to_vec();
            assert!(times.is_sorted());
            ids.extend(times);
        }
        ids.sort_unstable();
        assert_eq!(ids, (0..20_000).collect::<Vec<_>>());
    }
}

#[test]
fn without_a_key_a_small_batch_stays_whole_and_batches_go_round() {
    let rows = batch(&[row(1, 1), row(2, 2)]);
    for start in 0..7_u64 {
        let parts = partition_rows(&rows, &[], 3, start).unwrap();
        assert_eq!(parts.len(), 1);
        assert_eq!(u64::from(parts[0].0.0), start % 3);
        assert_eq!(concat_batches(&rows.schema(), [&parts[0].1]).unwrap(), rows);
    }
    assert!(
        partition_rows(&rows.slice(0, 0), &[], 3, 0)
            .unwrap()
            .is_empty()
    );
    assert!(matches!(
        partition_rows(&rows, &[9], 3, 0),
        Err(StorageError::Invalid(_))
    ));
    assert!(matches!(
        partition_rows(&rows, &[1], 0, 0),
        Err(StorageError::Invalid(_))
    ));
}
