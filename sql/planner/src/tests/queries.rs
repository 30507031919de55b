//! Queries: columns, types, parameters.

use expect_test::{Expect, expect};

use super::database::Database;

fn check(sql: &str, expected: Expect) {
    expected.assert_eq(&Database::new().query(sql));
}

#[test]
fn columns_are_named_as_in_postgresql() {
    check("SELECT 1", expect![""]);
    check(
        "SELECT count(*), sum(dep_delay), upper(origin) FROM flights GROUP BY origin",
        expect![""],
    );
    check("SELECT 1, 'a', 2.5, NULL, true", expect![""]);
    check(
        "SELECT dep_delay::bigint, '1'::int, CAST(1 AS text), CASE WHEN true THEN 1 END, ts + INTERVAL '1 hour', -dep_delay FROM flights",
        expect![""],
    );
    check(
        "SELECT carrier AS \"Carrier\", (SELECT max(n) FROM per_carrier) FROM airlines",
        expect![""],
    );
    check("SELECT 1 UNION SELECT 2", expect![""]);
    check("SELECT 1 UNION SELECT 3000000000", expect![""]);
    check("SELECT -1, 3000000000, 1.0", expect![""]);
    check("SELECT DISTINCT 1 FROM flights GROUP BY 1", expect![""]);
    check(
        "SELECT extract(year FROM ts), date_trunc('day', ts), DATE '2024-01-01', INTERVAL '1 day' FROM flights",
        expect![""],
    );
}

#[test]
fn columns_may_come_twice() {
    check("SELECT carrier, carrier FROM flights", expect![""]);
    check("SELECT count(*), count(*) FROM flights", expect![""]);
    check("SELECT *, carrier FROM airlines", expect![""]);
    check(
        "SELECT a.carrier, f.carrier FROM airlines a JOIN flights f ON a.carrier = f.carrier",
        expect![""],
    );
    check("SELECT 1, 1", expect![""]);
    check("SELECT a.*, b.* FROM airlines a, airlines b", expect![""]);
    check("SELECT x.* FROM (SELECT 1, 1) AS x", expect![""]);
    check(
        "SELECT *, upper(carrier) AS carrier FROM airlines",
        expect![""],
    );
    check(
        "SELECT x.other FROM (SELECT *, ts AS other FROM flights) AS x",
        expect![""],
    );
    check(
        "SELECT *, upper(carrier) AS carrier FROM airlines ORDER BY carrier",
        expect![""],
    );
    check("SELECT id, id FROM (SELECT 1 AS id) AS x", expect![""]);
}

#[test]
fn order_by_finds_named_and_unnamed_columns() {
    check(
        "SELECT carrier, count(*) FROM flights GROUP BY carrier ORDER BY count(*) DESC, carrier",
        expect![""],
    );
    check(
        "SELECT carrier, count(*) AS n FROM flights GROUP BY carrier ORDER BY n",
        expect![""],
    );
    check(
        "SELECT lower(carrier) FROM flights ORDER BY lower",
        expect![""],
    );
    check("SELECT lower(carrier) FROM flights ORDER BY 1", expect![""]);
    check(
        "SELECT carrier, carrier FROM flights ORDER BY carrier",
        expect![""],
    );
    check(
        "SELECT *, carrier FROM airlines ORDER BY carrier",
        expect![""],
    );
    check("SELECT origin FROM flights ORDER BY dep_delay", expect![""]);
    check(
        "SELECT DISTINCT lower(origin) FROM flights ORDER BY lower(origin)",
        expect![""],
    );
    check(
        "SELECT DISTINCT origin FROM flights ORDER BY dest",
        expect![""],
    );
    check(
        "SELECT count(*), count(*) FROM flights ORDER BY count(*)",
        expect![""],
    );
}

#[test]
fn parameters_take_the_types_of_their_surroundings() {
    check(
        "SELECT carrier FROM flights WHERE dep_delay > $1 AND carrier = $2",
        expect![""],
    );
    check("SELECT $1", expect![""]);
    check("SELECT $1::int, $2 + 1", expect![""]);
    check(
        "SELECT carrier FROM flights LIMIT $1 OFFSET $2",
        expect![""],
    );
    check("SELECT upper($1), abs($2)", expect![""]);
    check(
        "SELECT carrier FROM flights WHERE ts BETWEEN $1 AND $2 AND origin IN ($3, $4) AND dest LIKE $5",
        expect![""],
    );
    check("SELECT $2", expect![""]);
    check(
        "SELECT carrier FROM flights WHERE $1 IS NULL OR carrier = $1",
        expect![""],
    );
    check(
        "SELECT n FROM per_carrier WHERE n = (SELECT max(n) FROM per_carrier WHERE carrier = $1)",
        expect![""],
    );
    check("SELECT coalesce($1, 5)", expect![""]);
    check("SELECT $1 || 'x'", expect![""]);
    check(
        "SELECT carrier FROM flights WHERE ts > now() - $1",
        expect![""],
    );
}

#[test]
fn session_values_have_types() {
    check(
        "SELECT version(), current_database(), current_user, session_user, current_schema(), summit_version(), summit_lsn(), pg_catalog.version()",
        expect![""],
    );
    check("SELECT current_schema, current_catalog, user", expect![""]);
}

#[test]
fn names_resolve_through_schemas() {
    check("SELECT carrier FROM public.airlines", expect![""]);
    check("SELECT carrier FROM summit.public.airlines", expect![""]);
    check(
        "SELECT public.airlines.carrier FROM public.airlines",
        expect![""],
    );
    check("SELECT name FROM summit.views", expect![""]);
    check("SELECT views.name FROM summit.views", expect![""]);
    check("SELECT name FROM pg_class", expect![""]);
    check("SELECT name FROM pg_catalog.pg_class", expect![""]);
    check("SELECT name FROM information_schema.tables", expect![""]);
    check("SELECT CARRIER, Airlines.Name FROM AIRLINES", expect![""]);
    check(
        "WITH airlines AS (SELECT 1 AS x) SELECT x FROM airlines",
        expect![""],
    );
}

#[test]
fn late_rows_have_three_more_columns() {
    check("SELECT * FROM summit_late(flights)", expect![""]);
    check("SELECT l.lsn FROM summit_late(flights) AS l", expect![""]);
}

#[test]
fn types_are_the_columns_own() {
    check(
        "SELECT TIMESTAMP '2024-01-01', TIMESTAMPTZ '2024-01-01', TIME '10:00', '2024-01-01'::timestamp, ARRAY[1, 2], 1.5::numeric, 1::smallint, 'x'::varchar(3)",
        expect![""],
    );
    check(
        "SELECT sum(dep_delay), avg(dep_delay), sum(big), avg(big), min(ts), count(*) FROM flights, planes",
        expect![""],
    );
    check("SELECT sum(price), avg(price) FROM planes", expect![""]);
    check(
        "SELECT CURRENT_TIMESTAMP, now(), current_date, current_time",
        expect![""],
    );
    check("SELECT NULL", expect![""]);
    check("SELECT 1 UNION ALL SELECT 2.5", expect![""]);
}

#[test]
fn everything_that_datafusion_plans_can_be_asked() {
    check(
        "SELECT carrier, rank() OVER (ORDER BY n DESC) FROM per_carrier",
        expect![""],
    );
    check(
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT n FROM t",
        expect![""],
    );
    check(
        "SELECT name FROM airlines a LEFT JOIN per_carrier USING (carrier) WHERE EXISTS (SELECT 1 FROM flights f WHERE f.carrier = a.carrier) ORDER BY 1 LIMIT 5",
        expect![""],
    );
    check(
        "SELECT carrier FROM flights EXCEPT SELECT carrier FROM airlines",
        expect![""],
    );
    check("VALUES (1, 'a'), (2, 'b')", expect![""]);
    check("SELECT * FROM late", expect![""]);
    check(
        "SELECT window_start, count(*) FROM HOP(late_ts, ts, INTERVAL '1 hour', INTERVAL '1 day') GROUP BY 1",
        expect![""],
    );
}
