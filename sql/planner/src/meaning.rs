//! What PostgreSQL means by expressions that DataFusion computes otherwise.
//!
//! It works on a plan whose types are known, and keeps the names and types of its columns.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator, lit};

use crate::checked::{Arithmetic, checked};
use crate::{bytea_text, rounding, timestamp_text};

/// Completes timestamps, decodes `bytea` constants, rounds casts to integers, and lets integer
/// arithmetic fail where it would wrap around.
///
/// # Errors
/// `22P02` and `22023` for constants that are no `bytea`.
pub(crate) fn as_postgres(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_down_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        let names = NamePreserver::new(&node);
        let named = !matches!(node, LogicalPlan::Values(_));
        node.map_expressions(|expr| {
            // Its parts are named by the grouping set, which has no name of its own.
            if matches!(expr, Expr::GroupingSet(_)) {
                return Ok(Transformed::no(expr));
            }
            let name = names.save(&expr);
            let rewritten = expr.transform_up(|expr| rewrite(expr, &schema))?;
            Ok(if rewritten.transformed && named {
                rewritten.update_data(|expr| name.restore(expr))
            } else {
                rewritten
            })
        })
    })
    .map(|transformed| transformed.data)
}

fn rewrite(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match expr {
        Expr::Cast(cast) => {
            let cast = match timestamp_text::complete(cast) {
                Ok(cast) => return Ok(Transformed::yes(Expr::Cast(cast))),
                Err(cast) => cast,
            };
            if let Some(literal) = bytea_text::literal(&cast)? {
                return Ok(Transformed::yes(literal));
            }
            rounding::before_cast(cast, schema)
        }
        Expr::BinaryExpr(binary) => Ok(arithmetic(binary, schema)),
        Expr::Negative(of) => Ok(match of.get_type(schema) {
            Ok(data_type) if data_type.is_integer() && !matches!(*of, Expr::Literal(..)) => {
                match datafusion::common::ScalarValue::new_zero(&data_type) {
                    Ok(zero) => {
                        Transformed::yes(checked(Arithmetic::Subtract).call(vec![lit(zero), *of]))
                    }
                    Err(_) => Transformed::no(Expr::Negative(of)),
                }
            }
            _ => Transformed::no(Expr::Negative(of)),
        }),
        other => Ok(Transformed::no(other)),
    }
}

fn arithmetic(binary: BinaryExpr, schema: &DFSchema) -> Transformed<Expr> {
    let of = |expr: &Expr| expr.get_type(schema).unwrap_or(DataType::Null);
    let operation = match binary.op {
        Operator::Plus => Arithmetic::Add,
        Operator::Minus => Arithmetic::Subtract,
        Operator::Multiply => Arithmetic::Multiply,
        _ => return Transformed::no(Expr::BinaryExpr(binary)),
    };
    let left = of(&binary.left);
    if !left.is_integer() || left != of(&binary.right) {
        return Transformed::no(Expr::BinaryExpr(binary));
    }
    Transformed::yes(checked(operation).call(vec![*binary.left, *binary.right]))
}
