//! A server whose statements are canned: enough to exercise the front end.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, RecordBatchOptions, StringArray};
use arrow::datatypes::{DataType, Field, IntervalUnit, Schema, SchemaRef, TimeUnit};
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use summit_context::{Context, spawn_task};
use summit_parser::Statement;
use summit_pg::{PgOptions, serve};
use summit_session::*;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// What tests look at afterwards.
#[derive(Default)]
pub struct Seen {
    pub copied: Mutex<Vec<RecordBatch>>,
    pub calls: Mutex<Vec<String>>,
    /// Told when a live stream was dropped or cancelled.
    pub stream_ended: Notify,
    pub sessions: AtomicUsize,
}

impl Seen {
    fn call(&self, name: impl Into<String>) {
        self.calls
            .lock()
            .expect("no test panics with the lock")
            .push(name.into());
    }

    pub fn calls(&self) -> Vec<String> {
        self.calls
            .lock()
            .expect("no test panics with the lock")
            .clone()
    }
}

struct FakeServer {
    seen: Arc<Seen>,
}

/// A server that runs, for one test.
pub struct Running {
    pub address: SocketAddr,
    pub seen: Arc<Seen>,
    pub shutdown: CancellationToken,
    pub task: tokio::task::JoinHandle<()>,
}

pub async fn start() -> Running {
    start_with(|_| {}).await
}

pub async fn start_with(change: impl FnOnce(&mut PgOptions)) -> Running {
    let seen = Arc::new(Seen::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let shutdown = CancellationToken::new();
    let mut options = PgOptions::new(Context::system());
    change(&mut options);
    let server = Arc::new(FakeServer {
        seen: Arc::clone(&seen),
    });
    let task = spawn_task("fake", serve(options, listener, server, shutdown.clone()));
    Running {
        address,
        seen,
        shutdown,
        task,
    }
}

impl Running {
    pub async fn client(&self) -> tokio_postgres::Client {
        let (client, connection) = self
            .connect("user=summit dbname=summit")
            .await
            .expect("a session");
        spawn_task("client", async move {
            let _ = connection.await;
        });
        client
    }

    pub async fn connect(
        &self,
        parameters: &str,
    ) -> Result<
        (
            tokio_postgres::Client,
            tokio_postgres::Connection<tokio_postgres::Socket, tokio_postgres::tls::NoTlsStream>,
        ),
        tokio_postgres::Error,
    > {
        let parameters = format!("host=127.0.0.1 port={} {parameters}", self.address.port());
        tokio_postgres::connect(&parameters, tokio_postgres::NoTls).await
    }
}

impl Server for FakeServer {
    fn session(&self, options: SessionOptions) -> Result<Box<dyn Session>, SqlError> {
        if options.database != "summit" {
            let message = format!("database \"{}\" does not exist", options.database);
            return Err(SqlError::new(SqlState::UNKNOWN_DATABASE, message));
        }
        let mut settings = HashMap::from([
            ("TimeZone".to_owned(), "UTC".to_owned()),
            ("application_name".to_owned(), String::new()),
        ]);
        settings.extend(options.settings);
        let running = Arc::new(Mutex::new(CancellationToken::new()));
        self.seen.sessions.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(FakeSession {
            seen: Arc::clone(&self.seen),
            settings,
            running,
            ended: CancellationToken::new(),
            status: TransactionStatus::Idle,
            implicit: false,
            notices: Vec::new(),
        }))
    }

    fn status(&self) -> Status {
        panic!("the front end does not ask")
    }
}

struct FakeSession {
    seen: Arc<Seen>,
    settings: HashMap<String, String>,
    /// The running statement's.
    running: Arc<Mutex<CancellationToken>>,
    ended: CancellationToken,
    status: TransactionStatus,
    implicit: bool,
    notices: Vec<Notice>,
}

/// `int8`, `numeric(10,2)`, … and `type[]`.
pub fn arrow_type(name: &str) -> DataType {
    if let Some(item) = name.strip_suffix("[]") {
        return DataType::new_list(arrow_type(item), true);
    }
    match name {
        "bool" => DataType::Boolean,
        "int2" => DataType::Int16,
        "int4" => DataType::Int32,
        "int8" => DataType::Int64,
        "uint8" => DataType::UInt64,
        "float4" => DataType::Float32,
        "float8" => DataType::Float64,
        "text" => DataType::Utf8,
        "bytea" => DataType::Binary,
        "date" => DataType::Date32,
        "time" => DataType::Time64(TimeUnit::Microsecond),
        "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, None),
        "timestampns" => DataType::Timestamp(TimeUnit::Nanosecond, None),
        "timestamptz" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        "interval" => DataType::Interval(IntervalUnit::MonthDayNano),
        "numeric" => DataType::Decimal128(12, 2),
        other => panic!("no type {other}"),
    }
}

fn schema(types: &[DataType]) -> SchemaRef {
    let fields = types.iter().enumerate();
    Arc::new(Schema::new(
        fields
            .map(|(nth, t)| Field::new(format!("c{}", nth + 1), t.clone(), true))
            .collect::<Vec<_>>(),
    ))
}

pub fn copy_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("a", DataType::Int32, true),
        Field::new("b", DataType::Utf8, true),
        Field::new("c", DataType::Float64, true),
    ]))
}

fn copy_options(format: &str, header: bool) -> CopyOptions {
    let csv = format == "csv";
    CopyOptions {
        format: match format {
            "csv" => CopyFormat::Csv,
            "binary" => CopyFormat::Binary,
            _ => CopyFormat::Text,
        },
        delimiter: if csv { b',' } else { b'\t' },
        null: if csv { String::new() } else { "\\N".to_owned() },
        header,
        quote: b'"',
        escape: b'"',
    }
}

fn numbers(count: i64) -> (SchemaRef, Vec<RecordBatch>) {
    let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]));
    let all: Vec<i64> = (1..=count).collect();
    let batches = all.chunks(100).map(|chunk| {
        RecordBatch::try_new(
            schema.clone(),
            vec![Arc::new(Int64Array::from(chunk.to_vec()))],
        )
        .expect("a batch")
    });
    let batches = batches.collect();
    (schema, batches)
}

impl FakeSession {
    fn run(&mut self, text: &str, parameters: Vec<ArrayRef>) -> Result<Outcome, SqlError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let tagged = |tag: &str| Ok(Outcome::Done(tag.to_owned()));
        if self.status == TransactionStatus::Failed && !["rollback", "commit"].contains(&words[0]) {
            return Err(SqlError::new(
                SqlState::FAILED_TRANSACTION,
                "current transaction is aborted, commands ignored until end of transaction block",
            ));
        }
        let token = CancellationToken::new();
        *self.running.lock().expect("the lock") = token.clone();
        match words.as_slice() {
            [] => Ok(Outcome::Empty),
            ["begin"] => {
                self.implicit = false;
                self.status = TransactionStatus::Active;
                tagged("BEGIN")
            }
            ["commit" | "rollback"] => {
                self.status = TransactionStatus::Idle;
                tagged(&text.to_uppercase())
            }
            ["insert"] => tagged("INSERT 0 1"),
            ["discard"] => tagged("DISCARD ALL"),
            ["set", name, value] => {
                self.settings
                    .insert((*name).to_owned(), (*value).to_owned());
                tagged("SET")
            }
            ["notice"] => {
                self.notices.push(Notice {
                    severity: "NOTICE",
                    code: "00000",
                    message: "look".to_owned(),
                });
                tagged("NOTICE")
            }
            ["fail"] => Err(
                SqlError::new(SqlState::DIVISION_BY_ZERO, "division by zero")
                    .hint("do not")
                    .position(3),
            ),
            ["failstream"] => {
                let (schema, batches) = numbers(3);
                let error = SqlError::new(SqlState::DIVISION_BY_ZERO, "division by zero");
                let items = batches
                    .into_iter()
                    .map(Ok)
                    .chain([Err(error)])
                    .collect::<Vec<_>>();
                Ok(Outcome::Rows(Rows {
                    schema,
                    batches: stream::iter(items).boxed(),
                    tag: "SELECT",
                    live: false,
                }))
            }
            ["numbers", count] => {
                let (schema, batches) = numbers(count.parse().expect("a count"));
                let batches = stream::iter(batches.into_iter().map(Ok)).boxed();
                Ok(Outcome::Rows(Rows {
                    schema,
                    batches,
                    tag: "SELECT",
                    live: false,
                }))
            }
            ["live"] => {
                let (schema, batches) = numbers(2);
                let canceled = token.cancelled_owned().map(|()| {
                    Err(SqlError::new(
                        SqlState::QUERY_CANCELED,
                        "canceling statement due to user request",
                    ))
                });
                let seen = Arc::clone(&self.seen);
                let guard = scopeguard(move || seen.stream_ended.notify_one());
                let batches = stream::iter(batches.into_iter().map(Ok))
                    .chain(stream::once(canceled))
                    .map(move |item| {
                        let _held = &guard;
                        item
                    });
                Ok(Outcome::Rows(Rows {
                    schema,
                    batches: batches.boxed(),
                    tag: "SUBSCRIBE",
                    live: true,
                }))
            }
            ["echo", ..] | ["typed", ..] => {
                let types: Vec<DataType> =
                    parameters.iter().map(|a| a.data_type().clone()).collect();
                let schema = schema(&types);
                let options = RecordBatchOptions::new().with_row_count(Some(1));
                let batch = RecordBatch::try_new_with_options(schema.clone(), parameters, &options)
                    .expect("a batch");
                Ok(Outcome::Rows(Rows {
                    schema,
                    batches: stream::iter([Ok(batch)]).boxed(),
                    tag: "SELECT",
                    live: false,
                }))
            }
            ["copyin", format, rest @ ..] => Ok(Outcome::CopyIn(CopyIn {
                relation: "t".to_owned(),
                schema: copy_schema(),
                options: copy_options(format, rest == ["header"]),
                target: vec!["public".to_owned(), "t".to_owned()],
            })),
            ["copyout", format, rest @ ..] => {
                let schema: SchemaRef = Arc::new(Schema::new(vec![
                    Field::new("a", DataType::Int64, true),
                    Field::new("b", DataType::Utf8, true),
                ]));
                let texts = vec![Some("a,\"b\""), Some("tab\there"), None, Some("")];
                let batch = RecordBatch::try_new(
                    schema.clone(),
                    vec![
                        Arc::new(Int64Array::from(vec![1, 2, 3, 4])),
                        Arc::new(StringArray::from(texts)),
                    ],
                )
                .expect("a batch");
                let rows = Rows {
                    schema,
                    batches: stream::iter([Ok(batch)]).boxed(),
                    tag: "COPY",
                    live: false,
                };
                Ok(Outcome::CopyOut(
                    rows,
                    copy_options(format, rest == ["header"]),
                ))
            }
            _ => Err(SqlError::new(
                SqlState::SYNTAX_ERROR,
                format!("syntax error at or near \"{text}\""),
            )
            .position(1)),
        }
    }
}

impl Session for FakeSession {
    fn parse(&self, sql: &str) -> Result<Vec<ParsedStatement>, SqlError> {
        if let Some(at) = sql.find("!!") {
            return Err(
                SqlError::new(SqlState::SYNTAX_ERROR, "syntax error at or near \"!!\"")
                    .position(at + 1),
            );
        }
        let mut statements = Vec::new();
        let mut start = 0;
        for piece in sql.split(';') {
            let text = piece.trim();
            if !text.is_empty() {
                let offset = start + piece.len() - piece.trim_start().len();
                statements.push(ParsedStatement {
                    statement: Statement::Empty,
                    text: text.to_owned(),
                    offset,
                });
            }
            start += piece.len() + 1;
        }
        Ok(statements)
    }

    fn prepare<'a>(
        &'a mut self,
        statement: &'a ParsedStatement,
        parameter_types: &'a [Option<DataType>],
    ) -> BoxFuture<'a, Result<Prepared, SqlError>> {
        let words: Vec<&str> = statement.text.split_whitespace().collect();
        let (types, columns) = match words.as_slice() {
            // parameters of these types, whatever the client declared
            ["echo", names @ ..] => {
                let types: Vec<DataType> = names.iter().map(|name| arrow_type(name)).collect();
                (types.clone(), Some(schema(&types)))
            }
            // parameters of the types that the client declared
            ["typed", ..] => {
                let types: Vec<DataType> = parameter_types
                    .iter()
                    .map(|t| t.clone().unwrap_or(DataType::Utf8))
                    .collect();
                (types.clone(), Some(schema(&types)))
            }
            ["numbers", _] | ["live"] | ["failstream"] => (Vec::new(), Some(numbers(0).0)),
            _ => (Vec::new(), None),
        };
        let inner = Arc::new(statement.text.clone());
        async move {
            Ok(Prepared {
                parameter_types: types,
                columns,
                inner,
            })
        }
        .boxed()
    }

    fn execute<'a>(
        &'a mut self,
        prepared: &'a Prepared,
        parameters: Vec<ArrayRef>,
    ) -> BoxFuture<'a, Result<Outcome, SqlError>> {
        let text = prepared
            .inner
            .downcast_ref::<String>()
            .expect("ours")
            .clone();
        assert_eq!(
            parameters
                .iter()
                .map(|a| a.data_type().clone())
                .collect::<Vec<_>>(),
            prepared.parameter_types
        );
        assert!(parameters.iter().all(|array| array.len() == 1));
        self.seen.call(text.clone());
        if text == "hang" {
            let token = CancellationToken::new();
            *self.running.lock().expect("the lock") = token.clone();
            let seen = Arc::clone(&self.seen);
            return async move {
                token.cancelled().await;
                seen.stream_ended.notify_one();
                Err(SqlError::new(
                    SqlState::QUERY_CANCELED,
                    "canceling statement due to user request",
                ))
            }
            .boxed();
        }
        let outcome = self.run(&text, parameters);
        async move { outcome }.boxed()
    }

    fn copy_in<'a>(
        &'a mut self,
        copy: &'a CopyIn,
        batches: Vec<RecordBatch>,
    ) -> BoxFuture<'a, Result<u64, SqlError>> {
        assert_eq!(copy.target, ["public", "t"]);
        let rows = batches.iter().map(RecordBatch::num_rows).sum::<usize>() as u64;
        self.seen.copied.lock().expect("the lock").extend(batches);
        async move { Ok(rows) }.boxed()
    }

    fn append<'a>(
        &'a mut self,
        _: &'a [String],
        _: Vec<RecordBatch>,
    ) -> BoxFuture<'a, Result<u64, SqlError>> {
        panic!("the front end does not append")
    }

    fn relation_schema(&self, _: &[String]) -> Result<SchemaRef, SqlError> {
        panic!("the front end does not ask")
    }

    fn begin_implicit(&mut self) {
        self.seen.call("BEGIN IMPLICIT");
        if self.status == TransactionStatus::Idle {
            self.implicit = true;
            self.status = TransactionStatus::Active;
        }
    }

    fn end_implicit(&mut self, failed: bool) -> BoxFuture<'_, Result<(), SqlError>> {
        self.seen.call(format!("END IMPLICIT {failed}"));
        if std::mem::take(&mut self.implicit) {
            self.status = TransactionStatus::Idle;
        }
        async { Ok(()) }.boxed()
    }

    fn fail_transaction(&mut self) {
        self.seen.call("FAIL");
        if self.status == TransactionStatus::Active {
            self.status = TransactionStatus::Failed;
        }
    }

    fn transaction_status(&self) -> TransactionStatus {
        self.status
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.settings.get(name).cloned()
    }

    fn reported_settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("server_version", "15.0".to_owned()),
            ("client_encoding", "UTF8".to_owned()),
            (
                "application_name",
                self.settings["application_name"].clone(),
            ),
            ("TimeZone", self.settings["TimeZone"].clone()),
        ]
    }

    fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    fn cancel_handle(&self) -> Cancel {
        let running = Arc::clone(&self.running);
        let cancel = move || running.lock().expect("the lock").cancel();
        Cancel::new(Arc::new(cancel), self.ended.clone())
    }
}

struct Guard<F: Fn()>(F);

impl<F: Fn()> Drop for Guard<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn scopeguard<F: Fn()>(f: F) -> Guard<F> {
    Guard(f)
}
