//! What the tests share.

use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::row::{RowConverter, SortField};
use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use summit_log::{Append, CommitTime, Committed, Cut, Entry as LogEntry, Log, LogError, Lsn};
use summit_storage::{
    Applied, Body, Change, Entry, PartitionId, RelationId, RelationWrite, Storage, StorageError,
    TableWrite, Transaction, WriteKind,
};

/// A log in memory.
#[derive(Default)]
pub struct MemoryLog {
    entries: Mutex<Vec<LogEntry>>,
    /// How often it was read.
    pub reads: Mutex<usize>,
}

impl MemoryLog {
    pub fn push(&self, payload: Bytes) -> (Lsn, CommitTime) {
        let mut entries = self.entries.lock().unwrap();
        let lsn = Lsn::new(entries.len() as u64 + 1);
        let time = CommitTime::from_micros(1_000_000 + lsn.get() as i64);
        entries.push(LogEntry { lsn, time, payload });
        (lsn, time)
    }

    pub fn entries(&self) -> Vec<LogEntry> {
        self.entries.lock().unwrap().clone()
    }
}

impl Log for MemoryLog {
    fn append(&self, payload: Bytes) -> Append {
        let (lsn, time) = self.push(payload);
        Box::pin(ready(Ok(Committed { lsn, time })))
    }

    fn read(&self, from: Lsn, bytes_max: usize) -> Result<Vec<LogEntry>, LogError> {
        *self.reads.lock().unwrap() += 1;
        let entries = self.entries.lock().unwrap();
        let mut bytes = 0;
        let mut found = Vec::new();
        for entry in entries.iter().skip(from.get().saturating_sub(1) as usize) {
            bytes += entry.payload.len();
            if bytes > bytes_max && !found.is_empty() {
                break;
            }
            found.push(entry.clone());
        }
        Ok(found)
    }

    fn committed(&self) -> Lsn {
        Lsn::new(self.entries.lock().unwrap().len() as u64)
    }

    fn wait_for(&self, _lsn: Lsn, _timeout: Duration) -> Lsn {
        self.committed()
    }

    fn close(&self) {}
}

/// Storage and its log.
pub struct Fixture {
    pub log: Arc<MemoryLog>,
    pub storage: Storage,
}

impl Fixture {
    pub fn new(tail_bytes: usize) -> Self {
        let log = Arc::new(MemoryLog::default());
        let options = summit_storage::StorageOptions { tail_bytes };
        Fixture {
            storage: Storage::new(log.clone(), options),
            log,
        }
    }

    /// Appends to the log, reads back and applies, as a server does.
    pub fn write(&self, writes: Vec<RelationWrite>) -> Result<Applied, StorageError> {
        let entry = Entry {
            origin: 7,
            body: Body::Transaction(Transaction { writes }),
        };
        let payload = entry.encode().unwrap();
        let (lsn, time) = self.log.push(payload.clone());
        self.apply(lsn, time, &payload)
    }

    pub fn apply(
        &self,
        lsn: Lsn,
        time: CommitTime,
        payload: &Bytes,
    ) -> Result<Applied, StorageError> {
        let entry = Entry::decode(payload, &|id| self.storage.schema(id))?;
        match entry.body {
            Body::Transaction(transaction) => self.storage.apply(lsn, time, &transaction),
            other => panic!("only transactions are written here: {other:?}"),
        }
    }

    pub fn last(&self) -> Cut {
        Cut::at(self.log.committed())
    }
}

pub fn append(relation: u32, parts: Vec<(u32, RecordBatch)>) -> RelationWrite {
    let parts = parts
        .into_iter()
        .map(|(partition, rows)| (PartitionId(partition), rows))
        .collect();
    RelationWrite {
        relation: RelationId(relation),
        kind: WriteKind::Append(parts),
    }
}

pub fn table_write(
    relation: u32,
    deletes: Option<RecordBatch>,
    inserts: Option<RecordBatch>,
) -> RelationWrite {
    let write = TableWrite {
        read_at: Lsn::ZERO,
        deletes,
        inserts,
    };
    RelationWrite {
        relation: RelationId(relation),
        kind: WriteKind::Table(write),
    }
}

/// `ts`, `k`, `v`, `s`: a timestamp and three columns that may be null but for `k`.
pub fn schema() -> SchemaRef {
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Arc::new(Schema::new(vec![
        Field::new("ts", utc, true),
        Field::new("k", DataType::Int64, false),
        Field::new("v", DataType::Float64, true),
        Field::new("s", DataType::Utf8, true),
    ]))
}

pub type Row = (Option<i64>, i64, Option<f64>, Option<String>);

pub fn batch(rows: &[Row]) -> RecordBatch {
    let times = TimestampMicrosecondArray::from_iter(rows.iter().map(|row| row.0));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(times.with_timezone("UTC")),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.1))),
        Arc::new(Float64Array::from_iter(rows.iter().map(|row| row.2))),
        Arc::new(StringArray::from_iter(rows.iter().map(|row| row.3.clone()))),
    ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

pub fn row(ts: i64, k: i64) -> Row {
    (Some(ts), k, Some(k as f64 / 2.0), Some(format!("s{k}")))
}

/// A row out of few, so that equal ones are common.
pub fn any_row(random: &mut StdRng) -> Row {
    let floats = [0.0, -0.0, f64::NAN, -f64::NAN, 1.5, f64::INFINITY];
    let texts = ["", "a", "b", "a longer text than fits a view"];
    (
        random.random_bool(0.9).then(|| random.random_range(0..3)),
        random.random_range(0..3),
        random
            .random_bool(0.9)
            .then(|| floats[random.random_range(0..floats.len())]),
        random
            .random_bool(0.9)
            .then(|| texts[random.random_range(0..texts.len())].to_owned()),
    )
}

/// Rows as bytes that are equal when the rows are, floats by their bits.
pub fn encoded(batch: &RecordBatch) -> Vec<Vec<u8>> {
    let fields = batch
        .schema()
        .fields()
        .iter()
        .map(|field| SortField::new(field.data_type().clone()))
        .collect();
    let rows = RowConverter::new(fields)
        .unwrap()
        .convert_columns(batch.columns())
        .unwrap();
    rows.iter().map(|row| row.data().to_vec()).collect()
}

pub fn all(
    schema: &SchemaRef,
    batches: impl Iterator<Item = Result<RecordBatch, StorageError>>,
) -> RecordBatch {
    let batches: Vec<_> = batches.collect::<Result<_, _>>().unwrap();
    for batch in &batches {
        assert!(
            (1..=8192).contains(&batch.num_rows()),
            "a batch of {} rows",
            batch.num_rows()
        );
    }
    concat_batches(schema, &batches).unwrap()
}

/// A change with its weights, rows as bytes.
pub fn weighted(change: &Change) -> Vec<(Vec<u8>, i64)> {
    encoded(&change.rows)
        .into_iter()
        .enumerate()
        .map(|(row, bytes)| (bytes, change.weight(row)))
        .collect()
}

/// A generator whose seed is printed, so that a failure can be replayed.
pub fn random(seed: u64) -> StdRng {
    println!("seed {seed}");
    StdRng::seed_from_u64(seed)
}
