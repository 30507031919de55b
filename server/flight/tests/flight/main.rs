//! The front end over TCP with the real client, on a server made for the tests.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod fake;
mod get;
mod put;
mod pyarrow;
mod rest;

use std::sync::Arc;

use arrow_flight::FlightClient;
use arrow_flight::error::FlightError as ClientError;
use summit_context::spawn_task;
use summit_flight::{FlightError, FlightOptions, serve};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

pub(crate) use fake::Fake;

pub(crate) struct Running {
    pub(crate) fake: Arc<Fake>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) served: tokio::task::JoinHandle<Result<(), FlightError>>,
    url: String,
}

pub(crate) async fn start() -> Running {
    start_with(FlightOptions::default()).await
}

pub(crate) async fn start_with(options: FlightOptions) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let fake = Arc::new(Fake::default());
    let shutdown = CancellationToken::new();
    let serving = serve(options, listener, Arc::clone(&fake) as _, shutdown.clone());
    Running {
        fake,
        shutdown,
        served: spawn_task("flight", serving),
        url,
    }
}

impl Running {
    pub(crate) async fn channel(&self) -> Channel {
        Endpoint::from_shared(self.url.clone())
            .unwrap()
            .connect()
            .await
            .unwrap()
    }

    pub(crate) async fn client(&self) -> FlightClient {
        FlightClient::new(self.channel().await)
    }
}

/// The status in a client's error.
pub(crate) fn status_of(error: ClientError) -> Status {
    match error {
        ClientError::Tonic(status) => *status,
        other => panic!("not a status: {other:?}"),
    }
}
