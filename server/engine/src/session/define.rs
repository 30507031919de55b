//! Definitions and the other statements that are done from their syntax tree.

use datafusion::common::ScalarValue;
use futures::future::BoxFuture;
use sqlparser::ast::{self, ObjectType};
use summit_catalog::{Definition, Relation, RelationId, SqlError, SqlState};
use summit_parser::{
    CreateMaterializedView, CreateStream, ParsedStatement, Statement, object_name_parts,
};
use summit_session::Outcome;

use crate::session::plan::Plan;
use crate::session::{EngineSession, Transaction};
use crate::transaction::OpenTransaction;

impl EngineSession {
    pub(crate) fn run_plan<'a>(
        &'a mut self,
        plan: &'a Plan,
        statement: &'a ParsedStatement,
        values: Vec<ScalarValue>,
    ) -> BoxFuture<'a, Result<Outcome, SqlError>> {
        Box::pin(self.dispatch(plan, statement, values))
    }

    async fn dispatch(
        &mut self,
        plan: &Plan,
        statement: &ParsedStatement,
        values: Vec<ScalarValue>,
    ) -> Result<Outcome, SqlError> {
        match plan {
            Plan::Empty => Ok(Outcome::Empty),
            Plan::Query(query) => self.query(query, values, "SELECT").await.map(Outcome::Rows),
            Plan::Insert(insert) => self.insert(insert, values).await,
            Plan::Update(update) => self.update(update, values).await,
            Plan::Delete(delete) => self.delete(delete, values).await,
            Plan::CopyIn(copy) => Ok(Outcome::CopyIn(copy.clone())),
            Plan::CopyOut(query, options) => {
                let rows = self.query(query, values, "COPY").await?;
                Ok(Outcome::CopyOut(rows, options.clone()))
            }
            Plan::Subscribe(plan) => self.subscribe(plan).await.map(Outcome::Rows),
            Plan::CopySubscribe(plan, options) => {
                let rows = self.subscribe(plan).await?;
                Ok(Outcome::CopyOut(rows, options.clone()))
            }
            Plan::Explain {
                query,
                analyze,
                verbose,
            } => self.explain(query, values, *analyze, *verbose).await,
            Plan::Lines { column, lines, tag } => Ok(super::explain::lines(column, lines, tag)),
            Plan::Show(show) => self.show(show),
            Plan::Backup { url, label } => self.backup(url, label.as_deref()).await,
            Plan::ShowBackups { url } => self.show_backups(url).await,
            Plan::VerifyBackup { id, url } => self.verify_backup(id.as_deref(), url).await,
            Plan::Utility => self.utility(statement).await,
        }
    }

    async fn utility(&mut self, parsed: &ParsedStatement) -> Result<Outcome, SqlError> {
        let statement = match &parsed.statement {
            Statement::CreateStream(create) => {
                self.still_ok()?;
                return self.create_stream(create, &parsed.text).await;
            }
            Statement::CreateMaterializedView(create) => {
                self.still_ok()?;
                return self.create_materialized_view(create, &parsed.text).await;
            }
            Statement::DropStream {
                names,
                if_exists,
                cascade,
            } => {
                self.still_ok()?;
                return self
                    .drop_relations("stream", names, *if_exists, *cascade)
                    .await;
            }
            Statement::Sql(statement) => statement.as_ref(),
            _ => return Err(unsupported(&parsed.text)),
        };
        match statement {
            ast::Statement::StartTransaction { modes, .. } => self.start_transaction(modes),
            ast::Statement::Commit { chain, .. } => {
                refuse_chain(*chain)?;
                self.end_transaction().await
            }
            ast::Statement::Rollback { chain, savepoint } => {
                refuse_chain(*chain)?;
                if savepoint.is_some() {
                    self.still_ok()?;
                    return Err(savepoints());
                }
                Ok(self.rollback())
            }
            _ if matches!(self.transaction, Transaction::Failed { .. }) => {
                self.still_ok()?;
                Err(SqlError::internal(
                    "a failed transaction refuses everything",
                ))
            }
            ast::Statement::Savepoint { .. } | ast::Statement::ReleaseSavepoint { .. } => {
                Err(savepoints())
            }
            ast::Statement::Set(set) => self.set(set),
            ast::Statement::Reset(reset) => self.reset(reset),
            // Prepared statements are the front end's, which goes by the tag.
            ast::Statement::Deallocate { name, .. } => Ok(Outcome::Done(
                if name.quote_style.is_none() && name.value.eq_ignore_ascii_case("all") {
                    "DEALLOCATE ALL".to_owned()
                } else {
                    return Err(SqlError::new(
                        SqlState::UNKNOWN_STATEMENT,
                        format!("prepared statement \"{}\" does not exist", name.value),
                    ));
                },
            )),
            ast::Statement::Discard { .. } => {
                self.outside_transaction("DISCARD ALL")?;
                self.settings.reset_all();
                Ok(Outcome::Done("DISCARD ALL".to_owned()))
            }
            ast::Statement::CreateTable(create) => {
                self.still_ok()?;
                let scope = self.scope(&[], &parsed.text);
                let relation = self
                    .shared
                    .planner
                    .create_table(create, &parsed.text, &scope)?;
                self.create(relation, create.if_not_exists, "CREATE TABLE")
                    .await
            }
            ast::Statement::CreateView(create) if create.or_replace => {
                self.still_ok()?;
                Err(SqlError::unsupported(
                    "CREATE OR REPLACE VIEW is not available yet",
                    "DROP VIEW, then CREATE VIEW, in one transaction if others read it.",
                ))
            }
            ast::Statement::CreateView(create) => {
                self.still_ok()?;
                let scope = self.scope(&[], &parsed.text);
                let relation = self
                    .shared
                    .planner
                    .create_view(create, &parsed.text, &scope)?;
                self.create(relation, create.if_not_exists, "CREATE VIEW")
                    .await
            }
            ast::Statement::Drop {
                object_type,
                if_exists,
                names,
                cascade,
                ..
            } => {
                let kind = match object_type {
                    ObjectType::Table => "table",
                    ObjectType::View => "view",
                    ObjectType::MaterializedView => "materialized view",
                    ObjectType::Stream => "stream",
                    _ => return Err(unsupported(&parsed.text)),
                };
                self.drop_relations(kind, names, *if_exists, *cascade).await
            }
            _ => Err(unsupported(&parsed.text)),
        }
    }

    async fn create_stream(
        &mut self,
        create: &CreateStream,
        text: &str,
    ) -> Result<Outcome, SqlError> {
        let scope = self.scope(&[], text);
        let partitions = self.shared.options.partitions_default;
        let relation = self
            .shared
            .planner
            .create_stream(create, text, &scope, partitions)?;
        self.create(relation, create.if_not_exists, "CREATE STREAM")
            .await
    }

    async fn create_materialized_view(
        &mut self,
        create: &CreateMaterializedView,
        text: &str,
    ) -> Result<Outcome, SqlError> {
        if create.or_replace {
            return Err(SqlError::unsupported(
                "CREATE OR REPLACE MATERIALIZED VIEW is not available yet",
                "Make the new view under another name, move its readers, then drop the old one.",
            ));
        }
        let scope = self.scope(&[], text);
        let (relation, _) = self
            .shared
            .planner
            .create_materialized_view(create, text, &scope)?;
        let name = relation.name.clone();
        let exists = create.if_not_exists;
        let tag = "CREATE MATERIALIZED VIEW";
        let made = self.create_relation(relation, exists).await?;
        if matches!(self.transaction, Transaction::None) {
            for view in made {
                self.wait_built(view, &name).await?;
            }
        }
        Ok(Outcome::Done(tag.to_owned()))
    }

    /// Waits until a new view is built. One that cannot be built is not kept.
    pub(crate) async fn wait_built(
        &mut self,
        view: RelationId,
        name: &str,
    ) -> Result<(), SqlError> {
        let built = self.shared.views.built(view).await;
        let Ok(Err(error)) = built else {
            return Ok(());
        };
        let drop_it = Definition::Drop { ids: vec![view] };
        let nothing = summit_storage::Transaction::default();
        match self
            .shared
            .committer
            .transaction(Some(&drop_it), nothing)
            .await?
        {
            Ok(outcome) => self.wrote(outcome.lsn),
            // Somebody was faster, or reads it already: it stays, and shows as failed.
            Err(dropped) => {
                tracing::warn!(view = name, error = %SqlError::from(dropped), "a view that cannot be built was not dropped")
            }
        }
        Err(SqlError {
            message: format!("materialized view \"{name}\" cannot be built: {}", error.message),
            ..error
        }
        .hint("The query fails on rows that are there already; guard it (CASE, NULLIF) or filter them out."))
    }

    async fn create(
        &mut self,
        relation: Relation,
        if_not_exists: bool,
        tag: &str,
    ) -> Result<Outcome, SqlError> {
        self.create_relation(relation, if_not_exists).await?;
        Ok(Outcome::Done(tag.to_owned()))
    }

    /// The new relation; none when it was there already and that is fine.
    async fn create_relation(
        &mut self,
        relation: Relation,
        if_not_exists: bool,
    ) -> Result<Vec<RelationId>, SqlError> {
        let name = relation.name.clone();
        match self.define(Definition::Create(Box::new(relation))).await {
            Ok(created) => Ok(created),
            Err(error) if if_not_exists && error.code == SqlState::DUPLICATE_TABLE => {
                self.notices.push(summit_session::Notice {
                    severity: "NOTICE",
                    code: SqlState::DUPLICATE_TABLE.0,
                    message: format!("relation \"{name}\" already exists, skipping"),
                });
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    async fn drop_relations(
        &mut self,
        kind: &str,
        names: &[ast::ObjectName],
        if_exists: bool,
        cascade: bool,
    ) -> Result<Outcome, SqlError> {
        let catalog = self.catalog();
        let mut ids = Vec::new();
        for name in names {
            let parts = object_name_parts(name);
            let relation = match catalog.resolve(&parts) {
                Ok(relation) => relation,
                Err(error) if if_exists && error.code == SqlState::UNDEFINED_TABLE => {
                    let name = parts.last().cloned().unwrap_or_default();
                    self.notice(format!("{kind} \"{name}\" does not exist, skipping"));
                    continue;
                }
                Err(error) => {
                    let name = parts.last().cloned().unwrap_or_default();
                    return Err(SqlError {
                        message: format!("{kind} \"{name}\" does not exist"),
                        ..error
                    });
                }
            };
            if relation.kind_name() != kind {
                return Err(SqlError::new(
                    SqlState::WRONG_OBJECT_TYPE,
                    format!("\"{}\" is not a {kind}", relation.name),
                )
                .hint(format!(
                    "Use DROP {} to remove a {}.",
                    relation.kind_name().to_uppercase(),
                    relation.kind_name()
                )));
            }
            let doomed = if cascade {
                catalog.cascade(relation.id)
            } else {
                vec![relation.id]
            };
            for id in doomed {
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        let tag = format!("DROP {}", kind.to_uppercase());
        if ids.is_empty() {
            return Ok(Outcome::Done(tag));
        }
        let cascaded: Vec<String> = ids
            .iter()
            .filter_map(|id| catalog.relation(*id))
            .filter(|relation| {
                !names
                    .iter()
                    .any(|name| object_name_parts(name).last() == Some(&relation.name))
            })
            .map(|relation| {
                format!(
                    "drop cascades to {} {}",
                    relation.kind_name(),
                    relation.display_name()
                )
            })
            .collect();
        self.define(Definition::Drop { ids }).await?;
        for message in cascaded {
            self.notice(message);
        }
        Ok(Outcome::Done(tag))
    }

    /// Defines: at once, or with the open transaction. Answers the relations that it makes.
    async fn define(&mut self, definition: Definition) -> Result<Vec<RelationId>, SqlError> {
        if let Transaction::Open { writes, .. } = &mut self.transaction {
            return writes.define(&self.shared.catalog(), definition);
        }
        let nothing = summit_storage::Transaction::default();
        let applied = self
            .shared
            .committer
            .transaction(Some(&definition), nothing)
            .await?;
        let outcome = applied.map_err(SqlError::from)?;
        self.wrote(outcome.lsn);
        Ok(outcome.created)
    }

    fn start_transaction(&mut self, modes: &[ast::TransactionMode]) -> Result<Outcome, SqlError> {
        for mode in modes {
            match mode {
                ast::TransactionMode::IsolationLevel(
                    ast::TransactionIsolationLevel::ReadCommitted
                    | ast::TransactionIsolationLevel::ReadUncommitted,
                )
                | ast::TransactionMode::AccessMode(_) => {}
                ast::TransactionMode::IsolationLevel(level) => {
                    self.notices.push(summit_session::Notice {
                        severity: "WARNING",
                        code: "01000",
                        message: format!(
                            "{level} is not available: the transaction is READ COMMITTED, and \
                             fails with 40001 when a row that it changes was changed meanwhile"
                        ),
                    });
                }
            }
        }
        match &mut self.transaction {
            Transaction::None => {
                self.transaction = Transaction::Open {
                    writes: OpenTransaction::default(),
                    implicit: false,
                };
            }
            // BEGIN within a query of several statements: what came before is part of it.
            Transaction::Open {
                implicit: implicit @ true,
                ..
            } => *implicit = false,
            Transaction::Open { .. } => self.notices.push(summit_session::Notice {
                severity: "WARNING",
                code: SqlState::ACTIVE_TRANSACTION.0,
                message: "there is already a transaction in progress".to_owned(),
            }),
            Transaction::Failed { .. } => self.still_ok()?,
        }
        Ok(Outcome::Done("BEGIN".to_owned()))
    }

    async fn end_transaction(&mut self) -> Result<Outcome, SqlError> {
        match std::mem::replace(&mut self.transaction, Transaction::None) {
            Transaction::Open { writes, .. } => {
                self.commit(writes).await?;
                Ok(Outcome::Done("COMMIT".to_owned()))
            }
            Transaction::Failed { .. } => Ok(Outcome::Done("ROLLBACK".to_owned())),
            Transaction::None => {
                self.no_transaction();
                Ok(Outcome::Done("COMMIT".to_owned()))
            }
        }
    }

    fn rollback(&mut self) -> Outcome {
        if matches!(self.transaction, Transaction::None) {
            self.no_transaction();
        }
        self.transaction = Transaction::None;
        Outcome::Done("ROLLBACK".to_owned())
    }

    fn no_transaction(&mut self) {
        self.notices.push(summit_session::Notice {
            severity: "WARNING",
            code: SqlState::NO_ACTIVE_TRANSACTION.0,
            message: "there is no transaction in progress".to_owned(),
        });
    }

    fn still_ok(&self) -> Result<(), SqlError> {
        match self.transaction {
            Transaction::Failed { .. } => Err(SqlError::new(
                SqlState::FAILED_TRANSACTION,
                "current transaction is aborted, commands ignored until end of transaction block",
            )),
            _ => Ok(()),
        }
    }

    fn outside_transaction(&self, what: &str) -> Result<(), SqlError> {
        self.still_ok()?;
        match &self.transaction {
            Transaction::Open {
                implicit: false, ..
            } => Err(SqlError::new(
                SqlState::ACTIVE_TRANSACTION,
                format!("{what} cannot run inside a transaction block"),
            )),
            _ => Ok(()),
        }
    }

    fn set(&mut self, set: &ast::Set) -> Result<Outcome, SqlError> {
        match set {
            ast::Set::SingleAssignment {
                variable, values, ..
            } => {
                let name = object_name_parts(variable).join(".");
                match set_value(values)? {
                    Some(value) => self.settings.set(&name, &value)?,
                    None => self.settings.reset(&name)?,
                }
            }
            ast::Set::SetTimeZone { value, .. } => match set_value(std::slice::from_ref(value))? {
                Some(value) if value.eq_ignore_ascii_case("local") => {
                    self.settings.reset("TimeZone")?;
                }
                Some(value) => self.settings.set("TimeZone", &value)?,
                None => self.settings.reset("TimeZone")?,
            },
            ast::Set::SetNames { charset_name, .. } => {
                self.settings.set("client_encoding", &charset_name.value)?;
            }
            ast::Set::SetNamesDefault {} => self.settings.reset("client_encoding")?,
            // All transactions are read committed; a wish for more is noted by its name only.
            ast::Set::SetTransaction { .. } => {}
            other => {
                return Err(SqlError::unsupported(
                    format!("{other} is not available yet"),
                    "SET name = value; SHOW ALL lists the settings.",
                ));
            }
        }
        Ok(Outcome::Done("SET".to_owned()))
    }

    fn reset(&mut self, reset: &ast::ResetStatement) -> Result<Outcome, SqlError> {
        match &reset.reset {
            ast::Reset::ALL => self.settings.reset_all(),
            ast::Reset::ConfigurationParameter(name) => {
                self.settings.reset(&object_name_parts(name).join("."))?;
            }
        }
        Ok(Outcome::Done("RESET".to_owned()))
    }
}

/// The value of `SET name = …`; `None` for DEFAULT.
fn set_value(values: &[ast::Expr]) -> Result<Option<String>, SqlError> {
    let mut texts = Vec::with_capacity(values.len());
    for value in values {
        texts.push(match value {
            ast::Expr::Value(value) => match &value.value {
                ast::Value::SingleQuotedString(text)
                | ast::Value::EscapedStringLiteral(text)
                | ast::Value::DoubleQuotedString(text) => text.clone(),
                other => other.to_string(),
            },
            ast::Expr::Identifier(name) if name.value.eq_ignore_ascii_case("default") => {
                return Ok(None);
            }
            ast::Expr::Identifier(name) => name.value.clone(),
            ast::Expr::UnaryOp { .. } | ast::Expr::CompoundIdentifier(_) => value.to_string(),
            other => {
                return Err(SqlError::new(
                    SqlState::INVALID_PARAMETER,
                    format!("SET needs a constant, not {other}"),
                ));
            }
        });
    }
    Ok(Some(texts.join(", ")))
}

fn refuse_chain(chain: bool) -> Result<(), SqlError> {
    if chain {
        return Err(SqlError::unsupported(
            "AND CHAIN is not available yet",
            "Send COMMIT or ROLLBACK, then BEGIN.",
        ));
    }
    Ok(())
}

fn savepoints() -> SqlError {
    SqlError::unsupported(
        "SAVEPOINT is not available yet",
        "Use transactions without savepoints: BEGIN, COMMIT, ROLLBACK.",
    )
}

fn unsupported(text: &str) -> SqlError {
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    SqlError::unsupported(
        format!("{} is not available yet", words.join(" ").to_uppercase()),
        "The README lists the statements that are.",
    )
}
