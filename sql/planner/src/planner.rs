//! From syntax trees to logical plans.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{DFSchemaRef, DataFusionError};
use datafusion::config::ConfigOptions;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionConfig;
use datafusion::sql::planner::{PlannerContext, SqlToRel};
use sqlparser::ast;
use summit_catalog::types::UTC;
use summit_catalog::{Relation, RelationKind, SqlError};

use crate::bound::BoundQuery;
use crate::error::{external, located};
use crate::meaning::as_postgres;
use crate::names::Names;
use crate::normalize::normalize;
use crate::output_names::{StarAliases, shown_schema};
use crate::presentable::presentable;
use crate::sources::relations_of;
use crate::{Scope, at_time_zone, interval_times, parameters, window_functions};

/// Plans statements. Cheap to clone; holds the functions and the configuration.
#[derive(Clone)]
pub struct Planner {
    state: Arc<SessionState>,
}

impl Default for Planner {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Planner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Planner").finish_non_exhaustive()
    }
}

/// Rows of a batch.
const BATCH_ROWS: usize = 8192;

impl Planner {
    /// With DataFusion's functions and ours, and memory without a limit.
    pub fn new() -> Self {
        Self::with_runtime(Arc::new(RuntimeEnv::default()))
    }

    /// With a runtime that bounds memory and places spilled files.
    pub fn with_runtime(runtime: Arc<RuntimeEnv>) -> Self {
        let mut config = SessionConfig::new()
            .with_batch_size(BATCH_ROWS)
            .with_create_default_catalog_and_schema(false)
            .with_information_schema(false);
        if let Ok(cores) = std::thread::available_parallelism() {
            config = config.with_target_partitions(cores.get());
        }
        let options = config.options_mut();
        options.execution.time_zone = Some(UTC.to_owned());
        options.sql_parser.map_string_types_to_utf8view = false;
        options.sql_parser.collect_spans = true;
        let mut builder = SessionStateBuilder::new_with_default_features()
            .with_config(config)
            .with_runtime_env(runtime);
        builder
            .scalar_functions()
            .get_or_insert_with(Vec::new)
            .extend(
                window_functions::all()
                    .into_iter()
                    .chain([interval_times::times(), at_time_zone::at_time_zone()].map(Arc::new)),
            );
        builder
            .expr_planners()
            .get_or_insert_with(Vec::new)
            .insert(0, Arc::new(interval_times::IntervalTimes));
        Planner {
            state: Arc::new(builder.build()),
        }
    }

    /// What executes plans: our functions and configuration.
    pub fn session_state(&self) -> SessionState {
        self.state.as_ref().clone()
    }

    /// Names and types a query.
    ///
    /// # Errors
    /// In PostgreSQL's words, with the position when the scope has the text.
    pub fn query(&self, query: &ast::Query, scope: &Scope) -> Result<BoundQuery, SqlError> {
        let mut typed = self.typed_query(query, scope, None)?;
        typed.plan = presentable(typed.plan).map_err(crate::sql_error)?;
        Ok(BoundQuery {
            schema: shown_schema(typed.plan.schema().as_arrow()),
            relations: relations_of(&typed.plan).map_err(crate::sql_error)?,
            plan: typed.plan,
            parameter_types: typed.parameter_types,
        })
    }

    pub(crate) fn state(&self) -> &SessionState {
        &self.state
    }

    pub(crate) fn options(&self) -> &ConfigOptions {
        self.state.config_options()
    }

    /// A query with its parameters typed; `values` is the shape of a bare VALUES list.
    pub(crate) fn typed_query(
        &self,
        query: &ast::Query,
        scope: &Scope,
        values: Option<DFSchemaRef>,
    ) -> Result<TypedQuery, SqlError> {
        let used = parameters::used_in(query)?;
        let mut types = scope.parameters.clone();
        types.resize(types.len().max(used.len()), None);
        let mut raw = self.raw_query(query, scope, &types, values.clone(), 0)?;
        if types.iter().any(Option::is_none) {
            let _ = parameters::infer(&raw, &mut types);
            if types.iter().any(Option::is_none)
                && let Ok(analyzed) = self.analyze(raw.clone())
            {
                let _ = parameters::infer(&analyzed, &mut types);
            }
        }
        let parameter_types = parameters::settle(types, &used)?;
        if !used.is_empty() {
            let all: Vec<_> = parameter_types.iter().cloned().map(Some).collect();
            raw = self.raw_query(query, scope, &all, values, 0)?;
        }
        let plan = self
            .analyze(raw)
            .map_err(|error| located(error, scope.source.as_deref()))?;
        Ok(TypedQuery {
            plan,
            parameter_types,
        })
    }

    /// Types coerced: what a query's columns are is known only after this.
    pub(crate) fn analyze(&self, plan: LogicalPlan) -> datafusion::common::Result<LogicalPlan> {
        self.state
            .analyzer()
            .execute_and_check(plan, self.options(), |_, _| {})
            .and_then(as_postgres)
    }

    /// A query as DataFusion's planner gives it.
    pub(crate) fn raw_query(
        &self,
        query: &ast::Query,
        scope: &Scope,
        parameter_types: &[Option<DataType>],
        values: Option<DFSchemaRef>,
        depth: usize,
    ) -> Result<LogicalPlan, SqlError> {
        let plan_view =
            |relation: &Arc<Relation>, depth: usize| self.plan_view(relation, scope, depth);
        let names = Names::new(self.state(), scope, &plan_view, depth);
        let plan = |aliases: StarAliases| {
            let mut query = query.clone();
            normalize(&mut query, aliases).map_err(external)?;
            let mut context = PlannerContext::new()
                .with_prepare_param_data_types(parameters::fields(parameter_types));
            context.set_table_schema(values.clone());
            let statement = ast::Statement::Query(Box::new(query));
            SqlToRel::new(&names).sql_statement_to_plan_with_context(statement, &mut context)
        };
        plan(StarAliases::Kept)
            .or_else(|error| match error.find_root() {
                DataFusionError::SchemaError(..) => plan(StarAliases::Marked).map_err(|_| error),
                _ => Err(error),
            })
            // A stored view's spans point into its own text.
            .map_err(|error| located(error, scope.source.as_deref().filter(|_| depth == 0)))
    }

    /// A plain view's query, in place of its scan.
    fn plan_view(
        &self,
        relation: &Arc<Relation>,
        scope: &Scope,
        depth: usize,
    ) -> Result<LogicalPlan, SqlError> {
        let RelationKind::View { query } = &relation.kind else {
            return Err(SqlError::internal(
                "only plain views have a plan of their own",
            ));
        };
        let query = summit_parser::parse_query(query)?;
        self.raw_query(&query, scope, &[], None, depth)
    }
}

/// A query whose types are known.
pub(crate) struct TypedQuery {
    pub(crate) plan: LogicalPlan,
    pub(crate) parameter_types: Vec<DataType>,
}
