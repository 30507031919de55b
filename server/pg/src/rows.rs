//! Rows on their way to the client.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use bytes::{BufMut, BytesMut};
use futures::StreamExt;
use pgwire::messages::data::{FieldDescription, RowDescription};
use summit_session::{Rows, SqlError, SqlState};

use crate::encode::{Column, Format, Style};
use crate::error::Failure;
use crate::limits::ENCODE_STEP_ROWS;
use crate::pg_type::PgType;
use crate::wire::Io;

/// A result that has begun to flow.
pub(crate) struct OpenRows {
    rows: Rows,
    formats: Vec<Format>,
    current: Option<Batch>,
    counter: metrics::Counter,
}

struct Batch {
    columns: Vec<Column>,
    next: usize,
    rows: usize,
}

/// How far a result was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// To its end; this many rows this time.
    Finished(u64),
    /// As many as were asked for; there may be more.
    Suspended,
}

impl OpenRows {
    pub(crate) fn new(rows: Rows, formats: Vec<Format>) -> Self {
        let counter = metrics::counter!("summit_pg_rows_total");
        OpenRows {
            rows,
            formats,
            current: None,
            counter,
        }
    }

    pub(crate) fn tag(&self) -> &'static str {
        self.rows.tag
    }

    /// Sends rows, at most `max` when it is given.
    pub(crate) async fn send(
        &mut self,
        io: &mut Io,
        style: &Style,
        max: Option<u64>,
    ) -> Result<Progress, Failure> {
        let mut sent = 0;
        loop {
            if let Some(batch) = &mut self.current {
                while batch.next < batch.rows {
                    if max == Some(sent) {
                        return Ok(Progress::Suspended);
                    }
                    write_row(
                        &batch.columns,
                        &self.formats,
                        batch.next,
                        style,
                        &mut io.output.buffer,
                    )?;
                    batch.next += 1;
                    sent += 1;
                    self.counter.increment(1);
                    io.flush_when_full().await?;
                    if batch.next % ENCODE_STEP_ROWS == 0 {
                        tokio::task::yield_now().await;
                    }
                }
                self.current = None;
                if self.rows.live {
                    io.flush().await?;
                }
            }
            if max == Some(sent) {
                return Ok(Progress::Suspended);
            }
            match io.watched(self.rows.batches.next()).await? {
                None => return Ok(Progress::Finished(sent)),
                Some(Err(error)) => return Err(error.into()),
                Some(Ok(batch)) if batch.num_rows() == 0 => io.flush().await?,
                Some(Ok(batch)) => {
                    let columns = prepare(&self.rows.schema, &batch)?;
                    self.current = Some(Batch {
                        columns,
                        next: 0,
                        rows: batch.num_rows(),
                    });
                }
            }
        }
    }
}

/// The columns of a batch, ready to be written.
pub(crate) fn prepare(schema: &Schema, batch: &RecordBatch) -> Result<Vec<Column>, SqlError> {
    if schema.fields().len() != batch.num_columns() {
        return Err(SqlError::internal(
            "a batch has other columns than its result",
        ));
    }
    let pairs = schema.fields().iter().zip(batch.columns());
    pairs
        .map(|(field, array)| Column::new(field, array))
        .collect()
}

fn write_row(
    columns: &[Column],
    formats: &[Format],
    row: usize,
    style: &Style,
    out: &mut BytesMut,
) -> Result<(), SqlError> {
    let start = out.len();
    out.put_u8(b'D');
    out.put_i32(0);
    out.put_i16(columns.len() as i16);
    for (column, format) in columns.iter().zip(formats) {
        if let Err(error) = column.write_value(row, *format, style, out) {
            out.truncate(start);
            return Err(error);
        }
    }
    close_message(start, out)
}

/// Fills in the length of the message that starts at `start`.
pub(crate) fn close_message(start: usize, out: &mut BytesMut) -> Result<(), SqlError> {
    let Ok(length) = i32::try_from(out.len() - start - 1) else {
        out.truncate(start);
        return Err(SqlError::new(
            SqlState::PROGRAM_LIMIT,
            "a row is larger than 2 GB",
        ));
    };
    out[start + 1..start + 5].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// The client's choice of formats (none: text; one: for all; or one each) for `count` columns.
///
/// # Errors
/// `08P01` for any other number, `22023` for an unknown code.
pub(crate) fn formats(codes: &[i16], count: usize) -> Result<Vec<Format>, SqlError> {
    let format = |code: i16| match code {
        0 => Ok(Format::Text),
        1 => Ok(Format::Binary),
        other => Err(SqlError::new(
            SqlState::INVALID_PARAMETER,
            format!("unsupported format code: {other}"),
        )),
    };
    match codes {
        [] => Ok(vec![Format::Text; count]),
        [code] => Ok(vec![format(*code)?; count]),
        codes if codes.len() == count => codes.iter().map(|code| format(*code)).collect(),
        codes => Err(crate::error::protocol(format!(
            "bind message has {} result formats but query has {count} columns",
            codes.len()
        ))),
    }
}

/// The RowDescription of a result.
pub(crate) fn description(schema: &Schema, formats: &[Format]) -> RowDescription {
    let fields = schema.fields().iter().zip(formats);
    RowDescription::new(
        fields
            .map(|(field, format)| {
                let pg_type = PgType::of_field(field);
                FieldDescription::new(
                    field.name().replace('\0', ""),
                    0,
                    0,
                    pg_type.oid(),
                    pg_type.size(),
                    pg_type.modifier,
                    format.code(),
                )
            })
            .collect(),
    )
}
