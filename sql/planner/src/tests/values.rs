//! Declared parameters, bound values, replaced sources, and errors of evaluation.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema};
use datafusion::common::ScalarValue;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_expr::create_physical_expr;
use expect_test::{Expect, expect};
use summit_catalog::SqlError;
use summit_parser::parse_query;

use super::database::{Database, shown};
use crate::{Scanned, bind, explain, replace_sources, sql_error};

/// The values of a SELECT without FROM, or the error of computing them.
fn evaluate(sql: &str, parameters: Vec<ScalarValue>) -> Result<String, SqlError> {
    let database = Database::new();
    let bound = database
        .planner
        .query(parse_query(sql)?.as_ref(), &database.scope)?;
    let plan = bind(bound.plan, parameters)?;
    let plan = database
        .planner
        .session_state()
        .optimize(&plan)
        .map_err(sql_error)?;
    let LogicalPlan::Projection(projection) = &plan else {
        panic!("a projection: {plan}")
    };
    let state = database.planner.session_state();
    let schema = Arc::new(Schema::new(vec![arrow::datatypes::Field::new(
        "",
        DataType::Null,
        true,
    )]));
    let nothing = arrow::array::new_null_array(&DataType::Null, 1);
    let one_row = RecordBatch::try_new(schema, vec![nothing]).unwrap();
    let values = projection.expr.iter().map(|expr| {
        let value = create_physical_expr(
            expr,
            projection.input.schema(),
            state.execution_props(),
            &Default::default(),
        )
        .and_then(|expr| expr.evaluate(&one_row))
        .and_then(|value| value.into_array(1))
        .and_then(|array| ScalarValue::try_from_array(&array, 0))
        .map_err(sql_error)?;
        Ok(value.to_string())
    });
    Ok(values.collect::<Result<Vec<_>, SqlError>>()?.join(" | "))
}

pub(super) fn check(sql: &str, expected: Expect) {
    let text = match evaluate(sql, Vec::new()) {
        Ok(values) => format!("{values}\n"),
        Err(error) => shown(&error),
    };
    expected.assert_eq(&text);
}

#[test]
fn session_functions_give_the_scopes_values() {
    check(
        "SELECT version(), current_user, session_user, current_database(), current_schema(), summit_lsn()",
        expect![[r#"
            PostgreSQL 15.0 (Summit 0.1.0) | summit | summit | summit | public | 0
        "#]],
    );
}

#[test]
fn values_that_are_not_of_a_type_are_named() {
    check(
        "SELECT 'abc'::int",
        expect![[r#"
        ERROR 22P02: invalid input syntax for type integer: "abc"
    "#]],
    );
    check(
        "SELECT 'abc'::timestamp",
        expect![[r#"
        ERROR 22007: invalid input syntax for type timestamp: "abc"
    "#]],
    );
    check(
        "SELECT 'abc'::timestamptz",
        expect![[r#"
        ERROR 22007: invalid input syntax for type timestamp: "abc"
    "#]],
    );
    check(
        "SELECT '2024-13-01'::date",
        expect![[r#"
        ERROR 22007: invalid input syntax for type date: "2024-13-01"
    "#]],
    );
    check(
        "SELECT 'x'::boolean",
        expect![[r#"
        ERROR 22P02: invalid input syntax for type boolean: "x"
    "#]],
    );
    check(
        "SELECT 'x'::numeric(5, 2)",
        expect![[r#"
        ERROR 22P02: invalid input syntax for type numeric: "x"
    "#]],
    );
    check(
        "SELECT 'x'::double precision",
        expect![[r#"
        ERROR 22P02: invalid input syntax for type double precision: "x"
    "#]],
    );
    check(
        "SELECT '25:00'::time",
        expect![[r#"
        ERROR 22007: invalid input syntax for type time without time zone: "25:00"
    "#]],
    );
    check(
        "SELECT 'x'::interval",
        expect![[r#"
        ERROR 22007: invalid input syntax for type interval: "x"
    "#]],
    );
}

#[test]
fn arithmetic_that_has_no_result_is_an_error() {
    check(
        "SELECT 1 / 0",
        expect![[r#"
        ERROR 22012: division by zero
        HINT: NULLIF(divisor, 0) gives NULL instead.
    "#]],
    );
    check(
        "SELECT 5 % 0",
        expect![[r#"
        ERROR 22012: division by zero
        HINT: NULLIF(divisor, 0) gives NULL instead.
    "#]],
    );
    check(
        "SELECT 1.0 / 0",
        expect![[r#"
        inf
    "#]],
    );
    check(
        "SELECT 3000000000::int",
        expect![[r#"
        ERROR 22003: integer out of range
        DETAIL: The value is 3000000000.
    "#]],
    );
    check(
        "SELECT 99999::smallint",
        expect![[r#"
        ERROR 22003: smallint out of range
        DETAIL: The value is 99999.
    "#]],
    );
    check(
        "SELECT 12345.6::numeric(5, 2)",
        expect![[r#"
        ERROR 22003: numeric field overflow
        DETAIL: 12345.60 is too large to store in a Decimal128 of precision 5. Max is 999.99
    "#]],
    );
    check(
        "SELECT 2147483647::int + 1::int",
        expect![[r#"
            ERROR 22003: integer out of range
            HINT: Cast to a wider type first: CAST(x AS numeric) or CAST(x AS double precision).
        "#]],
    );
}

#[test]
fn types_in_expressions_keep_microseconds_and_utc() {
    check(
        "SELECT '2024-01-01 12:00:00+02'::timestamptz, '2024-01-01 12:00:00.123456'::timestamp",
        expect![[r#"
            1704103200000000 | 1704110400123456
        "#]],
    );
    check(
        "SELECT TIMESTAMPTZ '2024-01-01 00:00:00+01' + INTERVAL '1 hour'",
        expect![[r#"
            1704067200000000
        "#]],
    );
    check(
        "SELECT date_trunc('hour', TIMESTAMP '2024-01-01 12:34:56')",
        expect![[r#"
            1704110400000000
        "#]],
    );
}

#[test]
fn declared_parameter_types_win() {
    let database = Database::new();
    let scope = database.scope.clone().with_parameters(vec![
        Some(DataType::Int16),
        None,
        Some(DataType::Utf8),
    ]);
    let sql = "SELECT carrier FROM flights WHERE dep_delay = $1 AND origin = $2 AND ts > $3";
    expect![[r#"
        carrier text
        parameters: smallint, text, text
    "#]]
    .assert_eq(&database.query_in(sql, &scope));
    let scope = database
        .scope
        .clone()
        .with_parameters(vec![Some(DataType::Int32), None]);
    expect![[r#"
        ERROR 42P18: could not determine data type of parameter $2
        HINT: Use it in the statement, or declare its type.
    "#]]
    .assert_eq(&database.query_in("SELECT $1", &scope));
}

#[test]
fn bound_values_take_the_place_of_parameters() {
    let one = ScalarValue::Int32(Some(4));
    assert_eq!(evaluate("SELECT $1::int * 2", vec![one]).unwrap(), "8");
    let text = ScalarValue::Utf8(Some("ab".to_owned()));
    assert_eq!(evaluate("SELECT upper($1)", vec![text]).unwrap(), "AB");
    assert!(evaluate("SELECT $1, $2", vec![ScalarValue::Int32(Some(1))]).is_err());
}

#[test]
fn sources_are_replaced_in_subqueries_too() {
    let database = Database::new();
    let sql = "SELECT a.name, (SELECT max(n) FROM per_carrier) FROM airlines a \
               WHERE EXISTS (SELECT 1 FROM late l WHERE l.carrier = a.carrier) \
               AND 1 = (SELECT count(*) FROM summit_late(flights))";
    let bound = database
        .planner
        .query(&parse_query(sql).unwrap(), &database.scope)
        .unwrap();
    let names: Vec<String> = bound
        .relations
        .iter()
        .map(|id| database.scope.catalog.relation(*id).unwrap().name.clone())
        .collect();
    assert_eq!(names, ["flights", "airlines", "per_carrier"]);
    let mut seen = Vec::new();
    let plan = replace_sources(bound.plan, &mut |scanned| {
        let (text, columns) = match scanned {
            Scanned::Relation(relation) => (relation.name.clone(), Arc::clone(&relation.columns)),
            Scanned::Late(relation) => (
                format!("late {}", relation.name),
                crate::late_schema(relation)?,
            ),
        };
        seen.push(text);
        let rows = RecordBatch::new_empty(Arc::clone(&columns));
        Ok(Arc::new(
            MemTable::try_new(columns, vec![vec![rows]]).map_err(sql_error)?,
        ))
    })
    .unwrap();
    seen.sort();
    assert_eq!(seen, ["airlines", "flights", "late flights", "per_carrier"]);
    database
        .planner
        .session_state()
        .optimize(&plan)
        .expect("providers in every place");
}

#[test]
fn the_same_text_gives_the_same_plan() {
    let sql = "SELECT a.name, count(DISTINCT f.origin) FROM flights f JOIN airlines a USING (carrier) \
               WHERE f.dest IN ('A', 'B', 'C', 'D', 'E') GROUP BY a.name HAVING count(*) > 3";
    let database = Database::new();
    let query = parse_query(sql).unwrap();
    let plans: Vec<Vec<String>> = (0..5)
        .map(|_| explain(&database.planner.view_plan(&query, &database.scope).unwrap()))
        .collect();
    let elsewhere = Database::new();
    let other = explain(
        &elsewhere
            .planner
            .view_plan(&query, &elsewhere.scope)
            .unwrap(),
    );
    assert!(plans.iter().all(|plan| *plan == other), "{plans:#?}");
}

#[test]
fn a_stored_views_query_gives_the_plan_that_its_statement_gave() {
    let database = Database::new();
    let sql = "CREATE MATERIALIZED VIEW v (a, b) AS SELECT window_start, count(*) \
               FROM flights WINDOW HOP (ts, INTERVAL '5 minutes', INTERVAL '1 hour') \
               WHERE carrier = 'it''s' GROUP BY window_start";
    let summit_parser::Statement::CreateMaterializedView(create) =
        super::database::one(sql).unwrap()
    else {
        panic!("a materialized view");
    };
    let (relation, plan) = database
        .planner
        .create_materialized_view(&create, sql, &database.scope)
        .unwrap();
    let summit_catalog::RelationKind::MaterializedView { query } = &relation.kind else {
        panic!("a materialized view");
    };
    let again = database
        .planner
        .view_plan(&parse_query(query).unwrap(), &database.scope)
        .unwrap();
    assert_eq!(explain(&plan), explain(&again));
    assert_eq!(plan.schema, relation.columns);
    assert_eq!(again.schema, relation.columns);
}

#[test]
fn intervals_can_be_multiplied() {
    check(
        "SELECT '2024-01-01'::timestamp + 36 * INTERVAL '1 hour'",
        expect![[r#"
        1704196800000000
    "#]],
    );
    check(
        "SELECT (INTERVAL '1 hour' * 1.5)::text, (INTERVAL '1 month' * 0.5)::text, (INTERVAL '1 day' * -2)::text",
        expect![[r#"
        1 hours 30 mins | 15 days | -2 days
    "#]],
    );
    check(
        "SELECT INTERVAL '1 day' * 1e300",
        expect![[r#"
        ERROR 22008: interval out of range
    "#]],
    );
    check(
        "SELECT (2 * 3 * INTERVAL '1 minute')::text, (INTERVAL '1 day' * NULL)::text",
        expect![[r#"
            6 mins | NULL
        "#]],
    );
    check(
        "SELECT INTERVAL '1 day' * INTERVAL '1 day'",
        expect![[r#"
        ERROR 42883: operator does not exist: interval * interval
        HINT: No operator matches the given name and argument types. You might need to add explicit type casts.
    "#]],
    );
}
