//! Entries that wait for the writer.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::limits::{QUEUE_ENTRIES_MAX, WAITING_BYTES_MAX, WAITING_ENTRIES_MAX};
use crate::{Committed, LogError};

/// An entry and who waits for it.
pub(super) struct Waiting {
    pub(super) payload: Bytes,
    pub(super) done: oneshot::Sender<Result<Committed, LogError>>,
}

/// What the writer is to do.
pub(super) enum Work {
    /// Commit these, in this order.
    Commit(Vec<Waiting>),
    /// Nothing came for a while.
    Idle,
    /// Nothing will come any more.
    Closed,
}

/// A queue whose order is the order of the log. A position is taken by standing in it: an
/// entry is in the queue from the call on, whether or not its future is ever polled.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    closed: bool,
}

impl Queue {
    /// Puts an entry at the end.
    pub(super) fn push(
        &self,
        payload: Bytes,
    ) -> Result<oneshot::Receiver<Result<Committed, LogError>>, LogError> {
        let (done, receiver) = oneshot::channel();
        let mut state = self.state.lock();
        if state.closed {
            return Err(LogError::Closed);
        }
        let bytes = state.bytes + payload.len();
        if state.waiting.len() >= WAITING_ENTRIES_MAX || bytes > WAITING_BYTES_MAX {
            return Err(LogError::Overloaded {
                entries: state.waiting.len(),
                bytes: state.bytes,
            });
        }
        state.bytes = bytes;
        state.waiting.push_back(Waiting { payload, done });
        drop(state);
        self.changed.notify_one();
        Ok(receiver)
    }

    /// Waits for entries, then takes the first ones while `fits` says that they fit one block
    /// together: it is asked with the number of bytes of each entry.
    pub(super) fn take(
        &self,
        idle_after: Option<Duration>,
        mut fits: impl FnMut(usize) -> bool,
    ) -> Work {
        let mut state = self.state.lock();
        while state.waiting.is_empty() {
            if state.closed {
                return Work::Closed;
            }
            match idle_after {
                None => self.changed.wait(&mut state),
                Some(timeout) => {
                    let waited = self.changed.wait_for(&mut state, timeout);
                    if waited.timed_out() && state.waiting.is_empty() && !state.closed {
                        return Work::Idle;
                    }
                }
            }
        }
        let mut taken = Vec::new();
        while taken.len() < QUEUE_ENTRIES_MAX
            && let Some(next) = state.waiting.front()
            && (fits(next.payload.len()) || taken.is_empty())
            && let Some(next) = state.waiting.pop_front()
        {
            state.bytes -= next.payload.len();
            taken.push(next);
        }
        Work::Commit(taken)
    }

    /// Refuses entries from now on; what is in the queue stays.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_all();
    }

    /// Refuses entries from now on, and those in the queue too.
    pub(super) fn refuse_all(&self) {
        let refused = {
            let mut state = self.state.lock();
            state.closed = true;
            state.bytes = 0;
            std::mem::take(&mut state.waiting)
        };
        for entry in refused {
            // who does not wait any more does not need to know
            let _ = entry.done.send(Err(LogError::Closed));
        }
    }
}
