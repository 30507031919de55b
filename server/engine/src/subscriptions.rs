//! Subscriptions: what a view emits, on its way to one client, within a bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use summit_catalog::{RelationId, SqlError, SqlState};
use summit_log::{Cut, Lsn};
use summit_planner::StreamPlan;
use summit_storage::Change;
use tokio::sync::{mpsc, oneshot};

use crate::limits;

/// What a subscriber gets.
#[derive(Debug)]
pub(crate) enum FeedItem {
    /// Changes at a position; the snapshot comes first.
    Changes {
        at: Cut,
        changes: Arc<[Change]>,
        bytes: usize,
    },
    /// Everything up to the position has been sent.
    Progress(Cut),
}

/// A wish to subscribe.
pub(crate) struct FeedRequest {
    pub plan: StreamPlan,
    /// The relations that it reads.
    pub reads: Vec<RelationId>,
    pub snapshot: bool,
    pub progress: bool,
    pub up_to: Option<Lsn>,
    pub reply: oneshot::Sender<Result<FeedReader, SqlError>>,
}

/// The view thread's end.
pub(crate) struct Feed {
    pub id: RelationId,
    pub reads: Vec<RelationId>,
    progress: bool,
    up_to: Option<Lsn>,
    sender: mpsc::Sender<FeedItem>,
    state: Arc<FeedState>,
}

/// The subscriber's end.
pub(crate) struct FeedReader {
    receiver: mpsc::Receiver<FeedItem>,
    state: Arc<FeedState>,
}

#[derive(Default)]
struct FeedState {
    waiting_bytes: AtomicUsize,
    /// Why it ended; read when the channel is empty and closed.
    end: Mutex<Option<SqlError>>,
    ended: std::sync::atomic::AtomicBool,
}

impl FeedRequest {
    /// Answers the subscriber; `None` when it has gone meanwhile.
    pub(crate) fn open(self, id: RelationId, at: Cut, initial: Vec<Change>) -> Option<Feed> {
        let (sender, receiver) = mpsc::channel(limits::SUBSCRIPTION_STEPS_MAX);
        let state = Arc::new(FeedState::default());
        let feed = Feed {
            id,
            reads: self.reads,
            progress: self.progress,
            up_to: self.up_to,
            sender,
            state: Arc::clone(&state),
        };
        if self.snapshot {
            // The snapshot may be larger than the bound: its rows are shared with the view or
            // were needed to build it anyway.
            let item = FeedItem::Changes {
                at,
                changes: initial.into(),
                bytes: 0,
            };
            feed.sender.try_send(item).ok()?;
        }
        self.reply.send(Ok(FeedReader { receiver, state })).ok()?;
        feed.progress(at);
        Some(feed)
    }

    /// Tells the subscriber that it cannot be.
    pub(crate) fn refuse(self, error: SqlError) {
        let _ = self.reply.send(Err(error));
    }
}

impl Feed {
    /// Whether anybody listens.
    pub(crate) fn is_open(&self) -> bool {
        !self.sender.is_closed() && !self.state.ended.load(Ordering::Acquire)
    }

    /// A position that no step may pass.
    pub(crate) fn stop_at(&self) -> Option<Lsn> {
        self.up_to
    }

    /// Passes on what changed at a position.
    pub(crate) fn send(&self, at: Cut, changes: &Arc<[Change]>) {
        if !self.is_open() || self.up_to.is_some_and(|end| at.lsn() > end) {
            return;
        }
        let bytes = changes
            .iter()
            .map(|change| change.rows.get_array_memory_size())
            .sum();
        let waiting = self.state.waiting_bytes.fetch_add(bytes, Ordering::AcqRel) + bytes;
        let item = FeedItem::Changes {
            at,
            changes: Arc::clone(changes),
            bytes,
        };
        if waiting > limits::SUBSCRIPTION_BYTES_MAX && waiting > bytes {
            self.end(fell_behind());
        } else if let Err(mpsc::error::TrySendError::Full(_)) = self.sender.try_send(item) {
            self.end(fell_behind());
        }
    }

    /// The views have reached a position.
    pub(crate) fn progress(&self, at: Cut) {
        if !self.is_open() {
            return;
        }
        if self.progress {
            // A full queue has its own way to say so, with the next change.
            let _ = self.sender.try_send(FeedItem::Progress(at));
        }
        if self.up_to.is_some_and(|end| at.lsn() >= end) {
            self.state.ended.store(true, Ordering::Release);
        }
    }

    /// Ends the subscription; what is queued still reaches the client.
    pub(crate) fn end(&self, error: SqlError) {
        let mut end = self.state.end.lock();
        if end.is_none() && !self.state.ended.load(Ordering::Acquire) {
            *end = Some(error);
            self.state.ended.store(true, Ordering::Release);
        }
    }
}

impl FeedReader {
    /// The next item; `None` at the end, with the error that ended it.
    pub(crate) async fn next(&mut self) -> Option<Result<FeedItem, SqlError>> {
        match self.receiver.recv().await {
            Some(item) => {
                if let FeedItem::Changes { bytes, .. } = &item {
                    self.state.waiting_bytes.fetch_sub(*bytes, Ordering::AcqRel);
                }
                Some(Ok(item))
            }
            None => self.state.end.lock().take().map(Err),
        }
    }
}

fn fell_behind() -> SqlError {
    SqlError::new(
        SqlState::LIMIT_EXCEEDED,
        format!(
            "the subscriber fell behind: more than {} MB of changes were waiting for it",
            limits::SUBSCRIPTION_BYTES_MAX >> 20
        ),
    )
    .hint("Read faster, or subscribe again: a new subscription starts with a snapshot.")
}
