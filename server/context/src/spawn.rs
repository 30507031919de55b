//! Threads and tasks, each with a name.

use std::future::Future;
use std::io;
use std::thread::JoinHandle;

use tokio::task;

/// Starts an operating-system thread.
///
/// # Errors
/// When the system refuses another thread.
pub fn spawn_thread<T, F>(name: &str, run: F) -> io::Result<JoinHandle<T>>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    std::thread::Builder::new().name(name.to_owned()).spawn(run)
}

/// Starts a task on the current tokio runtime. The name shows in traces of this crate.
#[expect(clippy::disallowed_methods, reason = "this is the seam")]
pub fn spawn_task<F>(name: &'static str, future: F) -> task::JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tracing::trace!(task = name, "task started");
    tokio::spawn(future)
}

/// Runs blocking work on tokio's blocking pool.
pub fn spawn_blocking<F, T>(name: &'static str, run: F) -> task::JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    tracing::trace!(task = name, "blocking task started");
    task::spawn_blocking(run)
}
