//! Queries over what is stored: all relations at one position.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::execution::SessionState;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt};
use summit_catalog::{Catalog, Relation, RelationId, RelationKind, SqlError, SqlState};
use summit_log::Cut;
use summit_planner::{BoundQuery, Scanned, bind, replace_sources, sql_error};
use summit_session::{Outcome, Rows};
use tokio::sync::watch;

use crate::commit::storage_error;
use crate::pending::is_pending;
use crate::provider::{OpenRows, Rows as BaseRows, RowsTable, base_rows};
use crate::query_runtime::{Feeding, broken};
use crate::session::{EngineSession, Transaction};
use crate::settings::ReadConsistency;
use crate::state::{Pin, Shared};
use crate::system;

/// Batches that a query may be ahead of its client.
const BATCHES_AHEAD: usize = 2;

/// What runs a query, and the position that it reads at.
pub(crate) type Physical = (Arc<dyn ExecutionPlan>, Arc<TaskContext>, Cut);

impl EngineSession {
    /// Runs a query.
    pub(crate) async fn query(
        &self,
        query: &BoundQuery,
        values: Vec<ScalarValue>,
        tag: &'static str,
    ) -> Result<Rows, SqlError> {
        let (physical, context, _) = self.physical(&query.plan, &query.relations, values).await?;
        let feeding = self
            .shared
            .queries
            .feed(BATCHES_AHEAD, |sender| async move {
                let mut stream = match execute_stream(physical, context) {
                    Ok(stream) => stream,
                    Err(error) => {
                        // Nobody listens when it fails.
                        let _ = sender.send(Err(error)).await;
                        return;
                    }
                };
                while let Some(batch) = stream.next().await {
                    if sender.send(batch).await.is_err() {
                        return;
                    }
                }
            });
        Ok(rows(feeding, Arc::clone(&query.schema), tag))
    }

    /// All rows of a plan, and the position that they were read at.
    pub(crate) async fn collect(
        &self,
        plan: &LogicalPlan,
        relations: &[RelationId],
        values: Vec<ScalarValue>,
    ) -> Result<(Vec<RecordBatch>, Cut), SqlError> {
        let (physical, context, cut) = self.physical(plan, relations, values).await?;
        let collected = self
            .shared
            .queries
            .run(async move { execute_stream(physical, context)?.try_collect().await });
        let batches = collected.await.ok_or_else(broken)?.map_err(sql_error)?;
        Ok((batches, cut))
    }

    /// The physical plan, over rows that are pinned at one position.
    pub(crate) fn physical<'a>(
        &'a self,
        plan: &'a LogicalPlan,
        relations: &'a [RelationId],
        values: Vec<ScalarValue>,
    ) -> BoxFuture<'a, Result<Physical, SqlError>> {
        Box::pin(async move {
            let catalog = self.catalog();
            let position = self.position(&catalog, relations);
            self.wait(position).await?;
            let (plan, cut) = self.pinned(plan, position, values)?;
            let mut state = self.state();
            state.mark_start_execution();
            let context = state.task_ctx();
            let planned = self
                .shared
                .queries
                .run(async move { state.create_physical_plan(&plan).await });
            let physical = planned.await.ok_or_else(broken)?.map_err(sql_error)?;
            Ok((physical, context, cut))
        })
    }

    /// The plan over rows of the position, which is pinned only as long as it takes to get
    /// hold of them.
    fn pinned(
        &self,
        plan: &LogicalPlan,
        position: &watch::Sender<Cut>,
        values: Vec<ScalarValue>,
    ) -> Result<(LogicalPlan, Cut), SqlError> {
        let pin = self.shared.pins.pin(position);
        let plan = replace_sources(plan.clone(), &mut |scanned| self.provider(scanned, &pin))?;
        Ok((bind(plan, values)?, pin.cut))
    }

    fn state(&self) -> SessionState {
        self.shared.planner.session_state()
    }

    /// The position that a read of these relations is at: where the views are, when it reads
    /// one; else where streams and tables are, so that a view that lags delays nobody else.
    fn position(&self, catalog: &Catalog, relations: &[RelationId]) -> &watch::Sender<Cut> {
        let reads_view = relations.iter().any(|id| {
            catalog.relation(*id).is_some_and(|relation| {
                matches!(relation.kind, RelationKind::MaterializedView { .. })
            })
        });
        if reads_view {
            &self.shared.reached
        } else {
            &self.shared.applied
        }
    }

    async fn wait(&self, position: &watch::Sender<Cut>) -> Result<(), SqlError> {
        let lsn = match self.settings.read_consistency() {
            ReadConsistency::Session => self.last_lsn,
            ReadConsistency::Strict => self.shared.log.committed(),
            ReadConsistency::Latest => return Ok(()),
        };
        if std::ptr::eq(position, &raw const self.shared.reached) {
            self.shared.wait_reached(lsn).await
        } else {
            self.shared.wait_applied(lsn).await
        }
    }

    fn provider(
        &self,
        scanned: Scanned<'_>,
        pin: &Pin<'_>,
    ) -> Result<Arc<dyn TableProvider>, SqlError> {
        match scanned {
            Scanned::Relation(relation) => self.relation_rows(relation, pin.cut),
            Scanned::Late(stream) => {
                let schema = summit_planner::late_schema(stream)?;
                let storage = Arc::clone(&self.shared.storage);
                let (id, cut) = (stream.id, pin.cut);
                let open: OpenRows = Arc::new(move |projection| {
                    let rows = storage.read_late(id, cut)?;
                    let projection = projection.map(<[usize]>::to_vec);
                    Ok(
                        Box::new(rows.map(move |batch| project(batch?, projection.as_deref())))
                            as BaseRows,
                    )
                });
                Ok(Arc::new(RowsTable::new(schema, open)))
            }
        }
    }

    fn relation_rows(
        &self,
        relation: &Arc<Relation>,
        cut: Cut,
    ) -> Result<Arc<dyn TableProvider>, SqlError> {
        let schema = Arc::clone(&relation.columns);
        match relation.kind {
            RelationKind::MaterializedView { .. } if is_pending(relation) => Err(SqlError::new(
                SqlState::NOT_IN_STATE,
                format!(
                    "materialized view \"{}\" is built when its transaction commits",
                    relation.display_name()
                ),
            )
            .hint("COMMIT first.")),
            RelationKind::MaterializedView { .. } => {
                let snapshot = view_snapshot(&self.shared, relation, cut)?;
                let open: OpenRows = Arc::new(move |projection| {
                    Ok(Box::new(snapshot.batches(projection)) as BaseRows)
                });
                Ok(Arc::new(RowsTable::new(schema, open)))
            }
            RelationKind::System => {
                let rows = system::rows(relation, &self.shared, &self.settings)
                    .map_err(|error| SqlError::internal(error.to_string()))?;
                Ok(Arc::new(RowsTable::of_batches(schema, vec![rows])))
            }
            RelationKind::View { .. } => Err(SqlError::internal(format!(
                "view {} was not looked through",
                relation.name
            ))),
            RelationKind::Stream { .. } | RelationKind::Table { .. } => Ok(Arc::new(
                RowsTable::new(schema, self.base_rows(relation, cut)?),
            )),
        }
    }

    /// A stream or table, with what the open transaction wrote.
    fn base_rows(&self, relation: &Arc<Relation>, cut: Cut) -> Result<OpenRows, SqlError> {
        let storage = Arc::clone(&self.shared.storage);
        let id = relation.id;
        let committed: OpenRows = if is_pending(relation) {
            Arc::new(|_| Ok(Box::new(std::iter::empty()) as BaseRows))
        } else if matches!(relation.kind, RelationKind::Table { .. }) {
            let snapshot = storage.table_snapshot(id, cut).map_err(storage_error)?;
            Arc::new(move |projection| Ok(Box::new(snapshot.batches(projection)) as BaseRows))
        } else {
            Arc::new(move |projection| base_rows(&storage, id, cut, projection))
        };
        let Transaction::Open { writes, .. } = &self.transaction else {
            return Ok(committed);
        };
        let Some(overlay) = writes.overlay(id)? else {
            return Ok(committed);
        };
        Ok(Arc::new(move |projection| {
            // The overlay needs the key's columns whatever the query reads.
            let rows = overlay.over(committed(None)?);
            let projection = projection.map(<[usize]>::to_vec);
            Ok(Box::new(rows.map(move |batch| project(batch?, projection.as_deref()))) as BaseRows)
        }))
    }
}

/// A view's rows at a position.
pub(crate) fn view_snapshot(
    shared: &Shared,
    relation: &Relation,
    cut: Cut,
) -> Result<summit_storage::Snapshot, SqlError> {
    let Some(view) = shared.views.view(relation.id) else {
        return Err(SqlError::new(
            SqlState::NOT_IN_STATE,
            format!(
                "materialized view \"{}\" is being built",
                relation.display_name()
            ),
        )
        .hint("Wait until summit.views shows its state as running."));
    };
    if let Some((at, error)) = view.failed {
        return Err(SqlError::new(
            SqlState::NOT_IN_STATE,
            format!(
                "materialized view \"{}\" stopped at LSN {at}: {error}",
                relation.display_name()
            ),
        )
        .hint("Drop it and make it again with a query that does not fail on its data."));
    }
    match view.contents {
        Some(contents) => Ok(contents.read().snapshot(cut.lsn())),
        None => Err(SqlError::internal("a running view has contents")),
    }
}

/// A result's rows, under the names of its columns.
fn rows(
    feeding: Feeding<datafusion::error::Result<RecordBatch>>,
    schema: SchemaRef,
    tag: &'static str,
) -> Rows {
    let named = Arc::clone(&schema);
    let batches = futures::stream::unfold(feeding, |mut feeding| async move {
        let batch = feeding.next().await?;
        Some((batch.and_then(|batch| batch.map_err(sql_error)), feeding))
    });
    let batches = batches
        .map(move |batch| {
            let batch = batch?;
            let options = arrow::array::RecordBatchOptions::new()
                .with_match_field_names(false)
                .with_row_count(Some(batch.num_rows()));
            RecordBatch::try_new_with_options(
                Arc::clone(&named),
                batch.columns().to_vec(),
                &options,
            )
            .map_err(|error| SqlError::internal(error.to_string()))
        })
        .boxed();
    Rows {
        schema,
        batches,
        tag,
        live: false,
    }
}

fn project(
    batch: RecordBatch,
    projection: Option<&[usize]>,
) -> Result<RecordBatch, summit_storage::StorageError> {
    match projection {
        Some(columns) => batch
            .project(columns)
            .map_err(|error| summit_storage::StorageError::Invalid(error.to_string())),
        None => Ok(batch),
    }
}

/// Makes an outcome of rows that are known.
pub(crate) fn known_rows(batch: RecordBatch, tag: &'static str) -> Outcome {
    Outcome::Rows(Rows {
        schema: batch.schema(),
        batches: futures::stream::iter([Ok(batch)]).boxed(),
        tag,
        live: false,
    })
}
