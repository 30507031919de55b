//! A server whose statements are one word each.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{
    ArrayRef, Int64Array, RecordBatch, StringArray, StringViewArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use parking_lot::Mutex;
use summit_session::{
    Cancel, CopyFormat, CopyIn, CopyOptions, Notice, Outcome, ParsedStatement, Prepared,
    RelationKind, RelationStatus, Rows, Server, Session, SessionOptions, SqlError, SqlState,
    Status, TransactionStatus,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The relation and batches of each call of `append`.
pub(crate) type Appended = Arc<Mutex<Vec<(Vec<String>, Vec<RecordBatch>)>>>;

#[derive(Default)]
pub(crate) struct Fake {
    /// Who opened sessions.
    pub(crate) users: Mutex<Vec<String>>,
    /// Each call of `append`.
    pub(crate) appended: Appended,
    /// Statements cancelled or ended while they ran.
    pub(crate) cancelled: Arc<Notify>,
    /// Batches that endless statements made.
    pub(crate) made: Arc<AtomicUsize>,
    pub(crate) ended: CancellationToken,
}

struct FakeSession {
    appended: Appended,
    cancelled: Arc<Notify>,
    made: Arc<AtomicUsize>,
    running: CancellationToken,
    ended: CancellationToken,
}

/// The columns of relation `events`.
pub(crate) fn events_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("name", DataType::Utf8View, true),
        Field::new("at", DataType::Timestamp(TimeUnit::Microsecond, None), true),
    ]))
}

pub(crate) fn events(ids: std::ops::Range<i64>) -> RecordBatch {
    let names = ids
        .clone()
        .map(|id| format!("a name that is not short {id}"));
    RecordBatch::try_new(
        events_schema(),
        vec![
            Arc::new(Int64Array::from_iter_values(ids.clone())),
            Arc::new(StringViewArray::from_iter_values(names)),
            Arc::new(TimestampMicrosecondArray::from_iter_values(ids)),
        ],
    )
    .unwrap()
}

impl Server for Fake {
    fn session(&self, options: SessionOptions) -> Result<Box<dyn Session>, SqlError> {
        if options.user == "nobody" {
            return Err(SqlError::new(
                SqlState::TOO_MANY_CONNECTIONS,
                "too many sessions",
            ));
        }
        self.users.lock().push(options.user);
        Ok(Box::new(FakeSession {
            appended: Arc::clone(&self.appended),
            cancelled: Arc::clone(&self.cancelled),
            made: Arc::clone(&self.made),
            running: CancellationToken::new(),
            ended: self.ended.clone(),
        }))
    }

    fn status(&self) -> Status {
        let relation = |name: &str| RelationStatus {
            schema: "public".to_owned(),
            name: name.to_owned(),
            kind: RelationKind::Stream,
            rows: 12,
            memory_bytes: 0,
            late_rows: 0,
            failed: None,
            partitions: Vec::new(),
        };
        Status {
            ready: Ok(()),
            version: "1.2.3",
            node_id: 0,
            roles: Vec::new(),
            committed_lsn: 0,
            views_lsn: 0,
            uptime_seconds: 0.0,
            sessions: 0,
            relations: vec![relation("events"), relation("dropped meanwhile")],
        }
    }
}

fn rows(schema: SchemaRef, batches: BoxStream<'static, Result<RecordBatch, SqlError>>) -> Outcome {
    Outcome::Rows(Rows {
        schema,
        batches,
        tag: "SELECT",
        live: false,
    })
}

impl FakeSession {
    fn run(&self, sql: &str) -> Result<Outcome, SqlError> {
        match sql {
            "events" | "SELECT * FROM \"events\"" | "SELECT * FROM \"public\".\"events\"" => {
                let batches = [Ok(events(0..3)), Ok(events(0..0)), Ok(events(3..5))];
                Ok(rows(events_schema(), stream::iter(batches).boxed()))
            }
            "nothing" => Ok(rows(events_schema(), stream::empty().boxed())),
            // 16 MiB in one batch, a quarter of it in its last ten rows
            "large" => {
                let texts: Vec<String> = (0..10_000)
                    .map(|row| "x".repeat(if row < 9_990 { 1_200 } else { 400_000 }))
                    .collect();
                let column = Arc::new(StringArray::from(texts)) as ArrayRef;
                let batch = RecordBatch::try_from_iter([("text", column)]).unwrap();
                Ok(rows(batch.schema(), stream::iter([Ok(batch)]).boxed()))
            }
            "insert" => Ok(Outcome::Done("INSERT 0 3".to_owned())),
            "copy" => Ok(Outcome::CopyIn(CopyIn {
                relation: "events".to_owned(),
                schema: events_schema(),
                options: CopyOptions {
                    format: CopyFormat::Text,
                    delimiter: b'\t',
                    null: "\\N".to_owned(),
                    header: false,
                    quote: b'"',
                    escape: b'"',
                },
                target: vec!["events".to_owned()],
            })),
            "late error" => {
                let error = SqlError::new(SqlState::DIVISION_BY_ZERO, "division by zero");
                let batches = [Ok(events(0..3)), Err(error)];
                Ok(rows(events_schema(), stream::iter(batches).boxed()))
            }
            "subscribe" | "subscribe quietly" => {
                let quiet = sql == "subscribe quietly";
                let made = Arc::clone(&self.made);
                let ended = Ended {
                    cancelled: Arc::clone(&self.cancelled),
                };
                let batches = stream::unfold((0, ended), move |(n, ended)| {
                    let made = Arc::clone(&made);
                    async move {
                        if quiet && n == 1 {
                            std::future::pending::<()>().await;
                        }
                        made.fetch_add(1, Ordering::SeqCst);
                        Some((Ok(events(n * 1000..(n + 1) * 1000)), (n + 1, ended)))
                    }
                });
                let schema = events_schema();
                let batches = batches.boxed();
                Ok(Outcome::Rows(Rows {
                    schema,
                    batches,
                    tag: "SUBSCRIBE",
                    live: true,
                }))
            }
            other => Err(SqlError::new(
                SqlState::UNDEFINED_TABLE,
                format!("relation \"{other}\" does not exist"),
            )
            .hint("SHOW ALL lists what there is")),
        }
    }
}

/// Tells when a stream is dropped.
struct Ended {
    cancelled: Arc<Notify>,
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.cancelled.notify_one();
    }
}

impl Session for FakeSession {
    fn parse(&self, sql: &str) -> Result<Vec<ParsedStatement>, SqlError> {
        if sql == "syntax" {
            return Err(SqlError::new(SqlState::SYNTAX_ERROR, "syntax error").position(3));
        }
        let statements = sql
            .split(';')
            .map(str::trim)
            .filter(|text| !text.is_empty());
        Ok(statements
            .map(|text| ParsedStatement {
                statement: summit_parser::Statement::Empty,
                text: text.to_owned(),
                offset: 0,
            })
            .collect())
    }

    fn prepare<'a>(
        &'a mut self,
        statement: &'a ParsedStatement,
        _: &'a [Option<DataType>],
    ) -> BoxFuture<'a, Result<Prepared, SqlError>> {
        let text = statement.text.clone();
        let columns = (text != "insert").then(events_schema);
        let parameter_types = vec![DataType::Int64; usize::from(text == "$1")];
        let inner = Arc::new(text) as Arc<dyn Any + Send + Sync>;
        Box::pin(async move {
            Ok(Prepared {
                parameter_types,
                columns,
                inner,
            })
        })
    }

    fn execute<'a>(
        &'a mut self,
        prepared: &'a Prepared,
        _: Vec<ArrayRef>,
    ) -> BoxFuture<'a, Result<Outcome, SqlError>> {
        let sql = prepared.inner.downcast_ref::<String>().unwrap().clone();
        Box::pin(async move {
            if sql == "wait" {
                self.made.fetch_add(1, Ordering::SeqCst);
                let _ended = Ended {
                    cancelled: Arc::clone(&self.cancelled),
                };
                self.running.cancelled().await;
                return Err(SqlError::new(SqlState::QUERY_CANCELED, "canceled"));
            }
            self.run(&sql)
        })
    }

    fn copy_in<'a>(
        &'a mut self,
        _: &'a CopyIn,
        _: Vec<RecordBatch>,
    ) -> BoxFuture<'a, Result<u64, SqlError>> {
        Box::pin(async { Ok(0) })
    }

    fn append<'a>(
        &'a mut self,
        relation: &'a [String],
        batches: Vec<RecordBatch>,
    ) -> BoxFuture<'a, Result<u64, SqlError>> {
        Box::pin(async move {
            let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
            let ids = batches.iter().filter_map(|batch| {
                let ids = batch
                    .column_by_name("id")?
                    .as_any()
                    .downcast_ref::<Int64Array>()?;
                ids.iter().flatten().min()
            });
            if ids.min().is_some_and(|id| id < 0) {
                return Err(SqlError::new(SqlState::NOT_NULL_VIOLATION, "negative id"));
            }
            self.appended.lock().push((relation.to_vec(), batches));
            Ok(rows as u64)
        })
    }

    fn relation_schema(&self, relation: &[String]) -> Result<SchemaRef, SqlError> {
        if relation.last().is_some_and(|name| name == "events") {
            return Ok(events_schema());
        }
        let name = relation.join(".");
        let message = format!("relation \"{name}\" does not exist");
        Err(SqlError::new(SqlState::UNDEFINED_TABLE, message))
    }

    fn begin_implicit(&mut self) {}

    fn end_implicit(&mut self, _: bool) -> BoxFuture<'_, Result<(), SqlError>> {
        Box::pin(async { Ok(()) })
    }

    fn fail_transaction(&mut self) {}

    fn transaction_status(&self) -> TransactionStatus {
        TransactionStatus::Idle
    }

    fn setting(&self, _: &str) -> Option<String> {
        None
    }

    fn reported_settings(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn take_notices(&mut self) -> Vec<Notice> {
        Vec::new()
    }

    fn cancel_handle(&self) -> Cancel {
        let running = self.running.clone();
        Cancel::new(Arc::new(move || running.cancel()), self.ended.clone())
    }
}
