//! Dropping what no snapshot needs any more.

use std::sync::Arc;

use summit_log::Lsn;

use super::chunk::{Chunk, LIVE};
use super::index::Link;
use super::{Position, Slot, VersionedRows};
use crate::StorageError;
use crate::limits::{CHUNK_BYTES, CHUNK_ROWS, COMPACT_CHUNKS_REWRITTEN, COMPACT_CHUNKS_SCANNED};

/// Rows from which on also the chunk that is being filled is worth a rewrite.
const OPEN_ROWS_MIN: usize = 256;

/// A chunk to rewrite: the rows that stay.
struct Candidate {
    slot: usize,
    kept: Vec<usize>,
    bytes: usize,
    dropped: usize,
}

impl VersionedRows {
    /// Drops rows that died at or before `horizon`: no snapshot before it may be taken any
    /// more (those that were taken stay valid). Chunks of which at least half can go are
    /// rewritten together with chunks that are small already; the versions in other chunks
    /// stay until more of their rows have died, which bounds dead rows by live ones. One
    /// call looks at 256 chunks at most, rewrites 16 at most and goes on where the last one
    /// stopped; answers how many versions it dropped.
    ///
    /// # Errors
    /// None but a bug's: then the rows are as they were.
    pub fn compact(&mut self, horizon: Lsn) -> Result<usize, StorageError> {
        self.oldest = self.oldest.max(horizon.min(self.last));
        let horizon = self.oldest.get();
        let slots = self.slots.len();
        let mut dropped = 0;
        let mut group: Vec<Candidate> = Vec::new();
        let mut rewritten = 0;
        for _ in 0..slots.min(COMPACT_CHUNKS_SCANNED) {
            if rewritten >= COMPACT_CHUNKS_REWRITTEN {
                break;
            }
            let at = self.compact_next % slots;
            self.compact_next = (at + 1) % slots;
            let Some(candidate) = self.candidate(at, horizon) else {
                continue;
            };
            rewritten += 1;
            let rows: usize = group.iter().map(|member| member.kept.len()).sum();
            let bytes: usize = group.iter().map(|member| member.bytes).sum();
            if rows + candidate.kept.len() > CHUNK_ROWS || bytes + candidate.bytes > CHUNK_BYTES * 2
            {
                dropped += self.rewrite(std::mem::take(&mut group))?;
            }
            group.push(candidate);
        }
        dropped += self.rewrite(group)?;
        Ok(dropped)
    }

    fn candidate(&self, at: usize, horizon: u64) -> Option<Candidate> {
        let slot = self.slots[at].as_ref()?;
        let rows = slot.chunk.rows();
        let is_open = self.open == Some(at);
        if rows == 0 || is_open && (rows < OPEN_ROWS_MIN || slot.dead * 2 < rows) {
            return None;
        }
        let bytes = slot.chunk.parts().bytes();
        let is_small = !is_open && rows < CHUNK_ROWS / 2 && bytes < CHUNK_BYTES;
        if slot.dead * 2 < rows && !is_small {
            return None;
        }
        let kept: Vec<usize> = (0..rows)
            .filter(|row| slot.chunk.version(*row).1 > horizon)
            .collect();
        let dropped = rows - kept.len();
        if dropped * 2 < rows && !is_small {
            return None;
        }
        Some(Candidate {
            slot: at,
            bytes: bytes / rows * kept.len(),
            kept,
            dropped,
        })
    }

    /// Moves what stays of several chunks into one.
    fn rewrite(&mut self, group: Vec<Candidate>) -> Result<usize, StorageError> {
        let dropped: usize = group.iter().map(|member| member.dropped).sum();
        if dropped == 0 && group.len() < 2 {
            return Ok(0);
        }
        let kept: Vec<Position> = group
            .iter()
            .flat_map(|member| {
                member
                    .kept
                    .iter()
                    .map(|row| Position::new(member.slot, *row))
            })
            .collect();
        if !kept.is_empty() {
            let rows = self.gather(&kept)?;
            let hashes = self.hashed(rows.clone())?.hashes;
            let versions: Vec<(u64, u64)> = kept.iter().map(|at| self.version(*at)).collect();
            let to = self.place(Slot {
                chunk: Arc::new(Chunk::rewritten(rows, &versions)),
                links: vec![Link::default(); hashes.len()],
                dead: versions
                    .iter()
                    .filter(|(_, removed)| *removed != LIVE)
                    .count(),
                added_max: versions.iter().map(|(added, _)| *added).max().unwrap_or(0),
            })?;
            for (row, hash) in hashes.iter().enumerate() {
                if versions[row].1 == LIVE {
                    self.move_in_chain(*hash, kept[row], Position::new(to, row));
                }
            }
        }
        for member in group {
            if self.open == Some(member.slot) {
                self.open = None;
            }
            if let Some(slot) = self.slots[member.slot].take() {
                self.bytes -= slot.memory_bytes();
            }
            self.free.push(member.slot);
        }
        Ok(dropped)
    }

    fn version(&self, at: Position) -> (u64, u64) {
        let slot = self.slots[at.slot()]
            .as_ref()
            .expect("its slot is about to be rewritten");
        slot.chunk.version(at.row())
    }

    /// Makes a row's neighbours point to its new place. Read from the old
    /// place at this moment: a neighbour that moved before has changed it.
    fn move_in_chain(&mut self, hash: u64, from: Position, to: Position) {
        let link = *self.link_mut(from);
        *self.link_mut(to) = link;
        match link.previous {
            Some(previous) => self.link_mut(previous).next = Some(to),
            None => {
                if let Some(lookup) = &mut self.lookup {
                    lookup.index.set_first(hash, to);
                }
            }
        }
        if let Some(next) = link.next {
            self.link_mut(next).previous = Some(to);
        }
    }
}
