//! `COPY … FROM STDIN`: from what the client sends to record batches.

mod binary;
mod csv;
mod sink;
mod text;

use arrow::array::RecordBatch;
use summit_session::{CopyFormat, CopyIn, SqlError, SqlState};

use crate::calendar::Zone;
use crate::error::Located;
use sink::Sink;

/// Decodes the data of one COPY as it comes.
pub(crate) struct CopyDecoder {
    sink: Sink,
    format: FormatDecoder,
    bytes: usize,
    bytes_max: usize,
}

enum FormatDecoder {
    Text(text::TextDecoder),
    Csv(csv::CsvDecoder),
    Binary(binary::BinaryDecoder),
}

impl CopyDecoder {
    pub(crate) fn new(copy: &CopyIn, zone: Zone, bytes_max: usize) -> Result<Self, SqlError> {
        let format = match copy.options.format {
            CopyFormat::Text => FormatDecoder::Text(text::TextDecoder::new(&copy.options)),
            CopyFormat::Csv => FormatDecoder::Csv(csv::CsvDecoder::new(&copy.options)),
            CopyFormat::Binary => FormatDecoder::Binary(binary::BinaryDecoder::default()),
        };
        Ok(CopyDecoder {
            sink: Sink::new(copy, zone)?,
            format,
            bytes: 0,
            bytes_max,
        })
    }

    /// Takes a piece of the data; pieces need not end where rows do.
    ///
    /// # Errors
    /// What is wrong with a row, located by line and column; `54000` beyond the limit.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), Located> {
        self.bytes += bytes.len();
        if self.bytes > self.bytes_max {
            return Err(SqlError::new(
                SqlState::PROGRAM_LIMIT,
                format!(
                    "COPY data is larger than the limit of {} bytes",
                    self.bytes_max
                ),
            )
            .hint("Send the rows in several COPY statements.")
            .into());
        }
        match &mut self.format {
            FormatDecoder::Text(decoder) => decoder.push(bytes, &mut self.sink),
            FormatDecoder::Csv(decoder) => decoder.push(bytes, &mut self.sink),
            FormatDecoder::Binary(decoder) => decoder.push(bytes, &mut self.sink),
        }
    }

    /// All rows, once the client has sent everything.
    ///
    /// # Errors
    /// As [`CopyDecoder::push`]; `22P04` when the data ends in the middle of a row.
    pub(crate) fn finish(mut self) -> Result<Vec<RecordBatch>, Located> {
        match &mut self.format {
            FormatDecoder::Text(decoder) => decoder.finish(&mut self.sink)?,
            FormatDecoder::Csv(decoder) => decoder.finish(&mut self.sink)?,
            FormatDecoder::Binary(decoder) => decoder.finish(&mut self.sink)?,
        }
        self.sink.finish()
    }
}
