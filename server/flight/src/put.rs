//! `DoPut`: appends rows to a relation.
//!
//! Rows are appended in groups. A group ends when it is full or when the client has sent no
//! more for now, so that a client that waits for each acknowledgement gets it, and one that
//! streams gets few, large transactions.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;

use arrow::array::RecordBatch;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use arrow_flight::flight_descriptor::DescriptorType;
use arrow_flight::{FlightData, PutResult};
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};

use crate::call::{Call, sql_text};
use crate::describe::relation_path;
use crate::incoming::{check_message, check_schema};
use crate::limits::{GROUP_BYTES_MAX, GROUP_ROWS_MAX};
use crate::slices::{Slices, batch_bytes};
use crate::status::{shutting_down, with_context};

/// Appends what a client sends; one result per group that is durable.
pub(crate) async fn do_put(
    call: Call,
    mut data: Streaming<FlightData>,
    ending: CancellationToken,
) -> Result<BoxStream<'static, Result<PutResult, Status>>, Status> {
    let first = tokio::select! {
        biased;
        () = ending.cancelled() => return Err(shutting_down()),
        first = data.message() => first?.ok_or_else(|| {
            Status::invalid_argument("the stream is empty\nHINT: the first message is the schema")
        })?,
    };
    let descriptor = first.flight_descriptor.as_ref().ok_or_else(|| {
        Status::invalid_argument(
            "the first message has no descriptor\n\
             HINT: use a path descriptor of [relation] or [schema, relation]",
        )
    })?;
    if descriptor.r#type() == DescriptorType::Cmd {
        // Flight SQL's commands get their own answer
        sql_text(&descriptor.cmd)?;
    }
    let relation = relation_path(descriptor)?.to_vec();
    let messages = stream::iter([Ok(first)]).chain(data).map(|message| {
        message
            .and_then(|message| check_message(&message).map(|()| message))
            .map_err(|status| FlightError::Tonic(Box::new(status)))
    });
    let batches = FlightRecordBatchStream::new_from_flight_data(messages);
    let putting = Putting {
        ended: call.ended(),
        call,
        relation,
        batches,
        ready: VecDeque::new(),
        slices: Slices::none(),
        schema_checked: false,
        done: None,
        rows_kept: 0,
        ending,
    };
    Ok(stream::try_unfold(putting, |mut putting| async move {
        Ok(putting.next().await?.map(|result| (result, putting)))
    })
    .boxed())
}

struct Putting {
    call: Call,
    relation: Vec<String>,
    batches: FlightRecordBatchStream,
    /// Decoded and not yet appended: at most one that did not fit the last group.
    ready: VecDeque<RecordBatch>,
    slices: Slices,
    schema_checked: bool,
    /// How the client's stream ended, once it did.
    done: Option<Result<(), Status>>,
    /// Rows of this call that are durable.
    rows_kept: u64,
    ended: CancellationToken,
    ending: CancellationToken,
}

impl Putting {
    /// Appends the next group and tells of it.
    async fn next(&mut self) -> Result<Option<PutResult>, Status> {
        let group = self.next_group().await?;
        if group.is_empty() {
            return match self.done.take() {
                Some(Err(status)) => Err(self.with_rows_kept(status)),
                _ => Ok(None),
            };
        }
        let append = self.call.session.append(&self.relation, group);
        let appended = tokio::select! {
            biased;
            appended = append => appended,
            () = self.ending.cancelled() => return Err(shutting_down()),
        };
        match appended {
            Ok(rows) => {
                self.rows_kept += rows;
                let app_metadata = format!("{{\"rows\":{rows}}}").into();
                Ok(Some(PutResult { app_metadata }))
            }
            Err(error) => Err(with_context(&error, &self.kept())),
        }
    }

    /// Waits for a first part, then takes what is there without waiting. Empty at the end.
    async fn next_group(&mut self) -> Result<Vec<RecordBatch>, Status> {
        let (mut group, mut rows, mut bytes) = (Vec::new(), 0, 0);
        loop {
            let part = if let Some(part) = self.ready.pop_front() {
                part
            } else if let Some(part) = self.slices.next() {
                part
            } else if self.done.is_some() {
                return Ok(group);
            } else {
                let (ended, ending) = (self.ended.clone(), self.ending.clone());
                let next = AssertUnwindSafe(self.batches.next()).catch_unwind();
                let item = if group.is_empty() {
                    tokio::select! {
                        biased;
                        () = ended.cancelled() => return Err(shutting_down()),
                        () = ending.cancelled() => return Err(shutting_down()),
                        item = next => item,
                    }
                } else {
                    match next.now_or_never() {
                        Some(item) => item,
                        None => return Ok(group),
                    }
                };
                self.take(item.unwrap_or_else(|_| {
                    // the decoder asserts where it should refuse; the bytes are the client's
                    Some(Err(FlightError::DecodeError(
                        "malformed record batch".to_owned(),
                    )))
                }));
                continue;
            };
            if part.num_rows() == 0 {
                continue;
            }
            let part_bytes = batch_bytes(&part);
            let fits =
                rows + part.num_rows() <= GROUP_ROWS_MAX && bytes + part_bytes <= GROUP_BYTES_MAX;
            if !group.is_empty() && !fits {
                self.ready.push_front(part);
                return Ok(group);
            }
            rows += part.num_rows();
            bytes += part_bytes;
            group.push(part);
        }
    }

    /// Takes what the decoder gave.
    fn take(&mut self, item: Option<Result<RecordBatch, FlightError>>) {
        // an empty put must still name a relation and columns that exist
        let checked = match self.batches.schema().filter(|_| !self.schema_checked) {
            Some(schema) => {
                self.schema_checked = true;
                check_schema(&self.call, &self.relation, schema)
            }
            None => Ok(()),
        };
        match (checked, item) {
            (Err(status), _) => self.done = Some(Err(status)),
            (Ok(()), None) => self.done = Some(Ok(())),
            (Ok(()), Some(Err(error))) => self.done = Some(Err(decode_status(error))),
            (Ok(()), Some(Ok(batch))) => {
                self.slices = Slices::new(batch, GROUP_BYTES_MAX, GROUP_ROWS_MAX);
            }
        }
    }

    fn kept(&self) -> String {
        match self.rows_kept {
            0 => "No row of this call was kept.".to_owned(),
            rows => format!("The first {rows} rows of this call are kept."),
        }
    }

    fn with_rows_kept(&self, status: Status) -> Status {
        let message = format!("{}\n{}", status.message(), self.kept());
        Status::with_metadata(status.code(), message, status.metadata().clone())
    }
}

fn decode_status(error: FlightError) -> Status {
    match error {
        FlightError::Tonic(status) => *status,
        other => Status::invalid_argument(format!(
            "the rows cannot be read: {other}\nHINT: send Arrow IPC messages, the schema first"
        )),
    }
}
