//! Accepting connections.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use summit_context::spawn_task;
use summit_session::{Server, SqlError, SqlState};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::PgOptions;
use crate::cancels::Cancels;
use crate::handshake::handshake;
use crate::limits::{HANDSHAKE_MAX, HANDSHAKES_MAX, SHUTDOWN_GRACE};
use crate::wire::{Input, Output, write_error};

/// Serves PostgreSQL clients until `shutdown`; then ends their sessions with `57P01` and
/// returns when they have ended, or after ten seconds.
pub fn serve(
    options: PgOptions,
    listener: TcpListener,
    server: Arc<dyn Server>,
    shutdown: CancellationToken,
) -> BoxFuture<'static, ()> {
    let front = Arc::new(Front {
        options,
        server,
        shutdown,
        cancels: Arc::default(),
        connections: AtomicUsize::new(0),
        sessions: AtomicUsize::new(0),
    });
    accept(front, listener).boxed()
}

/// What all connections share.
pub(crate) struct Front {
    pub(crate) options: PgOptions,
    pub(crate) server: Arc<dyn Server>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) cancels: Arc<Cancels>,
    connections: AtomicUsize,
    sessions: AtomicUsize,
}

async fn accept(front: Arc<Front>, listener: TcpListener) {
    // nothing is ever sent: each connection holds a sender, and the receiver ends when all
    // are dropped
    let (alive, mut all_ended) = mpsc::channel::<()>(1);
    loop {
        let accepted = tokio::select! {
            () = front.shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => {
                let connection = connection(Arc::clone(&front), socket, peer);
                let alive = alive.clone();
                spawn_task("pg-connection", async move {
                    connection.await;
                    drop(alive);
                });
            }
            Err(error) => {
                // out of file descriptors, as a rule: trying again at once would spin
                tracing::warn!(%error, "cannot accept a PostgreSQL connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    drop(alive);
    if timeout(SHUTDOWN_GRACE, all_ended.recv()).await.is_err() {
        let sessions = front.sessions.load(Ordering::Relaxed);
        tracing::warn!(sessions, "sessions did not end in time");
    }
}

async fn connection(front: Arc<Front>, socket: TcpStream, peer: SocketAddr) {
    let connections = front.options.sessions_max + HANDSHAKES_MAX;
    let Some(_place) = Place::take(&front, |front| &front.connections, connections) else {
        tracing::warn!(%peer, "too many PostgreSQL connections");
        return;
    };
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, %peer, "cannot set TCP_NODELAY");
    }
    let (receive, send) = socket.into_split();
    let input = Input::new(receive, front.options.message_bytes_max);
    let output = Output::new(send);
    let hands = tokio::select! {
        () = front.shutdown.cancelled() => return,
        hands = timeout(HANDSHAKE_MAX, handshake(&front, input, output, peer)) => hands,
    };
    let Ok(Some((conversation, _registration, _session))) = hands else {
        return;
    };
    // one session's bug must not be another's; its places are given back either way
    if AssertUnwindSafe(conversation.run())
        .catch_unwind()
        .await
        .is_err()
    {
        tracing::error!(%peer, "a PostgreSQL session panicked and was dropped");
    }
}

/// Sends a last message and closes; a client that does not read is not waited for.
pub(crate) async fn farewell(output: &mut Output) {
    let said = async {
        if output.flush().await.is_ok() {
            output.close().await;
        }
    };
    // one second: enough for any network, short enough for a shutdown
    let _ = timeout(Duration::from_secs(1), said).await;
}

/// Refuses a connection.
pub(crate) async fn refuse(output: &mut Output, error: SqlError) {
    write_error(output, "FATAL", &error.into());
    farewell(output).await;
}

/// A place among a limited number; dropping it frees it.
pub(crate) struct Place {
    front: Arc<Front>,
    count: fn(&Front) -> &AtomicUsize,
}

impl Place {
    fn take(front: &Arc<Front>, count: fn(&Front) -> &AtomicUsize, max: usize) -> Option<Place> {
        let taken = count(front).fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
            (now < max).then_some(now + 1)
        });
        taken.ok().map(|_| Place {
            front: Arc::clone(front),
            count,
        })
    }

    /// A session's place.
    ///
    /// # Errors
    /// `53300`
    pub(crate) fn session(front: &Arc<Front>) -> Result<SessionPlace, SqlError> {
        let max = front.options.sessions_max;
        let place = Place::take(front, |front| &front.sessions, max).ok_or_else(|| {
            SqlError::new(
                SqlState::TOO_MANY_CONNECTIONS,
                "sorry, too many clients already",
            )
            .detail(format!("The limit is {max} sessions."))
        })?;
        let gauge = metrics::gauge!("summit_pg_sessions");
        gauge.increment(1);
        Ok(SessionPlace {
            _place: place,
            gauge,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        (self.count)(&self.front).fetch_sub(1, Ordering::Relaxed);
    }
}

/// A session's place and its share of the gauge.
pub(crate) struct SessionPlace {
    _place: Place,
    gauge: metrics::Gauge,
}

impl Drop for SessionPlace {
    fn drop(&mut self) {
        self.gauge.decrement(1);
    }
}
