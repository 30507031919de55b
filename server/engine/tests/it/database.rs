//! A database in a directory of its own, and clients of it.

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use futures::StreamExt;
use summit_context::Context;
use summit_engine::{Engine, EngineOptions, OpenError};
use summit_session::{Outcome, Rows, Server, Session, SessionOptions, SqlError, Status};
use tempfile::TempDir;

use crate::bag::{Bag, Value, rows_of};

/// How the engine ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    Shutdown,
    Crash,
}

pub struct Database {
    engine: Option<Arc<Engine>>,
    dir: TempDir,
}

impl Database {
    pub async fn new() -> Self {
        let dir = TempDir::new().expect("a directory");
        let engine = open(dir.path()).await.expect("a new database opens");
        Database {
            engine: Some(engine),
            dir,
        }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn client(&self) -> Client {
        let options = SessionOptions {
            user: "summit".to_owned(),
            database: "summit".to_owned(),
            peer: "test".to_owned(),
            settings: Vec::new(),
        };
        let session = self.engine().session(options).expect("a session");
        Client { session }
    }

    pub fn status(&self) -> Status {
        self.engine().status()
    }

    /// Ends the engine and opens the directory again. Clients must be gone.
    pub async fn restart(&mut self, how: Stop) {
        let engine = self.engine.take().expect("it runs");
        if how == Stop::Shutdown {
            engine.shutdown().await;
        }
        drop(engine);
        self.engine = Some(open(self.dir.path()).await.expect("it opens again"));
    }

    fn engine(&self) -> &Arc<Engine> {
        self.engine.as_ref().expect("it runs")
    }
}

/// Opens the database of a directory.
pub async fn open(path: &Path) -> Result<Arc<Engine>, OpenError> {
    let options = EngineOptions {
        data_dir: path.to_owned(),
        node_id: 0,
        roles: vec!["broker".to_owned()],
        partitions_default: 2,
        memory_limit_bytes: 512 << 20,
        query_threads: 1,
        shown: Vec::new(),
    };
    Engine::open(Context::system(), options).await
}

/// A session.
pub struct Client {
    pub session: Box<dyn Session>,
}

impl Client {
    /// Runs statements one by one; the last one's rows.
    pub async fn try_run(&mut self, sql: &str) -> Result<Vec<RecordBatch>, SqlError> {
        let mut last = Vec::new();
        for statement in self.session.parse(sql)? {
            let prepared = self.session.prepare(&statement, &[]).await?;
            last = match self.session.execute(&prepared, Vec::new()).await? {
                Outcome::Rows(rows) => collect(rows).await?,
                _ => Vec::new(),
            };
        }
        Ok(last)
    }

    /// Runs statements that must not fail.
    pub async fn run(&mut self, sql: &str) {
        if let Err(error) = self.try_run(sql).await {
            panic!("{sql}: {error:?}");
        }
    }

    /// The error that statements must end with.
    pub async fn error(&mut self, sql: &str) -> SqlError {
        match self.try_run(sql).await {
            Ok(rows) => panic!("{sql} did not fail: {rows:?}"),
            Err(error) => error,
        }
    }

    pub async fn bag(&mut self, sql: &str) -> Bag {
        match self.try_run(sql).await {
            Ok(batches) => Bag::of(&batches),
            Err(error) => panic!("{sql}: {error:?}"),
        }
    }

    /// The rows as text, columns between bars, sorted.
    pub async fn lines(&mut self, sql: &str) -> Vec<String> {
        let batches = match self.try_run(sql).await {
            Ok(batches) => batches,
            Err(error) => panic!("{sql}: {error:?}"),
        };
        let mut lines: Vec<String> = rows_of(&batches)
            .iter()
            .map(|row| {
                let values: Vec<String> = row.iter().map(|value| format!("{value:?}")).collect();
                values.join("|")
            })
            .collect();
        lines.sort();
        lines
    }

    /// The only value of the only row.
    pub async fn value(&mut self, sql: &str) -> Value {
        match self.try_run(sql).await {
            Ok(batches) => rows_of(&batches)
                .into_iter()
                .flatten()
                .next()
                .expect("a value"),
            Err(error) => panic!("{sql}: {error:?}"),
        }
    }

    pub async fn number(&mut self, sql: &str) -> i64 {
        match self.value(sql).await {
            Value::Text(text) => text.parse().expect("a number"),
            other => panic!("{sql} gave {other:?}"),
        }
    }

    /// Opens a subscription.
    pub async fn subscribe(&mut self, sql: &str) -> Result<Rows, SqlError> {
        let statements = self.session.parse(sql)?;
        let prepared = self.session.prepare(&statements[0], &[]).await?;
        match self.session.execute(&prepared, Vec::new()).await? {
            Outcome::Rows(rows) => Ok(rows),
            other => panic!("{sql} gave {other:?}"),
        }
    }
}

async fn collect(rows: Rows) -> Result<Vec<RecordBatch>, SqlError> {
    let mut batches = rows.batches;
    let mut collected = Vec::new();
    while let Some(batch) = batches.next().await {
        collected.push(batch?);
    }
    Ok(collected)
}
