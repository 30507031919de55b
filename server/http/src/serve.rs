//! Accepts connections.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures::FutureExt;
use futures::future::BoxFuture;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use metrics_exporter_prometheus::PrometheusHandle;
use summit_context::spawn_task;
use summit_session::Server;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::HttpError;
use crate::limits::{CONNECTIONS_MAX, HEAD_BYTES_MAX, HEAD_TIMEOUT, HEADERS_MAX};
use crate::routes::{Sources, router};

/// Histograms gather samples until they are drained.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);
/// After accept failed (no file handles left): time for connections to end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How the front end behaves.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// How long requests may go on after shutdown began.
    pub shutdown_grace: Duration,
    /// From a request's first to its last header; also how long a connection may idle.
    pub head_timeout: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        HttpOptions {
            shutdown_grace: Duration::from_secs(2),
            head_timeout: HEAD_TIMEOUT,
        }
    }
}

/// Serves HTTP on a listening socket until `shutdown`. Dropping the future ends the requests.
///
/// # Errors
/// None today: failures of one connection are its own.
pub fn serve(
    options: HttpOptions,
    listener: TcpListener,
    server: Arc<dyn Server>,
    metrics: PrometheusHandle,
    shutdown: CancellationToken,
) -> BoxFuture<'static, Result<(), HttpError>> {
    async move {
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let router = router(Sources {
            server,
            metrics: metrics.clone(),
        });
        let ending = CancellationToken::new();
        let _end_with_us = ending.clone().drop_guard();
        let mut upkeep = interval(UPKEEP_INTERVAL);
        upkeep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let accept = async || {
            // never closed, so the permit always comes
            let permit = Arc::clone(&room).acquire_owned().await.ok();
            (listener.accept().await, permit)
        };
        loop {
            let (accepted, permit) = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                _ = upkeep.tick() => {
                    metrics.run_upkeep();
                    continue;
                }
                accepted = accept() => accepted,
            };
            match accepted {
                Ok((socket, _)) => {
                    let connection = connection(
                        socket,
                        router.clone(),
                        options.head_timeout,
                        shutdown.clone(),
                        ending.clone(),
                    );
                    spawn_task("http-connection", async move {
                        connection.await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept an HTTP connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        // all permits back: all connections are done
        let all = u32::try_from(CONNECTIONS_MAX).unwrap_or(u32::MAX);
        if timeout(options.shutdown_grace, room.acquire_many(all))
            .await
            .is_err()
        {
            tracing::info!("HTTP connections were still open at the end");
        }
        Ok(())
    }
    .boxed()
}

/// Serves one connection; finishes the request that it is at when `shutdown` comes.
async fn connection(
    socket: TcpStream,
    router: Router,
    head_timeout: Duration,
    shutdown: CancellationToken,
    ending: CancellationToken,
) {
    let _ = socket.set_nodelay(true);
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(socket), TowerToHyperService::new(router));
    let mut serving = pin!(serving);
    let served = tokio::select! {
        served = serving.as_mut() => served,
        () = shutdown.cancelled() => {
            serving.as_mut().graceful_shutdown();
            tokio::select! {
                served = serving => served,
                () = ending.cancelled() => return,
            }
        }
        () = ending.cancelled() => return,
    };
    if let Err(error) = served {
        tracing::debug!(%error, "HTTP connection");
    }
}
