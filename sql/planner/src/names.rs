//! What names mean to DataFusion's SQL planner.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::TableFunctionArgs;
use datafusion::common::{DFSchema, Result, TableReference};
use datafusion::config::ConfigOptions;
use datafusion::datasource::cte_worktable::CteWorkTable;
use datafusion::datasource::provider_as_source;
use datafusion::execution::SessionState;
use datafusion::logical_expr::planner::{
    ContextProvider, ExprPlanner, RelationPlanner, TypePlanner,
};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{
    AggregateUDF, Expr, HigherOrderUDF, LogicalPlan, ScalarUDF, TableSource, WindowUDF,
};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use sqlparser::ast;
use summit_catalog::{Catalog, Relation, RelationId, RelationKind, SqlError, SqlState};
use summit_parser::object_name_parts;

use crate::error::external;
use crate::limits::VIEW_DEPTH_MAX;
use crate::sources::{LateSource, RelationSource, ViewSource};
use crate::type_planner::Types;
use crate::window_tables::WindowTables;
use crate::{Scope, functions};

/// The schema that is searched for a bare name after `public`.
const SEARCHED: &str = "pg_catalog";

/// Plans a view's text; given by the planner, which knows how.
pub(crate) type PlanView<'a> = &'a dyn Fn(&Arc<Relation>, usize) -> Result<LogicalPlan, SqlError>;

/// The names of one statement.
pub(crate) struct Names<'a> {
    state: &'a SessionState,
    scope: &'a Scope,
    plan_view: PlanView<'a>,
    depth: usize,
    relation_planners: Vec<Arc<dyn RelationPlanner>>,
}

impl<'a> Names<'a> {
    pub(crate) fn new(
        state: &'a SessionState,
        scope: &'a Scope,
        plan_view: PlanView<'a>,
        depth: usize,
    ) -> Self {
        Names {
            state,
            scope,
            plan_view,
            depth,
            relation_planners: vec![Arc::new(WindowTables)],
        }
    }

    fn relation(&self, reference: &TableReference) -> Result<Arc<Relation>, SqlError> {
        find_relation(self.scope, reference.schema(), reference.table())
    }

    fn source(&self, relation: Arc<Relation>) -> Result<Arc<dyn TableSource>, SqlError> {
        if !matches!(relation.kind, RelationKind::View { .. }) {
            return Ok(Arc::new(RelationSource { relation }));
        }
        if self.depth >= VIEW_DEPTH_MAX {
            return Err(SqlError::new(
                SqlState::STATEMENT_TOO_COMPLEX,
                format!("views read views more than {VIEW_DEPTH_MAX} deep"),
            )
            .hint("Make one of them a materialized view."));
        }
        let plan = (self.plan_view)(&relation, self.depth + 1)?;
        Ok(Arc::new(ViewSource { relation, plan }))
    }
}

/// A relation by name: `public` first, then the system's schemas.
fn find_relation(
    scope: &Scope,
    schema: Option<&str>,
    name: &str,
) -> Result<Arc<Relation>, SqlError> {
    let found = match schema {
        Some(schema) => scope
            .catalog
            .find(schema, name)
            .cloned()
            .or_else(|| (scope.system)(schema, name)),
        None => scope
            .catalog
            .find(Catalog::DEFAULT_SCHEMA, name)
            .cloned()
            .or_else(|| (scope.system)(SEARCHED, name)),
    };
    found.ok_or_else(|| {
        let shown = match schema {
            Some(schema) => format!("{schema}.{name}"),
            None => name.to_owned(),
        };
        let error = scope.catalog.undefined(&shown, name);
        match (scope.system)(Catalog::SYSTEM_SCHEMA, name) {
            Some(system) => error.hint(format!("Perhaps you meant \"{}\".", system.display_name())),
            None => error,
        }
    })
}

/// The relations that a query names, views among them; not those that the views read.
pub(crate) fn named_relations(
    query: &ast::Query,
    scope: &Scope,
) -> Result<Vec<RelationId>, SqlError> {
    let mut found = BTreeSet::new();
    for name in summit_parser::relations(query) {
        let relation = find_named(scope, &object_name_parts(&name))?;
        if !matches!(relation.kind, RelationKind::System) {
            found.insert(relation.id);
        }
    }
    Ok(found.into_iter().collect())
}

/// A relation by a name of one to three parts.
pub(crate) fn find_named(scope: &Scope, parts: &[String]) -> Result<Arc<Relation>, SqlError> {
    match parts {
        [name] => find_relation(scope, None, name),
        [schema, name] | [_, schema, name] => find_relation(scope, Some(schema), name),
        _ => Err(SqlError::new(
            SqlState::SYNTAX_ERROR,
            format!(
                "improper relation name (too many dotted names): {}",
                parts.join(".")
            ),
        )),
    }
}

impl ContextProvider for Names<'_> {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        let relation = self.relation(&name).map_err(external)?;
        self.source(relation).map_err(external)
    }

    fn get_table_function_source(
        &self,
        name: &str,
        arguments: Vec<Expr>,
    ) -> Result<Arc<dyn TableSource>> {
        let function = self
            .state
            .table_functions()
            .get(bare(&name.to_lowercase()))
            .cloned();
        let Some(function) = function else {
            return Err(external(
                SqlError::new(
                    SqlState::UNDEFINED_FUNCTION,
                    format!("table function {name} does not exist"),
                )
                .hint(
                    "The table functions are TUMBLE, HOP, UNNEST, generate_series and summit_late.",
                ),
            ));
        };
        let context = SimplifyContext::builder()
            .with_config_options(Arc::clone(self.state.config_options()))
            .build();
        let simplifier = ExprSimplifier::new(context);
        let arguments = arguments
            .into_iter()
            .map(|argument| {
                let argument = simplifier.coerce(argument, &DFSchema::empty())?;
                simplifier.simplify(argument)
            })
            .collect::<Result<Vec<_>>>()?;
        let arguments = TableFunctionArgs::new(&arguments, self.state);
        Ok(provider_as_source(
            function.create_table_provider_with_args(arguments)?,
        ))
    }

    fn create_cte_work_table(&self, name: &str, schema: SchemaRef) -> Result<Arc<dyn TableSource>> {
        Ok(provider_as_source(Arc::new(CteWorkTable::new(
            name, schema,
        ))))
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        self.state.expr_planners()
    }

    fn get_relation_planners(&self) -> &[Arc<dyn RelationPlanner>] {
        &self.relation_planners
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        Some(Arc::new(Types))
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        let name = bare(name);
        functions::find(name, self.scope)
            .or_else(|| self.state.scalar_functions().get(name).cloned())
    }

    fn get_higher_order_meta(&self, name: &str) -> Option<Arc<HigherOrderUDF>> {
        self.state.higher_order_functions().get(bare(name)).cloned()
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.state.aggregate_functions().get(bare(name)).cloned()
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.state.window_functions().get(bare(name)).cloned()
    }

    fn get_variable_type(&self, _: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        self.state.config_options()
    }

    fn udf_names(&self) -> Vec<String> {
        let ours = functions::NAMES.iter().map(|name| (*name).to_owned());
        self.state
            .scalar_functions()
            .keys()
            .cloned()
            .chain(ours)
            .collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        self.state
            .higher_order_functions()
            .keys()
            .cloned()
            .collect()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.state.aggregate_functions().keys().cloned().collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        self.state.window_functions().keys().cloned().collect()
    }
}

/// Functions may be called with PostgreSQL's schema.
fn bare(name: &str) -> &str {
    name.strip_prefix("pg_catalog.").unwrap_or(name)
}

/// The late rows of a stream, as a source.
pub(crate) fn late_source(
    provider: &dyn ContextProvider,
    name: TableReference,
) -> Result<Arc<dyn TableSource>> {
    let source = provider.get_table_source(name)?;
    let Some(source) = source.downcast_ref::<RelationSource>() else {
        return Err(external(
            SqlError::new(SqlState::WRONG_OBJECT_TYPE, "summit_late needs a stream")
                .hint("Only streams have late rows: summit_late(stream)."),
        ));
    };
    Ok(Arc::new(
        LateSource::new(Arc::clone(&source.relation)).map_err(external)?,
    ))
}
