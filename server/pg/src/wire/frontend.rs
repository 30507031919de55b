//! What clients send. Read from a slice that holds exactly one message, so that a malformed
//! one can neither panic nor reach into the next.

use bytes::{Buf, Bytes};
use summit_session::SqlError;

use crate::error::protocol;

/// A message of a client.
#[derive(Debug)]
pub(crate) enum Frontend {
    Query(String),
    Parse {
        name: String,
        query: String,
        types: Vec<u32>,
    },
    Bind(Bind),
    Describe(Target, String),
    Execute {
        portal: String,
        rows_max: i32,
    },
    Close(Target, String),
    Flush,
    Sync,
    CopyData(Bytes),
    CopyDone,
    CopyFail(String),
    Terminate,
}

/// Bind's parts.
#[derive(Debug)]
pub(crate) struct Bind {
    pub(crate) portal: String,
    pub(crate) statement: String,
    pub(crate) parameter_formats: Vec<i16>,
    pub(crate) parameters: Vec<Option<Bytes>>,
    pub(crate) result_formats: Vec<i16>,
}

/// What Describe and Close speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Statement,
    Portal,
}

impl Frontend {
    /// Reads the body of a message of a kind.
    ///
    /// # Errors
    /// `08P01`; `22021` for text that is not UTF-8.
    pub(crate) fn read(kind: u8, body: Bytes) -> Result<Frontend, SqlError> {
        let mut reader = Reader(body);
        let message = match kind {
            b'Q' => Frontend::Query(reader.text()?),
            b'P' => {
                let (name, query) = (reader.text()?, reader.text()?);
                let count = reader.u16()?;
                let types = (0..count).map(|_| reader.u32()).collect::<Result<_, _>>()?;
                Frontend::Parse { name, query, types }
            }
            b'B' => Frontend::Bind(reader.bind()?),
            b'D' => Frontend::Describe(reader.target()?, reader.text()?),
            b'E' => Frontend::Execute {
                portal: reader.text()?,
                rows_max: reader.u32()? as i32,
            },
            b'C' => Frontend::Close(reader.target()?, reader.text()?),
            b'H' => Frontend::Flush,
            b'S' => Frontend::Sync,
            b'd' => return Ok(Frontend::CopyData(reader.0)),
            b'c' => Frontend::CopyDone,
            b'f' => Frontend::CopyFail(reader.text()?),
            b'X' => Frontend::Terminate,
            b'F' => {
                return Err(SqlError::unsupported(
                    "function calls over the protocol are not supported",
                    "Use SELECT function(…).",
                ));
            }
            kind => return Err(protocol(format!("invalid frontend message type {kind}"))),
        };
        if reader.0.is_empty() {
            Ok(message)
        } else {
            Err(protocol("invalid message format"))
        }
    }

    /// Whether there is such a kind of message.
    pub(crate) fn is_known(kind: u8) -> bool {
        b"QPBDECHSdcfXF".contains(&kind)
    }

    /// Whether an error in it makes the server skip to the next Sync.
    pub(crate) fn is_extended(kind: u8) -> bool {
        matches!(kind, b'P' | b'B' | b'D' | b'E' | b'C' | b'H')
    }
}

struct Reader(Bytes);

impl Reader {
    fn text(&mut self) -> Result<String, SqlError> {
        let end = self
            .0
            .iter()
            .position(|&byte| byte == 0)
            .ok_or_else(|| protocol("invalid string in message"))?;
        let bytes = self.0.split_to(end);
        self.0.advance(1);
        crate::parse::utf8(&bytes).map(str::to_owned)
    }

    fn u16(&mut self) -> Result<u16, SqlError> {
        self.0.try_get_u16().map_err(|_| insufficient())
    }

    fn u32(&mut self) -> Result<u32, SqlError> {
        self.0.try_get_u32().map_err(|_| insufficient())
    }

    fn target(&mut self) -> Result<Target, SqlError> {
        match self.0.try_get_u8().map_err(|_| insufficient())? {
            b'S' => Ok(Target::Statement),
            b'P' => Ok(Target::Portal),
            other => Err(protocol(format!("invalid message subtype {other}"))),
        }
    }

    fn formats(&mut self) -> Result<Vec<i16>, SqlError> {
        let count = self.u16()?;
        (0..count)
            .map(|_| self.u16().map(|code| code as i16))
            .collect()
    }

    fn bind(&mut self) -> Result<Bind, SqlError> {
        let (portal, statement) = (self.text()?, self.text()?);
        let parameter_formats = self.formats()?;
        let count = self.u16()?;
        let mut parameters = Vec::new();
        for _ in 0..count {
            let length = self.u32()? as i32;
            parameters.push(match usize::try_from(length) {
                Err(_) => None,
                Ok(length) if length <= self.0.len() => Some(self.0.split_to(length)),
                Ok(_) => return Err(insufficient()),
            });
        }
        let result_formats = self.formats()?;
        Ok(Bind {
            portal,
            statement,
            parameter_formats,
            parameters,
            result_formats,
        })
    }
}

fn insufficient() -> SqlError {
    protocol("insufficient data left in message")
}
