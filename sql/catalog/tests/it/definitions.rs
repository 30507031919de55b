//! Definitions as bytes.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use expect_test::expect;
use summit_catalog::types::{TYPE_KEY, UTC};
use summit_catalog::{Definition, Relation, RelationId, RelationKind, Watermark};
use summit_log::Lsn;

fn schema() -> Schema {
    let instant = DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()));
    let named = [(TYPE_KEY.to_owned(), "varchar(10)".to_owned())];
    Schema::new(vec![
        Field::new("ts", instant, false),
        Field::new("carrier", DataType::Utf8, true).with_metadata(named.into_iter().collect()),
        Field::new("price", DataType::Decimal128(12, 2), true),
        Field::new(
            "tags",
            DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))),
            true,
        ),
    ])
}

fn create(kind: RelationKind) -> Definition {
    Definition::Create(Box::new(Relation {
        id: RelationId(0),
        schema: "public".to_owned(),
        name: "Größe \"x\"".to_owned(),
        columns: Arc::new(schema()),
        kind,
        depends_on: vec![RelationId(16384), RelationId(16390)],
        sql: "CREATE …\n'x'".to_owned(),
        created_at: Lsn::ZERO,
    }))
}

fn all() -> Vec<Definition> {
    let watermark = Some(Watermark {
        column: 0,
        delay_micros: 5_000_000,
    });
    vec![
        create(RelationKind::Stream {
            partitions: 6,
            partition_by: vec![1],
            watermark,
        }),
        create(RelationKind::Stream {
            partitions: 1,
            partition_by: vec![],
            watermark: None,
        }),
        create(RelationKind::Table {
            primary_key: vec![1, 0],
        }),
        create(RelationKind::MaterializedView {
            query: "SELECT 1".to_owned(),
        }),
        create(RelationKind::View {
            query: "SELECT 'a'".to_owned(),
        }),
        Definition::Drop {
            ids: vec![RelationId(3), RelationId(1)],
        },
    ]
}

#[test]
fn a_definition_reads_as_it_was_written() {
    for definition in all() {
        assert_eq!(Definition::decode(&definition.encode()), Ok(definition));
    }
}

#[test]
fn the_encoding_does_not_change_without_a_new_version() {
    let text = |definition: &Definition| String::from_utf8(definition.encode()).unwrap();
    let all = all();
    expect![[r#"{"version":1,"definition":{"create":{"schema":"public","name":"Größe \"x\"","columns":[{"name":"ts","type":{"timestamp":{"zone":"UTC"}},"nullable":false},{"name":"carrier","type":"utf8","nullable":true,"metadata":{"summit.type":"varchar(10)"}},{"name":"price","type":{"decimal":{"precision":12,"scale":2}},"nullable":true},{"name":"tags","type":{"list":{"name":"item","type":"utf8","nullable":true}},"nullable":true}],"kind":{"stream":{"partitions":6,"partition_by":[1],"watermark_column":0,"watermark_delay_micros":5000000}},"depends_on":[16384,16390],"sql":"CREATE …\n'x'"}}}"#]].assert_eq(&text(&all[0]));
    expect![[r#"{"version":1,"definition":{"drop":{"ids":[3,1]}}}"#]].assert_eq(&text(&all[5]));
}

#[test]
fn damaged_bytes_are_errors_and_never_panics() {
    for definition in all() {
        let bytes = definition.encode();
        for length in 0..bytes.len() {
            assert!(Definition::decode(&bytes[..length]).is_err());
        }
        for index in 0..bytes.len() {
            let mut damaged = bytes.clone();
            // Within hexadecimal and digits this makes another valid text of other meaning.
            damaged[index] ^= 1;
            let _ = Definition::decode(&damaged);
        }
    }
}

#[test]
fn another_version_is_refused_by_its_number() {
    let bytes = String::from_utf8(all()[5].encode())
        .unwrap()
        .replace("\"version\":1", "\"version\":9");
    let error = Definition::decode(bytes.as_bytes()).unwrap_err();
    assert_eq!(
        error,
        "definition of version 9, this program reads version 1"
    );
}

#[test]
fn a_column_that_is_not_there_is_refused() {
    let broken = create(RelationKind::Table {
        primary_key: vec![4],
    });
    assert_eq!(
        Definition::decode(&broken.encode()).unwrap_err(),
        "column 4 of 4"
    );
}
