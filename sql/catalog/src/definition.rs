//! Definitions as log entries.

use arrow::datatypes::SchemaRef;
use serde::{Deserialize, Serialize};
use summit_log::Lsn;
use summit_storage::RelationId;

use crate::stored_column::{StoredColumn, read_columns, write_columns};
use crate::{Relation, RelationKind, Watermark};

/// What a definition entry of the log says.
#[derive(Debug, Clone, PartialEq)]
pub enum Definition {
    /// A new relation; its id and position are given when it is applied.
    Create(Box<Relation>),
    /// Relations that end, together.
    Drop {
        /// Which.
        ids: Vec<RelationId>,
    },
    /// Several, of one transaction. They name each other's relations by the ids that these get
    /// when nothing else has been defined since `base`: else none of them is applied.
    Several {
        /// The version of the catalog that they were planned against.
        base: Lsn,
        /// In this order.
        definitions: Vec<Definition>,
    },
}

impl Definition {
    /// The bytes of a log entry: JSON with a version.
    pub fn encode(&self) -> Vec<u8> {
        let stored = Stored {
            version: VERSION,
            definition: StoredDefinition::from(self),
        };
        serde_json::to_vec(&stored).expect("strings and numbers always have a JSON form")
    }

    /// Reads the bytes of a log entry.
    ///
    /// # Errors
    /// A text that says what is wrong with them.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let stored: Stored = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if stored.version != VERSION {
            return Err(format!(
                "definition of version {}, this program reads version {VERSION}",
                stored.version
            ));
        }
        stored.definition.try_into()
    }
}

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    definition: StoredDefinition,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredDefinition {
    Create {
        schema: String,
        name: String,
        columns: Vec<StoredColumn>,
        kind: StoredKind,
        depends_on: Vec<u32>,
        sql: String,
    },
    Drop {
        ids: Vec<u32>,
    },
    Several {
        base: u64,
        definitions: Vec<StoredDefinition>,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredKind {
    Stream {
        partitions: u32,
        partition_by: Vec<usize>,
        watermark_column: Option<usize>,
        watermark_delay_micros: Option<i64>,
    },
    Table {
        primary_key: Vec<usize>,
    },
    MaterializedView {
        query: String,
    },
    View {
        query: String,
    },
}

impl From<&Definition> for StoredDefinition {
    fn from(definition: &Definition) -> Self {
        match definition {
            Definition::Create(relation) => StoredDefinition::Create {
                schema: relation.schema.clone(),
                name: relation.name.clone(),
                columns: write_columns(&relation.columns),
                kind: StoredKind::from(&relation.kind),
                depends_on: relation.depends_on.iter().map(|id| id.0).collect(),
                sql: relation.sql.clone(),
            },
            Definition::Drop { ids } => StoredDefinition::Drop {
                ids: ids.iter().map(|id| id.0).collect(),
            },
            Definition::Several { base, definitions } => StoredDefinition::Several {
                base: base.get(),
                definitions: definitions.iter().map(StoredDefinition::from).collect(),
            },
        }
    }
}

impl TryFrom<StoredDefinition> for Definition {
    type Error = String;

    fn try_from(stored: StoredDefinition) -> Result<Self, String> {
        Ok(match stored {
            StoredDefinition::Create {
                schema,
                name,
                columns,
                kind,
                depends_on,
                sql,
            } => {
                let columns = read_columns(columns)?;
                let kind = kind.into_kind(&columns)?;
                Definition::Create(Box::new(Relation {
                    id: RelationId(0),
                    schema,
                    name,
                    columns,
                    kind,
                    depends_on: depends_on.into_iter().map(RelationId).collect(),
                    sql,
                    created_at: Lsn::ZERO,
                }))
            }
            StoredDefinition::Drop { ids } => Definition::Drop {
                ids: ids.into_iter().map(RelationId).collect(),
            },
            StoredDefinition::Several { base, definitions } => Definition::Several {
                base: Lsn::new(base),
                definitions: definitions
                    .into_iter()
                    .map(Definition::try_from)
                    .collect::<Result<_, _>>()?,
            },
        })
    }
}

impl From<&RelationKind> for StoredKind {
    fn from(kind: &RelationKind) -> Self {
        match kind {
            RelationKind::Stream {
                partitions,
                partition_by,
                watermark,
            } => StoredKind::Stream {
                partitions: *partitions,
                partition_by: partition_by.clone(),
                watermark_column: watermark.map(|watermark| watermark.column),
                watermark_delay_micros: watermark.map(|watermark| watermark.delay_micros),
            },
            RelationKind::Table { primary_key } => StoredKind::Table {
                primary_key: primary_key.clone(),
            },
            RelationKind::MaterializedView { query } => StoredKind::MaterializedView {
                query: query.clone(),
            },
            RelationKind::View { query } => StoredKind::View {
                query: query.clone(),
            },
            RelationKind::System => {
                unreachable!("system relations are not defined by log entries")
            }
        }
    }
}

impl StoredKind {
    fn into_kind(self, columns: &SchemaRef) -> Result<RelationKind, String> {
        let check = |column: usize| {
            if column < columns.fields().len() {
                Ok(column)
            } else {
                Err(format!("column {column} of {}", columns.fields().len()))
            }
        };
        Ok(match self {
            StoredKind::Stream {
                partitions,
                partition_by,
                watermark_column,
                watermark_delay_micros,
            } => RelationKind::Stream {
                partitions: partitions.max(1),
                partition_by: partition_by
                    .into_iter()
                    .map(check)
                    .collect::<Result<_, _>>()?,
                watermark: match (watermark_column, watermark_delay_micros) {
                    (Some(column), Some(delay_micros)) => Some(Watermark {
                        column: check(column)?,
                        delay_micros,
                    }),
                    _ => None,
                },
            },
            StoredKind::Table { primary_key } => RelationKind::Table {
                primary_key: primary_key
                    .into_iter()
                    .map(check)
                    .collect::<Result<_, _>>()?,
            },
            StoredKind::MaterializedView { query } => RelationKind::MaterializedView { query },
            StoredKind::View { query } => RelationKind::View { query },
        })
    }
}
