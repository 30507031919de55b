//! SUBSCRIBE: a snapshot, then every change, each with its position.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, UInt32Array, new_null_array};
use arrow::compute::take_record_batch;
use arrow::datatypes::SchemaRef;
use futures::StreamExt;
use summit_catalog::{SqlError, SqlState};
use summit_log::{Cut, Lsn};
use summit_session::Rows;
use summit_storage::Change;
use tokio::sync::oneshot;

use crate::commit::shutting_down;
use crate::limits;
use crate::session::plan::SubscribePlan;
use crate::session::{EngineSession, Transaction};
use crate::state::Shared;
use crate::subscriptions::{FeedItem, FeedReader, FeedRequest};
use crate::views::ViewCommand;

/// Counts a subscription while it lives.
struct Counted(Arc<Shared>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.subscriptions.fetch_sub(1, Ordering::Relaxed);
        // So that the view thread takes its operators out.
        self.0.views.wake();
    }
}

impl EngineSession {
    /// Opens a subscription.
    pub(crate) async fn subscribe(&mut self, plan: &SubscribePlan) -> Result<Rows, SqlError> {
        if let Transaction::Open { writes, .. } = &self.transaction
            && !writes.is_empty()
        {
            return Err(SqlError::new(
                SqlState::INVALID_TRANSACTION_STATE,
                "SUBSCRIBE cannot see the uncommitted writes of its own transaction",
            )
            .hint("COMMIT first."));
        }
        Shared::count(
            &self.shared.subscriptions,
            limits::SUBSCRIPTIONS_MAX,
            "subscriptions",
        )?;
        let counted = Counted(Arc::clone(&self.shared));
        let (reply, answer) = oneshot::channel();
        let up_to = plan.subscribe.up_to.map(Lsn::new);
        let reached = self.shared.reached.borrow().lsn();
        if let Some(end) = up_to
            && end < reached.max(self.last_lsn)
        {
            return Err(SqlError::new(
                SqlState::INVALID_PARAMETER,
                format!("UP TO LSN {end} is before the current position, {reached}"),
            )
            .hint("summit_lsn() gives the current position."));
        }
        self.shared.views.push(ViewCommand::Subscribe {
            at: self.last_lsn,
            request: Box::new(FeedRequest {
                plan: plan.flow.clone(),
                reads: plan.reads.clone(),
                snapshot: plan.subscribe.snapshot,
                progress: plan.subscribe.progress,
                up_to,
                reply,
            }),
        });
        let reader = answer.await.map_err(|_| shutting_down())??;
        let schema = Arc::clone(&plan.schema);
        let batches = futures::stream::unfold(
            Feeding {
                reader,
                schema: Arc::clone(&schema),
                waiting: Vec::new(),
                _counted: counted,
            },
            |mut feeding| async move {
                let item = feeding.next().await?;
                Some((item, feeding))
            },
        );
        Ok(Rows {
            schema,
            batches: batches.boxed(),
            tag: "SUBSCRIBE",
            live: true,
        })
    }
}

struct Feeding {
    reader: FeedReader,
    schema: SchemaRef,
    waiting: Vec<RecordBatch>,
    _counted: Counted,
}

impl Feeding {
    async fn next(&mut self) -> Option<Result<RecordBatch, SqlError>> {
        loop {
            if let Some(batch) = self.waiting.pop() {
                return Some(Ok(batch));
            }
            match self.reader.next().await? {
                Ok(FeedItem::Changes { at, changes, .. }) => {
                    let batches: Result<Vec<RecordBatch>, SqlError> = changes
                        .iter()
                        .map(|change| rows(&self.schema, at, change))
                        .collect();
                    match batches {
                        Ok(batches) => {
                            self.waiting = batches;
                            self.waiting.retain(|batch| batch.num_rows() > 0);
                            self.waiting.reverse();
                        }
                        Err(error) => return Some(Err(error)),
                    }
                }
                Ok(FeedItem::Progress(at)) => return Some(progress(&self.schema, at)),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// The rows of a change: `lsn`, `diff`, then the relation's columns; a row that came twice
/// is there twice.
fn rows(schema: &SchemaRef, at: Cut, change: &Change) -> Result<RecordBatch, SqlError> {
    let internal = |error: arrow::error::ArrowError| SqlError::internal(error.to_string());
    let (body, diffs): (RecordBatch, Int64Array) = match &change.weights {
        None => (
            change.rows.clone(),
            Int64Array::from(vec![1; change.num_rows()]),
        ),
        Some(weights) => {
            let mut indices = Vec::with_capacity(weights.len());
            let mut diffs = Vec::with_capacity(weights.len());
            for (row, weight) in weights.iter().enumerate() {
                let row =
                    u32::try_from(row).map_err(|_| SqlError::internal("a batch too large"))?;
                for _ in 0..weight.unsigned_abs() {
                    indices.push(row);
                    diffs.push(weight.signum());
                }
            }
            let body =
                take_record_batch(&change.rows, &UInt32Array::from(indices)).map_err(internal)?;
            (body, Int64Array::from(diffs))
        }
    };
    let lsn = lsn_column(at, body.num_rows());
    let mut columns: Vec<ArrayRef> = vec![lsn, Arc::new(diffs)];
    columns.extend(body.columns().iter().cloned());
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(internal)
}

/// A row that says that everything up to a position was sent: `diff` 0, the rest NULL.
fn progress(schema: &SchemaRef, at: Cut) -> Result<RecordBatch, SqlError> {
    let mut columns: Vec<ArrayRef> = vec![lsn_column(at, 1), Arc::new(Int64Array::from(vec![0]))];
    columns.extend(
        schema
            .fields()
            .iter()
            .skip(2)
            .map(|field| new_null_array(field.data_type(), 1)),
    );
    RecordBatch::try_new(Arc::clone(schema), columns)
        .map_err(|error| SqlError::internal(error.to_string()))
}

fn lsn_column(at: Cut, rows: usize) -> ArrayRef {
    let lsn = i64::try_from(at.lsn().get()).unwrap_or(i64::MAX);
    Arc::new(Int64Array::from(vec![lsn; rows]))
}
