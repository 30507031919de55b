//! `TUMBLE`, `HOP`, `summit_late` and `generate_series` in FROM.
//!
//! A window becomes a projection (and for `HOP` an unnest) over the relation, with the columns
//! `window_start` and `window_end` after the relation's own. Rows without an event time are in
//! no window.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{
    Column, DFSchema, DataFusionError, NullHandling, Result, TableReference, UnnestOptions,
};
use datafusion::logical_expr::planner::{
    PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast};
use sqlparser::ast::{
    self, FunctionArg, FunctionArgExpr, Ident, ObjectName, TableAlias, TableFactor,
    TableFunctionArgs,
};
use summit_catalog::types::type_name;
use summit_catalog::{SqlError, SqlState};
use summit_parser::{fold_ident, object_name_parts};

use crate::error::external;
use crate::interval::{constant_micros, positive_micros};
use crate::limits::HOP_WINDOWS_MAX;
use crate::names::late_source;
use crate::window_functions::{
    hop_starts, too_many_windows, tumble_start, window_end, windows_per_row,
};

const START: &str = "window_start";
const END: &str = "window_end";

/// Plans them.
#[derive(Debug)]
pub(crate) struct WindowTables;

impl RelationPlanner for WindowTables {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let Some(call) = Call::of(&relation) else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let plan = match call.function {
            Function::Tumble => call.tumble(context)?,
            Function::Hop => call.hop(context)?,
            Function::Late => call.late(context)?,
            Function::Series => call.series(context)?,
            Function::Session => {
                return Err(external(SqlError::unsupported(
                    "SESSION windows are not available yet",
                    "Use TUMBLE or HOP, or compute the sessions in a query with window functions.",
                )));
            }
            Function::Cumulate => {
                return Err(external(SqlError::unsupported(
                    "CUMULATE windows are not available yet",
                    "Use HOP, or TUMBLE with the step as its size and sum over the windows when selecting.",
                )));
            }
        };
        let alias = match call.function {
            // Its alias names its column too.
            Function::Series => call.alias.cloned().map(|alias| TableAlias {
                columns: Vec::new(),
                ..alias
            }),
            _ => call.alias.cloned(),
        };
        let plan = match alias {
            Some(_) => plan,
            None => LogicalPlanBuilder::from(plan)
                .alias(call.default_alias())?
                .build()?,
        };
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(
            plan, alias,
        ))))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Tumble,
    Hop,
    Session,
    Cumulate,
    Late,
    Series,
}

impl Function {
    fn of(name: &ObjectName) -> Option<Self> {
        match object_name_parts(name).as_slice() {
            [name] => Some(match name.as_str() {
                "tumble" => Function::Tumble,
                "hop" => Function::Hop,
                "session" => Function::Session,
                "cumulate" => Function::Cumulate,
                "summit_late" => Function::Late,
                "generate_series" => Function::Series,
                _ => return None,
            }),
            _ => None,
        }
    }

    fn usage(self) -> &'static str {
        match self {
            Function::Tumble => "TUMBLE(relation, column, INTERVAL 'size' [, INTERVAL 'offset'])",
            Function::Hop => {
                "HOP(relation, column, INTERVAL 'slide', INTERVAL 'size' [, INTERVAL 'offset'])"
            }
            Function::Session | Function::Cumulate => "TUMBLE or HOP",
            Function::Late => "summit_late(stream)",
            Function::Series => "generate_series(start, stop [, step])",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Function::Tumble => "TUMBLE",
            Function::Hop => "HOP",
            Function::Session => "SESSION",
            Function::Cumulate => "CUMULATE",
            Function::Late => "summit_late",
            Function::Series => "generate_series",
        }
    }
}

struct Call<'a> {
    function: Function,
    arguments: &'a [FunctionArg],
    alias: Option<&'a TableAlias>,
}

impl<'a> Call<'a> {
    fn of(relation: &'a TableFactor) -> Option<Self> {
        let (name, arguments, alias) = match relation {
            TableFactor::Table {
                name,
                args: Some(TableFunctionArgs { args, .. }),
                alias,
                ..
            } => (name, args, alias),
            TableFactor::Function {
                name, args, alias, ..
            } => (name, args, alias),
            _ => return None,
        };
        let function = Function::of(name)?;
        Some(Call {
            function,
            arguments,
            alias: alias.as_ref(),
        })
    }

    fn tumble(&self, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
        let arguments = self.expressions(3, 4)?;
        let input = self.relation(arguments[0], context)?;
        let time = self.event_time(arguments[1], &input, context)?;
        let size = micros(arguments[2], "the size of TUMBLE", positive_micros, context)?;
        let offset = match arguments.get(3) {
            Some(offset) => micros(offset, "the offset of TUMBLE", constant_micros, context)?,
            None => 0,
        };
        let mut exprs = columns(&input);
        exprs.push(tumble_start(time.expr.clone(), size, offset).alias(START));
        let starts = with_time(input, &time)?.project(exprs)?;
        with_end(starts, size)
    }

    fn hop(&self, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
        let arguments = self.expressions(4, 5)?;
        let input = self.relation(arguments[0], context)?;
        let time = self.event_time(arguments[1], &input, context)?;
        let slide = micros(arguments[2], "the slide of HOP", positive_micros, context)?;
        let size = micros(arguments[3], "the size of HOP", positive_micros, context)?;
        let offset = match arguments.get(4) {
            Some(offset) => micros(offset, "the offset of HOP", constant_micros, context)?,
            None => 0,
        };
        if windows_per_row(size, slide) > HOP_WINDOWS_MAX {
            return Err(external(too_many_windows(size, slide)));
        }
        let mut exprs = columns(&input);
        exprs.push(hop_starts(time.expr.clone(), slide, size, offset).alias(START));
        let options = UnnestOptions::new().with_null_handling(NullHandling::Drop);
        let starts = with_time(input, &time)?
            .project(exprs)?
            .unnest_column_with_options(Column::new_unqualified(START), options)?;
        with_end(starts, size)
    }

    fn late(&self, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
        let arguments = self.expressions(1, 1)?;
        let name = relation_name(arguments[0]).ok_or_else(|| self.misuse())?;
        let reference = context.object_name_to_table_reference(name)?;
        let source = late_source(context.context_provider(), reference.clone())?;
        LogicalPlanBuilder::scan(TableReference::bare(reference.table()), source, None)?.build()
    }

    /// As in PostgreSQL, the column has the alias's name.
    fn series(&self, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
        let schema = DFSchema::empty();
        let arguments = self
            .expressions(2, 3)?
            .into_iter()
            .map(|argument| context.sql_to_expr(argument.clone(), &schema))
            .collect::<Result<Vec<_>>>()?;
        let name = self.function.name();
        let source = context
            .context_provider()
            .get_table_function_source(name, arguments)?;
        let scan = LogicalPlanBuilder::scan(name, source, None)?;
        let column = match self.alias {
            None => name.to_owned(),
            Some(alias) => match alias.columns.first() {
                Some(column) => fold_ident(&column.name),
                None => fold_ident(&alias.name),
            },
        };
        let value = scan.schema().columns().into_iter().next().map(Expr::Column);
        scan.project(value.map(|value| value.alias(column)))?
            .build()
    }

    /// The relation, under its own name.
    fn relation(
        &self,
        expr: &ast::Expr,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<LogicalPlan> {
        let factor = match expr {
            ast::Expr::Subquery(query) => TableFactor::Derived {
                lateral: false,
                subquery: query.clone(),
                alias: None,
                sample: None,
            },
            _ => table(relation_name(expr).ok_or_else(|| self.misuse())?),
        };
        let input = context.plan(factor)?;
        for name in [START, END] {
            if input.schema().has_column_with_unqualified_name(name) {
                return Err(external(
                    SqlError::new(
                        SqlState::DUPLICATE_COLUMN,
                        format!("the relation already has a column \"{name}\""),
                    )
                    .hint(format!(
                        "Rename it first: FROM {}((SELECT …, {name} AS other FROM …), …).",
                        self.function.name()
                    )),
                ));
            }
        }
        Ok(input)
    }

    fn event_time(
        &self,
        expr: &ast::Expr,
        input: &LogicalPlan,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<EventTime> {
        let planned = context.sql_to_expr(expr.clone(), input.schema())?;
        let Expr::Column(column) = &planned else {
            return Err(external(
                SqlError::new(
                    SqlState::DATATYPE_MISMATCH,
                    format!(
                        "the second argument of {} must be a column",
                        self.function.name()
                    ),
                )
                .hint(format!("Use {}.", self.function.usage())),
            ));
        };
        let (_, field) = input.schema().qualified_field_from_column(column)?;
        let expr = match field.data_type() {
            DataType::Timestamp(TimeUnit::Microsecond, _) => planned.clone(),
            // Of DataFusion's functions; ours are all microseconds.
            DataType::Timestamp(_, zone) => cast(
                planned.clone(),
                DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
            ),
            other => {
                let error = SqlError::new(
                    SqlState::DATATYPE_MISMATCH,
                    format!(
                        "the event time of {} must be timestamp or timestamptz, column \"{}\" is {}",
                        self.function.name(),
                        column.name,
                        type_name(other)
                    ),
                );
                return Err(external(error.hint(format!(
                    "Cast it in a subquery: FROM {}((SELECT *, {}::timestamp AS t FROM …), t, …).",
                    self.function.name(),
                    column.name
                ))));
            }
        };
        Ok(EventTime {
            expr,
            column: planned,
            nullable: field.is_nullable(),
        })
    }

    /// The arguments, which must be between `least` and `most`.
    fn expressions(&self, least: usize, most: usize) -> Result<Vec<&'a ast::Expr>> {
        let expressions: Option<Vec<&ast::Expr>> = self
            .arguments
            .iter()
            .map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
                _ => None,
            })
            .collect();
        match expressions {
            Some(expressions) if (least..=most).contains(&expressions.len()) => Ok(expressions),
            _ => Err(self.misuse()),
        }
    }

    fn misuse(&self) -> DataFusionError {
        external(
            SqlError::new(
                SqlState::UNDEFINED_FUNCTION,
                format!("wrong arguments for {}", self.function.name()),
            )
            .hint(format!("Use {}.", self.function.usage())),
        )
    }

    /// What columns are qualified with when no alias is given.
    fn default_alias(&self) -> String {
        let relation = match self.arguments.first() {
            Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))) => relation_name(expr),
            _ => None,
        };
        relation
            .filter(|_| self.function != Function::Series)
            .and_then(|name| object_name_parts(&name).pop())
            .unwrap_or_else(|| self.function.name().to_lowercase())
    }
}

struct EventTime {
    /// In microseconds.
    expr: Expr,
    column: Expr,
    nullable: bool,
}

fn relation_name(expr: &ast::Expr) -> Option<ObjectName> {
    let parts: Vec<Ident> = match expr {
        ast::Expr::Identifier(ident) => vec![ident.clone()],
        ast::Expr::CompoundIdentifier(parts) => parts.clone(),
        _ => return None,
    };
    Some(ObjectName::from(parts))
}

fn table(name: ObjectName) -> TableFactor {
    TableFactor::Table {
        name,
        alias: None,
        args: None,
        with_hints: Vec::new(),
        version: None,
        with_ordinality: false,
        partitions: Vec::new(),
        json_path: None,
        sample: None,
        index_hints: Vec::new(),
    }
}

fn micros(
    expr: &ast::Expr,
    what: &str,
    read: fn(&Expr, &str) -> Result<i64, SqlError>,
    context: &mut dyn RelationPlannerContext,
) -> Result<i64> {
    let schema = DFSchema::empty();
    let planned = context
        .sql_to_expr(expr.clone(), &schema)
        .map_err(|error| match error {
            DataFusionError::External(_) => error,
            _ => external(
                SqlError::new(
                    SqlState::INVALID_PARAMETER,
                    format!("{what} must be constant"),
                )
                .hint("Write it as INTERVAL '1 hour'."),
            ),
        })?;
    read(&planned, what).map_err(external)
}

fn columns(plan: &LogicalPlan) -> Vec<Expr> {
    plan.schema()
        .columns()
        .into_iter()
        .map(Expr::Column)
        .collect()
}

/// The rows that have an event time.
fn with_time(input: LogicalPlan, time: &EventTime) -> Result<LogicalPlanBuilder> {
    let builder = LogicalPlanBuilder::from(input);
    if time.nullable {
        builder.filter(time.column.clone().is_not_null())
    } else {
        Ok(builder)
    }
}

fn with_end(starts: LogicalPlanBuilder, size: i64) -> Result<LogicalPlan> {
    let starts = starts.build()?;
    let mut exprs = columns(&starts);
    exprs.push(window_end(Expr::Column(Column::new_unqualified(START)), size).alias(END));
    LogicalPlanBuilder::new_from_arc(Arc::new(starts))
        .project(exprs)?
        .build()
}
