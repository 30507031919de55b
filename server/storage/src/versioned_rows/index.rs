//! From a row's key to the live rows that have it.

use std::hash::BuildHasher;

use arrow::row::Rows;
use hashbrown::{DefaultHashBuilder, HashTable};

use super::position::Position;

/// The first of a chain of live rows whose keys have one hash. Rows of different keys with
/// one hash share a chain: who walks it compares the rows.
#[derive(Debug, Clone, Copy)]
struct Head {
    hash: u64,
    first: Position,
}

/// Neighbours of a live row in its chain.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Link {
    pub previous: Option<Position>,
    pub next: Option<Position>,
}

#[derive(Debug, Default)]
pub(super) struct Index {
    heads: HashTable<Head>,
    hasher: DefaultHashBuilder,
}

impl Index {
    pub fn hashes(&self, keys: &Rows) -> Vec<u64> {
        keys.iter()
            .map(|key| self.hasher.hash_one(key.data()))
            .collect()
    }

    pub fn first(&self, hash: u64) -> Option<Position> {
        self.heads
            .find(hash, |head| head.hash == hash)
            .map(|head| head.first)
    }

    /// Makes `first` the first of its chain; answers which was.
    pub fn set_first(&mut self, hash: u64, first: Position) -> Option<Position> {
        if let Some(head) = self.heads.find_mut(hash, |head| head.hash == hash) {
            return Some(std::mem::replace(&mut head.first, first));
        }
        self.heads
            .insert_unique(hash, Head { hash, first }, |head| head.hash);
        None
    }

    /// Forgets a chain that has no row any more.
    pub fn remove(&mut self, hash: u64) {
        if let Ok(entry) = self.heads.find_entry(hash, |head| head.hash == hash) {
            entry.remove();
        }
        if self.heads.capacity() > 4096 && self.heads.len() * 8 < self.heads.capacity() {
            self.heads.shrink_to(self.heads.len() * 2, |head| head.hash);
        }
    }

    pub fn memory_bytes(&self) -> usize {
        self.heads.allocation_size()
    }
}
