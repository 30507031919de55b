//! What plans scan.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::catalog::TableProvider;
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{LogicalPlan, TableSource};
use summit_catalog::types::UTC;
use summit_catalog::{Relation, RelationId, RelationKind, SqlError, SqlState};

use crate::sql_error;

/// The scan of a relation in a plan. It has no rows: whoever executes the plan puts a
/// provider in its place, see [`replace_sources`].
#[derive(Debug)]
pub struct RelationSource {
    /// Which.
    pub relation: Arc<Relation>,
}

impl TableSource for RelationSource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.relation.columns)
    }
}

/// The scan of `summit_late(stream)`: the stream's columns, then `arrived_at`, `watermark`
/// and `lsn`.
#[derive(Debug)]
pub struct LateSource {
    /// The stream.
    pub relation: Arc<Relation>,
    schema: SchemaRef,
}

impl LateSource {
    /// The late rows of a stream.
    ///
    /// # Errors
    /// `42809` when it is not a stream, `55000` when it has no watermark.
    pub fn new(relation: Arc<Relation>) -> Result<Self, SqlError> {
        let schema = late_schema(&relation)?;
        Ok(LateSource { relation, schema })
    }
}

impl TableSource for LateSource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// The columns of `summit_late(stream)`.
///
/// # Errors
/// `42809` when it is not a stream, `55000` when it has no watermark.
pub fn late_schema(relation: &Relation) -> Result<SchemaRef, SqlError> {
    let RelationKind::Stream { watermark, .. } = &relation.kind else {
        return Err(SqlError::new(
            SqlState::WRONG_OBJECT_TYPE,
            format!("\"{}\" is not a stream", relation.display_name()),
        )
        .hint("Only streams have late rows: summit_late(stream)."));
    };
    let Some(watermark) = watermark else {
        return Err(SqlError::new(
            SqlState::NOT_IN_STATE,
            format!(
                "stream \"{}\" has no watermark, so none of its rows is late",
                relation.display_name()
            ),
        )
        .hint("Declare one: CREATE STREAM … (…, WATERMARK FOR column AS column - INTERVAL '…')."));
    };
    let event_time = relation.columns.field(watermark.column).data_type().clone();
    let instant = DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()));
    let mut fields: Vec<_> = relation.columns.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new("arrived_at", instant, false)));
    fields.push(Arc::new(Field::new("watermark", event_time, false)));
    fields.push(Arc::new(Field::new("lsn", DataType::Int64, false)));
    Ok(Arc::new(Schema::new(fields)))
}

/// A plain view: its plan takes its place.
pub(crate) struct ViewSource {
    pub(crate) relation: Arc<Relation>,
    pub(crate) plan: LogicalPlan,
}

impl TableSource for ViewSource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.relation.columns)
    }

    fn get_logical_plan(&'_ self) -> Option<Cow<'_, LogicalPlan>> {
        Some(Cow::Borrowed(&self.plan))
    }
}

/// What a scan reads.
#[derive(Debug, Clone, Copy)]
pub enum Scanned<'a> {
    /// A relation's rows.
    Relation(&'a Arc<Relation>),
    /// A stream's late rows, with the columns of [`late_schema`].
    Late(&'a Arc<Relation>),
}

impl<'a> Scanned<'a> {
    fn of(source: &'a Arc<dyn TableSource>) -> Option<Self> {
        if let Some(source) = source.downcast_ref::<RelationSource>() {
            Some(Scanned::Relation(&source.relation))
        } else {
            source
                .downcast_ref::<LateSource>()
                .map(|source| Scanned::Late(&source.relation))
        }
    }
}

/// Gives the rows of a scan.
pub type Provide<'a> = &'a mut dyn FnMut(Scanned<'_>) -> Result<Arc<dyn TableProvider>, SqlError>;

/// The plan with each of our sources replaced by rows, in subqueries too.
///
/// # Errors
/// Those of `provide`.
pub fn replace_sources(plan: LogicalPlan, provide: Provide<'_>) -> Result<LogicalPlan, SqlError> {
    plan.transform_down_with_subqueries(|node| {
        let LogicalPlan::TableScan(mut scan) = node else {
            return Ok(Transformed::no(node));
        };
        let Some(scanned) = Scanned::of(&scan.source) else {
            return Ok(Transformed::no(LogicalPlan::TableScan(scan)));
        };
        let provider = provide(scanned).map_err(crate::error::external)?;
        scan.source = provider_as_source(provider);
        Ok(Transformed::yes(LogicalPlan::TableScan(scan)))
    })
    .map(|transformed| transformed.data)
    .map_err(sql_error)
}

/// Calls `visit` for each of our sources in the plan, in subqueries too.
pub(crate) fn visit_sources(plan: &LogicalPlan, mut visit: impl FnMut(Scanned<'_>)) -> Result<()> {
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && let Some(scanned) = Scanned::of(&scan.source)
        {
            visit(scanned);
        }
        Ok(TreeNodeRecursion::Continue)
    })
    .map(|_| ())
}

/// The streams, tables and materialized views that a plan reads.
pub(crate) fn relations_of(plan: &LogicalPlan) -> Result<Vec<RelationId>> {
    let mut found = BTreeSet::new();
    visit_sources(plan, |scanned| {
        let (Scanned::Relation(relation) | Scanned::Late(relation)) = scanned;
        if !matches!(relation.kind, RelationKind::System) {
            found.insert(relation.id);
        }
    })?;
    Ok(found.into_iter().collect())
}
