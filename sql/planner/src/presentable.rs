//! Results in types that PostgreSQL has.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast};

/// The plan with its columns in the types of [`summit_catalog::types`]: DataFusion's functions
/// give unsigned numbers, nanoseconds and views of strings too.
pub(crate) fn presentable(plan: LogicalPlan) -> Result<LogicalPlan> {
    let schema = plan.schema();
    if schema
        .fields()
        .iter()
        .all(|field| presented(field.data_type()).is_none())
    {
        return Ok(plan);
    }
    let exprs: Vec<Expr> = schema
        .iter()
        .map(|(qualifier, field)| {
            let column = Expr::Column(Column::from((qualifier, field)));
            match presented(field.data_type()) {
                Some(data_type) => {
                    cast(column, data_type).alias_qualified(qualifier.cloned(), field.name())
                }
                None => column,
            }
        })
        .collect();
    LogicalPlanBuilder::from(plan).project(exprs)?.build()
}

/// What a type is presented as, when that is another one.
fn presented(data_type: &DataType) -> Option<DataType> {
    Some(match data_type {
        // Something that has no type is text, as in PostgreSQL.
        DataType::Null | DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::Int8 | DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        // Ranks and row numbers; a count past 2^63 is out of range.
        DataType::UInt32 | DataType::UInt64 => DataType::Int64,
        DataType::Float16 => DataType::Float32,
        DataType::BinaryView | DataType::LargeBinary | DataType::FixedSizeBinary(_) => {
            DataType::Binary
        }
        DataType::Date64 => DataType::Date32,
        DataType::Time32(_) | DataType::Time64(TimeUnit::Nanosecond) => {
            DataType::Time64(TimeUnit::Microsecond)
        }
        DataType::Timestamp(TimeUnit::Microsecond, None) => return None,
        DataType::Timestamp(_, None) => DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Timestamp(unit, Some(zone)) => {
            let utc = summit_catalog::types::UTC;
            if *unit == TimeUnit::Microsecond && zone.as_ref() == utc {
                return None;
            }
            DataType::Timestamp(TimeUnit::Microsecond, Some(utc.into()))
        }
        DataType::Dictionary(_, value) => {
            presented(value).unwrap_or_else(|| value.as_ref().clone())
        }
        DataType::List(item) => {
            let presented = presented(item.data_type())?;
            DataType::List(Arc::new(item.as_ref().clone().with_data_type(presented)))
        }
        DataType::LargeList(item) | DataType::ListView(item) | DataType::LargeListView(item) => {
            let data_type = presented(item.data_type()).unwrap_or_else(|| item.data_type().clone());
            DataType::List(Arc::new(item.as_ref().clone().with_data_type(data_type)))
        }
        _ => return None,
    })
}
