//! Where a row is.

use std::num::NonZeroU32;

use crate::limits::CHUNK_ROWS;

/// Slots there can be.
pub(super) const SLOTS_MAX: usize = (u32::MAX as usize - CHUNK_ROWS) / CHUNK_ROWS;

/// A row of a slot, in four bytes also where there may be none: 4 billion rows at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Position(NonZeroU32);

impl Position {
    pub(super) fn new(slot: usize, row: usize) -> Self {
        let number = (slot * CHUNK_ROWS + row + 1) as u32;
        Position(NonZeroU32::new(number).expect("at least 1, and SLOTS_MAX keeps it in range"))
    }

    pub(super) fn slot(self) -> usize {
        (self.0.get() as usize - 1) / CHUNK_ROWS
    }

    pub(super) fn row(self) -> usize {
        (self.0.get() as usize - 1) % CHUNK_ROWS
    }
}
