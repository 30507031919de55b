//! The rows of a stream.
//!
//! The last ones are in memory; older ones are read from the log again. What is kept for
//! every entry ever is its position (one to two bytes) and which of its rows were late.

mod late;
mod reader;
mod tail;

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::max;
use arrow::datatypes::{DataType, SchemaRef, TimeUnit, TimestampMicrosecondType};
use parking_lot::RwLock;
use summit_log::{CommitTime, Lsn};

use crate::codec::check_type;
use crate::limits::PARTITIONS_MAX;
use crate::lsn_list::LsnList;
use crate::parts::conform;
use crate::{Offset, PartitionId, RelationId, StorageError, StreamSpec};
use late::{LateRows, late_rows, late_schema, without_late};
pub(crate) use reader::rows_of;
pub use reader::{LateReader, StreamReader};
use tail::Tail;

/// A stream: what never changes, and the rest behind a lock that is held shortly.
pub(crate) struct Stream {
    pub id: RelationId,
    pub spec: StreamSpec,
    pub late_schema: SchemaRef,
    pub state: RwLock<StreamState>,
}

pub(crate) struct StreamState {
    /// The next offset, by partition.
    offsets: Vec<u64>,
    /// The greatest event time so far.
    event_time_max: Option<i64>,
    /// `event_time_max` before every 128th entry, to find older ones from.
    marks: Vec<(Lsn, Option<i64>)>,
    /// Entries with rows that were not late.
    lsns: LsnList,
    late: BTreeMap<Lsn, Arc<LateRows>>,
    late_rows: u64,
    late_bytes: usize,
    tail: Tail,
    /// Rows up to here are not in the tail.
    evicted: Lsn,
    last: Lsn,
}

/// An append that was checked.
pub(crate) struct CheckedAppend {
    /// By batch of the entry, without late rows.
    rows: Vec<(PartitionId, RecordBatch)>,
    late: Option<LateRows>,
    event_time_max: Option<i64>,
}

/// Rows that got their offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The stream.
    pub relation: RelationId,
    /// The partition.
    pub partition: PartitionId,
    /// The first row's offset; the others follow it.
    pub base: Offset,
    /// How many.
    pub rows: u64,
}

/// Where the next rows are.
pub(crate) enum Source<T> {
    /// They were in memory: what they are and up to which position.
    Tail(T, Lsn),
    /// In these entries of the log, in which these rows were late; no other entry up to the
    /// position has any.
    Log(Vec<(Lsn, Option<Arc<LateRows>>)>, Lsn),
}

impl Stream {
    pub fn new(id: RelationId, spec: StreamSpec) -> Result<Self, StorageError> {
        if spec.partitions == 0 || spec.partitions > PARTITIONS_MAX {
            return Err(StorageError::Invalid(format!(
                "a stream of {} partitions: it can have 1 to {PARTITIONS_MAX}",
                spec.partitions
            )));
        }
        if spec.schema.fields().is_empty() {
            return Err(StorageError::Invalid("a stream without columns".to_owned()));
        }
        for field in spec.schema.fields() {
            check_type(field.data_type())?;
        }
        if let Some(watermark) = spec.watermark {
            let field = spec.schema.fields().get(watermark.column);
            let fits = field.is_some_and(|field| {
                matches!(
                    field.data_type(),
                    DataType::Timestamp(TimeUnit::Microsecond, _)
                )
            });
            if !fits {
                return Err(StorageError::Invalid(
                    "a watermark needs a column of microsecond timestamps".to_owned(),
                ));
            }
        }
        let late_schema = late_schema(&spec.schema, spec.watermark.map(|spec| spec.column));
        let state = RwLock::new(StreamState {
            offsets: vec![0; spec.partitions as usize],
            event_time_max: None,
            marks: Vec::new(),
            lsns: LsnList::default(),
            late: BTreeMap::new(),
            late_rows: 0,
            late_bytes: 0,
            tail: Tail::default(),
            evicted: Lsn::ZERO,
            last: Lsn::ZERO,
        });
        Ok(Stream {
            id,
            spec,
            late_schema,
            state,
        })
    }

    /// Decides which rows are late; changes nothing.
    pub fn check(
        &self,
        time: CommitTime,
        batches: &[(PartitionId, RecordBatch)],
    ) -> Result<CheckedAppend, StorageError> {
        let mut event_time_max = self.state.read().event_time_max;
        let watermark = self.watermark_of(event_time_max);
        let mut late = Vec::new();
        let mut rows = Vec::with_capacity(batches.len());
        for (at, (partition, batch)) in batches.iter().enumerate() {
            if partition.0 >= self.spec.partitions {
                return Err(StorageError::Invalid(format!(
                    "partition {} of relation {}, which has {}",
                    partition.0, self.id, self.spec.partitions
                )));
            }
            let batch = conform(batch, &self.spec.schema)?;
            if let Some(spec) = self.spec.watermark {
                let times = batch.column(spec.column);
                if let Some(watermark) = watermark {
                    let of_batch = late_rows(times, watermark);
                    if !of_batch.is_empty() {
                        late.push((at, of_batch));
                    }
                }
                // a late row's is never the greatest
                event_time_max =
                    event_time_max.max(max(times.as_primitive::<TimestampMicrosecondType>()));
            }
            rows.push((*partition, batch));
        }
        let late = watermark
            .filter(|_| !late.is_empty())
            .map(|watermark| LateRows {
                watermark,
                arrived_at: time,
                batches: late,
            });
        if late.is_some() {
            for (at, (_, batch)) in rows.iter_mut().enumerate() {
                *batch = without_late(batch, at, late.as_ref())?;
            }
        }
        Ok(CheckedAppend {
            rows,
            late,
            event_time_max,
        })
    }

    /// Appends what was checked; answers the rows' offsets and how many were late.
    pub fn commit(
        &self,
        lsn: Lsn,
        checked: CheckedAppend,
    ) -> Result<(Vec<Appended>, u64), StorageError> {
        let mut appended: Vec<Appended> = Vec::new();
        let mut state = self.state.write();
        let state = &mut *state;
        for (partition, rows) in checked.rows.iter().filter(|(_, rows)| rows.num_rows() > 0) {
            state.tail.push(lsn, rows)?;
            let offset = &mut state.offsets[partition.0 as usize];
            let (base, rows) = (Offset(*offset), rows.num_rows() as u64);
            *offset += rows;
            match appended
                .iter_mut()
                .find(|appended| appended.partition == *partition)
            {
                Some(appended) => appended.rows += rows,
                None => {
                    appended.push(Appended {
                        relation: self.id,
                        partition: *partition,
                        base,
                        rows,
                    });
                }
            }
        }
        if !appended.is_empty() && state.lsns.push(lsn) {
            state.marks.push((lsn, state.event_time_max));
        }
        let mut late_count = 0;
        if let Some(late) = checked.late {
            late_count = late.count() as u64;
            state.late_rows += late_count;
            state.late_bytes += late.memory_bytes();
            state.late.insert(lsn, Arc::new(late));
        }
        state.event_time_max = checked.event_time_max;
        state.last = lsn;
        Ok((appended, late_count))
    }

    /// The watermark when the greatest event time is this.
    pub fn watermark_of(&self, event_time_max: Option<i64>) -> Option<i64> {
        let spec = self.spec.watermark?;
        event_time_max.map(|time| time.saturating_sub(spec.delay_micros))
    }

    /// Rows in (`after`, `upto`], about a chunk.
    pub fn rows(&self, after: Lsn, upto: Lsn) -> Source<Vec<RecordBatch>> {
        let state = self.state.read();
        state.in_log(after, upto).unwrap_or_else(|| {
            let (rows, reached) = state.tail.rows(after, upto);
            Source::Tail(rows, reached)
        })
    }

    /// Entries in (`after`, `upto`] and their rows, a few.
    pub fn entries(&self, after: Lsn, upto: Lsn) -> Source<Vec<(Lsn, Vec<RecordBatch>)>> {
        let state = self.state.read();
        state.in_log(after, upto).unwrap_or_else(|| {
            let (entries, reached) = state.tail.entries(after, upto, ENTRIES_AT_ONCE);
            Source::Tail(entries, reached)
        })
    }
}

/// Entries that a reader is told of while the lock is held.
const ENTRIES_AT_ONCE: usize = 256;

impl StreamState {
    fn in_log<T>(&self, after: Lsn, upto: Lsn) -> Option<Source<T>> {
        if after >= self.evicted {
            return None;
        }
        let upto = upto.min(self.evicted);
        let lsns = self.lsns.range(after, upto, ENTRIES_AT_ONCE);
        let reached = match lsns.last() {
            Some(last) if lsns.len() == ENTRIES_AT_ONCE => *last,
            _ => upto,
        };
        let entries = lsns
            .into_iter()
            .map(|lsn| (lsn, self.late.get(&lsn).cloned()))
            .collect();
        Some(Source::Log(entries, reached))
    }

    fn late_after(&self, after: Lsn, upto: Lsn) -> Option<(Lsn, Arc<LateRows>)> {
        let (lsn, late) = self.late.range((Excluded(after), Unbounded)).next()?;
        (*lsn <= upto).then(|| (*lsn, Arc::clone(late)))
    }

    /// The greatest event time in entries up to `at`: either known, or the greatest of what
    /// is known up to a position and of the rows from there to `at`.
    pub fn event_time_max(&self, at: Lsn) -> (Option<i64>, Option<Lsn>) {
        if at >= self.last {
            return (self.event_time_max, None);
        }
        // the mark's own entry comes after what the mark says
        let mark = self.marks.partition_point(|(lsn, _)| *lsn <= at);
        match mark.checked_sub(1).map(|mark| self.marks[mark]) {
            None => (None, None),
            Some((lsn, known)) => (known, Some(Lsn::new(lsn.get() - 1))),
        }
    }

    pub fn evict(&mut self) {
        self.evicted = self.evicted.max(self.tail.evict());
    }

    pub fn tail_first(&self) -> Option<Lsn> {
        self.tail.first()
    }

    pub fn tail_bytes(&self) -> usize {
        self.tail.bytes()
    }

    pub fn memory_bytes(&self) -> usize {
        let marks = self.marks.capacity() * size_of::<(Lsn, Option<i64>)>();
        self.tail.bytes() + self.late_bytes + self.lsns.memory_bytes() + marks
    }

    pub fn offsets(&self) -> impl Iterator<Item = Offset> {
        self.offsets.iter().map(|offset| Offset(*offset))
    }

    pub fn late_rows(&self) -> u64 {
        self.late_rows
    }

    pub fn last(&self) -> Lsn {
        self.last
    }
}
