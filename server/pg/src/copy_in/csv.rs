//! CSV as PostgreSQL reads it.

use bytes::{Buf, BytesMut};
use summit_session::CopyOptions;

use super::sink::Sink;
use crate::error::Located;
use crate::parse::utf8;

/// Reads rows from comma-separated values. A row may go over several lines within quotes.
pub(super) struct CsvDecoder {
    options: CopyOptions,
    header: bool,
    buffer: BytesMut,
    /// The buffer has no row end before this, and there:
    scanned: usize,
    in_quotes: bool,
    escaped: bool,
    /// Line ends within the quotes of the current row.
    inner_lines: u64,
    done: bool,
}

impl CsvDecoder {
    pub(super) fn new(options: &CopyOptions) -> Self {
        CsvDecoder {
            options: options.clone(),
            header: options.header,
            buffer: BytesMut::new(),
            scanned: 0,
            in_quotes: false,
            escaped: false,
            inner_lines: 0,
            done: false,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8], sink: &mut Sink) -> Result<(), Located> {
        if self.done {
            return Ok(());
        }
        self.buffer.extend_from_slice(bytes);
        while let Some(end) = self.row_end() {
            let row = self.buffer.split_to(end);
            self.buffer.advance(1);
            self.scanned = 0;
            self.row(row.strip_suffix(b"\r").unwrap_or(&row), sink)?;
            if self.done {
                self.buffer.clear();
                break;
            }
        }
        Ok(())
    }

    fn row_end(&mut self) -> Option<usize> {
        let CopyOptions { quote, escape, .. } = self.options;
        while let Some(&byte) = self.buffer.get(self.scanned) {
            if byte == b'\n' && !self.in_quotes {
                return Some(self.scanned);
            }
            // a doubled quote leaves the quotes and enters them again
            if self.in_quotes && byte == escape && escape != quote && !self.escaped {
                self.escaped = true;
            } else {
                if byte == quote && !self.escaped {
                    self.in_quotes = !self.in_quotes;
                } else if byte == b'\n' {
                    self.inner_lines += 1;
                }
                self.escaped = false;
            }
            self.scanned += 1;
        }
        None
    }

    pub(super) fn finish(&mut self, sink: &mut Sink) -> Result<(), Located> {
        if self.done || self.buffer.is_empty() {
            return Ok(());
        }
        // scanned to its end by the last push
        let row = self.buffer.split();
        if self.in_quotes {
            sink.line += 1;
            return Err(sink.bad_line("unterminated CSV quoted field", &row));
        }
        self.row(row.strip_suffix(b"\r").unwrap_or(&row), sink)
    }

    fn row(&mut self, row: &[u8], sink: &mut Sink) -> Result<(), Located> {
        sink.line += 1;
        let inner_lines = std::mem::take(&mut self.inner_lines);
        if row == b"\\." {
            self.done = true;
            return Ok(());
        }
        if std::mem::take(&mut self.header) {
            sink.line += inner_lines;
            return Ok(());
        }
        if sink.columns() == 0 {
            return sink.end_row(usize::from(!row.is_empty()), row);
        }
        let mut value = Vec::new();
        let mut fields = 0;
        let mut at = 0;
        loop {
            value.clear();
            let quoted;
            (quoted, at) = self.field(row, at, &mut value);
            if !quoted && value == self.options.null.as_bytes() {
                sink.text(fields, row, None)?;
            } else {
                let text = utf8(&value).map_err(|error| sink.locate(error, String::new()))?;
                sink.text(fields, row, Some(text))?;
            }
            fields += 1;
            if at > row.len() {
                break;
            }
        }
        sink.end_row(fields, row)?;
        sink.line += inner_lines;
        Ok(())
    }

    /// Reads the field that starts at `at`; answers whether it had quotes and where the next
    /// one starts (beyond the row's end after the last).
    fn field(&self, row: &[u8], mut at: usize, value: &mut Vec<u8>) -> (bool, usize) {
        let CopyOptions {
            quote,
            escape,
            delimiter,
            ..
        } = self.options;
        let mut quoted = false;
        let mut in_quotes = false;
        while let Some(&byte) = row.get(at) {
            at += 1;
            if !in_quotes {
                if byte == delimiter {
                    return (quoted, at);
                }
                if byte == quote {
                    quoted = true;
                    in_quotes = true;
                } else {
                    value.push(byte);
                }
                continue;
            }
            let escapes = |next: &&u8| **next == quote || **next == escape;
            if byte == escape
                && let Some(&next) = row.get(at).filter(escapes)
            {
                value.push(next);
                at += 1;
                continue;
            }
            if byte == quote {
                in_quotes = false;
            } else {
                value.push(byte);
            }
        }
        (quoted, row.len() + 1)
    }
}
