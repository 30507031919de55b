//! The client's side of the socket.

use bytes::{Buf, Bytes, BytesMut};
use summit_session::SqlError;
use tokio::io::AsyncReadExt;
use tokio::net::tcp::OwnedReadHalf;

use crate::error::{End, protocol};
use crate::limits::{READ_AHEAD_BYTES, STARTUP_BYTES_MAX};

/// The receiving half of a connection with what has arrived.
pub(crate) struct Input {
    socket: OwnedReadHalf,
    buffer: BytesMut,
    message_bytes_max: usize,
    received: metrics::Counter,
}

/// The first packet of a connection.
pub(crate) enum Opening {
    Ssl,
    Gss,
    Cancel { process: i32, key: Bytes },
    Startup(StartupPacket),
}

/// A request for a session.
pub(crate) struct StartupPacket {
    pub(crate) major: u16,
    pub(crate) minor: u16,
    pub(crate) parameters: Vec<(String, String)>,
}

impl Input {
    pub(crate) fn new(socket: OwnedReadHalf, message_bytes_max: usize) -> Self {
        let received = metrics::counter!("summit_pg_received_bytes_total");
        Input {
            socket,
            buffer: BytesMut::new(),
            message_bytes_max,
            received,
        }
    }

    /// Reads what has arrived; may be dropped at any time without losing bytes.
    async fn fill(&mut self) -> Result<(), End> {
        self.buffer.reserve(8192);
        let count = self.socket.read_buf(&mut self.buffer).await?;
        self.received.increment(count as u64);
        if count == 0 { Err(End::Gone) } else { Ok(()) }
    }

    /// The first packet.
    pub(crate) async fn opening(&mut self) -> Result<Opening, End> {
        while self.buffer.len() < 8 {
            if self.buffer.first() == Some(&0x16) {
                // a TLS client that does not ask first
                return Err(End::Gone);
            }
            self.fill().await?;
        }
        let length = u32::from_be_bytes([
            self.buffer[0],
            self.buffer[1],
            self.buffer[2],
            self.buffer[3],
        ]) as usize;
        if !(8..=STARTUP_BYTES_MAX).contains(&length) {
            return Err(End::Fatal(protocol("invalid length of startup packet")));
        }
        while self.buffer.len() < length {
            self.fill().await?;
        }
        let mut packet = self.buffer.split_to(length).freeze();
        packet.advance(4);
        let code = packet.get_u32();
        Ok(match code {
            80_877_103 => Opening::Ssl,
            80_877_104 => Opening::Gss,
            80_877_102 => {
                if packet.len() < 8 {
                    return Err(End::Gone);
                }
                let process = packet.get_i32();
                Opening::Cancel {
                    process,
                    key: packet,
                }
            }
            version => Opening::Startup(StartupPacket {
                major: (version >> 16) as u16,
                minor: version as u16,
                parameters: if version >> 16 == 3 {
                    parameters(&packet)?
                } else {
                    Vec::new()
                },
            }),
        })
    }

    /// The next message: its kind and body.
    pub(crate) async fn message(&mut self) -> Result<(u8, Bytes), End> {
        loop {
            if let Some(length) = self.length()?
                && self.buffer.len() > length
            {
                let kind = self.buffer[0];
                let mut message = self.buffer.split_to(length + 1).freeze();
                message.advance(5);
                return Ok((kind, message));
            }
            self.fill().await?;
        }
    }

    /// The length of the next message without its kind, when it is known.
    fn length(&self) -> Result<Option<usize>, End> {
        let Some(bytes) = self.buffer.get(1..5) else {
            return Ok(None);
        };
        let length = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
        if length < 4 {
            return Err(End::Fatal(protocol("invalid message length")));
        }
        if length > self.message_bytes_max {
            return Err(End::Fatal(
                SqlError::new(
                    summit_session::SqlState::PROGRAM_LIMIT,
                    format!(
                        "message of {length} bytes is larger than the limit of {} bytes",
                        self.message_bytes_max
                    ),
                )
                .hint("Send less at a time."),
            ));
        }
        Ok(Some(length))
    }

    /// Whether the next message is already here and is a Sync.
    pub(crate) fn sync_is_next(&self) -> bool {
        self.buffer.first() == Some(&b'S') && self.buffer.len() >= 5
    }

    /// Ends when the client has closed its side. Reads ahead what arrives, up to a bound;
    /// beyond it, only writing will tell. May be dropped at any time.
    pub(crate) async fn gone(&mut self) {
        while self.buffer.len() < READ_AHEAD_BYTES {
            if self.fill().await.is_err() {
                return;
            }
        }
        std::future::pending().await
    }
}

fn parameters(packet: &[u8]) -> Result<Vec<(String, String)>, End> {
    let broken = || {
        End::Fatal(protocol(
            "invalid startup packet layout: expected terminator as last byte",
        ))
    };
    let body = packet.strip_suffix(&[0]).ok_or_else(broken)?;
    if body.is_empty() {
        return Ok(Vec::new());
    }
    let body = body.strip_suffix(&[0]).ok_or_else(broken)?;
    let mut words = Vec::new();
    for word in body.split(|&byte| byte == 0) {
        words.push(crate::parse::utf8(word).map_err(End::Fatal)?.to_owned());
    }
    if words.len() % 2 != 0 {
        return Err(broken());
    }
    let mut words = words.into_iter();
    let mut pairs = Vec::new();
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        pairs.push((name, value));
    }
    Ok(pairs)
}
