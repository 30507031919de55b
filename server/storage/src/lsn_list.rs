//! Which entries touched a relation.

use summit_log::Lsn;

/// Positions per block: the most that a search walks.
const BLOCK: usize = 128;

/// Growing positions in one to two bytes each: blocks of 128, each with its first position,
/// then the distances from one to the next (LEB128).
#[derive(Debug, Default)]
pub(crate) struct LsnList {
    blocks: Vec<Block>,
    distances: Vec<u8>,
    last: Lsn,
    len: usize,
}

#[derive(Debug)]
struct Block {
    first: Lsn,
    /// Where its distances start.
    start: usize,
}

impl LsnList {
    /// Adds a position after all others; answers whether a block starts with it.
    pub fn push(&mut self, lsn: Lsn) -> bool {
        debug_assert!(lsn > self.last, "positions grow");
        let starts_block = self.len.is_multiple_of(BLOCK);
        if starts_block {
            self.blocks.push(Block {
                first: lsn,
                start: self.distances.len(),
            });
        } else {
            let mut distance = lsn.get() - self.last.get();
            while distance >= 0x80 {
                self.distances.push(distance as u8 | 0x80);
                distance >>= 7;
            }
            self.distances.push(distance as u8);
        }
        self.last = lsn;
        self.len += 1;
        starts_block
    }

    /// The first positions in (`after`, `upto`], `count` at most.
    pub fn range(&self, after: Lsn, upto: Lsn, count: usize) -> Vec<Lsn> {
        let mut found = Vec::new();
        let from = self
            .blocks
            .partition_point(|block| block.first <= after)
            .saturating_sub(1);
        for (at, block) in self.blocks.iter().enumerate().skip(from) {
            let end = self
                .blocks
                .get(at + 1)
                .map_or(self.distances.len(), |next| next.start);
            let mut distances = self.distances[block.start..end].iter();
            let mut lsn = block.first.get();
            loop {
                if found.len() == count || lsn > upto.get() {
                    return found;
                }
                if lsn > after.get() {
                    found.push(Lsn::new(lsn));
                }
                let mut distance = 0;
                let mut shift = 0;
                for byte in distances.by_ref() {
                    distance |= u64::from(byte & 0x7f) << shift;
                    shift += 7;
                    if byte & 0x80 == 0 {
                        break;
                    }
                }
                if distance == 0 {
                    break;
                }
                lsn += distance;
            }
        }
        found
    }

    pub fn last(&self) -> Option<Lsn> {
        (self.len > 0).then_some(self.last)
    }

    pub fn memory_bytes(&self) -> usize {
        self.distances.capacity() + self.blocks.capacity() * size_of::<Block>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_what_was_pushed_between_its_ends() {
        let mut list = LsnList::default();
        let all: Vec<u64> = (1..1000_u64).map(|n| n * n * n).collect();
        for lsn in &all {
            list.push(Lsn::new(*lsn));
        }
        for (after, upto) in [
            (0, u64::MAX),
            (1, 8),
            (8, 8),
            (7, 9),
            (970_299, 125_000_000),
            (128 * 128 * 128, 129 * 129 * 129),
        ] {
            let expected: Vec<Lsn> = all
                .iter()
                .filter(|lsn| **lsn > after && **lsn <= upto)
                .map(|lsn| Lsn::new(*lsn))
                .collect();
            assert_eq!(
                list.range(Lsn::new(after), Lsn::new(upto), usize::MAX),
                expected
            );
            let first: Vec<Lsn> = expected.iter().take(3).copied().collect();
            assert_eq!(list.range(Lsn::new(after), Lsn::new(upto), 3), first);
        }
        assert_eq!(list.last(), Some(Lsn::new(999 * 999 * 999)));
    }
}
