//! Plans run by DataFusion over rows in memory.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::collect;
use expect_test::{Expect, expect};
use summit_catalog::{Relation, SqlError};
use summit_parser::parse_query;

use super::database::{Database, shown};
use crate::{Scanned, replace_sources, sql_error};

const FLIGHTS: &str = "SELECT v.t::timestamptz, c, NULL::text, o, 'LAX', d::int FROM (VALUES \
    ('2024-01-01 00:10:00', 'AA', 'JFK', 20), ('2024-01-01 00:50:00', 'UA', 'JFK', -3), \
    ('2024-01-01 01:00:00', 'AA', 'EWR', 5), ('1969-12-31 23:59:59', 'UA', 'EWR', NULL)) AS v(t, c, o, d)";
const AIRLINES: &str = "VALUES ('AA', 'American'), ('UA', 'United'), ('DL', NULL)";
const PLANES: &str = "SELECT t, 2000::smallint, 1.50::numeric(12,2), NULL::date, NULL::bytea, 1::bigint \
    FROM (VALUES ('AA'), ('AA2'), ('UA')) AS v(t)";

fn rows(database: &Database, relation: &Arc<Relation>) -> Result<Vec<RecordBatch>, SqlError> {
    let sql = match relation.name.as_str() {
        "flights" => FLIGHTS,
        "airlines" => AIRLINES,
        "planes" => PLANES,
        _ => return Ok(Vec::new()),
    };
    let bound = database
        .planner
        .query(parse_query(sql)?.as_ref(), &database.scope)?;
    run(database, bound.plan)?
        .into_iter()
        .map(|batch| {
            RecordBatch::try_new(Arc::clone(&relation.columns), batch.columns().to_vec())
                .map_err(|error| SqlError::internal(error.to_string()))
        })
        .collect()
}

fn run(database: &Database, plan: LogicalPlan) -> Result<Vec<RecordBatch>, SqlError> {
    let plan = replace_sources(plan, &mut |scanned| {
        let (columns, batches) = match scanned {
            Scanned::Relation(relation) => {
                (Arc::clone(&relation.columns), rows(database, relation)?)
            }
            Scanned::Late(relation) => (crate::late_schema(relation)?, Vec::new()),
        };
        Ok(Arc::new(
            MemTable::try_new(columns, vec![batches]).map_err(sql_error)?,
        ))
    })?;
    let mut state = database.planner.session_state();
    state.mark_start_execution();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    runtime.block_on(async {
        let physical = state.create_physical_plan(&plan).await.map_err(sql_error)?;
        collect(physical, state.task_ctx()).await.map_err(sql_error)
    })
}

fn table(result: Result<Vec<RecordBatch>, SqlError>) -> String {
    match result {
        Ok(batches) => format!("{}\n", pretty_format_batches(&batches).unwrap()),
        Err(error) => shown(&error),
    }
}

pub(super) fn check(sql: &str, expected: Expect) {
    expected.assert_eq(&answer(sql));
}

/// A query's rows, or its error.
pub(super) fn answer(sql: &str) -> String {
    let database = Database::new();
    let bound = parse_query(sql)
        .map_err(SqlError::from)
        .and_then(|query| database.planner.query(&query, &database.scope));
    table(bound.and_then(|bound| run(&database, bound.plan)))
}

pub(super) fn check_write(sql: &str, expected: Expect) {
    let database = Database::new();
    let plan = database.write_plan(sql).map(|(plan, _)| plan);
    expected.assert_eq(&table(plan.and_then(|plan| run(&database, plan))));
}

#[test]
fn windows_of_stored_rows() {
    check(
        "SELECT window_start, window_end, count(*) AS n FROM TUMBLE(flights, ts, INTERVAL '1 hour') GROUP BY window_start, window_end ORDER BY 1",
        expect![[r#"
        +----------------------+----------------------+---+
        | window_start         | window_end           | n |
        +----------------------+----------------------+---+
        | 1969-12-31T23:00:00Z | 1970-01-01T00:00:00Z | 1 |
        | 2024-01-01T00:00:00Z | 2024-01-01T01:00:00Z | 2 |
        | 2024-01-01T01:00:00Z | 2024-01-01T02:00:00Z | 1 |
        +----------------------+----------------------+---+
    "#]],
    );
    check(
        "SELECT carrier, window_start, window_end FROM HOP(flights, ts, INTERVAL '30 minutes', INTERVAL '1 hour') ORDER BY ts, window_start",
        expect![[r#"
        +---------+----------------------+----------------------+
        | carrier | window_start         | window_end           |
        +---------+----------------------+----------------------+
        | UA      | 1969-12-31T23:00:00Z | 1970-01-01T00:00:00Z |
        | UA      | 1969-12-31T23:30:00Z | 1970-01-01T00:30:00Z |
        | AA      | 2023-12-31T23:30:00Z | 2024-01-01T00:30:00Z |
        | AA      | 2024-01-01T00:00:00Z | 2024-01-01T01:00:00Z |
        | UA      | 2024-01-01T00:00:00Z | 2024-01-01T01:00:00Z |
        | UA      | 2024-01-01T00:30:00Z | 2024-01-01T01:30:00Z |
        | AA      | 2024-01-01T00:30:00Z | 2024-01-01T01:30:00Z |
        | AA      | 2024-01-01T01:00:00Z | 2024-01-01T02:00:00Z |
        +---------+----------------------+----------------------+
    "#]],
    );
}

#[test]
fn queries_of_many_shapes() {
    check(
        "SELECT carrier, count(*), count(*) FROM flights GROUP BY carrier ORDER BY count(*) DESC, carrier",
        expect![[r#"
        +---------+-------+---------+
        | carrier | count | count2 |
        +---------+-------+---------+
        | AA      | 2     | 2       |
        | UA      | 2     | 2       |
        +---------+-------+---------+
    "#]],
    );
    check(
        "SELECT *, upper(name) AS name FROM airlines ORDER BY carrier LIMIT 2",
        expect![[r#"
        +---------+----------+----------+
        | carrier | name     | name1   |
        +---------+----------+----------+
        | AA      | American | AMERICAN |
        | DL      |          |          |
        +---------+----------+----------+
    "#]],
    );
    check(
        "SELECT a.name FROM airlines a WHERE EXISTS (SELECT 1 FROM late l WHERE l.carrier = a.carrier)",
        expect![[r#"
        +----------+
        | name     |
        +----------+
        | American |
        +----------+
    "#]],
    );
    check(
        "SELECT carrier, rank() OVER (ORDER BY carrier DESC), (SELECT count(*) FROM late) AS late FROM airlines ORDER BY 1 FETCH FIRST 1 ROW ONLY",
        expect![[r#"
        +---------+------+------+
        | carrier | rank | late |
        +---------+------+------+
        | AA      | 3    | 1    |
        +---------+------+------+
    "#]],
    );
    check(
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT n FROM t ORDER BY n",
        expect![[r#"
        +---+
        | n |
        +---+
        | 1 |
        | 2 |
        | 3 |
        +---+
    "#]],
    );
    check(
        "SELECT g, g * 2 AS twice FROM generate_series(1, 2) AS g ORDER BY g",
        expect![[r#"
        +---+-------+
        | g | twice |
        +---+-------+
        | 1 | 2     |
        | 2 | 4     |
        +---+-------+
    "#]],
    );
    check(
        "SELECT 10 / d.x FROM (VALUES (1), (0)) AS d(x)",
        expect![[r#"
        ERROR 22012: division by zero
        HINT: NULLIF(divisor, 0) gives NULL instead.
    "#]],
    );
    check(
        "SELECT now() > TIMESTAMPTZ '2020-01-01', current_date > DATE '2020-01-01'",
        expect![[r#"
        +----------+------------+
        | ?column? | ?column?1 |
        +----------+------------+
        | true     | true       |
        +----------+------------+
    "#]],
    );
    check(
        "SELECT lsn FROM summit_late(flights)",
        expect![[r#"
        ++
        ++
    "#]],
    );
}

#[test]
fn writes_give_the_rows_to_write() {
    check_write(
        "INSERT INTO planes (tailnum, price, seen, raw) VALUES ('N1', 123456789.12, '2024-02-29', '\\x00ff'), ('N2', -0.5, DEFAULT, NULL)",
        expect![[r#"
        +---------+------+--------------+------------+------+-----+
        | tailnum | year | price        | seen       | raw  | big |
        +---------+------+--------------+------------+------+-----+
        | N1      |      | 123456789.12 | 2024-02-29 | 00ff |     |
        | N2      |      | -0.50        |            |      |     |
        +---------+------+--------------+------------+------+-----+
    "#]],
    );
    check_write(
        "INSERT INTO planes (tailnum, price) VALUES ('N1', 99999999999.5)",
        expect![[r#"
        ERROR 22003: numeric field overflow
        DETAIL: 99999999999.50 is too large to store in a Decimal128 of precision 12. Max is 9999999999.99
    "#]],
    );
    check_write(
        "INSERT INTO planes (tailnum, seen) VALUES ('N1', 'yesterday-ish')",
        expect![[r#"
        ERROR 22007: invalid input syntax for type date: "yesterday-ish"
    "#]],
    );
    check_write(
        "INSERT INTO flights (ts, dep_delay) SELECT TIMESTAMPTZ '2024-01-01' + g * INTERVAL '1 hour', g FROM generate_series(1, 2) AS g",
        expect![[r#"
        +----------------------+---------+---------+--------+------+-----------+
        | ts                   | carrier | tailnum | origin | dest | dep_delay |
        +----------------------+---------+---------+--------+------+-----------+
        | 2024-01-01T01:00:00Z |         |         |        |      | 1         |
        | 2024-01-01T02:00:00Z |         |         |        |      | 2         |
        +----------------------+---------+---------+--------+------+-----------+
    "#]],
    );
    check_write(
        "UPDATE airlines SET name = upper(name) || '!' WHERE carrier <> 'DL'",
        expect![[r#"
        +-------------+----------+-------------+-----------+
        | old carrier | old name | new carrier | new name  |
        +-------------+----------+-------------+-----------+
        | AA          | American | AA          | AMERICAN! |
        | UA          | United   | UA          | UNITED!   |
        +-------------+----------+-------------+-----------+
    "#]],
    );
    check_write(
        "UPDATE airlines SET name = 'x' FROM planes p WHERE p.tailnum LIKE airlines.carrier || '%'",
        expect![[r#"
        +-------------+----------+-------------+----------+
        | old carrier | old name | new carrier | new name |
        +-------------+----------+-------------+----------+
        | AA          | American | AA          | x        |
        | UA          | United   | UA          | x        |
        +-------------+----------+-------------+----------+
    "#]],
    );
    check_write(
        "DELETE FROM airlines USING flights f WHERE f.carrier = airlines.carrier AND f.dep_delay < 0",
        expect![[r#"
        +---------+--------+
        | carrier | name   |
        +---------+--------+
        | UA      | United |
        +---------+--------+
    "#]],
    );
}
