//! Byte strings numbered densely.

use std::hash::BuildHasher;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

use crate::FlowError;

/// Gives each distinct byte string a number (its slot), as small as possible: a removed
/// one's is used again. All bytes lie in one buffer. The hash's seed shows in no result:
/// nothing walks the table.
pub(crate) struct KeyTable {
    slots: HashTable<u32>,
    hasher: DefaultHashBuilder,
    spans: Vec<Span>,
    bytes: Vec<u8>,
    free: Vec<u32>,
    garbage: usize,
}

#[derive(Clone, Copy)]
struct Span {
    start: usize,
    length: u32,
}

/// Length of a slot that is free.
const FREE: u32 = u32::MAX;

/// Garbage that is not worth a compaction.
const GARBAGE_MIN: usize = 64 * 1024;

impl KeyTable {
    /// An empty one.
    pub(crate) fn new() -> Self {
        KeyTable {
            slots: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            spans: Vec::new(),
            bytes: Vec::new(),
            free: Vec::new(),
            garbage: 0,
        }
    }

    /// The slot of a key, and whether it is new.
    pub(crate) fn intern(&mut self, key: &[u8]) -> Result<(u32, bool), FlowError> {
        let hash = self.hasher.hash_one(key);
        let (spans, bytes, hasher) = (&self.spans, &self.bytes, &self.hasher);
        let entry = self.slots.entry(
            hash,
            |slot| slice(spans, bytes, *slot) == key,
            |slot| hasher.hash_one(slice(spans, bytes, *slot)),
        );
        match entry {
            Entry::Occupied(found) => Ok((*found.get(), false)),
            Entry::Vacant(vacant) => {
                let length = u32::try_from(key.len())
                    .ok()
                    .filter(|length| *length != FREE)
                    .ok_or_else(|| FlowError::internal("a key of 4 GiB or more"))?;
                let slot = match self.free.pop() {
                    Some(slot) => slot,
                    None => u32::try_from(self.spans.len())
                        .ok()
                        .filter(|slot| *slot != u32::MAX)
                        .ok_or_else(|| FlowError::internal("more than 2^32 keys in a state"))?,
                };
                vacant.insert(slot);
                let span = Span {
                    start: self.bytes.len(),
                    length,
                };
                self.bytes.extend_from_slice(key);
                match self.spans.get_mut(slot as usize) {
                    Some(old) => *old = span,
                    None => self.spans.push(span),
                }
                Ok((slot, true))
            }
        }
    }

    /// The slot of a key.
    pub(crate) fn find(&self, key: &[u8]) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        self.slots
            .find(hash, |slot| slice(&self.spans, &self.bytes, *slot) == key)
            .copied()
    }

    /// The key of a slot that is in use.
    pub(crate) fn key(&self, slot: u32) -> &[u8] {
        slice(&self.spans, &self.bytes, slot)
    }

    /// Frees a slot.
    pub(crate) fn remove(&mut self, slot: u32) {
        let hash = self.hasher.hash_one(self.key(slot));
        if let Ok(entry) = self.slots.find_entry(hash, |other| *other == slot) {
            entry.remove();
            let span = &mut self.spans[slot as usize];
            self.garbage += span.length as usize;
            *span = Span {
                start: 0,
                length: FREE,
            };
            self.free.push(slot);
            if self.garbage > GARBAGE_MIN && self.garbage > self.bytes.len() / 2 {
                self.compact();
            }
        }
    }

    /// One more than the greatest slot that was ever in use.
    pub(crate) fn slots(&self) -> usize {
        self.spans.len()
    }

    /// Number of keys.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.slots.allocation_size()
            + self.spans.capacity() * size_of::<Span>()
            + self.bytes.capacity()
            + self.free.capacity() * size_of::<u32>()
    }

    fn compact(&mut self) {
        let mut bytes = Vec::with_capacity(self.bytes.len() - self.garbage);
        for span in &mut self.spans {
            if span.length != FREE {
                let start = bytes.len();
                bytes.extend_from_slice(&self.bytes[span.start..span.start + span.length as usize]);
                span.start = start;
            }
        }
        self.bytes = bytes;
        self.garbage = 0;
    }
}

fn slice<'a>(spans: &[Span], bytes: &'a [u8], slot: u32) -> &'a [u8] {
    let span = spans[slot as usize];
    &bytes[span.start..span.start + span.length as usize]
}
