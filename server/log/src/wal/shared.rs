//! What the writer's thread and the callers share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex, RwLock};
use summit_context::Context;

use super::index::Index;
use super::queue::Queue;
use super::tail::Tail;
use crate::{Entry, Lsn};

/// Counts since the log was opened.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct WalStats {
    /// Entries committed.
    pub entries: u64,
    /// Bytes of their payloads.
    pub entry_bytes: u64,
    /// Blocks written, those without entries included.
    pub blocks: u64,
    /// Bytes of these blocks, with headers and padding.
    pub block_bytes: u64,
    /// Calls of `fdatasync` for these blocks.
    pub syncs: u64,
}

pub(super) struct Shared {
    pub(super) queue: Queue,
    pub(super) index: RwLock<Index>,
    pub(super) stats: Mutex<WalStats>,
    tail: Mutex<Tail>,
    advanced: Condvar,
    /// The committed position, for those who do not want to wait for the lock.
    committed: AtomicU64,
}

impl Shared {
    pub(super) fn new(index: Index, memory_bytes: usize, committed: Lsn) -> Self {
        Shared {
            queue: Queue::default(),
            index: RwLock::new(index),
            stats: Mutex::default(),
            tail: Mutex::new(Tail::new(memory_bytes, committed)),
            advanced: Condvar::new(),
            committed: AtomicU64::new(committed.get()),
        }
    }

    /// Shows durable entries to readers.
    pub(super) fn publish(&self, entries: Vec<Entry>) {
        let mut tail = self.tail.lock();
        for entry in entries {
            tail.push(entry);
        }
        self.committed
            .store(tail.committed().get(), Ordering::Release);
        drop(tail);
        self.advanced.notify_all();
    }

    /// Nothing will be committed any more.
    pub(super) fn stop(&self) {
        self.queue.refuse_all();
        self.tail.lock().close();
        self.advanced.notify_all();
    }

    pub(super) fn committed(&self) -> Lsn {
        Lsn::new(self.committed.load(Ordering::Acquire))
    }

    pub(super) fn read_tail(&self, from: Lsn, bytes_max: usize) -> Option<Vec<Entry>> {
        self.tail.lock().read(from, bytes_max)
    }

    pub(super) fn wait_for(&self, context: &Context, lsn: Lsn, timeout: Duration) -> Lsn {
        let deadline = context.clock.monotonic().saturating_add(timeout);
        let mut tail = self.tail.lock();
        while tail.committed() < lsn && !tail.is_closed() {
            let left = deadline.saturating_sub(context.clock.monotonic());
            if left.is_zero() || self.advanced.wait_for(&mut tail, left).timed_out() {
                break;
            }
        }
        tail.committed()
    }
}
