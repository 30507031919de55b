//! Where queries run: threads of their own.
//!
//! DataFusion may compute for seconds without yielding. On the runtime that serves sockets,
//! cancel requests and signals, one such query would stop them all.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use summit_catalog::SqlError;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::limits;

/// The threads that queries run on. Dropping it lets them end by themselves.
pub(crate) struct QueryRuntime {
    runtime: Option<Runtime>,
}

/// Starts work on the queries' threads. Cheap to clone.
#[derive(Clone)]
pub(crate) struct QueryThreads {
    handle: Handle,
}

impl QueryRuntime {
    pub(crate) fn start(threads: usize) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads.max(limits::QUERY_THREADS_MIN))
            .thread_name("summit-query")
            .enable_time()
            .build()?;
        Ok(QueryRuntime {
            runtime: Some(runtime),
        })
    }

    pub(crate) fn threads(&self) -> QueryThreads {
        let runtime = self.runtime.as_ref().expect("taken only when dropped");
        QueryThreads {
            handle: runtime.handle().clone(),
        }
    }
}

impl Drop for QueryRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl QueryThreads {
    /// Runs the future there. When the returned one is dropped, the work ends as soon as it
    /// yields.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Running<T> {
        Running {
            task: self.handle.spawn(future),
        }
    }

    /// Runs what feeds a channel of at most `ahead` items; the task ends with its receiver.
    pub(crate) fn feed<T, F>(
        &self,
        ahead: usize,
        feed: impl FnOnce(mpsc::Sender<T>) -> F,
    ) -> Feeding<T>
    where
        T: Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let (sender, receiver) = mpsc::channel(ahead);
        Feeding {
            receiver,
            task: Some(self.run(feed(sender))),
        }
    }
}

/// Work on the queries' threads.
pub(crate) struct Running<T> {
    task: JoinHandle<T>,
}

/// What a task feeds.
pub(crate) struct Feeding<T> {
    receiver: mpsc::Receiver<T>,
    task: Option<Running<()>>,
}

impl<T> Feeding<T> {
    /// The next item; `None` at the end.
    ///
    /// # Errors
    /// When the task ended before its end: what came is not all.
    pub(crate) async fn next(&mut self) -> Option<Result<T, SqlError>> {
        if let Some(item) = self.receiver.recv().await {
            return Some(Ok(item));
        }
        match self.task.take()?.await {
            Some(()) => None,
            None => Some(Err(broken())),
        }
    }
}

/// The error for work that panicked.
pub(crate) fn broken() -> SqlError {
    SqlError::internal("the query's execution broke off; the server's log says why")
}

impl<T> Future for Running<T> {
    /// `None` when the work panicked or the runtime shuts down.
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        Pin::new(&mut self.task).poll(context).map(Result::ok)
    }
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}
