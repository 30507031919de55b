//! Who may cancel what: the keys of the open sessions.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use summit_context::Context;
use summit_session::Cancel;
use tokio::sync::watch;

/// The open sessions by their process number.
#[derive(Default)]
pub(crate) struct Cancels {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    last: i32,
    sessions: HashMap<i32, Entry>,
}

struct Entry {
    key: Vec<u8>,
    cancel: Cancel,
    requests: watch::Sender<u64>,
}

/// A session's place in [`Cancels`]; dropping it gives it up.
pub(crate) struct Registration {
    cancels: Arc<Cancels>,
    pub(crate) process: i32,
    pub(crate) key: Vec<u8>,
    pub(crate) requests: watch::Receiver<u64>,
}

impl Cancels {
    /// Registers a session under a fresh key: 4 bytes for protocol 3.0, 32 from 3.2 on.
    pub(crate) fn register(
        self: &Arc<Self>,
        context: &Context,
        cancel: Cancel,
        key_bytes: usize,
    ) -> Registration {
        let mut key = Vec::with_capacity(key_bytes);
        while key.len() < key_bytes {
            key.extend(context.random.next_u64().to_be_bytes());
        }
        key.truncate(key_bytes);
        let (sender, requests) = watch::channel(0);
        let mut open = self.open.lock();
        let mut process = open.last;
        loop {
            process = process.checked_add(1).unwrap_or(1);
            if !open.sessions.contains_key(&process) {
                break;
            }
        }
        open.last = process;
        open.sessions.insert(
            process,
            Entry {
                key: key.clone(),
                cancel,
                requests: sender,
            },
        );
        Registration {
            cancels: Arc::clone(self),
            process,
            key,
            requests,
        }
    }

    /// Cancels what runs in a session, when the key is its key.
    pub(crate) fn cancel(&self, process: i32, key: &[u8]) {
        let open = self.open.lock();
        let Some(entry) = open.sessions.get(&process) else {
            return;
        };
        // every byte is compared, so that the time tells nothing about the key
        let differs = entry
            .key
            .iter()
            .zip(key)
            .fold(0, |sum, (own, given)| sum | (own ^ given));
        if entry.key.len() != key.len() || differs != 0 {
            tracing::warn!(process, "a cancel request came with a wrong key");
            return;
        }
        entry.requests.send_modify(|count| *count += 1);
        let cancel = entry.cancel.clone();
        drop(open);
        cancel.cancel();
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.cancels.open.lock().sessions.remove(&self.process);
    }
}
