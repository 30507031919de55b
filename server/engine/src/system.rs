//! Our own relations, schema `summit`: made up when they are read.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use summit_catalog::{Catalog, Relation, RelationId, RelationKind};
use summit_log::Lsn;
use summit_planner::SystemRelations;
use summit_session::{RelationKind as Kind, RelationStatus};

use crate::settings::Settings;
use crate::state::Shared;
use crate::status;

type Builder = fn(&Shared, &Settings) -> Vec<ArrayRef>;

struct System {
    name: &'static str,
    columns: &'static [(&'static str, DataType)],
    build: Builder,
}

const SYSTEM: &[System] = &[
    System {
        name: "streams",
        columns: &[
            ("schema", DataType::Utf8),
            ("name", DataType::Utf8),
            ("partitions", DataType::Int32),
            ("rows", DataType::Int64),
            ("late_rows", DataType::Int64),
            ("memory_bytes", DataType::Int64),
            ("definition", DataType::Utf8),
        ],
        build: streams,
    },
    System {
        name: "tables",
        columns: &[
            ("schema", DataType::Utf8),
            ("name", DataType::Utf8),
            ("rows", DataType::Int64),
            ("memory_bytes", DataType::Int64),
            ("definition", DataType::Utf8),
        ],
        build: tables,
    },
    System {
        name: "views",
        columns: &[
            ("schema", DataType::Utf8),
            ("name", DataType::Utf8),
            ("materialized", DataType::Boolean),
            ("lsn", DataType::Int64),
            ("lag_entries", DataType::Int64),
            ("rows", DataType::Int64),
            ("state_bytes", DataType::Int64),
            ("state", DataType::Utf8),
            ("error", DataType::Utf8),
            ("definition", DataType::Utf8),
        ],
        build: views,
    },
    System {
        name: "partitions",
        columns: &[
            ("schema", DataType::Utf8),
            ("stream", DataType::Utf8),
            ("partition", DataType::Int32),
            ("start_offset", DataType::Int64),
            ("end_offset", DataType::Int64),
            ("leader", DataType::Int32),
            ("replicas", DataType::Utf8),
            ("in_sync_replicas", DataType::Utf8),
        ],
        build: partitions,
    },
    System {
        name: "nodes",
        columns: &[
            ("node_id", DataType::Int32),
            ("roles", DataType::Utf8),
            ("alive", DataType::Boolean),
            ("version", DataType::Utf8),
            ("uptime_seconds", DataType::Float64),
        ],
        build: nodes,
    },
    System {
        name: "settings",
        columns: &[
            ("name", DataType::Utf8),
            ("value", DataType::Utf8),
            ("description", DataType::Utf8),
            ("source", DataType::Utf8),
        ],
        build: settings,
    },
];

/// Looks a system relation up by schema and name.
pub(crate) fn relations() -> SystemRelations {
    Arc::new(|schema, name| {
        if schema != Catalog::SYSTEM_SCHEMA {
            return None;
        }
        SYSTEM
            .iter()
            .position(|system| system.name == name)
            .map(|at| Arc::new(relation(at)))
    })
}

/// The rows of a system relation.
pub(crate) fn rows(
    relation: &Relation,
    shared: &Shared,
    session: &Settings,
) -> Result<RecordBatch, arrow::error::ArrowError> {
    let system = SYSTEM.iter().find(|system| system.name == relation.name);
    match system {
        Some(system) => RecordBatch::try_new(
            Arc::clone(&relation.columns),
            (system.build)(shared, session),
        ),
        None => Ok(RecordBatch::new_empty(Arc::clone(&relation.columns))),
    }
}

/// Identities of system relations: below every user's.
fn relation(at: usize) -> Relation {
    let system = &SYSTEM[at];
    Relation {
        id: RelationId(1 + u32::try_from(at).expect("a handful")),
        schema: Catalog::SYSTEM_SCHEMA.to_owned(),
        name: system.name.to_owned(),
        columns: schema(system.columns),
        kind: RelationKind::System,
        depends_on: Vec::new(),
        sql: String::new(),
        created_at: Lsn::ZERO,
    }
}

fn schema(columns: &[(&'static str, DataType)]) -> SchemaRef {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, data_type)| Field::new(*name, data_type.clone(), true))
        .collect();
    Arc::new(Schema::new(fields))
}

fn texts<T: Into<Option<String>>>(values: impl Iterator<Item = T>) -> ArrayRef {
    Arc::new(values.map(Into::into).collect::<StringArray>())
}

fn numbers(values: impl Iterator<Item = u64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(
        values.map(|value| i64::try_from(value).unwrap_or(i64::MAX)),
    ))
}

fn small(values: impl Iterator<Item = u32>) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values(
        values.map(|value| i32::try_from(value).unwrap_or(i32::MAX)),
    ))
}

fn of_kind(shared: &Shared, kind: Kind) -> Vec<(RelationStatus, Arc<Relation>)> {
    let catalog = shared.catalog();
    let mut found: Vec<(RelationStatus, Arc<Relation>)> = status::relations(shared)
        .into_iter()
        .filter(|status| status.kind == kind)
        .filter_map(|status| {
            let relation = Arc::clone(catalog.find(&status.schema, &status.name)?);
            Some((status, relation))
        })
        .collect();
    found.sort_by(|(a, _), (b, _)| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
    found
}

fn streams(shared: &Shared, _: &Settings) -> Vec<ArrayRef> {
    let found = of_kind(shared, Kind::Stream);
    vec![
        texts(found.iter().map(|(status, _)| status.schema.clone())),
        texts(found.iter().map(|(status, _)| status.name.clone())),
        small(
            found
                .iter()
                .map(|(status, _)| u32::try_from(status.partitions.len()).unwrap_or(0)),
        ),
        numbers(found.iter().map(|(status, _)| status.rows)),
        numbers(found.iter().map(|(status, _)| status.late_rows)),
        numbers(found.iter().map(|(status, _)| status.memory_bytes)),
        texts(found.iter().map(|(_, relation)| relation.sql.clone())),
    ]
}

fn tables(shared: &Shared, _: &Settings) -> Vec<ArrayRef> {
    let found = of_kind(shared, Kind::Table);
    vec![
        texts(found.iter().map(|(status, _)| status.schema.clone())),
        texts(found.iter().map(|(status, _)| status.name.clone())),
        numbers(found.iter().map(|(status, _)| status.rows)),
        numbers(found.iter().map(|(status, _)| status.memory_bytes)),
        texts(found.iter().map(|(_, relation)| relation.sql.clone())),
    ]
}

fn views(shared: &Shared, _: &Settings) -> Vec<ArrayRef> {
    let catalog = shared.catalog();
    let mut found: Vec<&Arc<Relation>> = catalog
        .relations()
        .filter(|relation| {
            matches!(
                relation.kind,
                RelationKind::MaterializedView { .. } | RelationKind::View { .. }
            )
        })
        .collect();
    found.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
    let reached = shared.reached.borrow().lsn().get();
    let committed = shared.log.committed().get();
    let published: Vec<_> = found
        .iter()
        .map(|view| shared.views.view(view.id))
        .collect();
    let materialized =
        |view: &&&Arc<Relation>| matches!(view.kind, RelationKind::MaterializedView { .. });
    let at: Vec<Option<i64>> = found
        .iter()
        .zip(&published)
        .map(|(view, published)| {
            let failed_at = published.as_ref().and_then(|view| view.failed.as_ref());
            let lsn = failed_at.map_or(reached, |(cut, _)| cut.lsn().get());
            materialized(&view).then(|| i64::try_from(lsn).unwrap_or(i64::MAX))
        })
        .collect();
    let lag = at
        .iter()
        .map(|at| at.map(|at| i64::try_from(committed).unwrap_or(i64::MAX) - at));
    let lag: Int64Array = lag.collect();
    let state = found.iter().zip(&published).map(|(view, published)| {
        let state = match published {
            Some(published) if published.failed.is_some() => "failed",
            Some(_) => "running",
            None if materialized(&view) => "building",
            None => "plain",
        };
        state.to_owned()
    });
    let error = published.iter().map(|view| {
        view.as_ref()?
            .failed
            .as_ref()
            .map(|(_, error)| error.to_string())
    });
    let counted = |count: fn(&summit_dataflow::ViewStats) -> u64| -> ArrayRef {
        Arc::new(
            published
                .iter()
                .map(|view| {
                    view.as_ref()
                        .map(|view| i64::try_from(count(&view.stats)).unwrap_or(i64::MAX))
                })
                .collect::<Int64Array>(),
        )
    };
    vec![
        texts(found.iter().map(|view| view.schema.clone())),
        texts(found.iter().map(|view| view.name.clone())),
        Arc::new(BooleanArray::from_iter(
            found.iter().map(|view| Some(materialized(&view))),
        )),
        Arc::new(at.iter().copied().collect::<Int64Array>()),
        Arc::new(lag),
        counted(|stats| stats.rows as u64),
        counted(|stats| stats.state_bytes as u64),
        texts(state),
        texts(error),
        texts(found.iter().map(|view| view.sql.clone())),
    ]
}

fn partitions(shared: &Shared, _: &Settings) -> Vec<ArrayRef> {
    let found: Vec<_> = of_kind(shared, Kind::Stream)
        .into_iter()
        .flat_map(|(status, _)| {
            let partitions = status.partitions.clone();
            partitions
                .into_iter()
                .map(move |partition| (status.clone(), partition))
        })
        .collect();
    let node = shared.options.node_id;
    vec![
        texts(found.iter().map(|(status, _)| status.schema.clone())),
        texts(found.iter().map(|(status, _)| status.name.clone())),
        small(found.iter().map(|(_, partition)| partition.partition)),
        numbers(found.iter().map(|(_, partition)| partition.start_offset)),
        numbers(found.iter().map(|(_, partition)| partition.end_offset)),
        small(found.iter().map(|_| node)),
        texts(found.iter().map(|_| node.to_string())),
        texts(found.iter().map(|_| node.to_string())),
    ]
}

fn nodes(shared: &Shared, _: &Settings) -> Vec<ArrayRef> {
    let uptime = shared
        .ctx
        .clock
        .monotonic()
        .saturating_sub(shared.started)
        .as_secs_f64();
    vec![
        small([shared.options.node_id].into_iter()),
        texts([shared.options.roles.join(",")].into_iter()),
        Arc::new(BooleanArray::from(vec![true])),
        texts([env!("CARGO_PKG_VERSION").to_owned()].into_iter()),
        Arc::new(Float64Array::from(vec![uptime])),
    ]
}

fn settings(shared: &Shared, session: &Settings) -> Vec<ArrayRef> {
    let mut all: Vec<[String; 4]> = session
        .all()
        .into_iter()
        .map(|shown| {
            [
                shown.name.to_owned(),
                shown.value,
                shown.description.to_owned(),
                "session".to_owned(),
            ]
        })
        .collect();
    all.extend(shared.options.shown.iter().map(|shown| {
        [
            shown.name.clone(),
            shown.value.clone(),
            shown.description.clone(),
            shown.source.clone(),
        ]
    }));
    all.sort_by(|a, b| a[0].to_lowercase().cmp(&b[0].to_lowercase()));
    (0..4)
        .map(|column| texts(all.iter().map(|row| row[column].clone())))
        .collect()
}
