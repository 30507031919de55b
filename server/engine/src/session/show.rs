//! SHOW, and backups in SQL.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use sqlparser::ast::Ident;
use summit_catalog::{RelationKind, SqlError, SqlState};
use summit_parser::Show as ShowStatement;
use summit_session::Outcome;

use crate::backup;
use crate::session::EngineSession;
use crate::session::plan::text_columns;
use crate::session::query::known_rows;
use crate::settings::Settings;

/// What SHOW shows.
pub(crate) enum Show {
    All,
    Setting(String),
    Relations(ShowStatement),
}

impl Show {
    /// `SHOW name`, `SHOW ALL`, `SHOW TIME ZONE`, `SHOW TRANSACTION ISOLATION LEVEL`.
    pub(crate) fn setting(words: &[Ident], settings: &Settings) -> Result<Self, SqlError> {
        let name = words
            .iter()
            .map(|word| word.value.as_str())
            .collect::<Vec<_>>()
            .join(" ");
        let name = match name.to_lowercase().as_str() {
            "all" => return Ok(Show::All),
            "time zone" => "TimeZone".to_owned(),
            "transaction isolation level" => "transaction_isolation".to_owned(),
            "session authorization" => "session_authorization".to_owned(),
            _ => name.replace(' ', "."),
        };
        if settings.get(&name).is_none() {
            return Err(crate::settings::unknown(&name));
        }
        Ok(Show::Setting(name))
    }

    pub(crate) fn columns(&self) -> SchemaRef {
        match self {
            Show::All => text_columns(&["name", "setting", "description"]),
            Show::Setting(name) => text_columns(&[name]),
            Show::Relations(ShowStatement::Streams) => columns(&[
                ("name", DataType::Utf8),
                ("partitions", DataType::Int64),
                ("rows", DataType::Int64),
                ("late_rows", DataType::Int64),
            ]),
            Show::Relations(ShowStatement::Tables) => {
                columns(&[("name", DataType::Utf8), ("rows", DataType::Int64)])
            }
            Show::Relations(ShowStatement::Views) => columns(&[
                ("name", DataType::Utf8),
                ("kind", DataType::Utf8),
                ("rows", DataType::Int64),
                ("state", DataType::Utf8),
            ]),
        }
    }
}

fn columns(columns: &[(&str, DataType)]) -> SchemaRef {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, data_type)| Field::new(*name, data_type.clone(), true))
        .collect();
    Arc::new(Schema::new(fields))
}

/// `BACKUP INTO`
pub(crate) fn backup_columns() -> SchemaRef {
    columns(&[
        ("id", DataType::Utf8),
        ("lsn", DataType::Int64),
        ("objects", DataType::Int64),
        ("bytes", DataType::Int64),
    ])
}

/// `SHOW BACKUPS`
pub(crate) fn backups_columns() -> SchemaRef {
    columns(&[
        ("id", DataType::Utf8),
        ("label", DataType::Utf8),
        ("lsn", DataType::Int64),
        ("objects", DataType::Int64),
        ("bytes", DataType::Int64),
    ])
}

/// `VERIFY BACKUP`
pub(crate) fn verify_columns() -> SchemaRef {
    columns(&[
        ("id", DataType::Utf8),
        ("objects", DataType::Int64),
        ("bytes", DataType::Int64),
        ("damage", DataType::Utf8),
    ])
}

pub(crate) fn text(values: Vec<Option<String>>) -> ArrayRef {
    Arc::new(StringArray::from(values))
}

pub(crate) fn number(values: Vec<Option<u64>>) -> ArrayRef {
    Arc::new(
        values
            .into_iter()
            .map(|value| value.map(|value| i64::try_from(value).unwrap_or(i64::MAX)))
            .collect::<Int64Array>(),
    )
}

fn batch(schema: SchemaRef, columns: Vec<ArrayRef>) -> Result<RecordBatch, SqlError> {
    RecordBatch::try_new(schema, columns).map_err(|error| SqlError::internal(error.to_string()))
}

impl EngineSession {
    pub(crate) fn show(&self, show: &Show) -> Result<Outcome, SqlError> {
        let columns = match show {
            Show::All => {
                let mut all: Vec<(String, String, String)> = self
                    .settings
                    .all()
                    .into_iter()
                    .map(|shown| {
                        (
                            shown.name.to_owned(),
                            shown.value,
                            shown.description.to_owned(),
                        )
                    })
                    .collect();
                all.extend(self.shared.options.shown.iter().map(|shown| {
                    (
                        shown.name.clone(),
                        shown.value.clone(),
                        shown.description.clone(),
                    )
                }));
                all.sort_by_key(|(name, ..)| name.to_lowercase());
                vec![
                    text(all.iter().map(|row| Some(row.0.clone())).collect()),
                    text(all.iter().map(|row| Some(row.1.clone())).collect()),
                    text(all.iter().map(|row| Some(row.2.clone())).collect()),
                ]
            }
            Show::Setting(name) => vec![text(vec![self.settings.get(name)])],
            Show::Relations(kind) => self.show_relations(*kind),
        };
        Ok(known_rows(batch(show.columns(), columns)?, "SHOW"))
    }

    fn show_relations(&self, kind: ShowStatement) -> Vec<ArrayRef> {
        let catalog = self.shared.catalog();
        let status = crate::status::relations(&self.shared);
        let mut relations: Vec<_> = catalog
            .relations()
            .filter(|relation| match relation.kind {
                RelationKind::Stream { .. } => kind == ShowStatement::Streams,
                RelationKind::Table { .. } => kind == ShowStatement::Tables,
                RelationKind::MaterializedView { .. } | RelationKind::View { .. } => {
                    kind == ShowStatement::Views
                }
                RelationKind::System => false,
            })
            .collect();
        relations.sort_by_key(|relation| relation.display_name());
        let found: Vec<_> = relations
            .iter()
            .map(|relation| {
                status
                    .iter()
                    .find(|status| status.schema == relation.schema && status.name == relation.name)
            })
            .collect();
        let names = text(
            relations
                .iter()
                .map(|relation| Some(relation.display_name()))
                .collect(),
        );
        let rows = number(
            found
                .iter()
                .map(|status| status.map(|status| status.rows))
                .collect(),
        );
        match kind {
            ShowStatement::Streams => vec![
                names,
                number(
                    found
                        .iter()
                        .map(|s| s.map(|s| s.partitions.len() as u64))
                        .collect(),
                ),
                rows,
                number(found.iter().map(|s| s.map(|s| s.late_rows)).collect()),
            ],
            ShowStatement::Tables => vec![names, rows],
            ShowStatement::Views => {
                let state = relations.iter().map(|relation| {
                    let state = match self.shared.views.view(relation.id) {
                        Some(view) if view.failed.is_some() => "failed",
                        Some(_) => "running",
                        None if matches!(relation.kind, RelationKind::MaterializedView { .. }) => {
                            "building"
                        }
                        None => return None,
                    };
                    Some(state.to_owned())
                });
                let kinds = relations
                    .iter()
                    .map(|relation| Some(relation.kind_name().to_owned()));
                vec![names, text(kinds.collect()), rows, text(state.collect())]
            }
        }
    }

    pub(crate) async fn backup(
        &mut self,
        url: &str,
        label: Option<&str>,
    ) -> Result<Outcome, SqlError> {
        let info = backup::create(&self.shared, url, label).await?;
        let columns = vec![
            text(vec![Some(info.id)]),
            number(vec![Some(info.lsn)]),
            number(vec![Some(info.objects)]),
            number(vec![Some(info.bytes)]),
        ];
        Ok(known_rows(batch(backup_columns(), columns)?, "BACKUP"))
    }

    pub(crate) async fn show_backups(&self, url: &str) -> Result<Outcome, SqlError> {
        let all = backup::list(&self.shared, url).await?;
        let columns = vec![
            text(all.iter().map(|info| Some(info.id.clone())).collect()),
            text(all.iter().map(|info| info.label.clone()).collect()),
            number(all.iter().map(|info| Some(info.lsn)).collect()),
            number(all.iter().map(|info| Some(info.objects)).collect()),
            number(all.iter().map(|info| Some(info.bytes)).collect()),
        ];
        Ok(known_rows(batch(backups_columns(), columns)?, "SHOW"))
    }

    pub(crate) async fn verify_backup(
        &self,
        id: Option<&str>,
        url: &str,
    ) -> Result<Outcome, SqlError> {
        let report = backup::verify(&self.shared, url, id).await?;
        if let Some(damage) = &report.damage {
            return Err(SqlError::new(
                SqlState::DATA_CORRUPTED,
                format!("backup {} is damaged", report.id),
            )
            .detail(damage.clone())
            .hint("Make a new backup, and restore from an older one if you must."));
        }
        let columns = vec![
            text(vec![Some(report.id)]),
            number(vec![Some(report.objects)]),
            number(vec![Some(report.bytes)]),
            text(vec![None]),
        ];
        Ok(known_rows(batch(verify_columns(), columns)?, "VERIFY"))
    }
}
