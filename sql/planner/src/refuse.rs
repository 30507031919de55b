//! What a materialized view cannot be, and why.
//!
//! This looks at the plan before anything is folded or rewritten, so that `now()` is seen and
//! reasons speak of what the user wrote.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{JoinType, Result};
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan, Volatility};
use sqlparser::ast;
use summit_catalog::{RelationKind, SqlError, SqlState};

use crate::error::external;
use crate::sources::{Scanned, visit_sources};
use crate::sql_error;

/// # Errors
/// `0A000` with the reason and the way out.
pub(crate) fn refuse_syntax(query: &ast::Query) -> Result<(), SqlError> {
    if !crate::parameters::used_in(query)?.is_empty() {
        return Err(SqlError::new(
            SqlState::UNDEFINED_PARAMETER,
            "a view's query cannot have parameters",
        )
        .hint("Write the values into the query."));
    }
    // What ORDER BY orders in a derived table is lost when it is planned; here it would be lost
    // without a word.
    if query.limit_clause.is_some() || query.fetch.is_some() {
        return Err(limit());
    }
    if query.order_by.is_some() {
        return Err(order());
    }
    Ok(())
}

/// # Errors
/// `0A000` with the reason and the way out.
pub(crate) fn refuse_plan(plan: &LogicalPlan) -> Result<(), SqlError> {
    refuse_sources(plan)?;
    plan.apply(|node| {
        refuse_node(node).map_err(external)?;
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                refuse_expr(expr).map_err(external)?;
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })
    .map(|_| ())
    .map_err(sql_error)
}

/// # Errors
/// `0A000`
pub(crate) fn refuse_late(plan: &LogicalPlan, what: &str) -> Result<(), SqlError> {
    let mut late = None;
    visit_sources(plan, |scanned| {
        if let Scanned::Late(relation) = scanned {
            late = Some(relation.display_name());
        }
    })
    .map_err(sql_error)?;
    match late {
        Some(name) => Err(SqlError::unsupported(
            format!("{what} cannot read summit_late({name})"),
            "Select from it directly.",
        )),
        None => Ok(()),
    }
}

fn refuse_sources(plan: &LogicalPlan) -> Result<(), SqlError> {
    refuse_late(plan, "a materialized view")?;
    let mut system = None;
    visit_sources(plan, |scanned| {
        if let Scanned::Relation(relation) = scanned
            && matches!(relation.kind, RelationKind::System)
        {
            system = Some(relation.display_name());
        }
    })
    .map_err(sql_error)?;
    match system {
        Some(name) => Err(SqlError::unsupported(
            format!(
                "a materialized view cannot read system relation {name}: its changes are not in the log"
            ),
            "Use a plain view: CREATE VIEW.",
        )),
        None => Ok(()),
    }
}

fn order() -> SqlError {
    SqlError::unsupported(
        "a materialized view cannot have ORDER BY: its rows have no order",
        "Leave ORDER BY out, and order the rows when you select from the view.",
    )
}

fn limit() -> SqlError {
    SqlError::unsupported(
        "a materialized view cannot have LIMIT or OFFSET yet",
        "Leave it out, and limit the rows when you select from the view.",
    )
}

fn refuse_node(node: &LogicalPlan) -> Result<(), SqlError> {
    let (what, hint) = match node {
        LogicalPlan::Sort(_) => return Err(order()),
        LogicalPlan::Limit(_) => return Err(limit()),
        LogicalPlan::Window(_) => (
            "window functions (OVER)",
            "Use GROUP BY with aggregates, or window functions when you select from the view.",
        ),
        LogicalPlan::Join(join) => match join.join_type {
            JoinType::Inner => return Ok(()),
            JoinType::Left | JoinType::Right | JoinType::Full => (
                "outer joins",
                "Use JOIN, or an outer join when you select from the views.",
            ),
            _ => ("semi and anti joins", "Use JOIN with DISTINCT."),
        },
        LogicalPlan::Distinct(Distinct::On(_)) => (
            "DISTINCT ON",
            "Use GROUP BY with first_value(… ORDER BY …), or min and max.",
        ),
        LogicalPlan::RecursiveQuery(_) => (
            "WITH RECURSIVE",
            "Run the recursive query when you select from the view.",
        ),
        LogicalPlan::Subquery(_) => (
            "LATERAL subqueries",
            "Write it as a join with a grouped subquery.",
        ),
        LogicalPlan::Extension(extension) => {
            return Err(SqlError::unsupported(
                format!("a materialized view cannot have {}", extension.node.name()),
                "Write the query without it.",
            ));
        }
        LogicalPlan::Unnest(unnest)
            if unnest.list_type_columns.len() != 1
                || !unnest.struct_type_columns.is_empty()
                || unnest
                    .list_type_columns
                    .iter()
                    .any(|(_, list)| list.depth != 1) =>
        {
            (
                "UNNEST of several or of nested lists",
                "Unnest one list at a time.",
            )
        }
        LogicalPlan::Projection(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::Aggregate(_)
        | LogicalPlan::Union(_)
        | LogicalPlan::TableScan(_)
        | LogicalPlan::EmptyRelation(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Values(_)
        | LogicalPlan::Distinct(_)
        | LogicalPlan::Unnest(_) => return Ok(()),
        _ => (
            "this kind of statement",
            "Use a query: SELECT, VALUES or UNION.",
        ),
    };
    Err(refused(what, hint))
}

fn refused(what: &str, hint: &str) -> SqlError {
    SqlError::unsupported(format!("a materialized view cannot have {what} yet"), hint)
}

fn refuse_expr(expr: &Expr) -> Result<(), SqlError> {
    match expr {
        Expr::Exists(_) => Err(refused("EXISTS", "Write it as a JOIN with DISTINCT.")),
        Expr::InSubquery(subquery) if subquery.negated => Err(refused(
            "NOT IN with a subquery",
            "Use an anti join when you select from the view.",
        )),
        Expr::InSubquery(_) => Err(refused(
            "IN with a subquery",
            "Write it as a JOIN with DISTINCT.",
        )),
        Expr::SetComparison(_) => Err(refused(
            "ANY or ALL with a subquery",
            "Write it as a JOIN with DISTINCT.",
        )),
        Expr::ScalarSubquery(_) => Err(refused(
            "subqueries as values",
            "Write it as a JOIN with the subquery: … CROSS JOIN (SELECT …) AS x.",
        )),
        Expr::WindowFunction(_) => Err(refused(
            "window functions (OVER)",
            "Use GROUP BY with aggregates, or window functions when you select from the view.",
        )),
        Expr::GroupingSet(_) => Err(refused(
            "GROUPING SETS, ROLLUP or CUBE",
            "Write each grouping as a query of its own, joined by UNION ALL.",
        )),
        Expr::Placeholder(_) => Err(SqlError::new(
            SqlState::UNDEFINED_PARAMETER,
            "a view's query cannot have parameters",
        )
        .hint("Write the values into the query.")),
        Expr::ScalarFunction(call) => match call.func.signature().volatility {
            Volatility::Immutable => Ok(()),
            Volatility::Volatile => Err(SqlError::unsupported(
                format!(
                    "a materialized view cannot call {}(): it gives another value each time, so the view could not be computed again",
                    call.func.name()
                ),
                "Put the value into the rows when you insert them.",
            )),
            Volatility::Stable if deterministic(call.func.name()) => Ok(()),
            Volatility::Stable => Err(SqlError::unsupported(
                format!(
                    "a materialized view cannot call {}(): its value depends on when or by whom it is called",
                    call.func.name()
                ),
                "Leave it out, and use it when you select from the view.",
            )),
        },
        _ => Ok(()),
    }
}

/// Marked stable because they depend on the session's time zone, which is always UTC here.
fn deterministic(function: &str) -> bool {
    matches!(
        function,
        "to_timestamp"
            | "to_timestamp_seconds"
            | "to_timestamp_millis"
            | "to_timestamp_micros"
            | "to_timestamp_nanos"
            | "to_date"
            | "to_char"
            | "date_format"
            | "to_unixtime"
            | "to_local_time"
    )
}

/// EXCEPT and INTERSECT, which are planned as joins.
///
/// # Errors
/// `0A000`
pub(crate) fn refuse_set_operations(query: &ast::Query) -> Result<(), SqlError> {
    use ast::{SetExpr, SetOperator};
    use std::ops::ControlFlow;
    struct Operators;
    impl ast::Visitor for Operators {
        type Break = SqlError;
        fn pre_visit_query(&mut self, query: &ast::Query) -> ControlFlow<SqlError> {
            match in_body(&query.body) {
                Some(error) => ControlFlow::Break(error),
                None => ControlFlow::Continue(()),
            }
        }
    }
    fn in_body(body: &SetExpr) -> Option<SqlError> {
        let SetExpr::SetOperation {
            op, left, right, ..
        } = body
        else {
            return None;
        };
        match op {
            SetOperator::Union => in_body(left).or_else(|| in_body(right)),
            _ => Some(refused(
                "EXCEPT or INTERSECT",
                "Make both sides views, and use it when you select from them.",
            )),
        }
    }
    match ast::Visit::visit(query, &mut Operators) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}
