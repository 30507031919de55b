//! EXPLAIN, of queries and of views.

use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use datafusion::common::ScalarValue;
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::{collect, displayable};
use sqlparser::ast::{self, UtilityOption};
use summit_catalog::{RelationKind, SqlError, SqlState};
use summit_parser::{Explain, object_name_parts};
use summit_planner::{BoundQuery, Scope, sql_error};
use summit_session::Outcome;

use crate::query_runtime::broken;
use crate::session::EngineSession;
use crate::session::plan::{Plan, text_columns};
use crate::session::query::known_rows;

const COLUMN: &str = "QUERY PLAN";

impl EngineSession {
    /// Plans `EXPLAIN [ANALYZE] [VERBOSE] query`.
    pub(crate) fn plan_explain(
        &self,
        statement: &ast::Statement,
        mut analyze: bool,
        mut verbose: bool,
        options: Option<&[UtilityOption]>,
        scope: &Scope,
    ) -> Result<Plan, SqlError> {
        for option in options.unwrap_or_default() {
            let on = !matches!(
                option.arg.as_ref().map(ToString::to_string).as_deref(),
                Some("false" | "off" | "0" | "FALSE" | "OFF")
            );
            match option.name.value.to_lowercase().as_str() {
                "analyze" => analyze = on,
                "verbose" => verbose = on,
                "costs" | "timing" | "summary" | "buffers" | "settings" => {}
                other => {
                    return Err(SqlError::new(
                        SqlState::SYNTAX_ERROR,
                        format!("unrecognized EXPLAIN option \"{other}\""),
                    )
                    .hint("The options are ANALYZE and VERBOSE."));
                }
            }
        }
        match statement {
            ast::Statement::Query(query) => {
                let query = self.shared.planner.query(query, scope)?;
                Ok(Plan::Explain {
                    query,
                    analyze,
                    verbose,
                })
            }
            _ => Err(SqlError::unsupported(
                "EXPLAIN is available for queries and materialized views",
                "EXPLAIN SELECT ..., EXPLAIN CREATE MATERIALIZED VIEW ..., EXPLAIN MATERIALIZED VIEW name.",
            )),
        }
    }

    /// Plans EXPLAIN of a view.
    pub(crate) fn explain_view(&self, explain: &Explain, scope: &Scope) -> Result<Plan, SqlError> {
        let query = match explain {
            Explain::CreateMaterializedView(create) => {
                let (_, plan) = self
                    .shared
                    .planner
                    .create_materialized_view(create, "", scope)?;
                let lines = summit_planner::explain(&plan);
                return Ok(Plan::Lines {
                    column: COLUMN,
                    lines,
                    tag: "EXPLAIN",
                });
            }
            Explain::View(name) => {
                let relation = scope.catalog.resolve(&object_name_parts(name))?;
                match &relation.kind {
                    RelationKind::MaterializedView { query } | RelationKind::View { query } => {
                        summit_parser::parse_query(query)?
                    }
                    _ => {
                        return Err(SqlError::new(
                            SqlState::WRONG_OBJECT_TYPE,
                            format!("\"{}\" is a {}", relation.name, relation.kind_name()),
                        )
                        .hint("EXPLAIN MATERIALIZED VIEW needs a view."));
                    }
                }
            }
        };
        let mut scope = scope.clone();
        scope.source = None;
        let plan = self.shared.planner.view_plan(&query, &scope)?;
        let lines = summit_planner::explain(&plan);
        Ok(Plan::Lines {
            column: COLUMN,
            lines,
            tag: "EXPLAIN",
        })
    }

    pub(crate) async fn explain(
        &self,
        query: &BoundQuery,
        values: Vec<ScalarValue>,
        analyze: bool,
        verbose: bool,
    ) -> Result<Outcome, SqlError> {
        let (plan, context, cut) = self.physical(&query.plan, &query.relations, values).await?;
        let text = if analyze {
            let started = self.shared.ctx.clock.monotonic();
            let executed = self.shared.queries.run(collect(Arc::clone(&plan), context));
            let batches = executed.await.ok_or_else(broken)?.map_err(sql_error)?;
            let took = self.shared.ctx.clock.monotonic().saturating_sub(started);
            let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
            format!(
                "{}Rows: {rows}\nExecution time: {:.3} ms\n",
                DisplayableExecutionPlan::with_metrics(plan.as_ref()).indent(verbose),
                took.as_secs_f64() * 1000.0
            )
        } else {
            displayable(plan.as_ref()).indent(verbose).to_string()
        };
        let mut text_lines: Vec<String> = text.lines().map(str::to_owned).collect();
        text_lines.push(format!("Read at LSN {cut}"));
        Ok(lines(COLUMN, &text_lines, "EXPLAIN"))
    }
}

/// Lines of text, as rows.
pub(crate) fn lines(column: &str, lines: &[String], tag: &'static str) -> Outcome {
    let texts = StringArray::from_iter_values(lines);
    let batch = RecordBatch::try_new(text_columns(&[column]), vec![Arc::new(texts)])
        .expect("one text column");
    known_rows(batch, tag)
}
