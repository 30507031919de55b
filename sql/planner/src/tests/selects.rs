//! Queries: what can be asked.

use expect_test::{Expect, expect};

use super::database::Database;

fn check(sql: &str, expected: Expect) {
    expected.assert_eq(&Database::new().query(sql));
}

#[test]
fn everything_that_datafusion_plans_can_be_asked() {
    check(
        "SELECT carrier, rank() OVER (ORDER BY n DESC) FROM per_carrier",
        expect![[r#"
            carrier text
            rank bigint
        "#]],
    );
    check(
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT n FROM t",
        expect![[r#"
            n integer
        "#]],
    );
    check(
        "SELECT name FROM airlines a LEFT JOIN per_carrier USING (carrier) WHERE EXISTS (SELECT 1 FROM flights f WHERE f.carrier = a.carrier) ORDER BY 1 LIMIT 5",
        expect![[r#"
            name text
        "#]],
    );
    check(
        "SELECT carrier FROM flights EXCEPT SELECT carrier FROM airlines",
        expect![[r#"
            carrier text
        "#]],
    );
    check(
        "VALUES (1, 'a'), (2, 'b')",
        expect![[r#"
        column1 bigint
        column2 text
    "#]],
    );
    check(
        "SELECT * FROM late",
        expect![[r#"
        carrier text
        dep_delay integer
    "#]],
    );
    check(
        "SELECT window_start, count(*) FROM HOP(late_ts, ts, INTERVAL '1 hour', INTERVAL '1 day') GROUP BY 1",
        expect![[r#"
            ERROR 42P01: relation "late_ts" does not exist
            HINT: Perhaps you meant "late".
            AT: 40
        "#]],
    );
}

#[test]
fn series_are_named_by_their_alias() {
    check(
        "SELECT g FROM generate_series(1, 3) AS g",
        expect![[r#"
        g bigint
    "#]],
    );
    check(
        "SELECT g.x FROM generate_series(1, 10, 2) AS g(x)",
        expect![[r#"
        x bigint
    "#]],
    );
    check(
        "SELECT generate_series FROM generate_series(1, 3)",
        expect![[r#"
        generate_series bigint
    "#]],
    );
    check(
        "SELECT * FROM generate_series(1, 3)",
        expect![[r#"
        generate_series bigint
    "#]],
    );
    check(
        "SELECT 1 FROM generate_series(1)",
        expect![[r#"
        ERROR 42883: wrong arguments for generate_series
        HINT: Use generate_series(start, stop [, step]).
    "#]],
    );
    check(
        "SELECT * FROM generate_series(1, 3) a, generate_series(1, 3) b",
        expect![[r#"
        a bigint
        b bigint
    "#]],
    );
}

#[test]
fn windows_can_be_joined_and_aliased() {
    check(
        "SELECT x.window_start, y.window_end FROM TUMBLE(flights, ts, INTERVAL '1 hour') AS x JOIN HOP(ontime, ts, INTERVAL '5 minutes', INTERVAL '1 hour') AS y ON x.window_start = y.window_start",
        expect![[r#"
        window_start timestamp with time zone
        window_end timestamp with time zone
    "#]],
    );
    check(
        "SELECT f.window_start FROM flights AS f WINDOW TUMBLE (ts, INTERVAL '1 hour') JOIN airlines a USING (carrier)",
        expect![[r#"
        window_start timestamp with time zone
    "#]],
    );
    check(
        "SELECT flights.window_start FROM flights WINDOW TUMBLE (ts, '1 hour')",
        expect![[r#"
        window_start timestamp with time zone
    "#]],
    );
    check(
        "SELECT window_start FROM TUMBLE(public.flights, flights.ts, '1 hour'::interval)",
        expect![[r#"
        window_start timestamp with time zone
    "#]],
    );
    check(
        "SELECT sum(x) FROM (VALUES (1), (2.5)) AS v(x)",
        expect![[r#"
        sum double precision
    "#]],
    );
    check(
        "SELECT carrier, count(*) OVER () FROM airlines NATURAL JOIN per_carrier",
        expect![[r#"
        carrier character varying(10)
        count bigint
    "#]],
    );
    check(
        "SELECT origin, count(*) FROM flights GROUP BY ALL",
        expect![[r#"
        origin text
        count bigint
    "#]],
    );
    check(
        "SELECT array_agg(upper(carrier)), string_agg(carrier, ',') FROM airlines",
        expect![[r#"
        array_agg text[]
        string_agg text
    "#]],
    );
    check(
        "SELECT unnest(ARRAY[1,2])",
        expect![[r#"
            unnest bigint
        "#]],
    );
    check(
        "SELECT DISTINCT ON (origin) origin, dest FROM flights ORDER BY origin, ts DESC",
        expect![[r#"
        origin text
        dest text
    "#]],
    );
    check(
        "SELECT carrier FROM airlines WHERE (carrier, name) IN (('a', 'b'))",
        expect![[r#"
        carrier character varying(10)
    "#]],
    );
    check(
        "SELECT (SELECT name FROM airlines a WHERE a.carrier = f.carrier) FROM flights f",
        expect![[r#"
        ERROR 42601: correlated scalar subquery must be aggregated to return at most one row
    "#]],
    );
    check(
        "SELECT x FROM unnest(ARRAY['a', 'b']) AS t(x)",
        expect![[r#"
        x text
    "#]],
    );
    check(
        "SELECT interval '1 day' * 2, now() - INTERVAL '1 day', age(now(), now())",
        expect![[r#"
        ERROR 42883: function age does not exist
        HINT: No function has that name.
        AT: 56
    "#]],
    );
    check(
        "SELECT 'a' || 1, 5 / 2, 5.0 / 2, 2 ^ 3, 7 % 3",
        expect![[r#"
        ?column? text
        ?column? bigint
        ?column? double precision
        ?column? double precision
        ?column? bigint
    "#]],
    );
    check(
        "SELECT position('a' in 'ba'), substring('abc' from 2 for 1), trim(both ' ' from ' a '), coalesce(NULL, 1), greatest(1, 2), nullif(1, 1)",
        expect![[r#"
        position integer
        substring text
        btrim text
        coalesce bigint
        greatest bigint
        nullif bigint
    "#]],
    );
}
