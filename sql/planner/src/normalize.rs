//! Queries in the form that DataFusion's planner takes.

use std::ops::ControlFlow;

use sqlparser::ast::{
    self, Expr, FunctionArguments, Ident, LimitClause, ObjectName, Query, SelectItem, SetExpr,
    VisitMut, VisitorMut,
};
use summit_catalog::{SqlError, SqlState};
use summit_parser::fold_ident;

use crate::output_names::{StarAliases, name_items};

/// Names select lists as PostgreSQL does, types their integers, turns FETCH FIRST into LIMIT and
/// `current_schema` into a call.
///
/// # Errors
/// `0A000` for clauses that the planner would drop without a word.
pub(crate) fn normalize(query: &mut Query, aliases: StarAliases) -> Result<(), SqlError> {
    match query.visit(&mut Normalizer { aliases }) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Normalizer {
    /// For the outermost query, which is visited first.
    aliases: StarAliases,
}

impl VisitorMut for Normalizer {
    type Break = SqlError;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<SqlError> {
        if let Err(error) = clauses(query) {
            return ControlFlow::Break(error);
        }
        in_selects(&mut query.body, &mut |select| {
            for item in &mut select.projection {
                if let SelectItem::UnnamedExpr(expr) = item {
                    session_value(expr);
                }
            }
        });
        name_items(
            query,
            std::mem::replace(&mut self.aliases, StarAliases::Kept),
        );
        in_selects(&mut query.body, &mut |select| {
            for item in &mut select.projection {
                if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item
                {
                    integer(expr);
                }
            }
        });
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        session_value(expr);
        at_time_zone(expr);
        match to_char_pattern(expr) {
            Some(error) => ControlFlow::Break(error),
            None => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &mut ast::TableFactor) -> ControlFlow<SqlError> {
        match factor {
            ast::TableFactor::Table {
                sample: Some(_), ..
            }
            | ast::TableFactor::Derived {
                sample: Some(_), ..
            } => ControlFlow::Break(SqlError::unsupported(
                "TABLESAMPLE is not available",
                "Use WHERE random() < 0.1, or LIMIT.",
            )),
            _ => ControlFlow::Continue(()),
        }
    }
}

/// DataFusion's `to_char` knows strftime's patterns and gives PostgreSQL's back as they are.
fn to_char_pattern(expr: &Expr) -> Option<SqlError> {
    let Expr::Function(function) = expr else {
        return None;
    };
    let name = function.name.to_string().to_lowercase();
    if name.trim_start_matches("pg_catalog.") != "to_char" {
        return None;
    }
    let FunctionArguments::List(arguments) = &function.args else {
        return None;
    };
    let Some(ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(Expr::Value(pattern)))) =
        arguments.args.get(1)
    else {
        return None;
    };
    match &pattern.value {
        ast::Value::SingleQuotedString(text) if !text.contains('%') => Some(SqlError::unsupported(
            format!("to_char does not know PostgreSQL's pattern '{text}' yet"),
            "Write it for strftime: to_char(ts, '%Y-%m-%d %H:%M:%S').",
        )),
        _ => None,
    }
}

fn clauses(query: &mut Query) -> Result<(), SqlError> {
    if !query.locks.is_empty() {
        return Err(SqlError::unsupported(
            "FOR UPDATE and FOR SHARE are not available: reads take no locks",
            "Leave it out; a SELECT reads one consistent state.",
        ));
    }
    let mut into = false;
    in_selects(&mut query.body, &mut |select| into |= select.into.is_some());
    if into {
        return Err(SqlError::unsupported(
            "SELECT INTO is not available",
            "Create the table, then INSERT INTO … SELECT; or create a materialized view.",
        ));
    }
    let Some(fetch) = query.fetch.take() else {
        return Ok(());
    };
    if fetch.with_ties || fetch.percent {
        return Err(SqlError::unsupported(
            "FETCH FIRST with PERCENT or WITH TIES is not available",
            "Use LIMIT, or rank() in a subquery.",
        ));
    }
    let rows = fetch.quantity.unwrap_or_else(|| number("1"));
    match &mut query.limit_clause {
        None => {
            query.limit_clause = Some(LimitClause::LimitOffset {
                limit: Some(rows),
                offset: None,
                limit_by: Vec::new(),
            });
        }
        Some(LimitClause::LimitOffset {
            limit: limit @ None,
            ..
        }) => *limit = Some(rows),
        Some(_) => {
            return Err(SqlError::new(
                SqlState::SYNTAX_ERROR,
                "multiple LIMIT clauses not allowed",
            ));
        }
    }
    Ok(())
}

/// `time AT TIME ZONE zone` as a call of ours.
fn at_time_zone(expr: &mut Expr) {
    if !matches!(expr, Expr::AtTimeZone { .. }) {
        return;
    }
    let taken = std::mem::replace(expr, Expr::Value(ast::Value::Null.into()));
    if let Expr::AtTimeZone {
        timestamp,
        time_zone,
    } = taken
    {
        *expr = call(crate::at_time_zone::NAME, vec![*timestamp, *time_zone]);
    }
}

fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let args = arguments
        .into_iter()
        .map(|argument| ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(argument)))
        .collect();
    let args = FunctionArguments::List(ast::FunctionArgumentList {
        duplicate_treatment: None,
        args,
        clauses: Vec::new(),
    });
    function(Ident::new(name), args)
}

fn function(name: Ident, args: FunctionArguments) -> Expr {
    Expr::Function(ast::Function {
        name: ObjectName::from(vec![name]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args,
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

fn number(text: &str) -> Expr {
    Expr::Value(ast::Value::Number(text.to_owned(), false).into())
}

fn in_selects(body: &mut SetExpr, apply: &mut dyn FnMut(&mut ast::Select)) {
    match body {
        SetExpr::Select(select) => apply(select),
        SetExpr::SetOperation { left, right, .. } => {
            in_selects(left, apply);
            in_selects(right, apply);
        }
        _ => {}
    }
}

/// Values of the session that are called without parentheses.
fn session_value(expr: &mut Expr) {
    let Expr::Identifier(ident) = expr else {
        return;
    };
    let name = fold_ident(ident);
    let known = [
        "current_schema",
        "current_catalog",
        "current_user",
        "session_user",
        "user",
    ];
    if ident.quote_style.is_some() || !known.contains(&name.as_str()) {
        return;
    }
    let mut called = Ident::new(name);
    called.span = ident.span;
    *expr = function(called, FunctionArguments::None);
}

/// A column that is a whole number is an `integer` when it fits, as in PostgreSQL; DataFusion's
/// are all `bigint`.
fn integer(expr: &mut Expr) {
    let fits = |expr: &Expr, sign: &str| match expr {
        Expr::Value(value) => match &value.value {
            ast::Value::Number(text, false) => format!("{sign}{text}").parse::<i32>().is_ok(),
            _ => false,
        },
        _ => false,
    };
    let whole = match &*expr {
        Expr::UnaryOp {
            op: ast::UnaryOperator::Minus,
            expr,
        } => fits(expr, "-"),
        other => fits(other, ""),
    };
    if whole {
        *expr = Expr::Cast {
            kind: ast::CastKind::Cast,
            expr: Box::new(expr.clone()),
            data_type: ast::DataType::Integer(None),
            array: false,
            format: None,
        };
    }
}
