//! One client's conversation.

mod cancel;
mod copy;
mod define;
mod explain;
mod plan;
mod query;
mod show;
mod subscribe;
mod write;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::ScalarValue;
use futures::future::BoxFuture;
use summit_catalog::{Catalog, SqlError, SqlState};
use summit_log::Lsn;
use summit_parser::ParsedStatement;
use summit_planner::Scope;
use summit_session::{
    Cancel, CopyIn, Notice, Outcome, Prepared, Session, SessionOptions, TransactionStatus,
};

use crate::limits;
use crate::session::cancel::StatementCancel;
use crate::session::plan::Planned;
use crate::settings::Settings;
use crate::state::Shared;
use crate::system;
use crate::transaction::OpenTransaction;

/// One client's conversation.
pub(crate) struct EngineSession {
    shared: Arc<Shared>,
    user: String,
    settings: Settings,
    transaction: Transaction,
    /// The session's own last write.
    last_lsn: Lsn,
    notices: Vec<Notice>,
    cancel: Arc<StatementCancel>,
    round_robin: u64,
}

/// Where the session stands.
enum Transaction {
    None,
    Open {
        writes: OpenTransaction,
        implicit: bool,
    },
    Failed {
        implicit: bool,
    },
}

impl EngineSession {
    pub(crate) fn open(shared: Arc<Shared>, options: &SessionOptions) -> Result<Self, SqlError> {
        if shared.shutdown.is_cancelled() {
            return Err(crate::commit::shutting_down());
        }
        if options.database != DATABASE {
            return Err(SqlError::new(
                SqlState::UNKNOWN_DATABASE,
                format!("database \"{}\" does not exist", options.database),
            )
            .hint(format!("There is one database, \"{DATABASE}\".")));
        }
        Shared::count(&shared.sessions, limits::SESSIONS_MAX, "clients")?;
        let mut settings = Settings::new(&options.user);
        for (name, value) in &options.settings {
            if let Err(error) = settings.set(name, value) {
                tracing::debug!(peer = %options.peer, name, value, %error, "startup setting ignored");
            }
        }
        Ok(EngineSession {
            shared,
            user: options.user.clone(),
            settings,
            transaction: Transaction::None,
            last_lsn: Lsn::ZERO,
            notices: Vec::new(),
            cancel: Arc::default(),
            round_robin: 0,
        })
    }

    /// The catalog as this session sees it.
    fn catalog(&self) -> Arc<Catalog> {
        match &self.transaction {
            Transaction::Open { writes, .. } => writes.catalog().cloned(),
            _ => None,
        }
        .unwrap_or_else(|| self.shared.catalog())
    }

    fn scope(&self, parameters: &[Option<DataType>], text: &str) -> Scope {
        let mut scope = Scope::new(self.catalog())
            .with_system(system::relations())
            .with_parameters(parameters.to_vec())
            .with_source(text);
        scope.user.clone_from(&self.user);
        DATABASE.clone_into(&mut scope.database);
        scope.lsn = self.shared.log.committed().get();
        scope
    }

    fn notice(&mut self, message: String) {
        self.notices.push(Notice {
            severity: "NOTICE",
            code: "00000",
            message,
        });
    }

    async fn run(
        &mut self,
        prepared: &Prepared,
        values: Vec<ArrayRef>,
    ) -> Result<Outcome, SqlError> {
        let planned = planned(prepared)?;
        if matches!(self.transaction, Transaction::Failed { .. })
            && !planned.plan.ends_transaction()
        {
            return Err(SqlError::new(
                SqlState::FAILED_TRANSACTION,
                "current transaction is aborted, commands ignored until end of transaction block",
            ));
        }
        let values = scalars(&values, &prepared.parameter_types)?;
        // What was planned against older definitions is planned again.
        if planned.catalog_version != self.catalog().version && planned.plan.reads_catalog() {
            let planned = self.plan(&planned.statement, &planned.declared)?;
            return self
                .run_plan(&planned.plan, &planned.statement, values)
                .await;
        }
        self.run_plan(&planned.plan, &planned.statement, values)
            .await
    }

    /// Runs a statement and, whatever it does, leaves the transaction as PostgreSQL would.
    async fn execute_statement(
        &mut self,
        prepared: &Prepared,
        values: Vec<ArrayRef>,
    ) -> Result<Outcome, SqlError> {
        let cancel = Arc::clone(&self.cancel);
        let watch = cancel.begin(self.settings.statement_timeout(), &self.shared.shutdown);
        metrics::counter!("summit_statements_total").increment(1);
        let outcome = watch.until(self.run(prepared, values)).await;
        match outcome {
            Ok(Outcome::Rows(rows)) => Ok(Outcome::Rows(watch.guard(rows))),
            Ok(Outcome::CopyOut(rows, options)) => Ok(Outcome::CopyOut(watch.guard(rows), options)),
            Ok(outcome) => Ok(outcome),
            Err(error) => {
                metrics::counter!("summit_statement_errors_total", "sqlstate" => error.code.0)
                    .increment(1);
                self.fail();
                Err(error)
            }
        }
    }

    fn fail(&mut self) {
        if let Transaction::Open { implicit, .. } = self.transaction {
            self.transaction = Transaction::Failed { implicit };
        }
    }
}

/// The database's name.
pub(crate) const DATABASE: &str = "summit";

fn planned(prepared: &Prepared) -> Result<Arc<Planned>, SqlError> {
    Arc::clone(&prepared.inner)
        .downcast::<Planned>()
        .map_err(|_| SqlError::internal("a statement of another server"))
}

fn scalars(values: &[ArrayRef], types: &[DataType]) -> Result<Vec<ScalarValue>, SqlError> {
    if values.len() != types.len() {
        return Err(SqlError::new(
            SqlState::PROTOCOL_VIOLATION,
            format!(
                "bind message supplies {} parameters, but prepared statement requires {}",
                values.len(),
                types.len()
            ),
        ));
    }
    values
        .iter()
        .zip(types)
        .map(|(value, data_type)| {
            if value.len() != 1 {
                return Err(SqlError::internal("a parameter is one value"));
            }
            let cast = arrow::compute::cast(value, data_type)
                .map_err(|error| SqlError::new(SqlState::INVALID_TEXT, error.to_string()))?;
            ScalarValue::try_from_array(&cast, 0).map_err(summit_planner::sql_error)
        })
        .collect()
}

impl Drop for EngineSession {
    fn drop(&mut self) {
        self.shared.sessions.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Session for EngineSession {
    fn parse(&self, sql: &str) -> Result<Vec<ParsedStatement>, SqlError> {
        let mut statements = summit_parser::parse(sql)?;
        // Spans in a syntax tree count from the start of what was parsed; positions in errors
        // count from the statement's own text.
        for statement in statements
            .iter_mut()
            .filter(|statement| statement.offset > 0)
        {
            let mut alone = summit_parser::parse(&statement.text)?;
            if let [parsed] = alone.as_mut_slice() {
                std::mem::swap(&mut statement.statement, &mut parsed.statement);
            }
        }
        Ok(statements)
    }

    fn prepare<'a>(
        &'a mut self,
        statement: &'a ParsedStatement,
        parameter_types: &'a [Option<DataType>],
    ) -> BoxFuture<'a, Result<Prepared, SqlError>> {
        Box::pin(async move {
            let planned = self.plan(statement, parameter_types);
            if planned.is_err() {
                self.fail();
            }
            planned.map(Planned::into_prepared)
        })
    }

    fn execute<'a>(
        &'a mut self,
        prepared: &'a Prepared,
        parameters: Vec<ArrayRef>,
    ) -> BoxFuture<'a, Result<Outcome, SqlError>> {
        Box::pin(self.execute_statement(prepared, parameters))
    }

    fn copy_in<'a>(
        &'a mut self,
        copy: &'a CopyIn,
        batches: Vec<RecordBatch>,
    ) -> BoxFuture<'a, Result<u64, SqlError>> {
        Box::pin(async move {
            let copied = self.insert_named(&copy.target, batches).await;
            if copied.is_err() {
                self.fail();
            }
            copied
        })
    }

    fn append<'a>(
        &'a mut self,
        relation: &'a [String],
        batches: Vec<RecordBatch>,
    ) -> BoxFuture<'a, Result<u64, SqlError>> {
        Box::pin(async move {
            let appended = self.insert_named(relation, batches).await;
            if appended.is_err() {
                self.fail();
            }
            appended
        })
    }

    fn relation_schema(&self, relation: &[String]) -> Result<SchemaRef, SqlError> {
        let catalog = self.catalog();
        match catalog.resolve(relation) {
            Ok(relation) => Ok(Arc::clone(&relation.columns)),
            Err(error) => match relation {
                [schema, name] => system::relations()(schema, name)
                    .map(|relation| Arc::clone(&relation.columns))
                    .ok_or(error),
                _ => Err(error),
            },
        }
    }

    fn begin_implicit(&mut self) {
        if matches!(self.transaction, Transaction::None) {
            self.transaction = Transaction::Open {
                writes: OpenTransaction::default(),
                implicit: true,
            };
        }
    }

    fn end_implicit(&mut self, failed: bool) -> BoxFuture<'_, Result<(), SqlError>> {
        Box::pin(async move {
            match std::mem::replace(&mut self.transaction, Transaction::None) {
                Transaction::Open {
                    writes,
                    implicit: true,
                } if !failed => self.commit(writes).await,
                Transaction::Open { implicit: true, .. }
                | Transaction::Failed { implicit: true } => Ok(()),
                other => {
                    self.transaction = other;
                    Ok(())
                }
            }
        })
    }

    fn fail_transaction(&mut self) {
        self.fail();
    }

    fn transaction_status(&self) -> TransactionStatus {
        match self.transaction {
            Transaction::Open {
                implicit: false, ..
            } => TransactionStatus::Active,
            Transaction::Failed { implicit: false } => TransactionStatus::Failed,
            _ => TransactionStatus::Idle,
        }
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.settings.get(name)
    }

    fn reported_settings(&self) -> Vec<(&'static str, String)> {
        self.settings.reported()
    }

    fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    fn cancel_handle(&self) -> Cancel {
        let cancel = Arc::clone(&self.cancel);
        Cancel::new(
            Arc::new(move || cancel.cancel()),
            self.shared.shutdown.clone(),
        )
    }
}
