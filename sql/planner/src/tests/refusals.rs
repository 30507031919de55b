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
        expect![[r#"
            ERROR 0A000: a materialized view cannot have outer joins yet
            HINT: Use JOIN, or an outer join when you select from the views.
        "#]],
    );
    check(
        "SELECT a.name FROM flights f FULL JOIN airlines a ON f.carrier = a.carrier",
        expect![[r#"
            ERROR 0A000: a materialized view cannot have outer joins yet
            HINT: Use JOIN, or an outer join when you select from the views.
        "#]],
    );
    check(
        "SELECT carrier FROM flights WHERE carrier IN (SELECT carrier FROM airlines)",
        expect![[r#"
            ERROR 0A000: a materialized view cannot have IN with a subquery yet
            HINT: Write it as a JOIN with DISTINCT.
        "#]],
    );
    check(
        "SELECT carrier FROM flights WHERE carrier NOT IN (SELECT carrier FROM airlines)",
        expect![[r#"
            ERROR 0A000: a materialized view cannot have NOT IN with a subquery yet
            HINT: Use an anti join when you select from the view.
        "#]],
    );
    check(
        "SELECT carrier FROM flights f WHERE EXISTS (SELECT 1 FROM airlines a WHERE a.carrier = f.carrier)",
        expect![[r#"
            ERROR 0A000: a materialized view cannot have EXISTS yet
            HINT: Write it as a JOIN with DISTINCT.
        "#]],
    );
    check(
        "SELECT carrier FROM flights WHERE dep_delay > ALL (SELECT year FROM planes)",
        expect![[r#"
            ERROR 0A000: a materialized view cannot have ANY or ALL with a subquery yet
            HINT: Write it as a JOIN with DISTINCT.
        "#]],
    );
}

#[test]
fn subqueries_as_values_are_refused() {
    check(
        "SELECT carrier, (SELECT count(*) FROM airlines) AS n FROM flights",
        expect![[r#"
            ERROR 0A000: a materialized view cannot have subqueries as values yet
            HINT: Write it as a JOIN with the subquery: … CROSS JOIN (SELECT …) AS x.
        "#]],
    );
    check(
        "SELECT f.carrier, x.name FROM flights f, LATERAL (SELECT name FROM airlines a WHERE a.carrier = f.carrier) x",
        expect![[r#"
            ERROR 0A000: a materialized view cannot have LATERAL subqueries yet
            HINT: Write it as a join with a grouped subquery.
        "#]],
    );
}

#[test]
fn window_functions_are_refused() {
    check(
        "SELECT carrier, row_number() OVER (PARTITION BY origin ORDER BY ts) FROM flights",
        expect![[r#"
            ERROR 0A000: a materialized view cannot have window functions (OVER) yet
            HINT: Use GROUP BY with aggregates, or window functions when you select from the view.
        "#]],
    );
}

#[test]
fn order_and_limit_are_refused() {
    check(
        "SELECT carrier FROM flights ORDER BY carrier",
        expect![[r#"
        ERROR 0A000: a materialized view cannot have ORDER BY: its rows have no order
        HINT: Leave ORDER BY out, and order the rows when you select from the view.
    "#]],
    );
    check(
        "SELECT carrier FROM flights LIMIT 10",
        expect![[r#"
        ERROR 0A000: a materialized view cannot have LIMIT or OFFSET yet
        HINT: Leave it out, and limit the rows when you select from the view.
    "#]],
    );
    check(
        "SELECT carrier FROM flights ORDER BY ts LIMIT 10",
        expect![[r#"
            ERROR 0A000: a materialized view cannot have LIMIT or OFFSET yet
            HINT: Leave it out, and limit the rows when you select from the view.
        "#]],
    );
    check(
        "SELECT count(*) FROM (SELECT carrier FROM flights LIMIT 10) AS x",
        expect![[r#"
            ERROR 0A000: a materialized view cannot have LIMIT or OFFSET yet
            HINT: Leave it out, and limit the rows when you select from the view.
        "#]],
    );
    check(
        "SELECT carrier FROM flights OFFSET 3",
        expect![[r#"
        ERROR 0A000: a materialized view cannot have LIMIT or OFFSET yet
        HINT: Leave it out, and limit the rows when you select from the view.
    "#]],
    );
    check(
        "SELECT DISTINCT ON (origin) origin, carrier FROM flights",
        expect![[r#"
            ERROR 0A000: a materialized view cannot have DISTINCT ON yet
            HINT: Use GROUP BY with first_value(… ORDER BY …), or min and max.
        "#]],
    );
}

#[test]
fn grouping_sets_are_refused() {
    check(
        "SELECT origin, dest, count(*) FROM flights GROUP BY ROLLUP (origin, dest)",
        expect![[r#"
            ERROR 0A000: a materialized view cannot have GROUPING SETS, ROLLUP or CUBE yet
            HINT: Write each grouping as a query of its own, joined by UNION ALL.
        "#]],
    );
    check(
        "SELECT origin, count(*) FROM flights GROUP BY GROUPING SETS ((origin), ())",
        expect![[r#"
            ERROR 0A000: a materialized view cannot have GROUPING SETS, ROLLUP or CUBE yet
            HINT: Write each grouping as a query of its own, joined by UNION ALL.
        "#]],
    );
    check(
        "SELECT origin, dest, count(*) FROM flights GROUP BY CUBE (origin, dest)",
        expect![[r#"
            ERROR 0A000: a materialized view cannot have GROUPING SETS, ROLLUP or CUBE yet
            HINT: Write each grouping as a query of its own, joined by UNION ALL.
        "#]],
    );
}

#[test]
fn except_intersect_and_recursion_are_refused() {
    check(
        "SELECT carrier FROM flights EXCEPT SELECT carrier FROM airlines",
        expect![[r#"
            ERROR 0A000: a materialized view cannot have EXCEPT or INTERSECT yet
            HINT: Make both sides views, and use it when you select from them.
        "#]],
    );
    check(
        "SELECT carrier FROM flights INTERSECT SELECT carrier FROM airlines",
        expect![[r#"
            ERROR 0A000: a materialized view cannot have EXCEPT or INTERSECT yet
            HINT: Make both sides views, and use it when you select from them.
        "#]],
    );
    check(
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT n FROM t",
        expect![[r#"
            ERROR 0A000: a materialized view cannot have WITH RECURSIVE yet
            HINT: Run the recursive query when you select from the view.
        "#]],
    );
}

#[test]
fn what_depends_on_the_moment_or_the_session_is_refused() {
    check(
        "SELECT random() AS r FROM flights",
        expect![[r#"
        ERROR 0A000: a materialized view cannot call random(): it gives another value each time, so the view could not be computed again
        HINT: Put the value into the rows when you insert them.
    "#]],
    );
    check(
        "SELECT carrier FROM flights WHERE ts > now() - INTERVAL '1 hour'",
        expect![[r#"
            ERROR 0A000: a materialized view cannot call now(): its value depends on when or by whom it is called
            HINT: Leave it out, and use it when you select from the view.
        "#]],
    );
    check(
        "SELECT current_timestamp AS t FROM flights",
        expect![[r#"
        ERROR 0A000: a materialized view cannot call now(): its value depends on when or by whom it is called
        HINT: Leave it out, and use it when you select from the view.
    "#]],
    );
    check(
        "SELECT current_date AS t FROM flights",
        expect![[r#"
        ERROR 0A000: a materialized view cannot call current_date(): its value depends on when or by whom it is called
        HINT: Leave it out, and use it when you select from the view.
    "#]],
    );
    check(
        "SELECT current_user AS u, carrier FROM flights",
        expect![[r#"
            ERROR 0A000: a materialized view cannot call current_user(): its value depends on when or by whom it is called
            HINT: Leave it out, and use it when you select from the view.
        "#]],
    );
    check(
        "SELECT summit_lsn() AS l",
        expect![[r#"
        ERROR 0A000: a materialized view cannot call summit_lsn(): its value depends on when or by whom it is called
        HINT: Leave it out, and use it when you select from the view.
    "#]],
    );
    check(
        "SELECT uuid() AS u FROM flights",
        expect![[r#"
        ERROR 0A000: a materialized view cannot call uuid(): it gives another value each time, so the view could not be computed again
        HINT: Put the value into the rows when you insert them.
    "#]],
    );
}

#[test]
fn parameters_are_refused() {
    check(
        "SELECT carrier FROM flights WHERE dep_delay > $1",
        expect![[r#"
            ERROR 42P02: a view's query cannot have parameters
            HINT: Write the values into the query.
        "#]],
    );
}

#[test]
fn late_rows_and_system_relations_are_refused() {
    check(
        "SELECT * FROM summit_late(flights)",
        expect![[r#"
        ERROR 0A000: a materialized view cannot read summit_late(flights)
        HINT: Select from it directly.
    "#]],
    );
    check(
        "SELECT name FROM summit.views",
        expect![[r#"
        ERROR 0A000: a materialized view cannot read system relation summit.views: its changes are not in the log
        HINT: Use a plain view: CREATE VIEW.
    "#]],
    );
}
