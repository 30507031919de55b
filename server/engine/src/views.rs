//! The thread that keeps the views: it steps them to what is applied, installs and drops them
//! at the positions of their definitions, and feeds subscriptions.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, RwLock};
use summit_catalog::{Catalog, Relation, RelationId, RelationKind, SqlError};
use summit_dataflow::{Changes, Dataflow, DataflowOptions, FlowError, Keep, Sources, ViewStats};
use summit_log::{Cut, Lsn};
use summit_planner::{Scope, StreamPlan};
use summit_storage::{Change, Storage, VersionedRows};
use tokio::sync::oneshot;
use tracing::{error, info, warn};

use crate::limits;
use crate::state::Shared;
use crate::subscriptions::{Feed, FeedRequest};
use crate::system;

/// How long the thread sleeps at most before it looks whether to stop.
const NAP: Duration = Duration::from_millis(200);

/// What the thread is asked to do, in the order of the log.
pub(crate) enum ViewCommand {
    /// A materialized view was defined.
    Install {
        at: Lsn,
        relation: Arc<Relation>,
        catalog: Arc<Catalog>,
    },
    /// Materialized views were dropped, dependents first.
    Drop { at: Lsn, views: Vec<RelationId> },
    /// A stream or table was dropped.
    Forget { at: Lsn, relation: RelationId },
    /// Somebody subscribes, at `at` or later.
    Subscribe { at: Lsn, request: Box<FeedRequest> },
}

impl ViewCommand {
    fn at(&self) -> Lsn {
        match self {
            ViewCommand::Install { at, .. }
            | ViewCommand::Drop { at, .. }
            | ViewCommand::Forget { at, .. }
            | ViewCommand::Subscribe { at, .. } => *at,
        }
    }
}

/// Where the thread gets its commands from, and what it publishes.
#[derive(Default)]
pub(crate) struct ViewQueue {
    commands: Mutex<VecDeque<ViewCommand>>,
    bell: Condvar,
    published: RwLock<Published>,
    waiting: Mutex<Vec<(RelationId, Built)>>,
}

/// Tells whoever waits for a view that it is built, or why it cannot be.
type Built = oneshot::Sender<Result<(), SqlError>>;

/// What readers may see of the views.
#[derive(Default)]
struct Published {
    views: Vec<PublishedView>,
}

/// A view, as readers see it.
#[derive(Clone)]
pub(crate) struct PublishedView {
    pub id: RelationId,
    /// Its contents; `None` when it could not be built.
    pub contents: Option<Arc<parking_lot::RwLock<VersionedRows>>>,
    pub stats: ViewStats,
    pub failed: Option<(Cut, FlowError)>,
}

impl ViewQueue {
    /// Adds a command.
    pub(crate) fn push(&self, command: ViewCommand) {
        self.commands.lock().push_back(command);
        self.bell.notify_one();
    }

    /// There is something to do.
    pub(crate) fn wake(&self) {
        // Taking the lock closes the gap between the thread's look and its sleep.
        drop(self.commands.lock());
        self.bell.notify_one();
    }

    /// A view, when it is installed.
    pub(crate) fn view(&self, id: RelationId) -> Option<PublishedView> {
        self.published
            .read()
            .views
            .iter()
            .find(|view| view.id == id)
            .cloned()
    }

    /// Resolves when the view is built, with the error when it cannot be.
    pub(crate) fn built(&self, id: RelationId) -> oneshot::Receiver<Result<(), SqlError>> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.waiting.lock();
        match self.view(id) {
            Some(view) => {
                let _ = sender.send(view.failed.map_or(Ok(()), |(_, error)| Err(error.into())));
            }
            None => waiting.push((id, sender)),
        }
        receiver
    }

    fn announce(&self, id: RelationId, outcome: &Result<(), SqlError>) {
        let mut waiting = self.waiting.lock();
        let mut kept = Vec::new();
        for (waited, sender) in waiting.drain(..) {
            if waited == id {
                let _ = sender.send(outcome.clone());
            } else if !sender.is_closed() {
                kept.push((waited, sender));
            }
        }
        *waiting = kept;
    }
}

/// The views and what runs them. Owned by one thread.
pub(crate) struct Views {
    shared: Arc<Shared>,
    sources: StorageSources,
    flow: Dataflow,
    feeds: Vec<Feed>,
    /// Materialized views.
    installed: BTreeSet<RelationId>,
    /// Operators of subscriptions.
    feeding: BTreeSet<RelationId>,
    /// Views that could not be built.
    unbuilt: Vec<(RelationId, Cut, FlowError)>,
    next_feed_id: u32,
}

impl Views {
    /// Builds all views of the catalog at the position that storage has.
    pub(crate) fn start(shared: Arc<Shared>) -> Self {
        let mut flow = Dataflow::new(DataflowOptions {
            chunk_rows: limits::STEP_CHUNK_ROWS,
        });
        let at = *shared.applied.borrow();
        flow.set_position(at);
        let sources = StorageSources {
            storage: Arc::clone(&shared.storage),
        };
        let catalog = shared.catalog();
        let mut views = Views {
            shared,
            sources,
            flow,
            feeds: Vec::new(),
            installed: BTreeSet::new(),
            feeding: BTreeSet::new(),
            unbuilt: Vec::new(),
            next_feed_id: FEED_IDS_FROM,
        };
        for relation in catalog.relations() {
            if matches!(relation.kind, RelationKind::MaterializedView { .. }) {
                // A view that fails on its data does not keep the others from serving.
                let _ = views.install(relation, &catalog);
            }
        }
        views.publish();
        views.shared.reached.send_replace(at);
        views
    }

    /// Keeps the views until the server shuts down.
    pub(crate) fn run(mut self) {
        while !self.shared.shutdown.is_cancelled() {
            let applied = self.shared.applied.borrow().lsn();
            let reached = self.flow.reached().lsn();
            let next_command_at = {
                let mut commands = self.shared.views.commands.lock();
                let next = commands.front().map(ViewCommand::at);
                if reached >= applied && next.is_none() {
                    self.shared.views.bell.wait_for(&mut commands, NAP);
                    None
                } else {
                    next
                }
            };
            self.feeds.retain(|feed| feed.is_open());
            self.drop_closed_feeds();
            self.advance(applied, next_command_at);
            self.obey();
        }
        for feed in &self.feeds {
            feed.end(crate::commit::shutting_down());
        }
    }

    /// Moves the views towards `applied`, not past what must happen at a position before.
    fn advance(&mut self, applied: Lsn, next_command_at: Option<Lsn>) {
        let reached = self.flow.reached().lsn();
        let stops = next_command_at
            .into_iter()
            .chain(self.feeds.iter().filter_map(Feed::stop_at));
        let target = stops
            .filter(|stop| *stop > reached)
            .chain([
                applied,
                Lsn::new(reached.get().saturating_add(limits::STEP_ENTRIES_MAX)),
            ])
            .min()
            .unwrap_or(applied);
        if target <= reached {
            return;
        }
        let cut = Cut::at(target);
        let report = self.flow.step(&self.sources, cut);
        for (view, error) in &report.failed {
            let name = self.name(*view);
            error!(view = %name, lsn = target.get(), %error, "materialized view stopped");
        }
        for changes in &report.changed {
            for feed in self.feeds.iter().filter(|feed| feed.id == changes.view) {
                feed.send(cut, &changes.changes);
            }
        }
        for (view, error) in &report.failed {
            for feed in self.feeds.iter().filter(|feed| feed.id == *view) {
                feed.end(error.clone().into());
            }
        }
        for feed in &self.feeds {
            feed.progress(cut);
        }
        self.publish();
        self.shared.reached.send_replace(cut);
        let horizon = self.shared.pins.horizon(&self.shared.reached);
        self.flow.compact(horizon);
        if let Err(error) = self.shared.storage.compact(horizon) {
            error!(%error, "cannot drop old versions of table rows");
        }
    }

    fn obey(&mut self) {
        let reached = self.flow.reached().lsn();
        loop {
            let command = {
                let mut commands = self.shared.views.commands.lock();
                match commands.front() {
                    Some(command) if command.at() <= reached => commands.pop_front(),
                    _ => None,
                }
            };
            match command {
                Some(ViewCommand::Install {
                    relation, catalog, ..
                }) => {
                    let outcome = self.install(&relation, &catalog).map_err(SqlError::from);
                    self.publish();
                    self.shared.views.announce(relation.id, &outcome);
                }
                Some(ViewCommand::Drop { views, .. }) => {
                    for view in views {
                        self.end_feeds_of(view);
                        self.flow.drop_view(view);
                        self.installed.remove(&view);
                        self.unbuilt.retain(|(id, ..)| *id != view);
                        // Whoever made it a moment ago may still wait for it.
                        self.shared.views.announce(view, &Err(dropped()));
                    }
                    self.publish();
                }
                Some(ViewCommand::Forget { relation, .. }) => {
                    self.end_feeds_of(relation);
                    // Its absence is what is wanted.
                    let _ = self.shared.storage.drop_relation(relation);
                }
                Some(ViewCommand::Subscribe { request, .. }) => self.subscribe(*request),
                None => return,
            }
        }
    }

    fn install(
        &mut self,
        relation: &Arc<Relation>,
        catalog: &Arc<Catalog>,
    ) -> Result<(), FlowError> {
        let installed = plan(&self.shared, relation, catalog).and_then(|plan| {
            self.flow
                .install(relation.id, &plan, &self.sources, Keep::Contents)
        });
        match installed {
            Ok(()) => {
                self.installed.insert(relation.id);
                info!(view = %relation.display_name(), lsn = %self.flow.reached(), "materialized view built");
                Ok(())
            }
            Err(error) => {
                warn!(view = %relation.display_name(), %error, "materialized view cannot be built");
                self.unbuilt
                    .push((relation.id, self.flow.reached(), error.clone()));
                Err(error)
            }
        }
    }

    fn subscribe(&mut self, request: FeedRequest) {
        let id = RelationId(self.next_feed_id);
        self.next_feed_id = self.next_feed_id.checked_add(1).unwrap_or(FEED_IDS_FROM);
        let mut initial = Vec::new();
        let wanted = request.snapshot;
        let installed =
            self.flow
                .install_emitting(id, &request.plan, &self.sources, &mut |change| {
                    if wanted {
                        initial.push(change);
                    }
                    Ok(())
                });
        match installed {
            Ok(()) => {
                if let Some(feed) = request.open(id, self.flow.reached(), initial) {
                    self.feeding.insert(id);
                    self.feeds.push(feed);
                } else {
                    self.flow.drop_view(id);
                }
            }
            Err(error) => request.refuse(error.into()),
        }
    }

    /// Ends the subscriptions that read a relation that goes.
    fn end_feeds_of(&mut self, relation: RelationId) {
        self.feeds.retain(|feed| {
            let reads = feed.reads.contains(&relation);
            if reads {
                feed.end(dropped());
            }
            !reads
        });
        self.drop_closed_feeds();
    }

    /// Takes the operators of subscriptions out whose client has gone.
    fn drop_closed_feeds(&mut self) {
        let open: Vec<RelationId> = self.feeds.iter().map(|feed| feed.id).collect();
        let gone: Vec<RelationId> = self
            .feeding
            .iter()
            .copied()
            .filter(|id| !open.contains(id))
            .collect();
        for id in gone {
            self.feeding.remove(&id);
            self.flow.drop_view(id);
        }
    }

    fn publish(&self) {
        let mut views: Vec<PublishedView> = self
            .installed
            .iter()
            .copied()
            .map(|id| PublishedView {
                id,
                contents: self.flow.contents(id),
                stats: self.flow.stats(id).unwrap_or_default(),
                failed: self.flow.failed(id),
            })
            .collect();
        views.extend(self.unbuilt.iter().map(|(id, at, error)| PublishedView {
            id: *id,
            contents: None,
            stats: ViewStats::default(),
            failed: Some((*at, error.clone())),
        }));
        self.shared.views.published.write().views = views;
    }

    fn name(&self, view: RelationId) -> String {
        match self.shared.catalog().relation(view) {
            Some(relation) => relation.display_name(),
            None => format!("subscription {view}"),
        }
    }
}

/// Identities of subscriptions' operators: above every relation's.
const FEED_IDS_FROM: u32 = 1 << 31;

fn dropped() -> SqlError {
    SqlError::new(
        summit_catalog::SqlState::UNDEFINED_TABLE,
        "a relation that the subscription reads was dropped",
    )
}

fn plan(
    shared: &Shared,
    relation: &Relation,
    catalog: &Arc<Catalog>,
) -> Result<StreamPlan, FlowError> {
    let RelationKind::MaterializedView { query } = &relation.kind else {
        return Err(FlowError::Internal(format!(
            "{} is not a view",
            relation.name
        )));
    };
    let cannot = |error: SqlError| FlowError::Evaluation {
        code: error.code,
        message: error.message,
    };
    let query = summit_parser::parse_query(query).map_err(|error| cannot(error.into()))?;
    let scope = Scope::new(Arc::clone(catalog)).with_system(system::relations());
    shared.planner.view_plan(&query, &scope).map_err(cannot)
}

/// Streams and tables, as the views read them.
struct StorageSources {
    storage: Arc<Storage>,
}

impl Sources for StorageSources {
    fn changes(
        &self,
        relation: RelationId,
        after: Cut,
        upto: Cut,
    ) -> Result<Changes<'_>, FlowError> {
        let changes = self
            .storage
            .changes(relation, after, upto)
            .map_err(|error| FlowError::Source(error.to_string()))?;
        Ok(Box::new(changes.map(|change| {
            change
                .map(|change| change.change)
                .map_err(|error| FlowError::Source(error.to_string()))
        })))
    }

    fn contents(&self, relation: RelationId, at: Cut) -> Result<Changes<'_>, FlowError> {
        let rows = crate::provider::base_rows(&self.storage, relation, at, None)
            .map_err(|error| FlowError::Source(error.to_string()))?;
        Ok(Box::new(rows.map(|rows| {
            rows.map(Change::inserts)
                .map_err(|error| FlowError::Source(error.to_string()))
        })))
    }
}
