//! Reads a file front to back in large pieces.

use std::io;

use summit_context::DiskFile;

/// What is read ahead.
const WINDOW_BYTES: usize = 1 << 20;

/// A file and the piece of it that was read last.
pub(super) struct Window {
    file: Box<dyn DiskFile>,
    bytes: Vec<u8>,
    start: u64,
}

impl Window {
    pub(super) fn new(file: Box<dyn DiskFile>) -> Self {
        Window {
            file,
            bytes: Vec::new(),
            start: 0,
        }
    }

    /// The bytes from `offset`, as many as there are before `end` and at most `len`. Nothing
    /// at or after `end` is ever looked at: it may still be written.
    pub(super) fn get(&mut self, offset: u64, len: usize, end: u64) -> io::Result<&[u8]> {
        let len = usize::try_from(end.saturating_sub(offset)).map_or(len, |left| left.min(len));
        let held =
            offset >= self.start && offset + len as u64 <= self.start + self.bytes.len() as u64;
        if !held {
            let ahead = usize::try_from(end.saturating_sub(offset))
                .map_or(WINDOW_BYTES, |left| left.min(WINDOW_BYTES));
            let fill = ahead.max(len);
            self.bytes.clear();
            self.bytes.shrink_to(fill.max(WINDOW_BYTES));
            self.bytes.resize(fill, 0);
            self.start = offset;
            if let Err(error) = self.file.read_exact_at(&mut self.bytes, offset) {
                self.bytes.clear();
                return Err(error);
            }
        }
        let from = usize::try_from(offset - self.start).map_err(io::Error::other)?;
        Ok(&self.bytes[from..from + len])
    }
}
