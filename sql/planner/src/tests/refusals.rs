//! What a materialized view cannot be.

use expect_test::{Expect, expect};

use super::database::Database;

fn check(sql: &str, expected: Expect) {
    expected.assert_eq(&Database::new().view(sql));
}

#[test]
fn outer_semi_and_anti_joins_are_refused() {
    check(
        "SELECT a.name FROM flights f LEFT JOIN airlines a ON f.carrier = a.carrier",
        expect![""],
    );
    check(
        "SELECT a.name FROM flights f FULL JOIN airlines a ON f.carrier = a.carrier",
        expect![""],
    );
    check(
        "SELECT carrier FROM flights WHERE carrier IN (SELECT carrier FROM airlines)",
        expect![""],
    );
    check(
        "SELECT carrier FROM flights WHERE carrier NOT IN (SELECT carrier FROM airlines)",
        expect![""],
    );
    check(
        "SELECT carrier FROM flights f WHERE EXISTS (SELECT 1 FROM airlines a WHERE a.carrier = f.carrier)",
        expect![""],
    );
    check(
        "SELECT carrier FROM flights WHERE dep_delay > ALL (SELECT year FROM planes)",
        expect![""],
    );
}

#[test]
fn subqueries_as_values_are_refused() {
    check(
        "SELECT carrier, (SELECT count(*) FROM airlines) AS n FROM flights",
        expect![""],
    );
    check(
        "SELECT f.carrier, x.name FROM flights f, LATERAL (SELECT name FROM airlines a WHERE a.carrier = f.carrier) x",
        expect![""],
    );
}

#[test]
fn window_functions_are_refused() {
    check(
        "SELECT carrier, row_number() OVER (PARTITION BY origin ORDER BY ts) FROM flights",
        expect![""],
    );
}

#[test]
fn order_and_limit_are_refused() {
    check("SELECT carrier FROM flights ORDER BY carrier", expect![""]);
    check("SELECT carrier FROM flights LIMIT 10", expect![""]);
    check(
        "SELECT carrier FROM flights ORDER BY ts LIMIT 10",
        expect![""],
    );
    check(
        "SELECT count(*) FROM (SELECT carrier FROM flights LIMIT 10) AS x",
        expect![""],
    );
    check("SELECT carrier FROM flights OFFSET 3", expect![""]);
    check(
        "SELECT DISTINCT ON (origin) origin, carrier FROM flights",
        expect![""],
    );
}

#[test]
fn grouping_sets_are_refused() {
    check(
        "SELECT origin, dest, count(*) FROM flights GROUP BY ROLLUP (origin, dest)",
        expect![""],
    );
    check(
        "SELECT origin, count(*) FROM flights GROUP BY GROUPING SETS ((origin), ())",
        expect![""],
    );
    check(
        "SELECT origin, dest, count(*) FROM flights GROUP BY CUBE (origin, dest)",
        expect![""],
    );
}

#[test]
fn except_intersect_and_recursion_are_refused() {
    check(
        "SELECT carrier FROM flights EXCEPT SELECT carrier FROM airlines",
        expect![""],
    );
    check(
        "SELECT carrier FROM flights INTERSECT SELECT carrier FROM airlines",
        expect![""],
    );
    check(
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT n FROM t",
        expect![""],
    );
}

#[test]
fn what_depends_on_the_moment_or_the_session_is_refused() {
    check("SELECT random() AS r FROM flights", expect![""]);
    check(
        "SELECT carrier FROM flights WHERE ts > now() - INTERVAL '1 hour'",
        expect![""],
    );
    check("SELECT current_timestamp AS t FROM flights", expect![""]);
    check("SELECT current_date AS t FROM flights", expect![""]);
    check(
        "SELECT current_user AS u, carrier FROM flights",
        expect![""],
    );
    check("SELECT summit_lsn() AS l", expect![""]);
    check("SELECT uuid() AS u FROM flights", expect![""]);
}

#[test]
fn parameters_are_refused() {
    check(
        "SELECT carrier FROM flights WHERE dep_delay > $1",
        expect![""],
    );
}

#[test]
fn late_rows_and_system_relations_are_refused() {
    check("SELECT * FROM summit_late(flights)", expect![""]);
    check("SELECT name FROM summit.views", expect![""]);
}
