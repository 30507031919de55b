//! A node: the engine with its front ends. The one place where all parts meet.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use summit_context::{Context, spawn_task};
use summit_engine::{Engine, EngineOptions};
use summit_flight::FlightOptions;
use summit_http::HttpOptions;
use summit_pg::PgOptions;
use summit_session::Server;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::error::CommandError;
use crate::limits::SHUTDOWN_WAIT_MAX;
use crate::settings::{Address, Settings, Source};

/// What to do when a port is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnPortTaken {
    /// Say so, and do not start.
    Refuse,
    /// Take any free one.
    UseFree,
}

/// Where a node listens.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// PostgreSQL clients.
    pub pg: SocketAddr,
    /// Flight clients.
    pub flight: SocketAddr,
    /// HTTP clients.
    pub http: SocketAddr,
}

/// A running node.
pub struct Node {
    engine: Arc<Engine>,
    addresses: Addresses,
    stop: CancellationToken,
    /// Ends when all front ends have.
    front_ends: tokio::task::JoinHandle<()>,
    /// Says that a front end ended by itself.
    broken: mpsc::Receiver<String>,
}

impl Node {
    /// Opens the database and listens. When it returns, clients can connect.
    ///
    /// # Errors
    /// A database that cannot be opened, an address that cannot be listened on.
    pub async fn start(
        context: Context,
        settings: &Settings,
        on_port_taken: OnPortTaken,
    ) -> Result<Self, CommandError> {
        let began = context.clock.monotonic();
        // addresses that may not be listened on are refused before anything is touched
        let wanted = [
            ("pg_addr", "--pg-addr", &settings.pg_addr),
            ("flight_addr", "--flight-addr", &settings.flight_addr),
            ("http_addr", "--http-addr", &settings.http_addr),
        ];
        let mut resolved = Vec::new();
        for (name, flag, address) in wanted {
            resolved.push((flag, resolve(name, address, settings).await?));
        }
        let metrics = summit_http::install_metrics()
            .map_err(|error| CommandError::Failed(error.to_string()))?;
        let engine = Engine::open(context.clone(), engine_options(settings)).await?;
        let mut listeners = Vec::new();
        for (flag, address) in resolved {
            match listen(flag, address, on_port_taken).await {
                Ok(listener) => listeners.push(listener),
                Err(error) => {
                    engine.shutdown().await;
                    return Err(error);
                }
            }
        }
        let [
            (pg, pg_listener),
            (flight, flight_listener),
            (http, http_listener),
        ] = <[(SocketAddr, TcpListener); 3]>::try_from(listeners)
            .expect("one for each of the three addresses");

        let stop = CancellationToken::new();
        let server: Arc<dyn Server> = engine.clone();
        let (say_broken, broken) = mpsc::channel(3);
        let front_ends = [
            watch(
                "PostgreSQL",
                summit_pg::serve(
                    PgOptions::new(context.clone()),
                    pg_listener,
                    Arc::clone(&server),
                    stop.clone(),
                )
                .map(Ok::<(), Infallible>)
                .boxed(),
                say_broken.clone(),
            ),
            watch(
                "Flight",
                summit_flight::serve(
                    FlightOptions::default(),
                    flight_listener,
                    Arc::clone(&server),
                    stop.clone(),
                ),
                say_broken.clone(),
            ),
            watch(
                "HTTP",
                summit_http::serve(
                    HttpOptions::default(),
                    http_listener,
                    server,
                    metrics,
                    stop.clone(),
                ),
                say_broken,
            ),
        ];
        let front_ends = spawn_task("front-ends", async move {
            futures::future::join_all(front_ends).await;
        });
        if settings.source("broker_addr") != Source::Default {
            tracing::info!(
                address = %settings.broker_addr,
                "nothing listens for Kafka clients yet: broker_addr has no effect"
            );
        }
        let took = context.clock.monotonic().saturating_sub(began);
        tracing::info!(
            %pg, %flight, %http,
            data_dir = %settings.data_dir.display(),
            start_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "ready"
        );
        let addresses = Addresses { pg, flight, http };
        Ok(Node {
            engine,
            addresses,
            stop,
            front_ends,
            broken,
        })
    }

    /// Where it listens.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// The database.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Resolves when a front end ended by itself, with the reason.
    pub async fn broken(&mut self) -> String {
        match self.broken.recv().await {
            Some(reason) => reason,
            None => std::future::pending().await,
        }
    }

    /// Stops accepting, ends the sessions, closes the database.
    ///
    /// # Errors
    /// When that takes longer than [`SHUTDOWN_WAIT_MAX`].
    pub async fn shutdown(self) -> Result<(), CommandError> {
        tracing::info!("shutting down");
        self.stop.cancel();
        let ended = timeout(SHUTDOWN_WAIT_MAX, async {
            if let Err(error) = self.front_ends.await {
                tracing::error!(%error, "a front end failed");
            }
            self.engine.shutdown().await;
        })
        .await;
        match ended {
            Ok(()) => {
                tracing::info!("stopped");
                Ok(())
            }
            Err(_) => Err(CommandError::Failed(format!(
                "shutdown took longer than {} s and was cut short; what was acknowledged is safe",
                SHUTDOWN_WAIT_MAX.as_secs()
            ))),
        }
    }
}

/// Resolves at the first SIGTERM, SIGINT or SIGHUP. After it, a second one ends the process at
/// once. Signals are caught from this call on.
///
/// # Errors
/// When the system refuses to tell of signals.
pub fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static, CommandError> {
    let catch = |kind| {
        signal(kind).map_err(|error| CommandError::Failed(format!("cannot catch signals: {error}")))
    };
    let mut terminate = catch(SignalKind::terminate())?;
    let mut interrupt = catch(SignalKind::interrupt())?;
    let (first, mut told) = mpsc::channel(1);
    spawn_task("signals", async move {
        let mut next = async || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        next().await;
        let _ = first.send(()).await;
        next().await;
        crate::output::say("summit: stopped at once by a second signal\n");
        std::process::exit(1);
    });
    Ok(async move {
        told.recv().await;
    })
}

fn engine_options(settings: &Settings) -> EngineOptions {
    EngineOptions {
        data_dir: settings.data_dir.clone(),
        node_id: settings.node_id,
        roles: settings.roles.clone(),
        partitions_default: settings.partitions_default,
        memory_limit_bytes: usize::try_from(settings.memory_limit_bytes).unwrap_or(usize::MAX),
        query_threads: std::thread::available_parallelism().map_or(1, usize::from),
        shown: settings.shown(),
    }
}

/// Finds out what an address means, and whether it may be listened on.
async fn resolve(
    name: &'static str,
    address: &Address,
    settings: &Settings,
) -> Result<Vec<SocketAddr>, CommandError> {
    let found: Vec<SocketAddr> = tokio::net::lookup_host((address.host.as_str(), address.port))
        .await
        .map_err(|error| {
            let source = settings.source(name);
            CommandError::Failed(format!(
                "{name} ({source}): \"{}\" is not an address of this machine: {error}",
                address.host
            ))
        })?
        .collect();
    if !settings.insecure && found.iter().any(|address| !address.ip().is_loopback()) {
        return Err(CommandError::Failed(format!(
            "{name} {address} can be reached from other machines, and no authentication is set up: whoever connects could read and change everything; listen on 127.0.0.1, or accept that with --insecure"
        )));
    }
    Ok(found)
}

async fn listen(
    flag: &str,
    addresses: Vec<SocketAddr>,
    on_port_taken: OnPortTaken,
) -> Result<(SocketAddr, TcpListener), CommandError> {
    let mut last = None;
    for address in addresses {
        match bind(address).await {
            Ok(bound) => return Ok(bound),
            Err(error)
                if error.kind() == std::io::ErrorKind::AddrInUse
                    && on_port_taken == OnPortTaken::UseFree =>
            {
                let free = SocketAddr::new(address.ip(), 0);
                match bind(free).await {
                    Ok(bound) => return Ok(bound),
                    Err(error) => last = Some((free, error)),
                }
            }
            Err(error) => last = Some((address, error)),
        }
    }
    Err(CommandError::Failed(match last {
        Some((address, error)) if error.kind() == std::io::ErrorKind::AddrInUse => {
            format!("{address} is in use by another program; stop that one, or give another {flag}")
        }
        Some((address, error)) if error.kind() == std::io::ErrorKind::PermissionDenied => format!(
            "no permission to listen on {address}; ports below 1024 are for root, give another {flag}"
        ),
        Some((address, error)) => {
            format!("cannot listen on {address}: {error}; give another {flag}")
        }
        None => format!("the host of {flag} has no address"),
    }))
}

async fn bind(address: SocketAddr) -> std::io::Result<(SocketAddr, TcpListener)> {
    let listener = TcpListener::bind(address).await?;
    Ok((listener.local_addr()?, listener))
}

/// Runs a front end and tells when it ends by itself.
fn watch<E: std::fmt::Display + Send + 'static>(
    name: &'static str,
    serve: BoxFuture<'static, Result<(), E>>,
    broken: mpsc::Sender<String>,
) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        if let Err(error) = serve.await {
            tracing::error!(%error, "the {name} front end ended");
            let _ = broken
                .send(format!("the {name} front end ended: {error}"))
                .await;
        }
    })
}
