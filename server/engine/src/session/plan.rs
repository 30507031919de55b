//! Statements, planned.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use sqlparser::ast;
use summit_catalog::{RelationKind, SqlError, SqlState};
use summit_log::Lsn;
use summit_parser::{ParsedStatement, Statement, Subscribe};
use summit_planner::{BoundDelete, BoundInsert, BoundQuery, BoundUpdate, StreamPlan};
use summit_session::{CopyIn, CopyOptions, Prepared};

use crate::session::EngineSession;
use crate::session::copy;

/// A planned statement.
pub(crate) struct Planned {
    pub statement: ParsedStatement,
    pub declared: Vec<Option<DataType>>,
    pub catalog_version: Lsn,
    pub plan: Plan,
}

/// What a statement does.
pub(crate) enum Plan {
    Empty,
    Query(BoundQuery),
    Insert(BoundInsert),
    Update(BoundUpdate),
    Delete(BoundDelete),
    CopyOut(BoundQuery, CopyOptions),
    CopyIn(CopyIn),
    Subscribe(SubscribePlan),
    CopySubscribe(SubscribePlan, CopyOptions),
    /// `EXPLAIN [ANALYZE]` of a query.
    Explain {
        query: BoundQuery,
        analyze: bool,
        verbose: bool,
    },
    /// Lines of text, known when planned.
    Lines {
        column: &'static str,
        lines: Vec<String>,
        tag: &'static str,
    },
    /// `SHOW` of something, by its own columns.
    Show(super::show::Show),
    /// `BACKUP INTO`
    Backup {
        url: String,
        label: Option<String>,
    },
    ShowBackups {
        url: String,
    },
    VerifyBackup {
        id: Option<String>,
        url: String,
    },
    /// Everything else is done from its syntax tree.
    Utility,
}

/// A subscription.
pub(crate) struct SubscribePlan {
    pub flow: StreamPlan,
    pub reads: Vec<summit_catalog::RelationId>,
    /// `lsn`, `diff`, then the relation's columns.
    pub schema: SchemaRef,
    pub subscribe: Subscribe,
}

impl Plan {
    /// Whether it may run in a failed transaction.
    pub(crate) fn ends_transaction(&self) -> bool {
        matches!(self, Plan::Utility)
    }

    /// Whether it depends on definitions.
    pub(crate) fn reads_catalog(&self) -> bool {
        !matches!(
            self,
            Plan::Empty
                | Plan::Utility
                | Plan::Lines { .. }
                | Plan::Show(_)
                | Plan::Backup { .. }
                | Plan::ShowBackups { .. }
                | Plan::VerifyBackup { .. }
        )
    }

    fn columns(&self) -> Option<SchemaRef> {
        match self {
            Plan::Query(query) => Some(Arc::clone(&query.schema)),
            Plan::Subscribe(plan) => Some(Arc::clone(&plan.schema)),
            Plan::Explain { .. } => Some(text_columns(&["QUERY PLAN"])),
            Plan::Lines { column, .. } => Some(text_columns(&[column])),
            Plan::Show(show) => Some(show.columns()),
            Plan::Backup { .. } => Some(super::show::backup_columns()),
            Plan::ShowBackups { .. } => Some(super::show::backups_columns()),
            Plan::VerifyBackup { .. } => Some(super::show::verify_columns()),
            _ => None,
        }
    }

    fn parameter_types(&self) -> Vec<DataType> {
        match self {
            Plan::Query(query) | Plan::CopyOut(query, _) | Plan::Explain { query, .. } => {
                query.parameter_types.clone()
            }
            Plan::Insert(insert) => insert.parameter_types.clone(),
            Plan::Update(update) => update.parameter_types.clone(),
            Plan::Delete(delete) => delete.parameter_types.clone(),
            _ => Vec::new(),
        }
    }
}

impl Planned {
    pub(crate) fn into_prepared(self) -> Prepared {
        Prepared {
            parameter_types: self.plan.parameter_types(),
            columns: self.plan.columns(),
            inner: Arc::new(self),
        }
    }
}

/// Nullable text columns.
pub(crate) fn text_columns(names: &[&str]) -> SchemaRef {
    let fields: Vec<Field> = names
        .iter()
        .map(|name| Field::new(*name, DataType::Utf8, true))
        .collect();
    Arc::new(Schema::new(fields))
}

impl EngineSession {
    /// Plans a statement against the newest definitions.
    pub(crate) fn plan(
        &self,
        parsed: &ParsedStatement,
        declared: &[Option<DataType>],
    ) -> Result<Planned, SqlError> {
        let scope = self.scope(declared, &parsed.text);
        let planner = &self.shared.planner;
        let plan = match &parsed.statement {
            Statement::Empty => Plan::Empty,
            Statement::Sql(statement) => match statement.as_ref() {
                ast::Statement::Query(query) => Plan::Query(planner.query(query, &scope)?),
                ast::Statement::Insert(insert) => Plan::Insert(planner.insert(insert, &scope)?),
                ast::Statement::Update(update) => Plan::Update(planner.update(update, &scope)?),
                ast::Statement::Delete(delete) => Plan::Delete(planner.delete(delete, &scope)?),
                ast::Statement::Copy {
                    source,
                    to,
                    target,
                    options,
                    legacy_options,
                    ..
                } => copy::plan(self, &scope, source, *to, target, options, legacy_options)?,
                ast::Statement::Explain {
                    statement,
                    analyze,
                    verbose,
                    options,
                    ..
                } => {
                    self.plan_explain(statement, *analyze, *verbose, options.as_deref(), &scope)?
                }
                ast::Statement::ShowVariable { variable } => {
                    Plan::Show(super::show::Show::setting(variable, &self.settings)?)
                }
                _ => Plan::Utility,
            },
            Statement::Subscribe(subscribe) => {
                Plan::Subscribe(self.plan_subscribe(subscribe, &scope)?)
            }
            Statement::CopySubscribe { subscribe, options } => Plan::CopySubscribe(
                self.plan_subscribe(subscribe, &scope)?,
                copy::options(options, &[])?,
            ),
            Statement::Explain(explain) => self.explain_view(explain, &scope)?,
            Statement::Show(show) => Plan::Show(super::show::Show::Relations(*show)),
            Statement::Backup { url, label } => Plan::Backup {
                url: url.clone(),
                label: label.clone(),
            },
            Statement::ShowBackups { url } => Plan::ShowBackups { url: url.clone() },
            Statement::VerifyBackup { id, url } => Plan::VerifyBackup {
                id: id.clone(),
                url: url.clone(),
            },
            _ => Plan::Utility,
        };
        Ok(Planned {
            statement: parsed.clone(),
            declared: declared.to_vec(),
            catalog_version: scope.catalog.version,
            plan,
        })
    }

    fn plan_subscribe(
        &self,
        subscribe: &Subscribe,
        scope: &summit_planner::Scope,
    ) -> Result<SubscribePlan, SqlError> {
        if subscribe.as_of.is_some() {
            return Err(SqlError::unsupported(
                "SUBSCRIBE ... AS OF LSN is not available yet",
                "Leave AS OF out: the subscription then starts with a snapshot of now.",
            ));
        }
        let bound = self.shared.planner.query(&subscribe.query, scope)?;
        if !bound.parameter_types.is_empty() {
            return Err(SqlError::unsupported(
                "SUBSCRIBE does not take parameters",
                "Write the values into the query.",
            ));
        }
        let flow = self.shared.planner.view_plan(&subscribe.query, scope)?;
        let mut fields = vec![
            Arc::new(Field::new("lsn", DataType::Int64, false)),
            Arc::new(Field::new("diff", DataType::Int64, false)),
        ];
        // A progress row has NULLs in the relation's columns.
        fields.extend(
            bound
                .schema
                .fields()
                .iter()
                .map(|field| Arc::new(field.as_ref().clone().with_nullable(true))),
        );
        Ok(SubscribePlan {
            flow,
            reads: bound.relations,
            schema: Arc::new(Schema::new(fields)),
            subscribe: subscribe.clone(),
        })
    }

    /// The relation that rows go into.
    pub(crate) fn writable(
        &self,
        name: &[String],
    ) -> Result<Arc<summit_catalog::Relation>, SqlError> {
        let catalog = self.catalog();
        let relation = catalog.resolve(name)?;
        match relation.kind {
            RelationKind::Stream { .. } | RelationKind::Table { .. } => Ok(Arc::clone(relation)),
            _ => Err(SqlError::new(
                SqlState::WRONG_OBJECT_TYPE,
                format!(
                    "cannot insert into {} \"{}\"",
                    relation.kind_name(),
                    relation.display_name()
                ),
            )
            .hint("Insert into the streams and tables that it reads.")),
        }
    }
}
