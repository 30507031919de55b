//! PostgreSQL's text format: a row per line, backslash escapes, `\N` for NULL.

use bytes::{Buf, BytesMut};
use summit_session::CopyOptions;

use super::sink::Sink;
use crate::error::Located;
use crate::parse::utf8;

/// Reads rows from lines.
pub(super) struct TextDecoder {
    delimiter: u8,
    null: Vec<u8>,
    header: bool,
    buffer: BytesMut,
    /// The buffer has no line end before this.
    scanned: usize,
    done: bool,
}

impl TextDecoder {
    pub(super) fn new(options: &CopyOptions) -> Self {
        TextDecoder {
            delimiter: options.delimiter,
            null: options.null.clone().into_bytes(),
            header: options.header,
            buffer: BytesMut::new(),
            scanned: 0,
            done: false,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8], sink: &mut Sink) -> Result<(), Located> {
        if self.done {
            return Ok(());
        }
        self.buffer.extend_from_slice(bytes);
        while let Some(end) = self.line_end() {
            let line = self.buffer.split_to(end);
            self.buffer.advance(1);
            self.scanned = 0;
            self.line(line.strip_suffix(b"\r").unwrap_or(&line), sink)?;
            if self.done {
                self.buffer.clear();
                break;
            }
        }
        Ok(())
    }

    /// The next line end that is not escaped.
    fn line_end(&mut self) -> Option<usize> {
        while let Some(&byte) = self.buffer.get(self.scanned) {
            match byte {
                b'\n' => return Some(self.scanned),
                b'\\' if self.scanned + 1 == self.buffer.len() => return None,
                // `\.` and its line end are no escape
                b'\\' if self.buffer[self.scanned + 1] != b'.' => self.scanned += 2,
                _ => self.scanned += 1,
            }
        }
        None
    }

    pub(super) fn finish(&mut self, sink: &mut Sink) -> Result<(), Located> {
        if self.done || self.buffer.is_empty() {
            return Ok(());
        }
        let line = self.buffer.split();
        self.line(line.strip_suffix(b"\r").unwrap_or(&line), sink)
    }

    fn line(&mut self, line: &[u8], sink: &mut Sink) -> Result<(), Located> {
        sink.line += 1;
        if line == b"\\." {
            self.done = true;
            return Ok(());
        }
        if std::mem::take(&mut self.header) {
            return Ok(());
        }
        if sink.columns() == 0 {
            return sink.end_row(usize::from(!line.is_empty()), line);
        }
        let mut scratch = Vec::new();
        let mut fields = 0;
        let mut rest = Some(line);
        while let Some(bytes) = rest {
            let (field, after) = self.split(bytes);
            rest = after;
            if field == self.null {
                sink.text(fields, line, None)?;
            } else {
                let value = if field.contains(&b'\\') {
                    scratch.clear();
                    unescape(field, &mut scratch);
                    scratch.as_slice()
                } else {
                    field
                };
                let value = utf8(value).map_err(|error| sink.locate(error, String::new()))?;
                sink.text(fields, line, Some(value))?;
            }
            fields += 1;
        }
        sink.end_row(fields, line)
    }

    /// The first field, and what follows its delimiter.
    fn split<'a>(&self, bytes: &'a [u8]) -> (&'a [u8], Option<&'a [u8]>) {
        let mut at = 0;
        while at < bytes.len() {
            if bytes[at] == b'\\' {
                at += 2;
            } else if bytes[at] == self.delimiter {
                return (&bytes[..at], Some(&bytes[at + 1..]));
            } else {
                at += 1;
            }
        }
        (bytes, None)
    }
}

fn unescape(field: &[u8], out: &mut Vec<u8>) {
    let mut bytes = field.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some(escaped) = bytes.next() else {
            out.push(b'\\');
            return;
        };
        out.push(match escaped {
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 0x0b,
            b'0'..=b'7' => {
                let mut value = u32::from(escaped - b'0');
                for _ in 0..2 {
                    match bytes.next_if(|next| matches!(next, b'0'..=b'7')) {
                        Some(digit) => value = value * 8 + u32::from(digit - b'0'),
                        None => break,
                    }
                }
                value as u8
            }
            b'x' if bytes.peek().is_some_and(u8::is_ascii_hexdigit) => {
                let mut value = 0;
                for _ in 0..2 {
                    match bytes.next_if(u8::is_ascii_hexdigit) {
                        Some(digit) => {
                            value = value * 16 + char::from(digit).to_digit(16).unwrap_or(0);
                        }
                        None => break,
                    }
                }
                value as u8
            }
            other => other,
        });
    }
}
