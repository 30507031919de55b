//! The types of `$1`, `$2`, ….

use std::ops::ControlFlow;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::Result;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan};
use sqlparser::ast::{self, Visit};
use std::sync::Arc;
use summit_catalog::{SqlError, SqlState};

use crate::limits::PARAMETERS_MAX;

/// Which parameters a statement names; `used[0]` is `$1`.
pub(crate) fn used_in(node: &impl Visit) -> Result<Vec<bool>, SqlError> {
    let mut used = Vec::new();
    let flow = ast::visit_expressions(node, |expr| {
        if let ast::Expr::Value(value) = expr
            && let ast::Value::Placeholder(name) = &value.value
        {
            match name
                .strip_prefix('$')
                .and_then(|number| number.parse::<usize>().ok())
            {
                Some(number) if (1..=PARAMETERS_MAX).contains(&number) => {
                    if used.len() < number {
                        used.resize(number, false);
                    }
                    used[number - 1] = true;
                }
                _ => {
                    return ControlFlow::Break(
                        SqlError::new(
                            SqlState::UNDEFINED_PARAMETER,
                            format!("there is no parameter {name}"),
                        )
                        .hint("Parameters are $1, $2, …."),
                    );
                }
            }
        }
        ControlFlow::Continue(())
    });
    match flow {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(used),
    }
}

/// As DataFusion's planner takes them.
pub(crate) fn fields(types: &[Option<DataType>]) -> Vec<Option<FieldRef>> {
    types
        .iter()
        .map(|data_type| {
            let data_type = data_type.clone()?;
            Some(Arc::new(Field::new("", data_type, true)) as FieldRef)
        })
        .collect()
}

/// Fills in the types that the plan implies.
pub(crate) fn infer(plan: &LogicalPlan, types: &mut [Option<DataType>]) -> Result<()> {
    plan.apply_with_subqueries(|node| {
        let bigint = matches!(node, LogicalPlan::Limit(_));
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                match expr {
                    Expr::Placeholder(placeholder) => {
                        let known = placeholder
                            .field
                            .as_ref()
                            .map(|field| field.data_type().clone());
                        let known = known.filter(|data_type| !data_type.is_null());
                        let known = known.or_else(|| bigint.then_some(DataType::Int64));
                        note(types, &placeholder.id, known);
                    }
                    // What the analyzer casts a parameter of no type to.
                    Expr::Cast(cast) => {
                        if let Expr::Placeholder(placeholder) = cast.expr.as_ref()
                            && placeholder
                                .field
                                .as_ref()
                                .is_none_or(|field| field.data_type().is_null())
                        {
                            note(types, &placeholder.id, Some(cast.field.data_type().clone()));
                        }
                    }
                    _ => {}
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })
    .map(|_| ())
}

fn note(types: &mut [Option<DataType>], id: &str, data_type: Option<DataType>) {
    let index = id
        .strip_prefix('$')
        .and_then(|number| number.parse::<usize>().ok());
    let Some(slot) = index.and_then(|index| types.get_mut(index.wrapping_sub(1))) else {
        return;
    };
    if slot.is_none() {
        *slot = data_type.filter(|data_type| !data_type.is_null());
    }
}

/// Every parameter's type: as in PostgreSQL, one that nothing says anything about is text, and
/// one that is not used at all has none.
pub(crate) fn settle(
    types: Vec<Option<DataType>>,
    used: &[bool],
) -> Result<Vec<DataType>, SqlError> {
    types
        .into_iter()
        .enumerate()
        .map(|(index, data_type)| match data_type {
            Some(data_type) => Ok(data_type),
            None if used.get(index).copied().unwrap_or(false) => Ok(DataType::Utf8),
            None => Err(SqlError::new(
                SqlState::INDETERMINATE_TYPE,
                format!("could not determine data type of parameter ${}", index + 1),
            )
            .hint("Use it in the statement, or declare its type.")),
        })
        .collect()
}
