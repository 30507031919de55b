//! Cancelling the statement that runs: by request, by timeout, by shutdown.

use std::future::Future;
use std::time::Duration;

use futures::StreamExt;
use parking_lot::Mutex;
use summit_catalog::{SqlError, SqlState};
use summit_session::Rows;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// The statement that runs in a session.
#[derive(Default)]
pub(crate) struct StatementCancel {
    running: Mutex<Option<CancellationToken>>,
}

/// Watches over one statement, until its last row.
#[derive(Clone)]
pub(crate) struct Watch {
    cancelled: CancellationToken,
    shutdown: CancellationToken,
    deadline: Option<Instant>,
}

impl StatementCancel {
    /// Cancels what runs now.
    pub(crate) fn cancel(&self) {
        if let Some(running) = self.running.lock().as_ref() {
            running.cancel();
        }
    }

    /// A statement begins.
    pub(crate) fn begin(&self, timeout: Option<Duration>, shutdown: &CancellationToken) -> Watch {
        let cancelled = CancellationToken::new();
        *self.running.lock() = Some(cancelled.clone());
        Watch {
            cancelled,
            shutdown: shutdown.clone(),
            deadline: timeout.map(|timeout| Instant::now() + timeout),
        }
    }
}

impl Watch {
    /// Runs the future until it is done or the statement must end.
    pub(crate) async fn until<T>(
        &self,
        future: impl Future<Output = Result<T, SqlError>>,
    ) -> Result<T, SqlError> {
        tokio::select! {
            biased;
            error = self.end() => Err(error),
            done = future => done,
        }
    }

    /// The rows, until the statement must end.
    pub(crate) fn guard(&self, rows: Rows) -> Rows {
        let watch = self.clone();
        let batches = futures::stream::unfold(
            (rows.batches, watch, false),
            |(mut batches, watch, mut done)| async move {
                if done {
                    return None;
                }
                let item = tokio::select! {
                    biased;
                    error = watch.end() => Some(Err(error)),
                    item = batches.next() => item,
                }?;
                done = item.is_err();
                Some((item, (batches, watch, done)))
            },
        );
        Rows {
            batches: batches.boxed(),
            ..rows
        }
    }

    async fn end(&self) -> SqlError {
        let timeout = async {
            match self.deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.cancelled.cancelled() => SqlError::new(
                SqlState::QUERY_CANCELED,
                "canceling statement due to user request",
            ),
            () = timeout => SqlError::new(
                SqlState::QUERY_CANCELED,
                "canceling statement due to statement timeout",
            )
            .hint("SET statement_timeout = 0 takes the limit away."),
            () = self.shutdown.cancelled() => crate::commit::shutting_down(),
        }
    }
}
