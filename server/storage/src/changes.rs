//! The changes of a relation, entry by entry.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use summit_log::{Log, Lsn};

use crate::log_source::LogSource;
use crate::parts::joined;
use crate::storage::Relation;
use crate::stream::{Source, rows_of};
use crate::{Change, LsnChange, StorageError};

/// The changes that entries between two positions made to a stream or a table, in the order
/// of the log, one per entry that made any: an entry's change is whole. Holds no lock
/// between entries. Ends after an error.
pub struct Changes {
    relation: Relation,
    after: Lsn,
    upto: Lsn,
    log: LogSource,
    ready: VecDeque<LsnChange>,
}

impl Changes {
    pub(crate) fn new(relation: Relation, log: Arc<dyn Log>, after: Lsn, upto: Lsn) -> Self {
        Changes {
            relation,
            after,
            upto,
            log: LogSource::new(log),
            ready: VecDeque::new(),
        }
    }

    /// The columns of the rows.
    pub fn schema(&self) -> &SchemaRef {
        self.relation.schema()
    }

    fn advance(&mut self) -> Result<Option<LsnChange>, StorageError> {
        loop {
            if let Some(change) = self.ready.pop_front() {
                return Ok(Some(change));
            }
            if self.after >= self.upto {
                return Ok(None);
            }
            match &self.relation {
                Relation::Stream(stream) => match stream.entries(self.after, self.upto) {
                    Source::Tail(entries, reached) => {
                        for (lsn, rows) in entries {
                            let change = inserted(&stream.spec.schema, rows)?;
                            self.ready.push_back(LsnChange { lsn, change });
                        }
                        self.after = reached;
                    }
                    Source::Log(entries, reached) => {
                        // one at a time: entries may be large
                        let Some((lsn, late)) = entries.into_iter().next() else {
                            self.after = reached;
                            continue;
                        };
                        let rows = rows_of(stream, lsn, late.as_ref(), &mut self.log)?;
                        let change = inserted(&stream.spec.schema, rows)?;
                        self.ready.push_back(LsnChange { lsn, change });
                        self.after = lsn;
                    }
                },
                Relation::Table(table) => match table.changes(self.after, self.upto) {
                    Source::Tail(changes, reached) => {
                        self.ready.extend(changes);
                        self.after = reached;
                    }
                    Source::Log(entries, reached) => {
                        let Some((lsn, _)) = entries.into_iter().next() else {
                            self.after = reached;
                            continue;
                        };
                        let change = table.change_in_log(lsn, &mut self.log)?;
                        self.ready.push_back(LsnChange { lsn, change });
                        self.after = lsn;
                    }
                },
            }
        }
    }
}

fn inserted(schema: &SchemaRef, mut rows: Vec<RecordBatch>) -> Result<Change, StorageError> {
    rows.retain(|rows| rows.num_rows() > 0);
    match rows.pop() {
        Some(only) if rows.is_empty() => Ok(Change::inserts(only)),
        last => Ok(Change::inserts(joined(schema, rows.iter().chain(&last))?)),
    }
}

impl Iterator for Changes {
    type Item = Result<LsnChange, StorageError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.advance().transpose();
        if let Some(Err(_)) = next {
            self.after = self.upto;
            self.ready.clear();
        }
        next
    }
}
