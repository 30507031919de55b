//! `COPY … TO STDOUT`.

use bytes::{BufMut, BytesMut};
use futures::StreamExt;
use pgwire::messages::copy::{CopyDone, CopyOutResponse};
use summit_session::{CopyFormat, CopyOptions, Rows, SqlError};

use crate::encode::{Column, Format, Style};
use crate::error::Failure;
use crate::limits::ENCODE_STEP_ROWS;
use crate::rows::{close_message, prepare};
use crate::wire::Io;

/// What binary COPY data starts with, flags and header extension included.
const BINARY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Sends all rows and answers how many.
pub(crate) async fn copy_out(
    io: &mut Io,
    mut rows: Rows,
    options: &CopyOptions,
    style: &Style,
) -> Result<u64, Failure> {
    let binary = options.format == CopyFormat::Binary;
    let count = rows.schema.fields().len();
    let code = i16::from(binary);
    io.output.put(&CopyOutResponse::new(
        code as i8,
        count as i16,
        vec![code; count],
    ))?;
    // as PostgreSQL does it, the header shares a message with the first row: tokio-postgres
    // relies on it
    let mut header: &[u8] = if binary { BINARY_HEADER } else { b"" };
    if options.header && !binary {
        data(&mut io.output.buffer, |out| {
            for (nth, field) in rows.schema.fields().iter().enumerate() {
                if nth > 0 {
                    out.put_u8(options.delimiter);
                }
                match options.format {
                    CopyFormat::Csv => csv_field(field.name().as_bytes(), options, false, out),
                    _ => text_field(field.name().as_bytes(), options, out),
                }
            }
            out.put_u8(b'\n');
            Ok(())
        })?;
    }
    let counter = metrics::counter!("summit_pg_rows_total");
    let mut sent = 0;
    let mut scratch = BytesMut::new();
    while let Some(batch) = io.watched(rows.batches.next()).await? {
        let batch = batch?;
        let columns = prepare(&rows.schema, &batch)?;
        for row in 0..batch.num_rows() {
            data(&mut io.output.buffer, |out| match options.format {
                CopyFormat::Binary => {
                    out.put_slice(std::mem::take(&mut header));
                    binary_row(&columns, row, style, out)
                }
                _ => line(&columns, row, options, style, &mut scratch, out),
            })?;
            io.flush_when_full().await?;
            if row % ENCODE_STEP_ROWS == ENCODE_STEP_ROWS - 1 {
                tokio::task::yield_now().await;
            }
        }
        sent += batch.num_rows() as u64;
        counter.increment(batch.num_rows() as u64);
        if rows.live || batch.num_rows() == 0 {
            io.flush().await?;
        }
    }
    if binary {
        data(&mut io.output.buffer, |out| {
            out.put_slice(header);
            out.put_i16(-1);
            Ok(())
        })?;
    }
    io.output.put(&CopyDone::new())?;
    Ok(sent)
}

/// One CopyData message.
fn data(
    out: &mut BytesMut,
    write: impl FnOnce(&mut BytesMut) -> Result<(), SqlError>,
) -> Result<(), SqlError> {
    let start = out.len();
    out.put_u8(b'd');
    out.put_i32(0);
    if let Err(error) = write(out) {
        out.truncate(start);
        return Err(error);
    }
    close_message(start, out)
}

fn binary_row(
    columns: &[Column],
    row: usize,
    style: &Style,
    out: &mut BytesMut,
) -> Result<(), SqlError> {
    out.put_i16(columns.len() as i16);
    columns
        .iter()
        .try_for_each(|column| column.write_value(row, Format::Binary, style, out))
}

fn line(
    columns: &[Column],
    row: usize,
    options: &CopyOptions,
    style: &Style,
    scratch: &mut BytesMut,
    out: &mut BytesMut,
) -> Result<(), SqlError> {
    for (nth, column) in columns.iter().enumerate() {
        if nth > 0 {
            out.put_u8(options.delimiter);
        }
        if column.is_null(row) {
            out.put_slice(options.null.as_bytes());
            continue;
        }
        scratch.clear();
        column.write_text(row, style, scratch)?;
        match options.format {
            CopyFormat::Csv => csv_field(scratch, options, columns.len() == 1, out),
            _ => text_field(scratch, options, out),
        }
    }
    out.put_u8(b'\n');
    Ok(())
}

fn text_field(value: &[u8], options: &CopyOptions, out: &mut BytesMut) {
    for &byte in value {
        let escaped = match byte {
            b'\\' => b'\\',
            0x08 => b'b',
            0x0c => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x0b => b'v',
            byte if byte == options.delimiter => byte,
            byte => {
                out.put_u8(byte);
                continue;
            }
        };
        out.put_u8(b'\\');
        out.put_u8(escaped);
    }
}

fn csv_field(value: &[u8], options: &CopyOptions, alone: bool, out: &mut BytesMut) {
    let special = |&byte: &u8| {
        byte == options.delimiter || byte == options.quote || matches!(byte, b'\n' | b'\r')
    };
    // what would read as NULL or as the end of the data
    let ambiguous = value == options.null.as_bytes() || (alone && value == b"\\.");
    if !ambiguous && !value.iter().any(special) {
        out.put_slice(value);
        return;
    }
    out.put_u8(options.quote);
    for &byte in value {
        if byte == options.quote || byte == options.escape {
            out.put_u8(options.escape);
        }
        out.put_u8(byte);
    }
    out.put_u8(options.quote);
}
