//! The server's side of the socket.

use bytes::BytesMut;
use pgwire::messages::Message;
use pgwire::messages::response::{ErrorResponse, NoticeResponse};
use summit_session::{Notice, SqlError};
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;

use crate::error::{End, Located};
use crate::limits::SEND_BYTES;

/// The sending half of a connection with what is to be sent.
pub(crate) struct Output {
    socket: OwnedWriteHalf,
    /// Whole messages, written by whoever has rows.
    pub(crate) buffer: BytesMut,
    sent: metrics::Counter,
}

impl Output {
    pub(crate) fn new(socket: OwnedWriteHalf) -> Self {
        let sent = metrics::counter!("summit_pg_sent_bytes_total");
        Output {
            socket,
            buffer: BytesMut::new(),
            sent,
        }
    }

    /// Queues a message.
    ///
    /// # Errors
    /// When the message is larger than the protocol allows.
    pub(crate) fn put(&mut self, message: &impl Message) -> Result<(), SqlError> {
        let start = self.buffer.len();
        message.encode(&mut self.buffer).map_err(|error| {
            self.buffer.truncate(start);
            SqlError::internal(format!("cannot send a message: {error}"))
        })
    }

    pub(crate) fn notice(&mut self, notice: &Notice) -> Result<(), SqlError> {
        let fields = vec![
            (b'S', notice.severity.to_owned()),
            (b'V', notice.severity.to_owned()),
            (b'C', notice.code.to_owned()),
            (b'M', printable(&notice.message)),
        ];
        self.put(&NoticeResponse::new(fields))
    }

    /// Whether enough has gathered to send it.
    pub(crate) fn is_full(&self) -> bool {
        self.buffer.len() >= SEND_BYTES
    }

    /// Sends what has gathered. May be dropped at any time: what was sent is not sent again.
    pub(crate) async fn flush(&mut self) -> Result<(), End> {
        while !self.buffer.is_empty() {
            let count = self.socket.write_buf(&mut self.buffer).await?;
            self.sent.increment(count as u64);
        }
        if self.buffer.capacity() > 16 * SEND_BYTES {
            self.buffer = BytesMut::new();
        }
        Ok(())
    }

    /// Says that nothing more comes.
    pub(crate) async fn close(&mut self) {
        // a client that is gone cannot be told
        let _ = self.socket.shutdown().await;
    }
}

/// Queues an error. Never fails: an error that is too large is cut.
pub(crate) fn write_error(output: &mut Output, severity: &str, located: &Located) {
    let error = &located.error;
    let mut fields = vec![
        (b'S', severity.to_owned()),
        (b'V', severity.to_owned()),
        (b'C', error.code.0.to_owned()),
        (b'M', printable(&error.message)),
    ];
    let optional = [
        (b'D', error.detail.clone()),
        (b'H', error.hint.clone()),
        (b'P', error.position.map(|position| position.to_string())),
        (b'W', located.context.clone()),
    ];
    for (code, value) in optional {
        if let Some(value) = value {
            fields.push((code, printable(&value)));
        }
    }
    if output.put(&ErrorResponse::new(fields)).is_err() {
        tracing::error!(code = error.code.0, "an error could not be written");
    }
}

/// Zero bytes end a string on the wire; libpq refuses errors over 30 kB.
fn printable(text: &str) -> String {
    const BYTES_MAX: usize = 8192;
    let mut out = text.replace('\0', "\\0");
    if out.len() > BYTES_MAX {
        let mut end = BYTES_MAX;
        while !out.is_char_boundary(end) {
            end -= 1;
        }
        out.truncate(end);
        out.push('…');
    }
    out
}
