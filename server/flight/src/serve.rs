//! Accepts connections.

use std::sync::Arc;
use std::time::Duration;

use arrow_flight::flight_service_server::FlightServiceServer;
use futures::FutureExt;
use futures::future::BoxFuture;
use summit_session::Server;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::FlightError;
use crate::connections::connections;
use crate::limits::{CALLS_PER_CONNECTION_MAX, HEADER_BYTES_MAX, REQUEST_BYTES_MAX};
use crate::service::Service;

/// A client that is gone without a word is noticed after this and [`KEEPALIVE_TIMEOUT`].
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);
/// From the moment that calls were ended by force to giving their connections up.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How the front end behaves.
#[derive(Debug, Clone)]
pub struct FlightOptions {
    /// How long calls may go on after shutdown began. `SUBSCRIBE` ends at once.
    pub shutdown_grace: Duration,
}

impl Default for FlightOptions {
    fn default() -> Self {
        FlightOptions {
            shutdown_grace: Duration::from_secs(5),
        }
    }
}

/// Serves Flight on a listening socket until `shutdown`. Dropping the future ends the calls.
///
/// # Errors
/// When the socket cannot be used.
pub fn serve(
    options: FlightOptions,
    listener: TcpListener,
    server: Arc<dyn Server>,
    shutdown: CancellationToken,
) -> BoxFuture<'static, Result<(), FlightError>> {
    async move {
        let ending = CancellationToken::new();
        let _end_with_us = ending.clone().drop_guard();
        let service = FlightServiceServer::new(Service {
            server,
            shutdown: shutdown.clone(),
            ending: ending.clone(),
        })
        .max_decoding_message_size(REQUEST_BYTES_MAX)
        // one row can be larger than what batches are cut to
        .max_encoding_message_size(usize::MAX);
        let serving = tonic::transport::Server::builder()
            .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
            .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
            .max_concurrent_streams(CALLS_PER_CONNECTION_MAX)
            .http2_max_header_list_size(HEADER_BYTES_MAX)
            .add_service(service)
            .serve_with_incoming_shutdown(
                connections(listener),
                shutdown.clone().cancelled_owned(),
            );
        tokio::pin!(serving);
        let served = tokio::select! {
            served = &mut serving => served,
            () = async {
                shutdown.cancelled().await;
                tokio::time::sleep(options.shutdown_grace).await;
            } => {
                ending.cancel();
                match tokio::time::timeout(LAST_WORDS, serving).await {
                    Ok(served) => served,
                    Err(_) => {
                        tracing::info!("Flight connections were still open at the end");
                        Ok(())
                    }
                }
            }
        };
        served.map_err(|error| {
            let cause = std::error::Error::source(&error)
                .map_or_else(|| error.to_string(), ToString::to_string);
            FlightError::Transport { message: cause }
        })
    }
    .boxed()
}
