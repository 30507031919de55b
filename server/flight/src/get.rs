//! `DoGet`: a statement's rows.

use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow_flight::FlightData;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use summit_session::{Outcome, RowStream, Rows};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::call::{Call, sql_text};
use crate::limits::MESSAGE_BYTES_TARGET;
use crate::plain::{plain_batch, plain_schema};
use crate::slices::Slices;
use crate::status::{from_sql, shutting_down};

/// Runs the statement of a ticket. `live` ends streams that may go on for ever, `ending`
/// ends all.
pub(crate) async fn do_get(
    mut call: Call,
    ticket: &[u8],
    live: CancellationToken,
    ending: CancellationToken,
) -> Result<BoxStream<'static, Result<FlightData, Status>>, Status> {
    let sql = sql_text(ticket)?;
    let prepared = call.prepare(sql).await?;
    match call.execute(&prepared).await? {
        Outcome::Rows(rows) | Outcome::CopyOut(rows, _) => {
            let stop = if rows.live { live } else { ending };
            Ok(row_messages(call, rows, stop))
        }
        Outcome::Done(tag) => {
            let schema = tag_schema();
            let column = Arc::new(StringArray::from(vec![tag]));
            let batch = RecordBatch::try_new(Arc::clone(&schema), vec![column])
                .map_err(|error| Status::internal(error.to_string()))?;
            Ok(messages(schema, stream::iter([Ok(batch)]).boxed()))
        }
        Outcome::Empty => Err(Status::invalid_argument(
            "the ticket holds no statement\nHINT: send one SQL statement, such as SELECT 1",
        )),
        Outcome::CopyIn(copy) => Err(Status::invalid_argument(format!(
            "COPY FROM STDIN has no data in a ticket\n\
             HINT: send the rows of {} with DoPut, its name as the descriptor's path",
            copy.relation
        ))),
    }
}

/// The schema of a statement that gives no rows.
pub(crate) fn tag_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("tag", DataType::Utf8, false)]))
}

/// What a row stream holds on to. The call comes first: it is dropped, and so the statement
/// cancelled, before the stream that it feeds.
struct Rowing {
    call: Call,
    batches: RowStream,
    slices: Slices,
    schema: SchemaRef,
    ended: CancellationToken,
    stop: CancellationToken,
}

fn row_messages(
    call: Call,
    rows: Rows,
    stop: CancellationToken,
) -> BoxStream<'static, Result<FlightData, Status>> {
    let schema = plain_schema(&rows.schema);
    let ended = call.ended();
    let rowing = Rowing {
        call,
        batches: rows.batches,
        slices: Slices::none(),
        schema: Arc::clone(&schema),
        ended,
        stop,
    };
    let batches = stream::try_unfold(rowing, |mut rowing| async move {
        Ok(rowing.next().await?.map(|batch| (batch, rowing)))
    });
    messages(schema, batches.boxed())
}

impl Rowing {
    /// The next part that is one message. Pulled by the client's window: nothing runs ahead.
    async fn next(&mut self) -> Result<Option<RecordBatch>, Status> {
        loop {
            if let Some(part) = self.slices.next() {
                return Ok(Some(part));
            }
            for notice in self.call.session.take_notices() {
                tracing::debug!(code = notice.code, message = notice.message, "notice");
            }
            let item = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(shutting_down()),
                () = self.ended.cancelled() => return Err(shutting_down()),
                item = self.batches.next() => item,
            };
            match item {
                None => return Ok(None),
                Some(Err(error)) => return Err(from_sql(&error)),
                // every message is flushed as it is, so an empty batch says nothing new
                Some(Ok(batch)) if batch.num_rows() == 0 => {}
                Some(Ok(batch)) => {
                    let batch = plain_batch(&batch, &self.schema)
                        .map_err(|error| Status::internal(error.to_string()))?;
                    self.slices = Slices::new(batch, MESSAGE_BYTES_TARGET, usize::MAX);
                }
            }
        }
    }
}

fn messages(
    schema: SchemaRef,
    batches: BoxStream<'static, Result<RecordBatch, Status>>,
) -> BoxStream<'static, Result<FlightData, Status>> {
    FlightDataEncoderBuilder::new()
        .with_schema(schema)
        // the encoder cuts by the size of whole buffers, which a slice shares with its
        // siblings; ours cuts by the slice
        .with_max_flight_data_size(usize::MAX)
        .build(batches.map_err(|status| FlightError::Tonic(Box::new(status))))
        .map_err(Status::from)
        .boxed()
}
