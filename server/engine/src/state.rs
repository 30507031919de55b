//! What all sessions share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use summit_catalog::{Catalog, SqlError, SqlState};
use summit_context::Context;
use summit_log::{Cut, Log, Lsn};
use summit_planner::Planner;
use summit_storage::Storage;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::EngineOptions;
use crate::commit::{Committer, shutting_down};
use crate::query_runtime::QueryThreads;
use crate::views::ViewQueue;

/// What all sessions share.
pub(crate) struct Shared {
    pub ctx: Context,
    pub options: EngineOptions,
    pub database_id: String,
    pub log: Arc<dyn Log>,
    pub storage: Arc<Storage>,
    pub planner: Planner,
    pub queries: QueryThreads,
    pub committer: Committer,
    pub catalog: RwLock<Arc<Catalog>>,
    /// The position up to which streams, tables and definitions are applied.
    pub applied: watch::Sender<Cut>,
    /// The position that the views have reached.
    pub reached: watch::Sender<Cut>,
    pub views: ViewQueue,
    pub pins: Pins,
    pub sessions: AtomicUsize,
    pub subscriptions: AtomicUsize,
    pub shutdown: CancellationToken,
    pub started: Duration,
}

impl Shared {
    /// The newest catalog.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read())
    }

    /// Waits until the views have reached `lsn`.
    pub(crate) async fn wait_reached(&self, lsn: Lsn) -> Result<(), SqlError> {
        wait(&self.reached, lsn, &self.shutdown).await
    }

    /// Waits until streams and tables have reached `lsn`.
    pub(crate) async fn wait_applied(&self, lsn: Lsn) -> Result<(), SqlError> {
        wait(&self.applied, lsn, &self.shutdown).await
    }

    /// Counts something while it lives, up to a limit.
    pub(crate) fn count(counter: &AtomicUsize, max: usize, what: &str) -> Result<(), SqlError> {
        let before = counter.fetch_add(1, Ordering::Relaxed);
        if before >= max {
            counter.fetch_sub(1, Ordering::Relaxed);
            return Err(SqlError::new(
                SqlState::TOO_MANY_CONNECTIONS,
                format!("sorry, too many {what} already (the limit is {max})"),
            ));
        }
        Ok(())
    }
}

async fn wait(
    position: &watch::Sender<Cut>,
    lsn: Lsn,
    shutdown: &CancellationToken,
) -> Result<(), SqlError> {
    if position.borrow().lsn() >= lsn {
        return Ok(());
    }
    let mut receiver = position.subscribe();
    let arrived = receiver.wait_for(|cut| cut.lsn() >= lsn);
    tokio::select! {
        arrived = arrived => arrived.map(drop).map_err(|_| shutting_down()),
        () = shutdown.cancelled() => Err(shutting_down()),
    }
}

/// Positions that readers hold: versions of rows that they may need are kept.
#[derive(Default)]
pub(crate) struct Pins {
    cuts: Mutex<BTreeMap<Cut, usize>>,
}

impl Pins {
    /// Pins where a position stands now: nothing that it needs goes until the pin is dropped.
    pub(crate) fn pin<'a>(&'a self, position: &watch::Sender<Cut>) -> Pin<'a> {
        let mut cuts = self.cuts.lock();
        // Read under the lock: `horizon` cannot pass it in between.
        let cut = *position.borrow();
        *cuts.entry(cut).or_default() += 1;
        Pin { pins: self, cut }
    }

    /// The position before which nobody reads, given where the slowest position stands.
    pub(crate) fn horizon(&self, position: &watch::Sender<Cut>) -> Cut {
        let cuts = self.cuts.lock();
        let at = *position.borrow();
        cuts.first_key_value()
            .map_or(at, |(pinned, _)| at.min(*pinned))
    }
}

/// A pinned position.
pub(crate) struct Pin<'a> {
    pins: &'a Pins,
    pub cut: Cut,
}

impl Drop for Pin<'_> {
    fn drop(&mut self) {
        let mut cuts = self.pins.cuts.lock();
        if let Some(count) = cuts.get_mut(&self.cut) {
            *count -= 1;
            if *count == 0 {
                cuts.remove(&self.cut);
            }
        }
    }
}
