//! The state machine that the log's entries are fed to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::max;
use arrow::datatypes::{SchemaRef, TimestampMicrosecondType};
use hashbrown::{HashMap, HashSet};
use parking_lot::{Mutex, RwLock};
use summit_log::{CommitTime, Cut, Log, Lsn};

use crate::changes::Changes;
use crate::limits::TAIL_BYTES_DEFAULT;
use crate::stream::{Appended, CheckedAppend, LateReader, Stream, StreamReader};
use crate::table::{CheckedWrite, Table};
use crate::{
    Offset, RelationId, Snapshot, StorageError, StreamSpec, TableSpec, Transaction, WriteKind,
};

/// Settings of [`Storage`].
#[derive(Debug, Clone)]
pub struct StorageOptions {
    /// Bytes of rows that all streams together keep in memory; older rows are read from the
    /// log.
    pub tail_bytes: usize,
}

impl Default for StorageOptions {
    fn default() -> Self {
        StorageOptions {
            tail_bytes: TAIL_BYTES_DEFAULT,
        }
    }
}

/// What an entry did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// The entry's position.
    pub lsn: Lsn,
    /// What was appended to streams, late rows not counted.
    pub appended: Vec<Appended>,
    /// How many rows were late, by stream.
    pub late: Vec<(RelationId, u64)>,
    /// The relations whose rows changed, in the entry's order.
    pub touched: Vec<RelationId>,
}

/// Figures of a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationStats {
    /// Rows: those a table has, or ever appended to a stream.
    pub rows: u64,
    /// Rows, versions and indexes in memory.
    pub memory_bytes: usize,
    /// Of a stream: the next offset, by partition.
    pub offsets: Vec<Offset>,
    /// Of a stream: rows that were late.
    pub late_rows: u64,
    /// The last entry that touched it.
    pub last: Option<Lsn>,
}

/// The rows of all streams and tables. One thread applies entries while any number read:
/// they share locks that are held for a batch at most. A reader sees whole entries only, up
/// to the position it asks for and never past the last entry applied.
pub struct Storage {
    log: Arc<dyn Log>,
    options: StorageOptions,
    relations: RwLock<HashMap<RelationId, Relation>>,
    /// Held while rows change.
    writer: Mutex<Writer>,
    /// The last entry applied, whole or found to fail.
    applied: AtomicU64,
}

/// What only the writer needs.
#[derive(Default)]
struct Writer {
    /// Bytes of all streams' rows in memory.
    tail_bytes: usize,
}

/// A relation, shared with its readers.
#[derive(Clone)]
pub(crate) enum Relation {
    Stream(Arc<Stream>),
    Table(Arc<Table>),
}

impl Relation {
    pub fn schema(&self) -> &SchemaRef {
        match self {
            Relation::Stream(stream) => &stream.spec.schema,
            Relation::Table(table) => &table.spec.schema,
        }
    }
}

enum Checked {
    Append(Arc<Stream>, CheckedAppend),
    Write(Arc<Table>, CheckedWrite),
}

impl Storage {
    /// Without relations. `log` is where rows that are not in memory are read from.
    pub fn new(log: Arc<dyn Log>, options: StorageOptions) -> Self {
        Storage {
            log,
            options,
            relations: RwLock::default(),
            writer: Mutex::default(),
            applied: AtomicU64::new(0),
        }
    }

    /// Adds a stream; `at` is the entry that defines it.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] when the id is taken or the definition makes no sense.
    pub fn create_stream(
        &self,
        id: RelationId,
        spec: StreamSpec,
        at: Lsn,
    ) -> Result<(), StorageError> {
        self.create(id, Relation::Stream(Arc::new(Stream::new(id, spec)?)), at)
    }

    /// Adds a table; `at` is the entry that defines it.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] when the id is taken or the definition makes no sense.
    pub fn create_table(
        &self,
        id: RelationId,
        spec: TableSpec,
        at: Lsn,
    ) -> Result<(), StorageError> {
        self.create(id, Relation::Table(Arc::new(Table::new(id, spec)?)), at)
    }

    fn create(&self, id: RelationId, relation: Relation, at: Lsn) -> Result<(), StorageError> {
        let _writer = self.writer.lock();
        let mut relations = self.relations.write();
        if relations.contains_key(&id) {
            return Err(StorageError::Invalid(format!(
                "relation {id} exists already"
            )));
        }
        relations.insert(id, relation);
        tracing::debug!(relation = id.0, lsn = at.get(), "relation created");
        Ok(())
    }

    /// Forgets a relation; readers that have begun go on.
    ///
    /// # Errors
    /// [`StorageError::NoRelation`].
    pub fn drop_relation(&self, id: RelationId) -> Result<(), StorageError> {
        let mut writer = self.writer.lock();
        let dropped = self.relations.write().remove(&id);
        if let Some(Relation::Stream(stream)) = &dropped {
            writer.tail_bytes -= stream.state.read().tail_bytes();
        }
        drop(writer);
        // outside of the lock: it may be much memory
        dropped.map(drop).ok_or(StorageError::NoRelation(id))
    }

    /// The columns of a relation.
    pub fn schema(&self, id: RelationId) -> Option<SchemaRef> {
        self.relations
            .read()
            .get(&id)
            .map(|relation| Arc::clone(relation.schema()))
    }

    /// The last entry applied, or found to fail.
    pub fn applied(&self) -> Lsn {
        Lsn::new(self.applied.load(Ordering::Acquire))
    }

    /// Applies an entry, all of it or nothing. Entries come in the order of the log. An entry
    /// that fails stays in the log and fails the same way on every replay.
    ///
    /// # Errors
    /// [`StorageError::DuplicateKey`], [`StorageError::Conflict`],
    /// [`StorageError::NoRelation`], or [`StorageError::Invalid`] when rows do not fit their
    /// relation.
    pub fn apply(
        &self,
        lsn: Lsn,
        time: CommitTime,
        transaction: &Transaction,
    ) -> Result<Applied, StorageError> {
        let mut writer = self.writer.lock();
        let last = self.applied();
        if lsn <= last {
            return Err(StorageError::Invalid(format!(
                "entry {lsn} after entry {last}"
            )));
        }
        let checked = match self.check(time, transaction) {
            Ok(checked) => checked,
            Err(error) => {
                // it changes nothing, so this is the state after it
                self.applied.store(lsn.get(), Ordering::Release);
                return Err(error);
            }
        };
        let mut applied = Applied {
            lsn,
            ..Applied::default()
        };
        for checked in checked {
            match checked {
                Checked::Append(stream, checked) => {
                    let before = stream.state.read().tail_bytes();
                    let (appended, late) = stream.commit(lsn, checked)?;
                    writer.tail_bytes += stream.state.read().tail_bytes() - before;
                    if !appended.is_empty() {
                        applied.touched.push(stream.id);
                    }
                    applied.appended.extend(appended);
                    if late > 0 {
                        applied.late.push((stream.id, late));
                    }
                }
                Checked::Write(table, checked) => {
                    if table.commit(lsn, checked)? {
                        applied.touched.push(table.id);
                    }
                }
            }
        }
        self.applied.store(lsn.get(), Ordering::Release);
        self.evict(&mut writer);
        Ok(applied)
    }

    fn check(
        &self,
        time: CommitTime,
        transaction: &Transaction,
    ) -> Result<Vec<Checked>, StorageError> {
        let mut seen = HashSet::new();
        let mut checked = Vec::with_capacity(transaction.writes.len());
        for write in &transaction.writes {
            let id = write.relation;
            if !seen.insert(id) {
                return Err(StorageError::Invalid(format!(
                    "relation {id} appears twice"
                )));
            }
            checked.push(match (self.relation(id)?, &write.kind) {
                (Relation::Stream(stream), WriteKind::Append(batches)) => {
                    let append = stream.check(time, batches)?;
                    Checked::Append(stream, append)
                }
                (Relation::Table(table), WriteKind::Table(write)) => {
                    let write = table.check(write)?;
                    Checked::Write(table, write)
                }
                (Relation::Stream(_), WriteKind::Table(_)) => {
                    return Err(StorageError::Invalid(format!(
                        "relation {id} is not a table"
                    )));
                }
                (Relation::Table(_), WriteKind::Append(_)) => {
                    return Err(StorageError::Invalid(format!(
                        "relation {id} is not a stream"
                    )));
                }
            });
        }
        Ok(checked)
    }

    /// Drops the oldest rows of all streams from memory until the rest fits.
    fn evict(&self, writer: &mut Writer) {
        if writer.tail_bytes <= self.options.tail_bytes {
            return;
        }
        let streams: Vec<Arc<Stream>> = {
            let relations = self.relations.read();
            relations
                .values()
                .filter_map(|relation| match relation {
                    Relation::Stream(stream) => Some(Arc::clone(stream)),
                    Relation::Table(_) => None,
                })
                .collect()
        };
        while writer.tail_bytes > self.options.tail_bytes {
            let oldest = streams
                .iter()
                .filter_map(|stream| Some((stream.state.read().tail_first()?, stream.id, stream)))
                .min_by_key(|(first, id, _)| (*first, *id));
            let Some((_, _, stream)) = oldest else { return };
            let mut state = stream.state.write();
            let before = state.tail_bytes();
            state.evict();
            writer.tail_bytes -= before - state.tail_bytes();
        }
    }

    fn relation(&self, id: RelationId) -> Result<Relation, StorageError> {
        self.relations
            .read()
            .get(&id)
            .cloned()
            .ok_or(StorageError::NoRelation(id))
    }

    fn stream(&self, id: RelationId) -> Result<Arc<Stream>, StorageError> {
        match self.relation(id)? {
            Relation::Stream(stream) => Ok(stream),
            Relation::Table(_) => Err(StorageError::Invalid(format!(
                "relation {id} is not a stream"
            ))),
        }
    }

    fn table(&self, id: RelationId) -> Result<Arc<Table>, StorageError> {
        match self.relation(id)? {
            Relation::Table(table) => Ok(table),
            Relation::Stream(_) => Err(StorageError::Invalid(format!(
                "relation {id} is not a table"
            ))),
        }
    }

    /// Never past what is applied whole.
    fn bounded(&self, cut: Cut) -> Lsn {
        cut.lsn().min(self.applied())
    }

    /// The rows of a stream in (`after`, `upto`], late ones not, of the columns of
    /// `projection` in its order.
    ///
    /// # Errors
    /// [`StorageError::NoRelation`]; [`StorageError::Invalid`] when it is not a stream or has
    /// no such column.
    pub fn read_stream(
        &self,
        id: RelationId,
        after: Cut,
        upto: Cut,
        projection: Option<&[usize]>,
    ) -> Result<StreamReader, StorageError> {
        let log = Arc::clone(&self.log);
        StreamReader::new(
            self.stream(id)?,
            log,
            after.lsn(),
            self.bounded(upto),
            projection,
        )
    }

    /// The late rows of a stream up to a position.
    ///
    /// # Errors
    /// [`StorageError::NoRelation`]; [`StorageError::Invalid`] when it is not a stream.
    pub fn read_late(&self, id: RelationId, upto: Cut) -> Result<LateReader, StorageError> {
        Ok(LateReader::new(
            self.stream(id)?,
            Arc::clone(&self.log),
            self.bounded(upto),
        ))
    }

    /// The changes of a stream or a table in (`after`, `upto`], entry by entry.
    ///
    /// # Errors
    /// [`StorageError::NoRelation`].
    pub fn changes(&self, id: RelationId, after: Cut, upto: Cut) -> Result<Changes, StorageError> {
        let log = Arc::clone(&self.log);
        Ok(Changes::new(
            self.relation(id)?,
            log,
            after.lsn(),
            self.bounded(upto),
        ))
    }

    /// The rows of a table at a position.
    ///
    /// # Errors
    /// [`StorageError::NoRelation`]; [`StorageError::Invalid`] when it is not a table or the
    /// position is before the last compaction's horizon.
    pub fn table_snapshot(&self, id: RelationId, at: Cut) -> Result<Snapshot, StorageError> {
        let at = self.bounded(at);
        let table = self.table(id)?;
        let state = table.state.read();
        let oldest = state.rows.oldest();
        if at < oldest {
            return Err(StorageError::Invalid(format!(
                "relation {id} at {at} is not kept any more; the oldest position is {oldest}"
            )));
        }
        Ok(state.rows.snapshot(at))
    }

    /// Whether it is a table.
    pub fn is_table(&self, id: RelationId) -> bool {
        matches!(self.relations.read().get(&id), Some(Relation::Table(_)))
    }

    /// A table's row with this primary key, now: one row of the key's columns in the key's
    /// order.
    ///
    /// # Errors
    /// [`StorageError::NoRelation`]; [`StorageError::Invalid`] when it is not a table or the
    /// row does not fit the key.
    pub fn table_lookup(
        &self,
        id: RelationId,
        key: &RecordBatch,
    ) -> Result<Option<RecordBatch>, StorageError> {
        self.table(id)?.state.read().rows.lookup(key)
    }

    /// A stream's watermark after the entries up to `at`, in the event time's microseconds;
    /// `None` while there is none. At the last position it is known; before, up to 128
    /// entries are read.
    ///
    /// # Errors
    /// [`StorageError::NoRelation`]; [`StorageError::Invalid`] when it is not a stream.
    pub fn watermark(&self, id: RelationId, at: Cut) -> Result<Option<i64>, StorageError> {
        let stream = self.stream(id)?;
        let Some(spec) = stream.spec.watermark else {
            return Ok(None);
        };
        let at = self.bounded(at);
        let (mut time, read_from) = stream.state.read().event_time_max(at);
        if let Some(after) = read_from {
            let log = Arc::clone(&self.log);
            let reader =
                StreamReader::new(Arc::clone(&stream), log, after, at, Some(&[spec.column]))?;
            for rows in reader {
                time = time.max(max(rows?
                    .column(0)
                    .as_primitive::<TimestampMicrosecondType>()));
            }
        }
        Ok(stream.watermark_of(time))
    }

    /// Drops what tables keep only for positions before `horizon`. A bounded amount of work:
    /// to be called again and again.
    ///
    /// # Errors
    /// None but a bug's.
    pub fn compact(&self, horizon: Cut) -> Result<(), StorageError> {
        let horizon = self.bounded(horizon);
        let tables: Vec<Arc<Table>> = self
            .relations
            .read()
            .values()
            .filter_map(|relation| match relation {
                Relation::Table(table) => Some(Arc::clone(table)),
                Relation::Stream(_) => None,
            })
            .collect();
        for table in tables {
            // for each anew: an entry need not wait for all of them
            let _writer = self.writer.lock();
            table.state.write().rows.compact(horizon)?;
        }
        Ok(())
    }

    /// Figures of a relation.
    ///
    /// # Errors
    /// [`StorageError::NoRelation`].
    pub fn stats(&self, id: RelationId) -> Result<RelationStats, StorageError> {
        let touched = |last: Lsn| (last > Lsn::ZERO).then_some(last);
        Ok(match self.relation(id)? {
            Relation::Stream(stream) => {
                let state = stream.state.read();
                let offsets: Vec<Offset> = state.offsets().collect();
                RelationStats {
                    rows: offsets.iter().map(|offset| offset.0).sum(),
                    memory_bytes: state.memory_bytes(),
                    offsets,
                    late_rows: state.late_rows(),
                    last: touched(state.last()),
                }
            }
            Relation::Table(table) => {
                let state = table.state.read();
                RelationStats {
                    rows: state.rows.len() as u64,
                    memory_bytes: state.memory_bytes(),
                    offsets: Vec::new(),
                    late_rows: 0,
                    last: touched(state.last()),
                }
            }
        })
    }

    /// Bytes of all relations in memory.
    pub fn memory_bytes(&self) -> usize {
        let relations = self.relations.read();
        relations
            .values()
            .map(|relation| match relation {
                Relation::Stream(stream) => stream.state.read().memory_bytes(),
                Relation::Table(table) => table.state.read().memory_bytes(),
            })
            .sum()
    }
}
