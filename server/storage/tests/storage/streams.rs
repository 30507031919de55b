//! Appends to streams.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use summit_log::{Cut, Lsn};
use summit_storage::{
    Appended, Offset, PartitionId, RelationId, StorageError, StreamSpec, WatermarkSpec,
};

use crate::support::{Fixture, Row, all, append, batch, row, schema};

const S: RelationId = RelationId(1);

fn stream(tail_bytes: usize, delay_micros: Option<i64>) -> Fixture {
    let fixture = Fixture::new(tail_bytes);
    let watermark = delay_micros.map(|delay_micros| WatermarkSpec {
        column: 0,
        delay_micros,
    });
    let spec = StreamSpec {
        schema: schema(),
        partitions: 3,
        watermark,
    };
    fixture.storage.create_stream(S, spec, Lsn::ZERO).unwrap();
    fixture
}

fn keys(rows: &RecordBatch) -> Vec<i64> {
    rows.column_by_name("k")
        .unwrap()
        .as_primitive::<Int64Type>()
        .values()
        .to_vec()
}

fn read(fixture: &Fixture, after: u64, upto: u64) -> Vec<i64> {
    let (after, upto) = (Cut::at(Lsn::new(after)), Cut::at(Lsn::new(upto)));
    let reader = fixture.storage.read_stream(S, after, upto, None).unwrap();
    keys(&all(&schema(), reader))
}

#[test]
fn offsets_are_dense_by_partition() {
    let fixture = stream(1 << 20, None);
    let write = |parts: Vec<(u32, Vec<Row>)>| {
        let parts = parts
            .into_iter()
            .map(|(at, rows)| (at, batch(&rows)))
            .collect();
        fixture.write(vec![append(1, parts)]).unwrap().appended
    };
    let appended = |partition, base, rows| Appended {
        relation: S,
        partition: PartitionId(partition),
        base: Offset(base),
        rows,
    };
    assert_eq!(
        write(vec![(0, vec![row(1, 1), row(1, 2)]), (2, vec![row(1, 3)])]),
        [appended(0, 0, 2), appended(2, 0, 1)]
    );
    assert_eq!(
        write(vec![(2, vec![row(1, 4)]), (2, vec![row(1, 5)])]),
        [appended(2, 1, 2)]
    );
    let offsets = fixture.storage.stats(S).unwrap().offsets;
    assert_eq!(offsets, [Offset(2), Offset(0), Offset(3)]);
    assert_eq!(read(&fixture, 0, 9), [1, 2, 3, 4, 5]);
    assert_eq!(read(&fixture, 1, 9), [4, 5]);
    assert_eq!(read(&fixture, 0, 1), [1, 2, 3]);
}

#[test]
fn rows_behind_the_watermark_of_the_entries_before_are_late() {
    for tail_bytes in [0, 1 << 20] {
        let fixture = stream(tail_bytes, Some(10));
        let write = |rows: &[Row]| {
            fixture
                .write(vec![append(1, vec![(0, batch(rows))])])
                .unwrap()
        };
        // of its own entry, no row is late
        write(&[row(100, 1), row(50, 2)]);
        // 90 is not before the watermark; a null is never late
        let applied = write(&[row(89, 3), row(90, 4), (None, 5, None, None), row(200, 6)]);
        assert_eq!(applied.late, [(S, 1)]);
        assert_eq!(applied.appended[0].rows, 3);
        let applied = write(&[row(150, 7), row(1, 8)]);
        assert_eq!(applied.late, [(S, 2)]);
        assert!(applied.touched.is_empty());
        assert_eq!(read(&fixture, 0, 9), [1, 2, 4, 5, 6]);

        let late = fixture.storage.read_late(S, fixture.last()).unwrap();
        let late = all(&late.schema().clone(), late);
        assert_eq!(keys(&late), [3, 7, 8]);
        let micros = |name: &str| {
            let column = late.column_by_name(name).unwrap();
            column
                .as_primitive::<TimestampMicrosecondType>()
                .values()
                .to_vec()
        };
        assert_eq!(micros("watermark"), [90, 190, 190]);
        assert_eq!(micros("arrived_at"), [1_000_002, 1_000_003, 1_000_003]);
        assert_eq!(
            late.column_by_name("lsn")
                .unwrap()
                .as_primitive::<Int64Type>()
                .values(),
            &[2, 3, 3]
        );
        let first = fixture.storage.read_late(S, Cut::at(Lsn::new(2))).unwrap();
        assert_eq!(keys(&all(&first.schema().clone(), first)), [3]);
        assert_eq!(fixture.storage.stats(S).unwrap().late_rows, 3);
        let watermark = |at| fixture.storage.watermark(S, Cut::at(Lsn::new(at))).unwrap();
        assert_eq!(
            [0, 1, 2, 3].map(watermark),
            [None, Some(90), Some(190), Some(190)]
        );
    }
}

#[test]
fn the_watermark_of_every_position_is_known() {
    let fixture = stream(2000, Some(5));
    let mut expected = vec![None];
    let mut most = None;
    for n in 0..500_i64 {
        let time = (n * 7919) % 1000;
        fixture
            .write(vec![append(1, vec![(0, batch(&[row(time, n)]))])])
            .unwrap();
        most = most.max(Some(time));
        expected.push(most.map(|most| most - 5));
    }
    for (at, expected) in expected.iter().enumerate() {
        let at = Cut::at(Lsn::new(at as u64));
        assert_eq!(
            fixture.storage.watermark(S, at).unwrap(),
            *expected,
            "at {at}"
        );
    }
}

#[test]
fn old_rows_come_from_the_log_and_new_ones_from_memory() {
    let fixture = stream(60_000, None);
    let mut expected = Vec::new();
    for n in 0..3000_i64 {
        fixture
            .write(vec![append(1, vec![(0, batch(&[row(n, n)]))])])
            .unwrap();
        expected.push(n);
    }
    let stats = fixture.storage.stats(S).unwrap();
    assert!(stats.memory_bytes < 100_000, "{} bytes", stats.memory_bytes);
    assert_eq!(read(&fixture, 0, 3000), expected);
    assert!(*fixture.log.reads.lock().unwrap() > 0);
    *fixture.log.reads.lock().unwrap() = 0;
    assert_eq!(read(&fixture, 2990, 3000), expected[2990..]);
    assert_eq!(*fixture.log.reads.lock().unwrap(), 0);
}

#[test]
fn large_and_small_entries_are_read_in_batches_of_a_chunk() {
    for tail_bytes in [0, 500_000, 100 << 20] {
        let fixture = stream(tail_bytes, None);
        let mut next = 0;
        let mut ends = vec![0];
        for rows in [1, 20_000, 3, 8192, 5000, 1, 1, 30_000, 2] {
            let rows: Vec<Row> = (next..next + rows).map(|n| row(n, n)).collect();
            next += rows.len() as i64;
            ends.push(next);
            let (first, second) = rows.split_at(rows.len() / 3);
            fixture
                .write(vec![append(1, vec![(0, batch(first)), (1, batch(second))])])
                .unwrap();
        }
        for after in 0..ends.len() {
            for upto in after..ends.len() {
                let expected: Vec<i64> = (ends[after]..ends[upto]).collect();
                assert_eq!(read(&fixture, after as u64, upto as u64), expected);
            }
        }
        let changes: Vec<_> = fixture
            .storage
            .changes(S, Cut::ZERO, fixture.last())
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let counts: Vec<i64> = changes
            .iter()
            .map(|change| change.change.num_rows() as i64)
            .collect();
        let expected: Vec<i64> = ends.windows(2).map(|ends| ends[1] - ends[0]).collect();
        assert_eq!(counts, expected);
    }
}

#[test]
fn a_reader_sees_nothing_after_its_position_and_goes_on_while_entries_come() {
    let fixture = stream(20_000, None);
    let write = |n: i64| {
        fixture
            .write(vec![append(1, vec![(0, batch(&[row(n, n)]))])])
            .unwrap()
    };
    (0..2000).for_each(|n| drop(write(n)));
    let reader = fixture
        .storage
        .read_stream(S, Cut::ZERO, Cut::at(Lsn::MAX), Some(&[1]))
        .unwrap();
    let schema = reader.schema().clone();
    (2000..4000).for_each(|n| drop(write(n)));
    assert_eq!(keys(&all(&schema, reader)), (0..2000).collect::<Vec<_>>());
    let count = fixture
        .storage
        .read_stream(S, Cut::ZERO, fixture.last(), Some(&[]))
        .unwrap();
    assert_eq!(
        count.map(|rows| rows.unwrap().num_rows()).sum::<usize>(),
        4000
    );
}

#[test]
fn the_oldest_rows_of_all_streams_leave_memory_first() {
    let fixture = stream(150_000, None);
    let spec = StreamSpec {
        schema: schema(),
        partitions: 1,
        watermark: None,
    };
    fixture
        .storage
        .create_stream(RelationId(2), spec, Lsn::ZERO)
        .unwrap();
    let write = |relation: u32, n: i64| {
        let rows: Vec<Row> = (0..100).map(|k| row(n, k)).collect();
        fixture
            .write(vec![append(relation, vec![(0, batch(&rows))])])
            .unwrap();
    };
    (0..10).for_each(|n| write(1, n));
    let alone = fixture.storage.stats(S).unwrap().memory_bytes;
    (0..1000).for_each(|n| write(2, n));
    assert!(fixture.storage.stats(S).unwrap().memory_bytes < alone / 4);
    assert!(fixture.storage.memory_bytes() < 200_000);
}

#[test]
fn definitions_that_make_no_sense_are_refused() {
    let fixture = Fixture::new(0);
    let create = |partitions, column| {
        let watermark = Some(WatermarkSpec {
            column,
            delay_micros: 0,
        });
        let spec = StreamSpec {
            schema: schema(),
            partitions,
            watermark,
        };
        fixture.storage.create_stream(S, spec, Lsn::ZERO)
    };
    for (partitions, column) in [(0, 0), (1, 1), (1, 9), (u32::MAX, 0)] {
        assert!(matches!(
            create(partitions, column),
            Err(StorageError::Invalid(_))
        ));
    }
    create(1, 0).unwrap();
    let error = fixture
        .storage
        .read_stream(S, Cut::ZERO, Cut::ZERO, Some(&[9]))
        .err();
    assert!(matches!(error, Some(StorageError::Invalid(_))));
    assert!(fixture.storage.table_snapshot(S, Cut::ZERO).is_err());
}

#[test]
fn readers_on_other_threads_see_whole_entries_only() {
    let fixture = Arc::new(stream(100_000, None));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let cut = Cut::at(fixture.storage.applied());
                    let reader = fixture
                        .storage
                        .read_stream(S, Cut::ZERO, cut, Some(&[1]))
                        .unwrap();
                    let rows: usize = reader.map(|rows| rows.unwrap().num_rows()).sum();
                    assert_eq!(rows as u64, cut.lsn().get() * 10);
                    if cut.lsn() == Lsn::new(500) {
                        break;
                    }
                }
            });
        }
        for n in 0..500 {
            let half: Vec<Row> = (0..5).map(|k| row(n, k)).collect();
            let parts = vec![(0, batch(&half)), (1, batch(&half))];
            fixture.write(vec![append(1, parts)]).unwrap();
        }
    });
}
