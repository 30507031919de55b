//! The last entries, in memory.

use std::collections::VecDeque;

use crate::{Entry, Lsn};

/// What an entry takes beside its payload.
const ENTRY_OVERHEAD_BYTES: usize = 64;

/// The last entries that fit the bound, without a gap.
pub(super) struct Tail {
    entries: VecDeque<Entry>,
    bytes: usize,
    bytes_max: usize,
    committed: Lsn,
    closed: bool,
}

impl Tail {
    pub(super) fn new(bytes_max: usize, committed: Lsn) -> Self {
        Tail {
            entries: VecDeque::new(),
            bytes: 0,
            bytes_max,
            committed,
            closed: false,
        }
    }

    /// Takes in the entry after the last one.
    pub(super) fn push(&mut self, entry: Entry) {
        self.committed = entry.lsn;
        self.bytes += size(&entry);
        self.entries.push_back(entry);
        while self.bytes > self.bytes_max {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= size(&oldest);
        }
    }

    /// The entries from `from` on that fit `bytes_max`, at least one; none when `from` is not
    /// in memory.
    pub(super) fn read(&self, from: Lsn, bytes_max: usize) -> Option<Vec<Entry>> {
        let first = self.entries.front()?.lsn;
        let skip = usize::try_from(from.get().checked_sub(first.get())?).ok()?;
        let mut entries: Vec<Entry> = Vec::new();
        let mut bytes = 0_usize;
        for entry in self.entries.range(skip.min(self.entries.len())..) {
            bytes = bytes.saturating_add(entry.payload.len());
            if bytes > bytes_max && !entries.is_empty() {
                break;
            }
            entries.push(entry.clone());
        }
        (!entries.is_empty()).then_some(entries)
    }

    pub(super) fn committed(&self) -> Lsn {
        self.committed
    }

    /// Nothing follows any more.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }
}

fn size(entry: &Entry) -> usize {
    entry.payload.len() + ENTRY_OVERHEAD_BYTES
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::CommitTime;

    #[test]
    fn only_the_last_entries_that_fit_the_bound_are_kept() {
        let mut tail = Tail::new(10 * (100 + ENTRY_OVERHEAD_BYTES), Lsn::ZERO);
        for lsn in 1..=50 {
            tail.push(Entry {
                lsn: Lsn::new(lsn),
                time: CommitTime::from_micros(0),
                payload: Bytes::from(vec![7; 100]),
            });
        }
        assert_eq!(tail.committed(), Lsn::new(50));
        assert!(tail.bytes <= tail.bytes_max);
        assert_eq!(tail.read(Lsn::new(40), 1000), None);
        let entries = tail.read(Lsn::new(41), 1000).unwrap();
        assert_eq!(entries.len(), 10);
        assert_eq!(entries[0].lsn, Lsn::new(41));
        assert_eq!(tail.read(Lsn::new(45), 0).unwrap().len(), 1);
        assert_eq!(tail.read(Lsn::new(51), 1000), None);
    }
}
