//! Finding live rows, many at a time.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::row::Rows;
use hashbrown::HashMap;

use super::{Found, Position, VersionedRows};
use crate::StorageError;
use crate::row_key::RowKey;

/// Rows compared at a time.
const COMPARED_ROWS: usize = 8192;

/// Equal rows that are looked for.
pub(super) struct Wanted {
    /// One of them in the batch.
    pub row: usize,
    pub count: u64,
    pub found: Vec<Position>,
    next: Option<Position>,
}

pub(super) fn found(wanted: Vec<Wanted>, hashes: &[u64]) -> Found {
    let of_one = |wanted: Wanted| {
        let hash = hashes[wanted.row];
        wanted.found.into_iter().map(move |at| (hash, at))
    };
    wanted.into_iter().flat_map(of_one).collect()
}

impl VersionedRows {
    /// The live row with this key: one row of the key's columns in the key's order. `None`
    /// when there is none; with equal keys, the one that came last.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] without a key, or when the row does not fit it.
    pub fn lookup(&self, key: &RecordBatch) -> Result<Option<RecordBatch>, StorageError> {
        let fits = self.lookup.as_ref().is_some_and(|lookup| {
            let columns = lookup.key.columns();
            key.num_rows() == 1
                && columns.len() == key.num_columns()
                && columns.iter().zip(key.columns()).all(|(column, given)| {
                    self.schema.field(*column).data_type() == given.data_type()
                })
        });
        if !fits {
            return Err(StorageError::Invalid(
                "a lookup that is not one row of the key".to_owned(),
            ));
        }
        match self.positions(key.columns())?.first().copied().flatten() {
            Some(at) => self.gather(&[at]).map(Some),
            None => Ok(None),
        }
    }

    /// Looks for live rows: `count` of each row of the batch, equal ones summed up. Answers
    /// also the hash of every row's key.
    pub(super) fn find(
        &self,
        rows: &RecordBatch,
        encoded: &Rows,
        count: impl Fn(usize) -> u64,
    ) -> Result<(Vec<Wanted>, Vec<u64>), StorageError> {
        let Some(lookup) = &self.lookup else {
            return Ok((Vec::new(), Vec::new()));
        };
        let keys = lookup.index.hashes(&lookup.key.of_rows(rows)?);
        let mut groups: HashMap<&[u8], usize> = HashMap::new();
        let mut wanted: Vec<Wanted> = Vec::new();
        for (row, hash) in keys.iter().enumerate() {
            let count = count(row);
            if count == 0 {
                continue;
            }
            let group = *groups
                .entry(encoded.row(row).data())
                .or_insert(wanted.len());
            match wanted.get_mut(group) {
                Some(group) => group.count = group.count.saturating_add(count),
                None => {
                    let next = lookup.index.first(*hash);
                    wanted.push(Wanted {
                        row,
                        count,
                        found: Vec::new(),
                        next,
                    });
                }
            }
        }
        self.walk(lookup.row(), encoded, &mut wanted)?;
        Ok((wanted, keys))
    }

    /// Walks the chains of all wanted rows at once, so that rows are gathered, encoded and
    /// compared by the batch.
    fn walk(
        &self,
        row: &RowKey,
        encoded: &Rows,
        wanted: &mut [Wanted],
    ) -> Result<(), StorageError> {
        let mut candidates: Vec<(usize, Position)> = Vec::new();
        let mut active: Vec<usize> = (0..wanted.len()).rev().collect();
        // more of a chain each time: a key may have many rows that differ elsewhere
        let mut ahead: u64 = 1;
        loop {
            candidates.clear();
            let mut again = Vec::new();
            while let Some(group) = active.pop() {
                let want = &mut wanted[group];
                let mut needed = (want.count - want.found.len() as u64).max(ahead);
                while needed > 0 && candidates.len() < COMPARED_ROWS {
                    let Some(at) = want.next else { break };
                    candidates.push((group, at));
                    want.next = self.next(at);
                    needed -= 1;
                }
                if want.next.is_some() {
                    again.push(group);
                }
                if candidates.len() >= COMPARED_ROWS {
                    break;
                }
            }
            if candidates.is_empty() {
                return Ok(());
            }
            let positions: Vec<_> = candidates.iter().map(|(_, at)| *at).collect();
            let found = row.of_rows(&self.gather(&positions)?)?;
            for (compared, (group, at)) in candidates.iter().enumerate() {
                let want = &mut wanted[*group];
                let is_missing = (want.found.len() as u64) < want.count;
                if is_missing && found.row(compared).data() == encoded.row(want.row).data() {
                    want.found.push(*at);
                }
            }
            ahead = (ahead * 2).min(COMPARED_ROWS as u64);
            active.extend(again.into_iter().filter(|group| {
                let want = &wanted[*group];
                want.count > want.found.len() as u64
            }));
        }
    }

    /// Where the live row of each key is, given the key's columns; with equal keys, the one
    /// that came last.
    pub(crate) fn positions(
        &self,
        keys: &[ArrayRef],
    ) -> Result<Vec<Option<Position>>, StorageError> {
        let Some(lookup) = &self.lookup else {
            return Err(StorageError::Invalid("a lookup without a key".to_owned()));
        };
        let encoded = lookup.key.of_columns(keys)?;
        let mut wanted: Vec<_> = lookup
            .index
            .hashes(&encoded)
            .into_iter()
            .enumerate()
            .map(|(row, hash)| Wanted {
                row,
                count: 1,
                found: Vec::new(),
                next: lookup.index.first(hash),
            })
            .collect();
        self.walk(&lookup.key, &encoded, &mut wanted)?;
        Ok(wanted
            .iter()
            .map(|wanted| wanted.found.first().copied())
            .collect())
    }

    /// Where live rows that equal these are, each found once, with their keys' hashes: `None`
    /// when one is not there.
    pub(crate) fn find_rows(&self, rows: &RecordBatch) -> Result<Option<Found>, StorageError> {
        let Some(lookup) = &self.lookup else {
            return Err(StorageError::Invalid("a lookup without a key".to_owned()));
        };
        let encoded = lookup.row().of_rows(rows)?;
        let (wanted, hashes) = self.find(rows, &encoded, |_| 1)?;
        if wanted
            .iter()
            .any(|wanted| wanted.count > wanted.found.len() as u64)
        {
            return Ok(None);
        }
        Ok(Some(found(wanted, &hashes)))
    }

    fn next(&self, at: Position) -> Option<Position> {
        self.slots[at.slot()]
            .as_ref()
            .and_then(|slot| slot.links[at.row()].next)
    }
}
