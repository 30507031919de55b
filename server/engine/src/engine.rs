//! A running database.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread::JoinHandle;
use std::time::Duration;

use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use futures::future::BoxFuture;
use parking_lot::{Mutex, RwLock};
use summit_catalog::{Catalog, SqlError};
use summit_context::{Context, spawn_blocking, spawn_thread};
use summit_log::{Cut, Log, Wal, WalOptions};
use summit_planner::Planner;
use summit_session::{Server, Session, SessionOptions, Status};
use summit_storage::{Storage, StorageOptions};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::commit::Committer;
use crate::data_dir::DataDir;
use crate::query_runtime::QueryRuntime;
use crate::session::EngineSession;
use crate::state::{Pins, Shared};
use crate::views::{ViewQueue, Views};
use crate::{EngineOptions, OpenError, apply, status};

/// A running database. Dropping it without [`Engine::shutdown`] is like a crash, which is
/// safe: what was acknowledged is in the log.
pub struct Engine {
    shared: Arc<Shared>,
    wal: Arc<Wal>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    _queries: QueryRuntime,
    /// Keeps other processes out.
    _data_dir: DataDir,
}

impl Engine {
    /// Opens the database of a data directory, or makes a new one: reads the log, builds the
    /// views, then serves.
    ///
    /// # Errors
    /// One clear line for the operator.
    pub fn open(
        ctx: Context,
        options: EngineOptions,
    ) -> BoxFuture<'static, Result<Arc<Engine>, OpenError>> {
        Box::pin(async move {
            let opened = spawn_blocking("engine-open", move || open(ctx, options)).await;
            opened.map_err(|error| OpenError::Thread(error.to_string()))?
        })
    }

    /// Ends all sessions, makes everything durable and stops. Idempotent.
    pub fn shutdown(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.shared.shutdown.cancel();
            self.shared.views.wake();
            let threads = std::mem::take(&mut *self.threads.lock());
            let wal = Arc::clone(&self.wal);
            let stopped = spawn_blocking("engine-shutdown", move || {
                wal.close();
                for thread in threads {
                    // A panic has been reported by the thread itself.
                    let _ = thread.join();
                }
            });
            let _ = stopped.await;
            info!(lsn = %self.shared.log.committed(), "database closed");
        })
    }
}

fn open(ctx: Context, options: EngineOptions) -> Result<Arc<Engine>, OpenError> {
    let started = ctx.clock.monotonic();
    let data_dir = DataDir::open(&ctx, &options.data_dir)?;
    let wal = Wal::open(&ctx, &data_dir.wal(), WalOptions::default())?;
    let log: Arc<dyn Log> = Arc::clone(&wal) as Arc<dyn Log>;
    // A quarter each for the tail of the streams; the rest for queries and state.
    let storage = Arc::new(Storage::new(
        Arc::clone(&log),
        StorageOptions {
            tail_bytes: options.memory_limit_bytes / 4,
        },
    ));
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(
            options.memory_limit_bytes / 2,
        )))
        .build_arc()
        .map_err(|error| OpenError::Thread(error.to_string()))?;
    let queries = QueryRuntime::start(options.query_threads)
        .map_err(|error| OpenError::Thread(format!("summit-query: {error}")))?;
    let shared = Arc::new(Shared {
        committer: Committer::new(ctx.clone(), Arc::clone(&log)),
        planner: Planner::with_runtime(runtime),
        queries: queries.threads(),
        database_id: data_dir.database_id().to_owned(),
        log,
        storage,
        catalog: RwLock::new(Arc::new(Catalog::default())),
        applied: watch::Sender::new(Cut::ZERO),
        reached: watch::Sender::new(Cut::ZERO),
        views: ViewQueue::default(),
        pins: Pins::default(),
        sessions: AtomicUsize::new(0),
        subscriptions: AtomicUsize::new(0),
        shutdown: CancellationToken::new(),
        started,
        options,
        ctx,
    });
    apply::replay(&shared)?;
    let replayed = shared.ctx.clock.monotonic();
    let views = Views::start(Arc::clone(&shared));
    let built = shared.ctx.clock.monotonic();
    info!(
        lsn = shared.applied.borrow().lsn().get(),
        replay_seconds = seconds(replayed.saturating_sub(started)),
        views_seconds = seconds(built.saturating_sub(replayed)),
        "database open"
    );
    let mut threads = Vec::new();
    let for_apply = Arc::clone(&shared);
    threads.push(thread("summit-apply", move || apply::run(&for_apply))?);
    threads.push(thread("summit-views", move || views.run())?);
    Ok(Arc::new(Engine {
        shared,
        wal,
        threads: Mutex::new(threads),
        _queries: queries,
        _data_dir: data_dir,
    }))
}

/// A thread whose panic ends the process: without it answers would stand still unnoticed.
fn thread(
    name: &'static str,
    run: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, OpenError> {
    spawn_thread(name, move || {
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err() {
            tracing::error!(
                thread = name,
                "a thread of the engine panicked; the node stops"
            );
            std::process::abort();
        }
    })
    .map_err(|error| OpenError::Thread(format!("{name}: {error}")))
}

fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}

impl Drop for Engine {
    /// Ends the threads, which would keep the database in memory, and closes the log before
    /// the directory's lock goes: whoever opens it next must be the only one who writes.
    fn drop(&mut self) {
        self.shared.shutdown.cancel();
        self.shared.views.wake();
        self.wal.close();
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("data_dir", &self.shared.options.data_dir)
            .finish_non_exhaustive()
    }
}

impl Server for Engine {
    fn session(&self, options: SessionOptions) -> Result<Box<dyn Session>, SqlError> {
        Ok(Box::new(EngineSession::open(
            Arc::clone(&self.shared),
            &options,
        )?))
    }

    fn status(&self) -> Status {
        status::status(&self.shared)
    }
}
