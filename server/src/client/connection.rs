//! One connection: frames in, events out.

use std::io;

use bytes::{Bytes, BytesMut};
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::{self, ErrorFields, Message};
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::limits::{CONNECT_WAIT_MAX, MESSAGE_BYTES_MAX};

use super::{ClientError, Report, Table};

/// What the server says.
#[derive(Debug)]
pub enum Event {
    /// Rows of these columns follow.
    Columns(Vec<Column>),
    /// A row, as text; `None` is NULL.
    Row(Vec<Option<String>>),
    /// A statement is done, with its tag.
    Complete(String),
    /// An empty statement is done.
    Empty,
    /// A message that is not an error.
    Notice(Report),
    /// A statement failed; what follows it in the same query is skipped.
    Error(Report),
    /// The server waits for COPY data.
    CopyIn,
    /// COPY data follows.
    CopyOut,
    /// COPY data of the server.
    CopyData(Bytes),
    /// All of the query is done.
    Ready,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Whether its values are numbers: they stand to the right.
    pub is_number: bool,
}

/// A connection.
pub struct Connection {
    address: String,
    stream: TcpStream,
    input: BytesMut,
    /// Process and secret for cancel requests.
    key: Option<(i32, i32)>,
}

impl Connection {
    /// Connects and logs in. The address is `host:port`.
    ///
    /// # Errors
    /// When nobody listens there, or not what we expect.
    pub async fn open(address: &str, user: &str, database: &str) -> Result<Self, ClientError> {
        let stream = connect(address).await?;
        let mut connection = Connection {
            address: address.to_owned(),
            stream,
            input: BytesMut::new(),
            key: None,
        };
        let mut hello = BytesMut::new();
        let parameters = [
            ("user", user),
            ("database", database),
            ("application_name", "summit sql"),
            ("client_encoding", "UTF8"),
        ];
        frontend::startup_message(parameters, &mut hello).map_err(|error| {
            ClientError::protocol(address, format!("user or database: {error}"))
        })?;
        connection.send(&hello).await?;
        loop {
            match connection.receive().await? {
                Message::AuthenticationOk => {}
                Message::BackendKeyData(body) => {
                    connection.key = Some((body.process_id(), body.secret_key()));
                }
                Message::ReadyForQuery(_) => return Ok(connection),
                Message::ErrorResponse(body) => {
                    let report = connection.report(body.fields())?;
                    return Err(ClientError::Server(Box::new(report)));
                }
                Message::ParameterStatus(_) | Message::NoticeResponse(_) => {}
                Message::AuthenticationCleartextPassword
                | Message::AuthenticationMd5Password(_)
                | Message::AuthenticationSasl(_) => {
                    let message = "it asks for a password, which summit sql cannot give; use psql";
                    return Err(ClientError::protocol(address, message));
                }
                _ => return Err(ClientError::protocol(address, "not a PostgreSQL server")),
            }
        }
    }

    /// Sends a text of one or more statements; [`Connection::next`] tells what comes of it.
    pub async fn query(&mut self, sql: &str) -> Result<(), ClientError> {
        let mut out = BytesMut::new();
        frontend::query(sql, &mut out).map_err(|_| {
            // psql says nothing of the kind, as its input cannot hold one
            ClientError::protocol(&self.address, "a statement cannot hold a zero byte")
        })?;
        self.send(&out).await
    }

    /// The next event. Losing the future loses nothing.
    pub async fn next(&mut self) -> Result<Event, ClientError> {
        loop {
            let event = match self.receive().await? {
                Message::RowDescription(body) => {
                    let columns = body.fields().map(|field| {
                        let is_number = is_number(field.type_oid());
                        Ok(Column {
                            name: field.name().to_owned(),
                            is_number,
                        })
                    });
                    Event::Columns(columns.collect().map_err(|error| self.bad(&error))?)
                }
                Message::DataRow(body) => {
                    let buffer = body.buffer();
                    let values = body.ranges().map(|range| {
                        Ok(range.map(|range| String::from_utf8_lossy(&buffer[range]).into_owned()))
                    });
                    Event::Row(values.collect().map_err(|error| self.bad(&error))?)
                }
                Message::CommandComplete(body) => {
                    Event::Complete(body.tag().map_err(|error| self.bad(&error))?.to_owned())
                }
                Message::EmptyQueryResponse => Event::Empty,
                Message::NoticeResponse(body) => Event::Notice(self.report(body.fields())?),
                Message::ErrorResponse(body) => Event::Error(self.report(body.fields())?),
                Message::CopyInResponse(_) => Event::CopyIn,
                Message::CopyData(body) => Event::CopyData(body.into_bytes()),
                Message::ReadyForQuery(_) => Event::Ready,
                Message::CopyOutResponse(_) => Event::CopyOut,
                Message::CopyDone
                | Message::ParameterStatus(_)
                | Message::NotificationResponse(_) => continue,
                _ => {
                    return Err(ClientError::protocol(
                        &self.address,
                        "an unexpected message",
                    ));
                }
            };
            return Ok(event);
        }
    }

    /// Sends a piece of COPY data.
    pub async fn copy_data(&mut self, data: &[u8]) -> Result<(), ClientError> {
        let mut out = BytesMut::new();
        let message = frontend::CopyData::new(data).map_err(|error| self.bad(&error))?;
        message.write(&mut out);
        self.send(&out).await
    }

    /// Ends COPY data.
    pub async fn copy_done(&mut self) -> Result<(), ClientError> {
        let mut out = BytesMut::new();
        frontend::copy_done(&mut out);
        self.send(&out).await
    }

    /// Runs statements that give at most one set of rows, and answers it with the last tag.
    ///
    /// # Errors
    /// The first statement that fails, as [`ClientError::Server`].
    pub async fn fetch(&mut self, sql: &str) -> Result<(Table, String), ClientError> {
        self.query(sql).await?;
        let (mut table, mut tag, mut failed) = (Table::default(), String::new(), None);
        loop {
            match self.next().await? {
                Event::Columns(columns) => {
                    table = Table {
                        columns,
                        rows: Vec::new(),
                    }
                }
                Event::Row(row) => table.rows.push(row),
                Event::Complete(text) => tag = text,
                Event::Error(report) => failed = Some(report),
                Event::CopyIn => self.copy_done().await?,
                Event::Ready => break,
                Event::Empty | Event::Notice(_) | Event::CopyOut | Event::CopyData(_) => {}
            }
        }
        match failed {
            Some(report) => Err(ClientError::Server(Box::new(report))),
            None => Ok((table, tag)),
        }
    }

    /// Asks the server, on a connection of its own, to cancel what runs here.
    pub async fn cancel(&self) -> Result<(), ClientError> {
        let Some((process, secret)) = self.key else {
            return Ok(());
        };
        let mut stream = connect(&self.address).await?;
        let mut out = BytesMut::new();
        frontend::cancel_request(process, secret, &mut out);
        stream
            .write_all(&out)
            .await
            .map_err(|error| ClientError::lost(&self.address, &error))
    }

    /// Says good-bye.
    pub async fn close(mut self) {
        let mut out = BytesMut::new();
        frontend::terminate(&mut out);
        // the server finds out by itself when this does not arrive
        let _ = self.send(&out).await;
        let _ = self.stream.shutdown().await;
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        self.stream
            .write_all(bytes)
            .await
            .map_err(|error| ClientError::lost(&self.address, &error))
    }

    async fn receive(&mut self) -> Result<Message, ClientError> {
        loop {
            let header = backend::Header::parse(&self.input).map_err(|error| self.bad(&error))?;
            if let Some(header) = header
                && usize::try_from(header.len()).map_or(true, |len| len > MESSAGE_BYTES_MAX)
            {
                return Err(ClientError::protocol(
                    &self.address,
                    "a message that is too large",
                ));
            }
            if let Some(message) =
                Message::parse(&mut self.input).map_err(|error| self.bad(&error))?
            {
                return Ok(message);
            }
            let read = self.stream.read_buf(&mut self.input).await;
            match read {
                Ok(0) => {
                    let end = io::Error::from(io::ErrorKind::UnexpectedEof);
                    return Err(ClientError::lost(&self.address, &end));
                }
                Ok(_) => {}
                Err(error) => return Err(ClientError::lost(&self.address, &error)),
            }
        }
    }

    fn report(&self, mut fields: ErrorFields<'_>) -> Result<Report, ClientError> {
        let mut report = Report::default();
        while let Some(field) = fields.next().map_err(|error| self.bad(&error))? {
            report.set(field.type_(), &String::from_utf8_lossy(field.value_bytes()));
        }
        Ok(report)
    }

    fn bad(&self, error: &io::Error) -> ClientError {
        ClientError::protocol(&self.address, error.to_string())
    }
}

async fn connect(address: &str) -> Result<TcpStream, ClientError> {
    let refuse = |message: String| ClientError::Connect {
        address: address.to_owned(),
        message,
    };
    let stream = timeout(CONNECT_WAIT_MAX, TcpStream::connect(address))
        .await
        .map_err(|_| refuse("no answer; is the address right, and the way there open?".into()))?
        .map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused => refuse(
                "nobody listens there; start a node with summit start, or give another --addr"
                    .into(),
            ),
            _ => refuse(error.to_string()),
        })?;
    stream
        .set_nodelay(true)
        .map_err(|error| refuse(error.to_string()))?;
    Ok(stream)
}

/// Types that psql sets to the right: int2, int4, int8, oid, xid, cid, float4, float8, money,
/// numeric.
fn is_number(oid: u32) -> bool {
    matches!(oid, 20 | 21 | 23 | 26 | 28 | 29 | 700 | 701 | 790 | 1700)
}
