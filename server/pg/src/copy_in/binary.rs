//! PostgreSQL's binary format: a header, rows with counted fields, a trailer.

use bytes::{Buf, BytesMut};
use summit_session::{SqlError, SqlState};

use super::sink::Sink;
use crate::error::Located;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// OIDs in every row: gone since PostgreSQL 12.
const FLAG_OIDS: u32 = 1 << 16;

/// Reads rows with counted fields.
#[derive(Default)]
pub(super) struct BinaryDecoder {
    buffer: BytesMut,
    header_read: bool,
    done: bool,
}

impl BinaryDecoder {
    pub(super) fn push(&mut self, bytes: &[u8], sink: &mut Sink) -> Result<(), Located> {
        if self.done {
            return Err(bad("received copy data after EOF marker").into());
        }
        self.buffer.extend_from_slice(bytes);
        if !self.header_read && !self.header()? {
            return Ok(());
        }
        while !self.done && self.row(sink)? {}
        if self.done && !self.buffer.is_empty() {
            return Err(bad("received copy data after EOF marker").into());
        }
        Ok(())
    }

    pub(super) fn finish(&mut self, sink: &mut Sink) -> Result<(), Located> {
        if self.header_read && self.buffer.is_empty() {
            return Ok(());
        }
        if !self.header_read {
            return Err(bad("COPY file signature not recognized").into());
        }
        sink.line += 1;
        Err(sink.locate(bad("unexpected EOF in COPY data"), String::new()))
    }

    /// Reads the header; false when it has not arrived whole.
    fn header(&mut self) -> Result<bool, SqlError> {
        let known = self.buffer.len().min(SIGNATURE.len());
        if self.buffer[..known] != SIGNATURE[..known] {
            return Err(bad("COPY file signature not recognized"));
        }
        let Some(fixed) = self.buffer.get(SIGNATURE.len()..SIGNATURE.len() + 8) else {
            return Ok(false);
        };
        let flags = u32::from_be_bytes([fixed[0], fixed[1], fixed[2], fixed[3]]);
        let extension = u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]) as usize;
        if flags & FLAG_OIDS != 0 {
            return Err(bad("invalid COPY file header (WITH OIDS)"));
        }
        if flags >> 16 != 0 {
            return Err(bad("unrecognized critical flags in COPY file header"));
        }
        let length = SIGNATURE.len() + 8 + extension;
        if self.buffer.len() < length {
            return Ok(false);
        }
        self.buffer.advance(length);
        self.header_read = true;
        Ok(true)
    }

    /// Reads a row; false when it has not arrived whole.
    fn row(&mut self, sink: &mut Sink) -> Result<bool, Located> {
        let mut rest = &self.buffer[..];
        let Ok(count) = rest.try_get_i16() else {
            return Ok(false);
        };
        if count == -1 {
            self.done = true;
            self.buffer.advance(2);
            return Ok(true);
        }
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count != sink.columns() {
            sink.line += 1;
            let message = format!(
                "row field count is {}, expected {}",
                count as i16,
                sink.columns()
            );
            return Err(sink.locate(bad(message), String::new()));
        }
        let mut end = 2;
        for _ in 0..count {
            let Ok(length) = rest.try_get_i32() else {
                return Ok(false);
            };
            let length = match usize::try_from(length) {
                Ok(length) => length,
                Err(_) if length == -1 => 0,
                Err(_) => {
                    sink.line += 1;
                    return Err(sink.locate(bad("invalid field size"), String::new()));
                }
            };
            if rest.len() < length {
                return Ok(false);
            }
            rest = &rest[length..];
            end += 4 + length;
        }
        sink.line += 1;
        let mut row = self.buffer.split_to(end);
        row.advance(2);
        for nth in 0..count {
            let length = row.get_i32();
            match usize::try_from(length) {
                Ok(length) => sink.binary(nth, Some(&row.split_to(length)))?,
                Err(_) => sink.binary(nth, None)?,
            }
        }
        sink.end_row(count, &[])?;
        Ok(true)
    }
}

fn bad(message: impl Into<String>) -> SqlError {
    SqlError::new(SqlState::BAD_COPY_FORMAT, message)
}
