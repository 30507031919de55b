//! Writes to tables.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use summit_log::{Cut, Lsn};
use summit_storage::{Change, RelationId, StorageError, TableSpec};

use crate::support::{Fixture, Row, append, batch, encoded, row, schema, table_write, weighted};

const T: RelationId = RelationId(1);

fn table() -> Fixture {
    let fixture = Fixture::new(1 << 20);
    let spec = TableSpec {
        schema: schema(),
        primary_key: vec![1],
    };
    fixture.storage.create_table(T, spec, Lsn::ZERO).unwrap();
    fixture
}

fn sorted_rows(fixture: &Fixture, at: Cut) -> Vec<Vec<u8>> {
    let snapshot = fixture.storage.table_snapshot(T, at).unwrap();
    let mut rows: Vec<_> = snapshot
        .batches(None)
        .flat_map(|rows| encoded(&rows.unwrap()))
        .collect();
    rows.sort();
    rows
}

fn sorted(rows: &[Row]) -> Vec<Vec<u8>> {
    let mut rows = encoded(&batch(rows));
    rows.sort();
    rows
}

#[test]
fn a_key_that_exists_is_a_duplicate_with_postgresqls_text() {
    let fixture = table();
    let write = |deletes: &[Row], inserts: &[Row]| {
        let deletes = (!deletes.is_empty()).then(|| batch(deletes));
        fixture.write(vec![table_write(1, deletes, Some(batch(inserts)))])
    };
    write(&[], &[row(1, 1), row(2, 2)]).unwrap();
    for inserts in [vec![row(9, 3), row(9, 2)], vec![row(9, 2), row(8, 2)]] {
        match write(&[], &inserts) {
            Err(StorageError::DuplicateKey { relation, key }) => {
                assert_eq!((relation, key.as_str()), (T, "(k)=(2)"));
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(
        write(&[], &[row(1, 7), row(2, 7)]),
        Err(StorageError::DuplicateKey { .. })
    ));
    // an update, also one that swaps keys
    write(&[row(1, 1)], &[row(5, 1)]).unwrap();
    write(&[row(5, 1), row(2, 2)], &[row(2, 1), row(5, 2)]).unwrap();
    assert_eq!(
        sorted_rows(&fixture, fixture.last()),
        sorted(&[row(2, 1), row(5, 2)])
    );
    assert_eq!(
        sorted_rows(&fixture, Cut::at(Lsn::new(1))),
        sorted(&[row(1, 1), row(2, 2)])
    );
}

#[test]
fn keys_of_several_columns_are_printed_as_postgresql_prints_them() {
    let fixture = Fixture::new(0);
    let fields = vec![
        Field::new("a", DataType::Int64, false),
        Field::new("b", DataType::Utf8, false),
        Field::new("c", DataType::Boolean, false),
        Field::new("d", DataType::Date32, false),
        Field::new("e", DataType::Float64, false),
    ];
    let schema = Arc::new(Schema::new(fields));
    let spec = TableSpec {
        schema: schema.clone(),
        primary_key: vec![0, 1, 2, 3, 4],
    };
    fixture.storage.create_table(T, spec, Lsn::ZERO).unwrap();
    let rows = arrow::array::RecordBatch::try_new(
        schema,
        vec![
            Arc::new(arrow::array::Int64Array::from(vec![1])),
            Arc::new(arrow::array::StringArray::from(vec!["x"])),
            Arc::new(arrow::array::BooleanArray::from(vec![true])),
            Arc::new(arrow::array::Date32Array::from(vec![15_706])),
            Arc::new(arrow::array::Float64Array::from(vec![2.0])),
        ],
    )
    .unwrap();
    fixture
        .write(vec![table_write(1, None, Some(rows.clone()))])
        .unwrap();
    match fixture.write(vec![table_write(1, None, Some(rows))]) {
        Err(StorageError::DuplicateKey { key, .. }) => {
            assert_eq!(key, "(a, b, c, d, e)=(1, x, t, 2013-01-01, 2)");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_row_that_was_changed_meanwhile_is_a_conflict() {
    let fixture = table();
    let write = |deletes: &[Row], inserts: Option<&[Row]>| {
        fixture.write(vec![table_write(
            1,
            Some(batch(deletes)),
            inserts.map(batch),
        )])
    };
    fixture
        .write(vec![table_write(
            1,
            None,
            Some(batch(&[row(1, 1), row(2, 2)])),
        )])
        .unwrap();
    write(&[row(1, 1)], Some(&[row(7, 1)])).unwrap();
    for deletes in [
        &[row(1, 1)][..],
        &[row(2, 2), row(1, 1)],
        &[row(2, 2), row(2, 2)],
    ] {
        let error = write(deletes, None).unwrap_err();
        assert!(
            matches!(error, StorageError::Conflict { relation: T }),
            "{error}"
        );
    }
    assert_eq!(
        sorted_rows(&fixture, fixture.last()),
        sorted(&[row(7, 1), row(2, 2)])
    );
}

#[test]
fn an_entry_that_fails_in_one_relation_changes_none() {
    let fixture = table();
    let stream = summit_storage::StreamSpec {
        schema: schema(),
        partitions: 1,
        watermark: None,
    };
    fixture
        .storage
        .create_stream(RelationId(2), stream, Lsn::ZERO)
        .unwrap();
    fixture
        .write(vec![table_write(1, None, Some(batch(&[row(1, 1)])))])
        .unwrap();
    let before = (
        fixture.storage.stats(T).unwrap(),
        fixture.storage.stats(RelationId(2)).unwrap(),
    );
    let good = append(2, vec![(0, batch(&[row(1, 1)]))]);
    for bad in [
        table_write(1, None, Some(batch(&[row(2, 2), row(1, 1)]))),
        append(1, vec![(0, batch(&[row(2, 2)]))]),
    ] {
        assert!(fixture.write(vec![good.clone(), bad]).is_err());
    }
    assert!(
        fixture
            .write(vec![append(2, vec![(5, batch(&[row(1, 1)]))])])
            .is_err()
    );
    assert!(fixture.write(vec![good.clone(), good.clone()]).is_err());
    let missing = append(3, vec![(0, batch(&[row(1, 1)]))]);
    let error = fixture.write(vec![good, missing]).unwrap_err();
    assert!(matches!(error, StorageError::NoRelation(RelationId(3))));
    let after = (
        fixture.storage.stats(T).unwrap(),
        fixture.storage.stats(RelationId(2)).unwrap(),
    );
    assert_eq!(before, after);
}

#[test]
fn changes_are_whole_entries_and_those_that_failed_have_none() {
    let fixture = table();
    let insert = |k: i64| table_write(1, None, Some(batch(&[row(k, k)])));
    fixture.write(vec![insert(1)]).unwrap();
    fixture.write(vec![insert(1)]).unwrap_err();
    fixture
        .write(vec![table_write(
            1,
            Some(batch(&[row(1, 1)])),
            Some(batch(&[row(2, 1)])),
        )])
        .unwrap();
    let changes: Vec<_> = fixture
        .storage
        .changes(T, Cut::ZERO, fixture.last())
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let lsns: Vec<u64> = changes.iter().map(|change| change.lsn.get()).collect();
    assert_eq!(lsns, [1, 3]);
    let expected = Change::weighted(batch(&[row(1, 1), row(2, 1)]), vec![-1, 1]);
    assert_eq!(weighted(&changes[1].change), weighted(&expected));
}

#[test]
fn definitions_that_make_no_sense_are_refused() {
    let fixture = table();
    let create = |primary_key: Vec<usize>, id: u32| {
        let spec = TableSpec {
            schema: schema(),
            primary_key,
        };
        fixture
            .storage
            .create_table(RelationId(id), spec, Lsn::ZERO)
    };
    assert!(matches!(create(vec![1], 1), Err(StorageError::Invalid(_))));
    assert!(matches!(create(vec![], 2), Err(StorageError::Invalid(_))));
    assert!(matches!(create(vec![4], 2), Err(StorageError::Invalid(_))));
    fixture.storage.drop_relation(T).unwrap();
    assert!(matches!(
        fixture.storage.drop_relation(T),
        Err(StorageError::NoRelation(T))
    ));
    assert!(fixture.storage.schema(T).is_none());
}

#[test]
fn a_position_that_was_compacted_away_is_an_error() {
    let fixture = table();
    for k in 1..=5 {
        fixture
            .write(vec![table_write(1, None, Some(batch(&[row(k, k)])))])
            .unwrap();
    }
    fixture.storage.compact(Cut::at(Lsn::new(3))).unwrap();
    assert!(
        fixture
            .storage
            .table_snapshot(T, Cut::at(Lsn::new(2)))
            .is_err()
    );
    assert_eq!(
        fixture
            .storage
            .table_snapshot(T, Cut::at(Lsn::new(3)))
            .unwrap()
            .num_rows(),
        3
    );
}
