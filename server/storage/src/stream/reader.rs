//! Reading a stream's rows, from memory and from the log.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use summit_log::{Log, Lsn};

use super::late::{LateRows, without_late};
use super::{Source, Stream};
use crate::gather::Gather;
use crate::log_source::LogSource;
use crate::parts::arrow_error;
use crate::{Entry, PartitionId, StorageError, WriteKind};

/// A stream's batches in an entry, as they were appended.
pub(crate) fn batches_of(
    stream: &Stream,
    lsn: Lsn,
    log: &mut LogSource,
) -> Result<Vec<(PartitionId, RecordBatch)>, StorageError> {
    match Entry::decode_relation(&log.entry(lsn)?, stream.id, &stream.spec.schema)? {
        Some(WriteKind::Append(batches)) => Ok(batches),
        _ => Err(StorageError::Invalid(format!(
            "entry {lsn} appended to relation {} and does not any more",
            stream.id
        ))),
    }
}

/// A stream's rows in an entry, late ones left out.
pub(crate) fn rows_of(
    stream: &Stream,
    lsn: Lsn,
    late: Option<&Arc<LateRows>>,
    log: &mut LogSource,
) -> Result<Vec<RecordBatch>, StorageError> {
    batches_of(stream, lsn, log)?
        .iter()
        .enumerate()
        .map(|(at, (_, batch))| without_late(batch, at, late.map(Arc::as_ref)))
        .collect()
}

/// The rows of a stream between two positions, in the order of the log, in batches of at
/// most 8192. Holds about one batch and one read of the log; no lock between batches. Ends
/// after an error.
pub struct StreamReader {
    stream: Arc<Stream>,
    projection: Option<Vec<usize>>,
    after: Lsn,
    upto: Lsn,
    log: LogSource,
    gather: Gather,
}

impl StreamReader {
    pub(crate) fn new(
        stream: Arc<Stream>,
        log: Arc<dyn Log>,
        after: Lsn,
        upto: Lsn,
        projection: Option<&[usize]>,
    ) -> Result<Self, StorageError> {
        let schema = match projection {
            Some(columns) => Arc::new(stream.spec.schema.project(columns).map_err(arrow_error)?),
            None => Arc::clone(&stream.spec.schema),
        };
        Ok(StreamReader {
            stream,
            projection: projection.map(<[usize]>::to_vec),
            after,
            upto,
            log: LogSource::new(log),
            gather: Gather::new(schema),
        })
    }

    /// The columns of the batches.
    pub fn schema(&self) -> &SchemaRef {
        self.gather.schema()
    }

    fn push(&mut self, rows: RecordBatch) -> Result<(), StorageError> {
        let rows = match &self.projection {
            Some(columns) => rows.project(columns).map_err(arrow_error)?,
            None => rows,
        };
        self.gather.push(rows)
    }

    fn advance(&mut self) -> Result<Option<RecordBatch>, StorageError> {
        loop {
            if let Some(batch) = self.gather.pop() {
                return Ok(Some(batch));
            }
            if self.after >= self.upto {
                self.gather.flush()?;
                return Ok(self.gather.pop());
            }
            match self.stream.rows(self.after, self.upto) {
                Source::Tail(rows, reached) => {
                    for rows in rows {
                        self.push(rows)?;
                    }
                    self.after = reached;
                }
                Source::Log(entries, reached) => {
                    let mut all = true;
                    for (lsn, late) in entries {
                        for rows in rows_of(&self.stream, lsn, late.as_ref(), &mut self.log)? {
                            self.push(rows)?;
                        }
                        self.after = lsn;
                        // the rest of the entries are asked for again: they may be large
                        if self.gather.has_ready() {
                            all = false;
                            break;
                        }
                    }
                    if all {
                        self.after = reached;
                    }
                }
            }
        }
    }
}

impl Iterator for StreamReader {
    type Item = Result<RecordBatch, StorageError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.advance().transpose();
        if let Some(Err(_)) = next {
            self.after = self.upto;
            self.gather = Gather::new(Arc::clone(self.gather.schema()));
        }
        next
    }
}

/// The late rows of a stream up to a position, in the order of the log, in batches of at most
/// 8192: its columns, then `arrived_at` (the entry's commit time), `watermark` (that the row
/// was behind) and `lsn`. Ends after an error.
pub struct LateReader {
    stream: Arc<Stream>,
    after: Lsn,
    upto: Lsn,
    log: LogSource,
    gather: Gather,
}

impl LateReader {
    pub(crate) fn new(stream: Arc<Stream>, log: Arc<dyn Log>, upto: Lsn) -> Self {
        let gather = Gather::new(Arc::clone(&stream.late_schema));
        LateReader {
            stream,
            after: Lsn::ZERO,
            upto,
            log: LogSource::new(log),
            gather,
        }
    }

    /// The columns of the batches.
    pub fn schema(&self) -> &SchemaRef {
        self.gather.schema()
    }

    fn advance(&mut self) -> Result<Option<RecordBatch>, StorageError> {
        loop {
            if let Some(batch) = self.gather.pop() {
                return Ok(Some(batch));
            }
            let late = self.stream.state.read().late_after(self.after, self.upto);
            let Some((lsn, late)) = late else {
                self.gather.flush()?;
                return Ok(self.gather.pop());
            };
            let batches = batches_of(&self.stream, lsn, &mut self.log)?;
            for rows in late.rows(lsn, &batches, &self.stream.late_schema)? {
                self.gather.push(rows)?;
            }
            self.after = lsn;
        }
    }
}

impl Iterator for LateReader {
    type Item = Result<RecordBatch, StorageError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.advance().transpose();
        if let Some(Err(_)) = next {
            self.after = Lsn::MAX;
            self.gather = Gather::new(Arc::clone(self.gather.schema()));
        }
        next
    }
}
