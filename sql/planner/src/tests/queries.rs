//! Queries: columns, types, parameters.

use expect_test::{Expect, expect};

use super::database::Database;

fn check(sql: &str, expected: Expect) {
    expected.assert_eq(&Database::new().query(sql));
}

#[test]
fn columns_are_named_as_in_postgresql() {
    check(
        "SELECT 1",
        expect![[r#"
        ?column? integer
    "#]],
    );
    check(
        "SELECT count(*), sum(dep_delay), upper(origin) FROM flights GROUP BY origin",
        expect![[r#"
            count bigint
            sum bigint
            upper text
        "#]],
    );
    check(
        "SELECT 1, 'a', 2.5, NULL, true",
        expect![[r#"
        ?column? integer
        ?column? text
        ?column? double precision
        ?column? text
        bool boolean
    "#]],
    );
    check(
        "SELECT dep_delay::bigint, '1'::int, CAST(1 AS text), CASE WHEN true THEN 1 END, ts + INTERVAL '1 hour', -dep_delay FROM flights",
        expect![[r#"
            dep_delay bigint
            int4 integer
            text text
            case bigint
            ?column? timestamp with time zone
            ?column? integer
        "#]],
    );
    check(
        "SELECT carrier AS \"Carrier\", (SELECT max(n) FROM per_carrier) FROM airlines",
        expect![[r#"
            Carrier character varying(10)
            max bigint
        "#]],
    );
    check(
        "SELECT 1 UNION SELECT 2",
        expect![[r#"
        ?column? integer
    "#]],
    );
    check(
        "SELECT 1 UNION SELECT 3000000000",
        expect![[r#"
        ?column? bigint
    "#]],
    );
    check(
        "SELECT -1, 3000000000, 1.0",
        expect![[r#"
        ?column? integer
        ?column? bigint
        ?column? double precision
    "#]],
    );
    check(
        "SELECT DISTINCT 1 FROM flights GROUP BY 1",
        expect![[r#"
        ?column? integer
    "#]],
    );
    check(
        "SELECT extract(year FROM ts), date_trunc('day', ts), DATE '2024-01-01', INTERVAL '1 day' FROM flights",
        expect![[r#"
            extract integer
            date_trunc timestamp with time zone
            date date
            interval interval
        "#]],
    );
}

#[test]
fn columns_may_come_twice() {
    check(
        "SELECT carrier, carrier FROM flights",
        expect![[r#"
        carrier text
        carrier text
    "#]],
    );
    check(
        "SELECT count(*), count(*) FROM flights",
        expect![[r#"
        count bigint
        count bigint
    "#]],
    );
    check(
        "SELECT *, carrier FROM airlines",
        expect![[r#"
        carrier character varying(10)
        name text
        carrier character varying(10)
    "#]],
    );
    check(
        "SELECT a.carrier, f.carrier FROM airlines a JOIN flights f ON a.carrier = f.carrier",
        expect![[r#"
            carrier character varying(10)
            carrier text
        "#]],
    );
    check(
        "SELECT 1, 1",
        expect![[r#"
        ?column? integer
        ?column? integer
    "#]],
    );
    check(
        "SELECT a.*, b.* FROM airlines a, airlines b",
        expect![[r#"
        carrier character varying(10)
        name text
        carrier character varying(10)
        name text
    "#]],
    );
    check(
        "SELECT x.* FROM (SELECT 1, 1) AS x",
        expect![[r#"
        ?column? integer
        ?column? integer
    "#]],
    );
    check(
        "SELECT *, upper(carrier) AS carrier FROM airlines",
        expect![[r#"
            carrier character varying(10)
            name text
            carrier text
        "#]],
    );
    check(
        "SELECT x.other FROM (SELECT *, ts AS other FROM flights) AS x",
        expect![[r#"
            other timestamp with time zone
        "#]],
    );
    check(
        "SELECT *, upper(carrier) AS carrier FROM airlines ORDER BY carrier",
        expect![[r#"
            carrier character varying(10)
            name text
            carrier text
        "#]],
    );
    check(
        "SELECT id, id FROM (SELECT 1 AS id) AS x",
        expect![[r#"
        id integer
        id integer
    "#]],
    );
}

#[test]
fn order_by_finds_named_and_unnamed_columns() {
    check(
        "SELECT carrier, count(*) FROM flights GROUP BY carrier ORDER BY count(*) DESC, carrier",
        expect![[r#"
            carrier text
            count bigint
        "#]],
    );
    check(
        "SELECT carrier, count(*) AS n FROM flights GROUP BY carrier ORDER BY n",
        expect![[r#"
            carrier text
            n bigint
        "#]],
    );
    check(
        "SELECT lower(carrier) FROM flights ORDER BY lower",
        expect![[r#"
            lower text
        "#]],
    );
    check(
        "SELECT lower(carrier) FROM flights ORDER BY 1",
        expect![[r#"
        lower text
    "#]],
    );
    check(
        "SELECT carrier, carrier FROM flights ORDER BY carrier",
        expect![[r#"
            carrier text
            carrier text
        "#]],
    );
    check(
        "SELECT *, carrier FROM airlines ORDER BY carrier",
        expect![[r#"
            carrier character varying(10)
            name text
            carrier character varying(10)
        "#]],
    );
    check(
        "SELECT origin FROM flights ORDER BY dep_delay",
        expect![[r#"
        origin text
    "#]],
    );
    check(
        "SELECT DISTINCT lower(origin) FROM flights ORDER BY lower(origin)",
        expect![[r#"
            lower text
        "#]],
    );
    check(
        "SELECT DISTINCT origin FROM flights ORDER BY dest",
        expect![[r#"
            ERROR 42P10: for SELECT DISTINCT, ORDER BY expressions must appear in select list
        "#]],
    );
    check(
        "SELECT count(*), count(*) FROM flights ORDER BY count(*)",
        expect![[r#"
            count bigint
            count bigint
        "#]],
    );
}

#[test]
fn parameters_take_the_types_of_their_surroundings() {
    check(
        "SELECT carrier FROM flights WHERE dep_delay > $1 AND carrier = $2",
        expect![[r#"
            carrier text
            parameters: integer, text
        "#]],
    );
    check(
        "SELECT $1",
        expect![[r#"
        ?column? text
        parameters: text
    "#]],
    );
    check(
        "SELECT $1::int, $2 + 1",
        expect![[r#"
        int4 integer
        ?column? bigint
        parameters: integer, bigint
    "#]],
    );
    check(
        "SELECT carrier FROM flights LIMIT $1 OFFSET $2",
        expect![[r#"
            carrier text
            parameters: bigint, bigint
        "#]],
    );
    check(
        "SELECT upper($1), abs($2)",
        expect![[r#"
        upper text
        abs double precision
        parameters: text, double precision
    "#]],
    );
    check(
        "SELECT carrier FROM flights WHERE ts BETWEEN $1 AND $2 AND origin IN ($3, $4) AND dest LIKE $5",
        expect![[r#"
            carrier text
            parameters: timestamp with time zone, timestamp with time zone, text, text, text
        "#]],
    );
    check(
        "SELECT $2",
        expect![[r#"
        ERROR 42P18: could not determine data type of parameter $1
        HINT: Use it in the statement, or declare its type.
    "#]],
    );
    check(
        "SELECT carrier FROM flights WHERE $1 IS NULL OR carrier = $1",
        expect![[r#"
            carrier text
            parameters: text
        "#]],
    );
    check(
        "SELECT n FROM per_carrier WHERE n = (SELECT max(n) FROM per_carrier WHERE carrier = $1)",
        expect![[r#"
            n bigint
            parameters: text
        "#]],
    );
    check(
        "SELECT coalesce($1, 5)",
        expect![[r#"
        coalesce bigint
        parameters: bigint
    "#]],
    );
    check(
        "SELECT $1 || 'x'",
        expect![[r#"
        ?column? text
        parameters: text
    "#]],
    );
    check(
        "SELECT carrier FROM flights WHERE ts > now() - $1",
        expect![[r#"
            ERROR 42883: operator does not exist: timestamp with time zone > interval
            HINT: No operator matches the given name and argument types. You might need to add explicit type casts.
        "#]],
    );
}

#[test]
fn session_values_have_types() {
    check(
        "SELECT version(), current_database(), current_user, session_user, current_schema(), summit_version(), summit_lsn(), pg_catalog.version()",
        expect![[r#"
            version text
            current_database text
            current_user text
            session_user text
            current_schema text
            summit_version text
            summit_lsn bigint
            version text
        "#]],
    );
    check(
        "SELECT current_schema, current_catalog, user",
        expect![[r#"
        current_schema text
        current_catalog text
        user text
    "#]],
    );
}

#[test]
fn names_resolve_through_schemas() {
    check(
        "SELECT carrier FROM public.airlines",
        expect![[r#"
        carrier character varying(10)
    "#]],
    );
    check(
        "SELECT carrier FROM summit.public.airlines",
        expect![[r#"
        carrier character varying(10)
    "#]],
    );
    check(
        "SELECT public.airlines.carrier FROM public.airlines",
        expect![[r#"
            carrier character varying(10)
        "#]],
    );
    check(
        "SELECT name FROM summit.views",
        expect![[r#"
        name text
    "#]],
    );
    check(
        "SELECT views.name FROM summit.views",
        expect![[r#"
        name text
    "#]],
    );
    check(
        "SELECT name FROM pg_class",
        expect![[r#"
        name text
    "#]],
    );
    check(
        "SELECT name FROM pg_catalog.pg_class",
        expect![[r#"
        name text
    "#]],
    );
    check(
        "SELECT name FROM information_schema.tables",
        expect![[r#"
        name text
    "#]],
    );
    check(
        "SELECT CARRIER, Airlines.Name FROM AIRLINES",
        expect![[r#"
        carrier character varying(10)
        name text
    "#]],
    );
    check(
        "WITH airlines AS (SELECT 1 AS x) SELECT x FROM airlines",
        expect![[r#"
            x integer
        "#]],
    );
}

#[test]
fn late_rows_have_three_more_columns() {
    check(
        "SELECT * FROM summit_late(flights)",
        expect![[r#"
        ts timestamp with time zone
        carrier text
        tailnum text
        origin text
        dest text
        dep_delay integer
        arrived_at timestamp with time zone
        watermark timestamp with time zone
        lsn bigint
    "#]],
    );
    check(
        "SELECT l.lsn FROM summit_late(flights) AS l",
        expect![[r#"
        lsn bigint
    "#]],
    );
}

#[test]
fn types_are_the_columns_own() {
    check(
        "SELECT TIMESTAMP '2024-01-01', TIMESTAMPTZ '2024-01-01', TIME '10:00', '2024-01-01'::timestamp, ARRAY[1, 2], 1.5::numeric, 1::smallint, 'x'::varchar(3)",
        expect![[r#"
            timestamp timestamp without time zone
            timestamptz timestamp with time zone
            time time without time zone
            timestamp timestamp without time zone
            array bigint[]
            numeric numeric(38,9)
            int2 smallint
            text text
        "#]],
    );
    check(
        "SELECT sum(dep_delay), avg(dep_delay), sum(big), avg(big), min(ts), count(*) FROM flights, planes",
        expect![[r#"
            sum bigint
            avg double precision
            sum bigint
            avg double precision
            min timestamp with time zone
            count bigint
        "#]],
    );
    check(
        "SELECT sum(price), avg(price) FROM planes",
        expect![[r#"
        sum numeric(22,2)
        avg numeric(16,6)
    "#]],
    );
    check(
        "SELECT CURRENT_TIMESTAMP, now(), current_date, current_time",
        expect![[r#"
            current_timestamp timestamp with time zone
            now timestamp with time zone
            current_date date
            current_time time without time zone
        "#]],
    );
    check(
        "SELECT NULL",
        expect![[r#"
        ?column? text
    "#]],
    );
    check(
        "SELECT 1 UNION ALL SELECT 2.5",
        expect![[r#"
        ?column? double precision
    "#]],
    );
}

#[test]
fn a_parameter_times_an_interval_is_a_number() {
    check(
        "SELECT $1 * INTERVAL '1 hour'",
        expect![[r#"
        ?column? interval
        parameters: double precision
    "#]],
    );
}
