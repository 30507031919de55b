//! Rows pinned at a position, as DataFusion reads them.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use summit_catalog::RelationId;
use summit_log::Cut;
use summit_storage::{Storage, StorageError};

/// Batches, one after the other.
pub(crate) type Rows = Box<dyn Iterator<Item = Result<RecordBatch, StorageError>> + Send>;

/// Opens the rows anew for each scan, with the columns that it needs.
pub(crate) type OpenRows =
    Arc<dyn Fn(Option<&[usize]>) -> Result<Rows, StorageError> + Send + Sync>;

/// Everything that is in a stream or table at a position.
pub(crate) fn base_rows(
    storage: &Arc<Storage>,
    relation: RelationId,
    at: Cut,
    projection: Option<&[usize]>,
) -> Result<Rows, StorageError> {
    if storage.is_table(relation) {
        let snapshot = storage.table_snapshot(relation, at)?;
        Ok(Box::new(snapshot.batches(projection)))
    } else {
        Ok(Box::new(storage.read_stream(
            relation,
            Cut::ZERO,
            at,
            projection,
        )?))
    }
}

/// A relation's rows at a position.
pub(crate) struct RowsTable {
    schema: SchemaRef,
    open: OpenRows,
}

impl RowsTable {
    pub(crate) fn new(schema: SchemaRef, open: OpenRows) -> Self {
        RowsTable { schema, open }
    }

    /// Rows that are in memory.
    pub(crate) fn of_batches(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        let open: OpenRows = Arc::new(move |projection| {
            let batches: Result<Vec<_>, _> = batches
                .iter()
                .map(|batch| match projection {
                    Some(columns) => batch
                        .project(columns)
                        .map_err(|error| StorageError::Invalid(error.to_string())),
                    None => Ok(batch.clone()),
                })
                .collect();
            Ok(Box::new(batches?.into_iter().map(Ok)) as Rows)
        });
        RowsTable { schema, open }
    }
}

impl fmt::Debug for RowsTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowsTable").finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for RowsTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => Arc::clone(&self.schema),
        };
        let partition = Arc::new(RowsPartition {
            schema: Arc::clone(&schema),
            projection: projection.cloned(),
            open: Arc::clone(&self.open),
        });
        Ok(Arc::new(StreamingTableExec::try_new(
            schema,
            vec![partition],
            None,
            Vec::new(),
            false,
            limit,
        )?))
    }
}

struct RowsPartition {
    schema: SchemaRef,
    projection: Option<Vec<usize>>,
    open: OpenRows,
}

impl fmt::Debug for RowsPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowsPartition")
            .field("projection", &self.projection)
            .finish_non_exhaustive()
    }
}

/// Batches that may wait between the reader and the query.
const BATCHES_AHEAD: usize = 2;

impl PartitionStream for RowsPartition {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        // Rows may come from disk, and filtering a snapshot takes time: not on a runtime thread.
        let mut builder =
            RecordBatchReceiverStream::builder(Arc::clone(&self.schema), BATCHES_AHEAD);
        let sender = builder.tx();
        let open = Arc::clone(&self.open);
        let projection = self.projection.clone();
        builder.spawn_blocking(move || {
            for batch in open(projection.as_deref()).map_err(external)? {
                if sender.blocking_send(batch.map_err(external)).is_err() {
                    break;
                }
            }
            Ok(())
        });
        builder.build()
    }
}

fn external(error: StorageError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
