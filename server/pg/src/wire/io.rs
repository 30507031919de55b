//! A connection's socket with what may end the session.

use std::future::Future;
use std::pin::pin;

use bytes::Bytes;
use summit_session::Cancel;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Input, Output};
use crate::error::End;
use crate::limits::CANCEL_GRACE;

/// Both halves of a connection.
pub(crate) struct Io {
    pub(crate) input: Input,
    pub(crate) output: Output,
    pub(crate) ends: Ends,
}

/// What ends a session or a statement from outside.
pub(crate) struct Ends {
    /// The session's own.
    pub(crate) cancel: Cancel,
    /// The server's.
    pub(crate) shutdown: CancellationToken,
    /// Counts cancel requests: for the times when the front end itself waits for the client
    /// in the middle of a statement.
    pub(crate) requests: watch::Receiver<u64>,
}

impl Ends {
    async fn session_over(&self) {
        tokio::select! {
            () = self.cancel.ended.cancelled() => {}
            () = self.shutdown.cancelled() => {}
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.cancel.ended.is_cancelled() || self.shutdown.is_cancelled()
    }
}

impl Io {
    /// Runs a piece of a statement while watching the client and the server: when either is
    /// gone, the statement is cancelled, and what was in progress gets a while to end well.
    pub(crate) async fn watched<F: Future>(&mut self, work: F) -> Result<F::Output, End> {
        let mut work = pin!(work);
        let end = tokio::select! {
            biased;
            output = &mut work => return Ok(output),
            () = self.ends.session_over() => End::Shutdown,
            () = self.input.gone() => End::Gone,
        };
        self.ends.cancel.cancel();
        if timeout(CANCEL_GRACE, work).await.is_err() {
            tracing::warn!("a cancelled statement did not end; its session is dropped");
        }
        Err(end)
    }

    /// Sends what has gathered; a client that does not read cannot hold up a shutdown.
    pub(crate) async fn flush(&mut self) -> Result<(), End> {
        tokio::select! {
            biased;
            sent = self.output.flush() => sent,
            () = self.ends.session_over() => Err(End::Shutdown),
        }
    }

    /// Sends what has gathered when it is much.
    pub(crate) async fn flush_when_full(&mut self) -> Result<(), End> {
        if self.output.is_full() {
            self.flush().await
        } else {
            Ok(())
        }
    }

    /// The next message.
    pub(crate) async fn message(&mut self) -> Result<(u8, Bytes), End> {
        tokio::select! {
            biased;
            () = self.ends.session_over() => Err(End::Shutdown),
            message = self.input.message() => message,
        }
    }
}
