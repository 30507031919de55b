//! SQL types in expressions.

use arrow::datatypes::{Field, FieldRef};
use datafusion::common::Result;
use datafusion::logical_expr::planner::TypePlanner;
use sqlparser::ast;
use std::sync::Arc;
use summit_catalog::types;

/// The same types in expressions as in columns, see [`summit_catalog::types`].
#[derive(Debug)]
pub(crate) struct Types;

impl TypePlanner for Types {
    fn plan_type_field(&self, sql_type: &ast::DataType) -> Result<Option<FieldRef>> {
        let data_type = types::arrow_of(sql_type).map_err(crate::error::external)?;
        Ok(Some(Arc::new(Field::new("", data_type, true))))
    }
}
