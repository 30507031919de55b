//! A catalog made by statements, and plans and errors as text.

use std::sync::Arc;

use datafusion::logical_expr::LogicalPlan;
use summit_catalog::{Catalog, Definition, Relation, SqlError, types};
use summit_log::Lsn;
use summit_parser::{Statement, ast, parse, parse_query};

use crate::{Planner, Scope, explain};

/// What the tests' statements are planned against.
pub(super) struct Database {
    pub(super) planner: Planner,
    pub(super) scope: Scope,
}

const FLIGHTS: &str = "
    CREATE STREAM flights (
        ts TIMESTAMPTZ NOT NULL, carrier TEXT, tailnum TEXT, origin TEXT, dest TEXT, dep_delay INT,
        WATERMARK FOR ts AS ts - INTERVAL '1 hour'
    ) PARTITION BY (origin) WITH (partitions = 6);
    CREATE STREAM weather (hour TIMESTAMP, origin TEXT NOT NULL, temp DOUBLE PRECISION, tags TEXT[]);
    CREATE TABLE airlines (carrier VARCHAR(10) PRIMARY KEY, name TEXT);
    CREATE TABLE planes (tailnum TEXT, year SMALLINT, price NUMERIC(12,2), seen DATE, raw BYTEA, big BIGINT,
        PRIMARY KEY (tailnum));
    CREATE VIEW late AS SELECT carrier, dep_delay FROM flights WHERE dep_delay > 15;
    CREATE MATERIALIZED VIEW per_carrier AS SELECT carrier, count(*) AS n FROM flights GROUP BY carrier;
    CREATE MATERIALIZED VIEW ontime AS SELECT ts, carrier FROM flights WHERE dep_delay <= 0;
";

impl Database {
    pub(super) fn new() -> Self {
        let mut database = Database {
            planner: Planner::new(),
            scope: Scope::new(Arc::new(Catalog::default())).with_system(Arc::new(system)),
        };
        for statement in parse(FLIGHTS).unwrap() {
            let relation = database.create(&statement.text).unwrap();
            let lsn = Lsn::new(database.scope.catalog.version.get() + 1);
            let next = database
                .scope
                .catalog
                .apply(&Definition::Create(Box::new(relation)), lsn)
                .unwrap();
            database.scope.catalog = Arc::new(next);
        }
        database
    }

    pub(super) fn create(&self, sql: &str) -> Result<Relation, SqlError> {
        let scope = self.scope.clone().with_source(sql);
        let statement = one(sql)?;
        match &statement {
            Statement::CreateStream(create) => self.planner.create_stream(create, sql, &scope, 1),
            Statement::CreateMaterializedView(create) => Ok(self
                .planner
                .create_materialized_view(create, sql, &scope)?
                .0),
            Statement::Sql(statement) => match statement.as_ref() {
                ast::Statement::CreateTable(create) => {
                    self.planner.create_table(create, sql, &scope)
                }
                ast::Statement::CreateView(create) => self.planner.create_view(create, sql, &scope),
                other => panic!("not a CREATE: {other}"),
            },
            other => panic!("not a CREATE: {other:?}"),
        }
    }

    /// The operators of a view over `query`.
    pub(super) fn view(&self, query: &str) -> String {
        let scope = self.scope.clone().with_source(query);
        let plan = parse_query(query)
            .map_err(SqlError::from)
            .and_then(|query| self.planner.view_plan(&query, &scope));
        match plan {
            Ok(plan) => {
                let columns: Vec<String> = plan
                    .schema
                    .fields()
                    .iter()
                    .map(|field| format!("{} {}", field.name(), types::name_of(field)))
                    .collect();
                format!("({})\n{}\n", columns.join(", "), explain(&plan).join("\n"))
            }
            Err(error) => shown(&error),
        }
    }

    /// A query's columns and parameters.
    pub(super) fn query(&self, sql: &str) -> String {
        let scope = self.scope.clone().with_source(sql);
        self.query_in(sql, &scope)
    }

    pub(super) fn query_in(&self, sql: &str, scope: &Scope) -> String {
        let bound = parse_query(sql)
            .map_err(SqlError::from)
            .and_then(|query| self.planner.query(&query, scope));
        match bound {
            Ok(bound) => {
                let mut text: Vec<String> = bound
                    .schema
                    .fields()
                    .iter()
                    .map(|field| format!("{} {}", field.name(), types::name_of(field)))
                    .collect();
                if !bound.parameter_types.is_empty() {
                    let types: Vec<String> =
                        bound.parameter_types.iter().map(types::type_name).collect();
                    text.push(format!("parameters: {}", types.join(", ")));
                }
                format!("{}\n", text.join("\n"))
            }
            Err(error) => shown(&error),
        }
    }

    /// The rows that an INSERT, UPDATE or DELETE writes.
    pub(super) fn write(&self, sql: &str) -> String {
        match self.write_plan(sql) {
            Ok((plan, parameters)) => format!("{}\n{parameters}", plan.display_indent()),
            Err(error) => shown(&error),
        }
    }

    pub(super) fn write_plan(&self, sql: &str) -> Result<(LogicalPlan, String), SqlError> {
        let scope = self.scope.clone().with_source(sql);
        let Statement::Sql(statement) = one(sql)? else {
            panic!("not a write: {sql}")
        };
        let (plan, parameters) = match statement.as_ref() {
            ast::Statement::Insert(insert) => {
                let bound = self.planner.insert(insert, &scope)?;
                let schema = bound.rows.schema().as_arrow();
                let types: Vec<_> = schema
                    .fields()
                    .iter()
                    .map(|field| field.data_type())
                    .collect();
                let columns = &bound.target.columns;
                let wanted: Vec<_> = columns
                    .fields()
                    .iter()
                    .map(|field| field.data_type())
                    .collect();
                assert_eq!(types, wanted, "rows have the target's types");
                (bound.rows, bound.parameter_types)
            }
            ast::Statement::Update(update) => {
                let bound = self.planner.update(update, &scope)?;
                (bound.rows, bound.parameter_types)
            }
            ast::Statement::Delete(delete) => {
                let bound = self.planner.delete(delete, &scope)?;
                (bound.rows, bound.parameter_types)
            }
            other => panic!("not a write: {other}"),
        };
        let parameters = match parameters.as_slice() {
            [] => String::new(),
            types => {
                let types: Vec<String> = types.iter().map(types::type_name).collect();
                format!("parameters: {}\n", types.join(", "))
            }
        };
        Ok((plan, parameters))
    }
}

fn system(schema: &str, name: &str) -> Option<Arc<Relation>> {
    use arrow::datatypes::{DataType, Field, Schema};
    use summit_catalog::{RelationId, RelationKind};
    let known = [
        ("summit", "views"),
        ("pg_catalog", "pg_class"),
        ("information_schema", "tables"),
    ];
    known.contains(&(schema, name)).then(|| {
        Arc::new(Relation {
            id: RelationId(1),
            schema: schema.to_owned(),
            name: name.to_owned(),
            columns: Arc::new(Schema::new(vec![Field::new("name", DataType::Utf8, false)])),
            kind: RelationKind::System,
            depends_on: Vec::new(),
            sql: String::new(),
            created_at: Lsn::ZERO,
        })
    })
}

pub(super) fn one(sql: &str) -> Result<Statement, SqlError> {
    let mut statements = parse(sql).map_err(SqlError::from)?;
    assert_eq!(statements.len(), 1, "one statement: {sql}");
    Ok(statements.remove(0).statement)
}

/// As psql shows it.
pub(super) fn shown(error: &SqlError) -> String {
    let mut text = format!("ERROR {}: {}\n", error.code.0, error.message);
    if let Some(detail) = &error.detail {
        text.push_str(&format!("DETAIL: {detail}\n"));
    }
    if let Some(hint) = &error.hint {
        text.push_str(&format!("HINT: {hint}\n"));
    }
    if let Some(position) = error.position {
        text.push_str(&format!("AT: {position}\n"));
    }
    text
}

impl Database {
    /// A relation as text.
    pub(super) fn created(&self, sql: &str) -> String {
        let relation = match self.create(sql) {
            Ok(relation) => relation,
            Err(error) => return shown(&error),
        };
        let columns: Vec<String> = relation
            .columns
            .fields()
            .iter()
            .map(|field| {
                let null = if field.is_nullable() { "" } else { " NOT NULL" };
                format!("{} {}{null}", field.name(), types::name_of(field))
            })
            .collect();
        let reads: Vec<String> = relation
            .depends_on
            .iter()
            .filter_map(|id| Some(self.scope.catalog.relation(*id)?.display_name()))
            .collect();
        let reads = if reads.is_empty() {
            String::new()
        } else {
            format!("reads: {}\n", reads.join(", "))
        };
        format!(
            "{} ({})\n{:?}\n{reads}",
            relation.name,
            columns.join(", "),
            relation.kind
        )
    }
}
