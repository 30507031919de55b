//! The contents of a table and its recent changes.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use hashbrown::HashSet;
use parking_lot::RwLock;
use summit_log::Lsn;

use crate::codec::check_type;
use crate::key_text::key_text;
use crate::limits::CHANGELOG_BYTES;
use crate::log_source::LogSource;
use crate::lsn_list::LsnList;
use crate::parts::{conform, joined, owned, rows_bytes};
use crate::row_key::{Numbers, RowKey};
use crate::stream::Source;
use crate::versioned_rows::{Checked, Position};
use crate::{
    Change, Entry, Key, LsnChange, RelationId, StorageError, TableSpec, TableWrite, VersionedRows,
    WriteKind,
};

/// Changes handed out while the lock is held.
const CHANGES_AT_ONCE: usize = 256;

/// A table: what never changes, and the rest behind a lock that is held shortly.
pub(crate) struct Table {
    pub id: RelationId,
    pub spec: TableSpec,
    key: RowKey,
    pub state: RwLock<TableState>,
}

pub(crate) struct TableState {
    pub rows: VersionedRows,
    /// Entries that changed it. One that failed is not among them.
    lsns: LsnList,
    changelog: VecDeque<(LsnChange, usize)>,
    changelog_bytes: usize,
    /// Changes up to here are not in the changelog.
    evicted: Lsn,
}

/// A write that was checked.
pub(crate) struct CheckedWrite {
    rows: Checked,
    change: Change,
}

impl Table {
    pub fn new(id: RelationId, spec: TableSpec) -> Result<Self, StorageError> {
        if spec.primary_key.is_empty() {
            return Err(StorageError::Invalid(
                "a table without a primary key".to_owned(),
            ));
        }
        for field in spec.schema.fields() {
            check_type(field.data_type())?;
        }
        let key = RowKey::new(&spec.schema, &spec.primary_key, Numbers::ByValue)?;
        let rows = VersionedRows::new(
            Arc::clone(&spec.schema),
            Key::Columns(spec.primary_key.clone()),
        )?;
        let state = RwLock::new(TableState {
            rows,
            lsns: LsnList::default(),
            changelog: VecDeque::new(),
            changelog_bytes: 0,
            evicted: Lsn::ZERO,
        });
        Ok(Table {
            id,
            spec,
            key,
            state,
        })
    }

    /// Checks a write against the rows as they are; changes nothing.
    pub fn check(&self, write: &TableWrite) -> Result<CheckedWrite, StorageError> {
        let state = self.state.read();
        let fitting = |rows: &Option<RecordBatch>| {
            rows.as_ref()
                .filter(|rows| rows.num_rows() > 0)
                .map(|rows| conform(rows, &self.spec.schema))
                .transpose()
        };
        let (deletes, inserts) = (fitting(&write.deletes)?, fitting(&write.inserts)?);
        let removed = match &deletes {
            None => Vec::new(),
            Some(deletes) => state
                .rows
                .find_rows(deletes)?
                .ok_or(StorageError::Conflict { relation: self.id })?,
        };
        if let Some(inserts) = &inserts {
            let removed: HashSet<Position> = removed.iter().map(|(_, at)| *at).collect();
            self.check_keys(&state.rows, inserts, &removed)?;
        }
        let change = change_of(&self.spec, deletes.as_ref(), inserts.as_ref())?;
        Ok(CheckedWrite {
            rows: state.rows.checked(removed, inserts)?,
            change,
        })
    }

    fn check_keys(
        &self,
        rows: &VersionedRows,
        inserts: &RecordBatch,
        removed: &HashSet<Position>,
    ) -> Result<(), StorageError> {
        let columns: Vec<_> = self
            .spec
            .primary_key
            .iter()
            .map(|at| Arc::clone(inserts.column(*at)))
            .collect();
        if columns.iter().any(|column| column.null_count() > 0) {
            return Err(StorageError::Invalid("a null in a primary key".to_owned()));
        }
        let keys = self.key.of_columns(&columns)?;
        let mut given = HashSet::with_capacity(inserts.num_rows());
        for (row, existing) in rows.positions(&columns)?.into_iter().enumerate() {
            let exists = existing.is_some_and(|at| !removed.contains(&at));
            if exists || !given.insert(keys.row(row).data()) {
                return Err(StorageError::DuplicateKey {
                    relation: self.id,
                    key: key_text(inserts, &self.spec.primary_key, row),
                });
            }
        }
        Ok(())
    }

    /// Does what was checked; answers whether it changed a row.
    pub fn commit(&self, lsn: Lsn, checked: CheckedWrite) -> Result<bool, StorageError> {
        if checked.change.num_rows() == 0 {
            return Ok(false);
        }
        let mut state = self.state.write();
        let state = &mut *state;
        state.rows.commit(lsn, checked.rows)?;
        state.lsns.push(lsn);
        let bytes = rows_bytes(&checked.change.rows)
            + checked
                .change
                .weights
                .as_ref()
                .map_or(0, |weights| weights.len() * 8)
            + size_of::<LsnChange>();
        state.changelog.push_back((
            LsnChange {
                lsn,
                change: checked.change,
            },
            bytes,
        ));
        state.changelog_bytes += bytes;
        while state.changelog_bytes > CHANGELOG_BYTES {
            let Some((oldest, bytes)) = state.changelog.pop_front() else {
                break;
            };
            state.changelog_bytes -= bytes;
            state.evicted = oldest.lsn;
        }
        Ok(true)
    }

    /// Changes in (`after`, `upto`], a few.
    pub fn changes(&self, after: Lsn, upto: Lsn) -> Source<Vec<LsnChange>> {
        let state = self.state.read();
        if after < state.evicted {
            let upto = upto.min(state.evicted);
            let lsns = state.lsns.range(after, upto, CHANGES_AT_ONCE);
            let reached = match lsns.last() {
                Some(last) if lsns.len() == CHANGES_AT_ONCE => *last,
                _ => upto,
            };
            return Source::Log(lsns.into_iter().map(|lsn| (lsn, None)).collect(), reached);
        }
        let start = state
            .changelog
            .partition_point(|(held, _)| held.lsn <= after);
        let changes: Vec<_> = state
            .changelog
            .range(start..)
            .take_while(|(held, _)| held.lsn <= upto)
            .take(CHANGES_AT_ONCE)
            .map(|(held, _)| held.clone())
            .collect();
        let reached = match changes.last() {
            Some(last) if changes.len() == CHANGES_AT_ONCE => last.lsn,
            _ => upto,
        };
        Source::Tail(changes, reached)
    }

    /// The change that an applied entry made, from the log.
    pub fn change_in_log(&self, lsn: Lsn, log: &mut LogSource) -> Result<Change, StorageError> {
        match Entry::decode_relation(&log.entry(lsn)?, self.id, &self.spec.schema)? {
            Some(WriteKind::Table(write)) => {
                change_of(&self.spec, write.deletes.as_ref(), write.inserts.as_ref())
            }
            _ => Err(StorageError::Invalid(format!(
                "entry {lsn} changed relation {} and does not any more",
                self.id
            ))),
        }
    }
}

impl TableState {
    pub fn memory_bytes(&self) -> usize {
        self.rows.memory_bytes() + self.changelog_bytes + self.lsns.memory_bytes()
    }

    pub fn last(&self) -> Lsn {
        self.lsns.last().unwrap_or(Lsn::ZERO)
    }
}

/// A write as rows with weights: deletes, then inserts.
fn change_of(
    spec: &TableSpec,
    deletes: Option<&RecordBatch>,
    inserts: Option<&RecordBatch>,
) -> Result<Change, StorageError> {
    let deletes = deletes.filter(|rows| rows.num_rows() > 0);
    let inserts = inserts.filter(|rows| rows.num_rows() > 0);
    Ok(match (deletes, inserts) {
        (None, None) => Change::inserts(RecordBatch::new_empty(Arc::clone(&spec.schema))),
        (None, Some(inserts)) => Change::inserts(owned(inserts)?),
        (Some(deletes), inserts) => {
            let mut weights = vec![-1; deletes.num_rows()];
            weights.extend(vec![1; inserts.map_or(0, RecordBatch::num_rows)]);
            let empty = deletes.slice(0, 0);
            let rows = joined(&spec.schema, [deletes, inserts.unwrap_or(&empty)])?;
            Change::weighted(rows, weights)
        }
    })
}
