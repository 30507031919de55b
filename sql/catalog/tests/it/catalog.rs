//! Definitions applied, names found.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use summit_catalog::{Catalog, Definition, Relation, RelationId, RelationKind, SqlError, SqlState};
use summit_log::Lsn;

fn relation(name: &str, kind: RelationKind, reads: &[u32]) -> Relation {
    Relation {
        id: RelationId(0),
        schema: "public".to_owned(),
        name: name.to_owned(),
        columns: Arc::new(Schema::new(vec![Field::new("a", DataType::Int32, true)])),
        kind,
        depends_on: reads.iter().copied().map(RelationId).collect(),
        sql: String::new(),
        created_at: Lsn::ZERO,
    }
}

fn stream(name: &str) -> Relation {
    let kind = RelationKind::Stream {
        partitions: 1,
        partition_by: Vec::new(),
        watermark: None,
    };
    relation(name, kind, &[])
}

fn materialized(name: &str, reads: &[u32]) -> Relation {
    relation(
        name,
        RelationKind::MaterializedView {
            query: "SELECT 1".to_owned(),
        },
        reads,
    )
}

fn view(name: &str, reads: &[u32]) -> Relation {
    relation(
        name,
        RelationKind::View {
            query: "SELECT 1".to_owned(),
        },
        reads,
    )
}

fn create(catalog: &Catalog, relation: Relation) -> Result<Catalog, SqlError> {
    catalog.apply(
        &Definition::Create(Box::new(relation)),
        catalog.version.next(),
    )
}

/// s (16384), m reads s (16385), v reads m (16386), top reads v and s (16387).
fn four() -> Catalog {
    let catalog = create(&Catalog::default(), stream("s")).unwrap();
    let catalog = create(&catalog, materialized("m", &[16384])).unwrap();
    let catalog = create(&catalog, view("v", &[16385])).unwrap();
    create(&catalog, materialized("top", &[16386, 16384])).unwrap()
}

fn ids(numbers: &[u32]) -> Vec<RelationId> {
    numbers.iter().copied().map(RelationId).collect()
}

#[test]
fn relations_are_numbered_as_they_are_applied() {
    let catalog = four();
    let names: Vec<_> = catalog
        .relations()
        .map(|one| (one.id.0, one.name.as_str()))
        .collect();
    assert_eq!(
        names,
        [(16384, "s"), (16385, "m"), (16386, "v"), (16387, "top")]
    );
    let top = catalog.find("public", "top").unwrap();
    assert_eq!(top.created_at, catalog.version);
}

#[test]
fn a_number_is_never_given_twice() {
    let catalog = four();
    let drop = Definition::Drop { ids: ids(&[16387]) };
    let catalog = catalog.apply(&drop, catalog.version.next()).unwrap();
    let catalog = create(&catalog, stream("again")).unwrap();
    assert_eq!(
        catalog.find("public", "again").unwrap().id,
        RelationId(16388)
    );
}

#[test]
fn a_name_is_taken_once() {
    let catalog = four();
    let error = create(&catalog, stream("m")).unwrap_err();
    assert_eq!(error.code, SqlState::DUPLICATE_TABLE);
    assert_eq!(error.message, "relation \"m\" already exists");
}

#[test]
fn a_view_over_something_that_was_dropped_meanwhile_is_refused() {
    let error = create(&Catalog::default(), materialized("m", &[16384])).unwrap_err();
    assert_eq!(error.code, SqlState::UNDEFINED_TABLE);
}

#[test]
fn what_others_read_cannot_be_dropped_alone() {
    let catalog = four();
    let drop = Definition::Drop { ids: ids(&[16385]) };
    let error = catalog.apply(&drop, catalog.version.next()).unwrap_err();
    assert_eq!(error.code, SqlState::DEPENDENT_OBJECTS);
    assert_eq!(
        error.message,
        "cannot drop materialized view m because other objects depend on it"
    );
    assert_eq!(
        error.detail.as_deref(),
        Some("view v depends on materialized view m")
    );
    assert!(
        catalog.find("public", "m").is_some(),
        "the old snapshot is as it was"
    );
}

#[test]
fn a_cascade_takes_readers_first_and_can_be_applied() {
    let catalog = four();
    let cascade = catalog.cascade(RelationId(16385));
    assert_eq!(cascade, ids(&[16387, 16386, 16385]));
    let drop = Definition::Drop { ids: cascade };
    let rest = catalog.apply(&drop, catalog.version.next()).unwrap();
    assert_eq!(rest.relations().count(), 1);
    assert_eq!(catalog.cascade(RelationId(16384)).len(), 4);
}

#[test]
fn base_dependencies_look_through_plain_views() {
    let catalog = four();
    let top = catalog.find("public", "top").unwrap();
    let mut bases = catalog.base_dependencies(top);
    bases.sort();
    assert_eq!(bases, ids(&[16384, 16385]));
}

#[test]
fn names_have_up_to_three_parts() {
    let catalog = four();
    let resolve = |name: &str| {
        let parts: Vec<String> = name.split('.').map(str::to_owned).collect();
        catalog.resolve(&parts).map(|relation| relation.id.0)
    };
    assert_eq!(resolve("m"), Ok(16385));
    assert_eq!(resolve("public.m"), Ok(16385));
    assert_eq!(resolve("summit.public.m"), Ok(16385));
    assert_eq!(
        resolve("other.m").unwrap_err().code,
        SqlState::UNDEFINED_TABLE
    );
    assert_eq!(resolve("a.b.c.m").unwrap_err().code, SqlState::SYNTAX_ERROR);
}

#[test]
fn a_name_that_is_spelt_wrong_gets_the_near_one_as_hint() {
    let catalog = create(&Catalog::default(), stream("flights")).unwrap();
    let error = catalog.resolve(&["flihgts".to_owned()]).unwrap_err();
    assert_eq!(error.message, "relation \"flihgts\" does not exist");
    assert_eq!(
        error.hint.as_deref(),
        Some("Perhaps you meant \"flights\".")
    );
    let error = catalog.resolve(&["x".to_owned()]).unwrap_err();
    assert!(error.hint.unwrap().contains("SHOW STREAMS"));
}
