//! Entries to bytes and back.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Float64Array, Int64Array, ListArray, RecordBatch, StringArray,
    StringViewArray, StructArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use bytes::Bytes;
use rand::Rng;
use summit_storage::{Body, Entry, RelationId, StorageError, Transaction, WriteKind};

use crate::support::{append, batch, random, row, schema, table_write};

fn known(id: RelationId) -> Option<SchemaRef> {
    (id.0 < 3).then(schema)
}

fn entry() -> Entry {
    let rows: Vec<_> = (0..5).map(|k| row(1000 + k, k)).collect();
    let mut last = row(9, 9);
    last.2 = None;
    last.3 = None;
    let transaction = Transaction {
        writes: vec![
            append(1, vec![(0, batch(&rows)), (3, batch(&[last]))]),
            table_write(2, Some(batch(&rows[..1])), Some(batch(&rows[1..4]))),
        ],
    };
    Entry {
        origin: 0x0102_0304_0506_0708,
        body: Body::Transaction(transaction),
    }
}

fn writes(entry: &Entry) -> Vec<(u32, Vec<(u32, RecordBatch)>)> {
    let Body::Transaction(transaction) = &entry.body else {
        panic!("{entry:?}")
    };
    transaction
        .writes
        .iter()
        .map(|write| {
            let batches = match &write.kind {
                WriteKind::Append(parts) => parts
                    .iter()
                    .map(|(partition, rows)| (partition.0, rows.clone()))
                    .collect(),
                WriteKind::Table(table) => [&table.deletes, &table.inserts]
                    .into_iter()
                    .zip(100..)
                    .filter_map(|(rows, at)| rows.clone().map(|rows| (at, rows)))
                    .collect(),
            };
            (write.relation.0, batches)
        })
        .collect()
}

#[test]
fn what_was_encoded_is_decoded() {
    let entry = entry();
    let bytes = entry.encode().unwrap();
    let decoded = Entry::decode(&bytes, &known).unwrap();
    assert_eq!(decoded.origin, entry.origin);
    assert_eq!(writes(&decoded), writes(&entry));
    assert_eq!(Entry::origin_of(&bytes), Some(entry.origin));
    assert_eq!(
        Entry::relations_of(&bytes).unwrap(),
        [RelationId(1), RelationId(2)]
    );
    let only = Entry::decode_relation(&bytes, RelationId(2), &schema()).unwrap();
    assert!(matches!(only, Some(WriteKind::Table(_))));
    assert!(
        Entry::decode_relation(&bytes, RelationId(9), &schema())
            .unwrap()
            .is_none()
    );
}

#[test]
fn definitions_and_ticks_are_decoded() {
    for body in [Body::Definition(Bytes::from_static(b"create")), Body::Tick] {
        let bytes = Entry {
            origin: 1,
            body: body.clone(),
        }
        .encode()
        .unwrap();
        let decoded = Entry::decode(&bytes, &|_| None).unwrap().body;
        assert_eq!(format!("{decoded:?}"), format!("{body:?}"));
        assert_eq!(Entry::relations_of(&bytes).unwrap(), []);
    }
}

#[test]
fn types_of_all_shapes_are_decoded() {
    let views: ArrayRef = Arc::new(StringViewArray::from_iter([
        Some("short"),
        None,
        Some("longer than twelve bytes"),
    ]));
    let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([
        Some(vec![Some(1), None]),
        None,
        Some(vec![]),
    ]));
    let fields = vec![
        Arc::new(Field::new("a", views.data_type().clone(), true)),
        Arc::new(Field::new("b", lists.data_type().clone(), true)),
    ];
    let nested: ArrayRef = Arc::new(StructArray::new(
        fields.into(),
        vec![views.clone(), lists.clone()],
        None,
    ));
    let nothing: ArrayRef = Arc::new(arrow::array::NullArray::new(3));
    let columns = [views, lists, nested, nothing];
    let schema = Schema::new(
        columns
            .iter()
            .zip(["v", "l", "n", "z"])
            .map(|(column, name)| Field::new(name, column.data_type().clone(), true))
            .collect::<Vec<_>>(),
    );
    let schema = Arc::new(schema);
    let rows = RecordBatch::try_new(schema.clone(), columns.to_vec()).unwrap();
    for rows in [rows.clone(), rows.slice(1, 2), rows.slice(0, 0)] {
        let transaction = Transaction {
            writes: vec![append(1, vec![(0, rows.clone())])],
        };
        let entry = Entry {
            origin: 1,
            body: Body::Transaction(transaction),
        };
        let decoded = Entry::decode(&entry.encode().unwrap(), &|_| Some(schema.clone())).unwrap();
        assert_eq!(writes(&decoded)[0].1[0].1, rows);
    }
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let schema = Arc::new(Schema::new(vec![Field::new("d", dictionary, true)]));
    let rows = RecordBatch::new_empty(schema);
    let transaction = Transaction {
        writes: vec![append(1, vec![(0, rows)])],
    };
    let entry = Entry {
        origin: 1,
        body: Body::Transaction(transaction),
    };
    assert!(matches!(entry.encode(), Err(StorageError::Invalid(_))));
}

#[test]
fn a_relation_that_is_gone_is_named() {
    let bytes = entry().encode().unwrap();
    let error = Entry::decode(&bytes, &|id| (id.0 == 1).then(schema)).unwrap_err();
    assert!(matches!(error, StorageError::NoRelation(RelationId(2))));
    assert!(
        Entry::decode_relation(&bytes, RelationId(1), &schema())
            .unwrap()
            .is_some()
    );
}

#[test]
fn an_entry_of_one_row_is_small() {
    let columns: [(&str, ArrayRef); 3] = [
        ("k", Arc::new(Int64Array::from(vec![1]))),
        ("v", Arc::new(Float64Array::from(vec![0.5]))),
        ("s", Arc::new(StringArray::from(vec!["text"]))),
    ];
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    let transaction = Transaction {
        writes: vec![append(1, vec![(0, rows)])],
    };
    let bytes = Entry {
        origin: 1,
        body: Body::Transaction(transaction),
    }
    .encode()
    .unwrap();
    assert!(bytes.len() < 500, "{} bytes", bytes.len());
}

#[test]
fn columns_are_decoded_in_place() {
    let rows: Vec<_> = (0..1000).map(|k| row(k, k)).collect();
    let transaction = Transaction {
        writes: vec![append(1, vec![(0, batch(&rows))])],
    };
    let bytes = Entry {
        origin: 1,
        body: Body::Transaction(transaction),
    }
    .encode()
    .unwrap();
    let decoded = Entry::decode(&bytes, &known).unwrap();
    let column = writes(&decoded)[0].1[0].1.column(1).to_data();
    let at = column.buffers()[0].as_ptr();
    assert!(bytes.as_ptr_range().contains(&at), "the column was copied");
}

#[test]
fn a_slice_of_a_view_column_does_not_drag_the_rest_along() {
    let texts = (0..1000).map(|n| format!("a text of more than twelve bytes: {n}"));
    let column: ArrayRef = Arc::new(StringViewArray::from_iter_values(texts));
    let rows = RecordBatch::try_from_iter([("s", column)])
        .unwrap()
        .slice(10, 1);
    let transaction = Transaction {
        writes: vec![append(1, vec![(0, rows)])],
    };
    let bytes = Entry {
        origin: 1,
        body: Body::Transaction(transaction),
    }
    .encode()
    .unwrap();
    assert!(bytes.len() < 500, "{} bytes", bytes.len());
}

/// The bytes of version 1 stay readable for ever: they may change only with the version.
#[test]
fn version_1_is_what_it_was() {
    let bytes = entry().encode().unwrap();
    let hex: Vec<String> = bytes
        .chunks(32)
        .map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect())
        .collect();
    expect_test::expect_file!["golden/entry-v1.hex"].assert_eq(&(hex.join("\n") + "\n"));
}

#[test]
fn bytes_of_version_1_are_still_read() {
    let digits: String = include_str!("golden/entry-v1.hex")
        .split_whitespace()
        .collect();
    let bytes: Vec<u8> = (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect();
    let decoded = Entry::decode(&bytes.into(), &known).unwrap();
    assert_eq!(writes(&decoded), writes(&entry()));
}

#[test]
fn another_version_is_refused() {
    let mut bytes = entry().encode().unwrap().to_vec();
    bytes[0] = 2;
    let error = Entry::decode(&bytes.into(), &known)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "invalid entry: version 2, this server reads version 1"
    );
}

#[test]
fn damaged_bytes_are_an_error_and_never_a_panic() {
    let mut random = random(1);
    let good = entry().encode().unwrap();
    for length in 0..good.len() {
        assert!(
            Entry::decode(&good.slice(..length), &known).is_err(),
            "{length} bytes"
        );
    }
    let use_of = |entry: Entry| {
        for (_, batches) in writes(&entry) {
            for (_, rows) in batches {
                // an array that is wrong inside would show here
                std::hint::black_box(format!("{rows:?}"));
            }
        }
    };
    for _ in 0..30_000 {
        let mut bytes = good.to_vec();
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..bytes.len());
            bytes[at] = match random.random_range(0..3) {
                0 => bytes[at] ^ 1 << random.random_range(0..8),
                1 => 0xff,
                _ => random.random(),
            };
        }
        let bytes = Bytes::from(bytes);
        let _ = Entry::relations_of(&bytes);
        match Entry::decode(&bytes, &known) {
            Ok(entry) if matches!(entry.body, Body::Transaction(_)) => use_of(entry),
            Ok(_) => {}
            // the last resort: a panic was caught
            Err(error) => assert!(!error.to_string().contains("do not fit"), "{bytes:?}"),
        }
    }
    for _ in 0..5_000 {
        let mut bytes = vec![0; random.random_range(0..200)];
        random.fill(&mut bytes[..]);
        if let Some(version) = bytes.first_mut() {
            *version = 1;
        }
        let _ = Entry::decode(&bytes.into(), &known);
    }
}
