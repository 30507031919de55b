//! The writes of an open transaction: what its own reads see, and the one log entry that it
//! becomes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch, interleave_record_batch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use summit_catalog::{Catalog, Definition, Relation, RelationId, RelationKind, SqlError, SqlState};
use summit_log::{Cut, Lsn};
use summit_storage::{
    RelationWrite, StorageError, TableWrite, Transaction, WriteKind, partition_rows,
};

use crate::limits;
use crate::pending::PendingDefinitions;
use crate::provider::Rows;

/// The writes of an open transaction.
#[derive(Default)]
pub(crate) struct OpenTransaction {
    streams: BTreeMap<RelationId, StreamWrites>,
    tables: BTreeMap<RelationId, TableWrites>,
    bytes: usize,
    definitions: Option<PendingDefinitions>,
}

struct StreamWrites {
    relation: Arc<Relation>,
    batches: Vec<RecordBatch>,
}

/// Whether a row's key exists in the table, as far as the transaction's reads go.
pub(crate) type Exists<'a> = &'a dyn Fn(&RecordBatch, usize) -> Result<bool, SqlError>;

impl OpenTransaction {
    /// Whether it writes nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.streams.is_empty() && self.tables.is_empty() && self.definitions.is_none()
    }

    /// Defines; answers the relations that it makes.
    pub(crate) fn define(
        &mut self,
        committed: &Arc<Catalog>,
        definition: Definition,
    ) -> Result<Vec<RelationId>, SqlError> {
        if let Definition::Drop { ids } = &definition {
            for id in ids {
                self.streams.remove(id);
                self.tables.remove(id);
            }
        }
        self.definitions
            .get_or_insert_with(|| PendingDefinitions::new(committed))
            .add(definition)
    }

    /// The catalog as the transaction sees it, when it has defined something.
    pub(crate) fn catalog(&self) -> Option<&Arc<Catalog>> {
        self.definitions.as_ref().map(PendingDefinitions::catalog)
    }

    /// The materialized views that it makes.
    pub(crate) fn views(&self) -> Vec<Arc<Relation>> {
        self.definitions
            .as_ref()
            .map(PendingDefinitions::views)
            .unwrap_or_default()
    }

    /// The relations that it writes.
    pub(crate) fn relations(&self) -> impl Iterator<Item = &Arc<Relation>> {
        let streams = self.streams.values().map(|writes| &writes.relation);
        streams.chain(self.tables.values().map(|writes| &writes.relation))
    }

    /// Appends rows to a stream.
    pub(crate) fn append(
        &mut self,
        stream: &Arc<Relation>,
        batch: RecordBatch,
    ) -> Result<(), SqlError> {
        self.account(&batch)?;
        self.streams
            .entry(stream.id)
            .or_insert_with(|| StreamWrites {
                relation: Arc::clone(stream),
                batches: Vec::new(),
            })
            .batches
            .push(batch);
        Ok(())
    }

    /// Deletes rows of a table, as they were read at `read_at`.
    pub(crate) fn delete(
        &mut self,
        table: &Arc<Relation>,
        read_at: Cut,
        rows: RecordBatch,
    ) -> Result<(), SqlError> {
        self.account(&rows)?;
        self.table(table, read_at)?.delete(rows)
    }

    /// Inserts rows into a table. `exists` is asked for keys that the transaction has not
    /// touched; without it, the log decides when the transaction is applied.
    pub(crate) fn insert(
        &mut self,
        table: &Arc<Relation>,
        read_at: Cut,
        rows: RecordBatch,
        exists: Option<Exists<'_>>,
    ) -> Result<(), SqlError> {
        self.account(&rows)?;
        self.table(table, read_at)?.insert(rows, exists)
    }

    /// The rows of a relation as this transaction sees them, from the committed ones.
    pub(crate) fn overlay(&self, relation: RelationId) -> Result<Option<Overlay>, SqlError> {
        if let Some(writes) = self.streams.get(&relation) {
            return Ok(Some(Overlay::Appended(writes.batches.clone())));
        }
        match self.tables.get(&relation) {
            Some(writes) => writes.overlay().map(Some),
            None => Ok(None),
        }
    }

    /// What the log entry says.
    pub(crate) fn finish(
        self,
        round_robin: u64,
    ) -> Result<(Option<Definition>, Transaction), SqlError> {
        let definition = self.definitions.map(PendingDefinitions::into_definition);
        let mut writes = Vec::new();
        for (id, stream) in self.streams {
            let RelationKind::Stream {
                partitions,
                partition_by,
                ..
            } = &stream.relation.kind
            else {
                return Err(SqlError::internal("an append to what is no stream"));
            };
            let rows =
                concat_batches(&stream.relation.columns, &stream.batches).map_err(internal)?;
            let parts = partition_rows(&rows, partition_by, *partitions, round_robin)
                .map_err(crate::commit::storage_error)?;
            writes.push(RelationWrite {
                relation: id,
                kind: WriteKind::Append(parts),
            });
        }
        for (id, table) in self.tables {
            if let Some(write) = table.finish()? {
                writes.push(RelationWrite {
                    relation: id,
                    kind: WriteKind::Table(write),
                });
            }
        }
        Ok((definition, Transaction { writes }))
    }

    fn account(&mut self, batch: &RecordBatch) -> Result<(), SqlError> {
        self.bytes += batch.get_array_memory_size();
        // An estimate: what an entry may hold is checked when it is encoded. Buffers are
        // rounded up, so twice the limit is surely too much.
        if self.bytes > 4 * limits::TRANSACTION_BYTES_MAX {
            return Err(SqlError::new(
                SqlState::PROGRAM_LIMIT,
                format!(
                    "the transaction writes more than the {} MB that one transaction may",
                    limits::TRANSACTION_BYTES_MAX >> 20
                ),
            )
            .hint("Load the data in several smaller INSERT or COPY statements."));
        }
        Ok(())
    }

    fn table(&mut self, table: &Arc<Relation>, read_at: Cut) -> Result<&mut TableWrites, SqlError> {
        use std::collections::btree_map::Entry;
        match self.tables.entry(table.id) {
            Entry::Occupied(writes) => {
                let writes = writes.into_mut();
                writes.read_at = writes.read_at.min(read_at.lsn());
                Ok(writes)
            }
            Entry::Vacant(place) => Ok(place.insert(TableWrites::new(table, read_at.lsn())?)),
        }
    }
}

/// What a transaction adds to the committed rows of a relation.
pub(crate) enum Overlay {
    /// Rows after the committed ones.
    Appended(Vec<RecordBatch>),
    /// Committed rows with these keys are replaced.
    Replaced(Replaced),
}

impl Overlay {
    /// The rows as the transaction sees them. `rows` have all columns.
    pub(crate) fn over(&self, rows: Rows) -> Rows {
        match self {
            Overlay::Appended(batches) => Box::new(rows.chain(batches.clone().into_iter().map(Ok))),
            Overlay::Replaced(replaced) => {
                let keys = Arc::clone(&replaced.keys);
                let kept = rows.map(move |batch| keys.without(&batch?));
                Box::new(kept.chain(replaced.inserted.clone().map(Ok)))
            }
        }
    }
}

/// Keys that are replaced, and the rows that are there instead.
pub(crate) struct Replaced {
    keys: Arc<TouchedKeys>,
    inserted: Option<RecordBatch>,
}

struct TouchedKeys {
    columns: Vec<usize>,
    converter: RowConverter,
    keys: std::collections::HashSet<Box<[u8]>>,
}

impl TouchedKeys {
    fn without(&self, batch: &RecordBatch) -> Result<RecordBatch, StorageError> {
        let invalid = |error: ArrowError| StorageError::Invalid(error.to_string());
        let key = batch.project(&self.columns).map_err(invalid)?;
        let rows = self
            .converter
            .convert_columns(key.columns())
            .map_err(invalid)?;
        let keep: BooleanArray = rows
            .iter()
            .map(|row| Some(!self.keys.contains(row.as_ref())))
            .collect();
        filter_record_batch(batch, &keep).map_err(invalid)
    }
}

/// A row of one of the batches.
type RowAt = (usize, usize);

struct TableWrites {
    relation: Arc<Relation>,
    read_at: Lsn,
    key_columns: Vec<usize>,
    converter: RowConverter,
    slots: Vec<Slot>,
    by_key: HashMap<Box<[u8]>, usize>,
    batches: Vec<RecordBatch>,
}

/// What a key had before the transaction, and what it has now.
struct Slot {
    old: Option<RowAt>,
    new: Option<RowAt>,
}

impl TableWrites {
    fn new(relation: &Arc<Relation>, read_at: Lsn) -> Result<Self, SqlError> {
        let RelationKind::Table { primary_key } = &relation.kind else {
            return Err(SqlError::internal("a change to what is no table"));
        };
        Ok(TableWrites {
            relation: Arc::clone(relation),
            read_at,
            key_columns: primary_key.clone(),
            converter: key_converter(&relation.columns, primary_key)?,
            slots: Vec::new(),
            by_key: HashMap::new(),
            batches: Vec::new(),
        })
    }

    fn delete(&mut self, batch: RecordBatch) -> Result<(), SqlError> {
        let at = self.batches.len();
        for (row, key) in self.keys(&batch)?.into_iter().enumerate() {
            match self.by_key.get(&key) {
                Some(slot) => self.slots[*slot].new = None,
                None => {
                    self.by_key.insert(key, self.slots.len());
                    self.slots.push(Slot {
                        old: Some((at, row)),
                        new: None,
                    });
                }
            }
        }
        self.batches.push(batch);
        Ok(())
    }

    fn insert(&mut self, batch: RecordBatch, exists: Option<Exists<'_>>) -> Result<(), SqlError> {
        let at = self.batches.len();
        for (row, key) in self.keys(&batch)?.into_iter().enumerate() {
            match self.by_key.get(&key) {
                Some(slot) if self.slots[*slot].new.is_some() => {
                    return Err(self.duplicate(&batch, row));
                }
                Some(slot) => self.slots[*slot].new = Some((at, row)),
                None => {
                    if let Some(exists) = exists
                        && exists(&batch, row)?
                    {
                        return Err(self.duplicate(&batch, row));
                    }
                    self.by_key.insert(key, self.slots.len());
                    self.slots.push(Slot {
                        old: None,
                        new: Some((at, row)),
                    });
                }
            }
        }
        self.batches.push(batch);
        Ok(())
    }

    fn keys(&self, batch: &RecordBatch) -> Result<Vec<Box<[u8]>>, SqlError> {
        let key = batch.project(&self.key_columns).map_err(internal)?;
        let rows = self
            .converter
            .convert_columns(key.columns())
            .map_err(internal)?;
        Ok(rows.iter().map(|row| Box::from(row.as_ref())).collect())
    }

    fn duplicate(&self, batch: &RecordBatch, row: usize) -> SqlError {
        let key = summit_storage::key_text(batch, &self.key_columns, row);
        duplicate_key(&self.relation, &key)
    }

    fn overlay(&self) -> Result<Overlay, SqlError> {
        Ok(Overlay::Replaced(Replaced {
            keys: Arc::new(TouchedKeys {
                columns: self.key_columns.clone(),
                converter: key_converter(&self.relation.columns, &self.key_columns)?,
                keys: self.by_key.keys().cloned().collect(),
            }),
            inserted: self.gather(|slot| slot.new)?,
        }))
    }

    fn finish(self) -> Result<Option<TableWrite>, SqlError> {
        let deletes = self.gather(|slot| slot.old)?;
        let inserts = self.gather(|slot| slot.new)?;
        if deletes.is_none() && inserts.is_none() {
            return Ok(None);
        }
        Ok(Some(TableWrite {
            read_at: self.read_at,
            deletes,
            inserts,
        }))
    }

    fn gather(
        &self,
        pick: impl Fn(&Slot) -> Option<RowAt>,
    ) -> Result<Option<RecordBatch>, SqlError> {
        let picked: Vec<RowAt> = self.slots.iter().filter_map(pick).collect();
        if picked.is_empty() {
            return Ok(None);
        }
        let batches: Vec<&RecordBatch> = self.batches.iter().collect();
        interleave_record_batch(&batches, &picked)
            .map(Some)
            .map_err(internal)
    }
}

/// `duplicate key value violates unique constraint "t_pkey"`; `key` is like `(k)=(1)`.
pub(crate) fn duplicate_key(relation: &Relation, key: &str) -> SqlError {
    SqlError::new(
        SqlState::UNIQUE_VIOLATION,
        format!(
            "duplicate key value violates unique constraint \"{}_pkey\"",
            relation.name
        ),
    )
    .detail(format!("Key {key} already exists."))
}

fn key_converter(schema: &SchemaRef, columns: &[usize]) -> Result<RowConverter, SqlError> {
    let fields = columns
        .iter()
        .map(|column| SortField::new(schema.field(*column).data_type().clone()))
        .collect();
    RowConverter::new(fields).map_err(internal)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn internal(error: ArrowError) -> SqlError {
    SqlError::internal(error.to_string())
}
