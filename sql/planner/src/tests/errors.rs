//! Errors in PostgreSQL's words.

use expect_test::{Expect, expect};

use super::database::Database;

fn check(sql: &str, expected: Expect) {
    expected.assert_eq(&Database::new().query(sql));
}

#[test]
fn unknown_columns_are_named_with_a_near_one() {
    check(
        "SELECT carier FROM flights",
        expect![[r#"
        ERROR 42703: column "carier" does not exist
        HINT: Perhaps you meant to reference the column "flights.carrier".
        AT: 8
    "#]],
    );
    check(
        "SELECT flights.foo FROM flights",
        expect![[r#"
        ERROR 42703: column flights.foo does not exist
        HINT: The columns here are ts, carrier, tailnum, origin, dest, dep_delay.
        AT: 8
    "#]],
    );
    check(
        "SELECT f.carrier FROM flights",
        expect![[r#"
        ERROR 42P01: missing FROM-clause entry for table "f"
        HINT: The relations here are flights.
        AT: 8
    "#]],
    );
    check(
        "SELECT x",
        expect![[r#"
        ERROR 42703: column "x" does not exist
        HINT: There is no FROM clause that could have it.
        AT: 8
    "#]],
    );
    check(
        "SELECT
  carrier,
  orign
FROM flights",
        expect![[r#"
            ERROR 42703: column "orign" does not exist
            HINT: Perhaps you meant to reference the column "flights.origin".
            AT: 21
        "#]],
    );
    check(
        "SELECT carrier FROM flights WHERE dep_dely > 3",
        expect![[r#"
            ERROR 42703: column "dep_dely" does not exist
            HINT: Perhaps you meant to reference the column "flights.dep_delay".
            AT: 35
        "#]],
    );
    check(
        "SELECT count(*) FROM flights GROUP BY orgin",
        expect![[r#"
        ERROR 42703: column "orgin" does not exist
        HINT: Perhaps you meant to reference the column "flights.origin".
    "#]],
    );
    check(
        "SELECT carrier FROM flights ORDER BY nothing",
        expect![[r#"
        ERROR 42703: column "nothing" does not exist
        HINT: The columns here are carrier, ts, tailnum, origin, dest, dep_delay.
    "#]],
    );
}

#[test]
fn unknown_relations_are_named_with_a_near_one() {
    check(
        "SELECT 1 FROM flight",
        expect![[r#"
        ERROR 42P01: relation "flight" does not exist
        HINT: Perhaps you meant "flights".
        AT: 15
    "#]],
    );
    check(
        "SELECT 1 FROM views",
        expect![[r#"
        ERROR 42P01: relation "views" does not exist
        HINT: Perhaps you meant "summit.views".
        AT: 15
    "#]],
    );
    check(
        "SELECT 1 FROM other.flights",
        expect![[r#"
        ERROR 42P01: relation "other.flights" does not exist
        HINT: Perhaps you meant "flights".
        AT: 15
    "#]],
    );
    check(
        "SELECT 1 FROM a.b.c.d",
        expect![[r#"
        ERROR 42601: improper qualified name (too many dotted names): a.b.c.d
    "#]],
    );
    check(
        "SELECT 1 FROM nothing_like_it",
        expect![[r#"
        ERROR 42P01: relation "nothing_like_it" does not exist
        HINT: SHOW STREAMS, SHOW TABLES and SHOW VIEWS list what there is.
        AT: 15
    "#]],
    );
}

#[test]
fn unknown_functions_and_operators() {
    check(
        "SELECT uper(carrier) FROM flights",
        expect![[r#"
        ERROR 42883: function uper does not exist
        HINT: Perhaps you meant "upper".
        AT: 8
    "#]],
    );
    check(
        "SELECT frobnicate(1, 2)",
        expect![[r#"
        ERROR 42883: function frobnicate does not exist
        HINT: No function has that name.
        AT: 8
    "#]],
    );
    check(
        "SELECT abs('a', 'b')",
        expect![[r#"
        ERROR 42883: function abs(text, text) does not exist
        HINT: No function matches the given name and argument types. You might need to add explicit type casts.
    "#]],
    );
    check(
        "SELECT sqrt(true)",
        expect![[r#"
        ERROR 42883: function sqrt(boolean) does not exist
        HINT: No function matches the given name and argument types. You might need to add explicit type casts.
    "#]],
    );
    check(
        "SELECT carrier + 1 FROM flights",
        expect![[r#"
        ERROR 42883: operator does not exist: text + bigint
        HINT: No operator matches the given name and argument types. You might need to add explicit type casts.
        AT: 8
    "#]],
    );
    check(
        "SELECT carrier = dep_delay FROM flights",
        expect![[r#"
        ?column? boolean
    "#]],
    );
    check(
        "SELECT ts = dep_delay FROM flights",
        expect![[r#"
        ERROR 42883: operator does not exist: timestamp with time zone = integer
        HINT: No operator matches the given name and argument types. You might need to add explicit type casts.
        AT: 8
    "#]],
    );
    check(
        "SELECT true + 1",
        expect![[r#"
        ERROR 42883: operator does not exist: boolean + bigint
        HINT: No operator matches the given name and argument types. You might need to add explicit type casts.
    "#]],
    );
    check(
        "SELECT 1 FROM frobnicate(3)",
        expect![[r#"
        ERROR 42883: table function frobnicate does not exist
        HINT: The table functions are TUMBLE, HOP, UNNEST, generate_series and summit_late.
    "#]],
    );
    check(
        "SELECT sum(carrier) FROM flights",
        expect![[r#"
        ERROR 42883: function sum(text) does not exist
        HINT: No function matches the given name and argument types. You might need to add explicit type casts.
    "#]],
    );
    check(
        "SELECT carrier AND true FROM flights",
        expect![[r#"
        ERROR 42883: operator does not exist: text AND boolean
        HINT: No operator matches the given name and argument types. You might need to add explicit type casts.
        AT: 8
    "#]],
    );
    check(
        "SELECT 1 WHERE 1",
        expect![[r#"
        ERROR 42804: argument of WHERE must be type boolean, not type bigint
    "#]],
    );
    check(
        "SELECT 1 WHERE carrier FROM flights",
        expect![[r#"
        ERROR 42601: syntax error at or near "FROM"
        AT: 24
    "#]],
    );
}

#[test]
fn grouping_errors() {
    check(
        "SELECT carrier, count(*) FROM flights",
        expect![[r#"
        ERROR 42803: column "flights.carrier" must appear in the GROUP BY clause or be used in an aggregate function
        AT: 8
    "#]],
    );
    check(
        "SELECT carrier, origin, count(*) FROM flights GROUP BY carrier",
        expect![[r#"
            ERROR 42803: column "flights.origin" must appear in the GROUP BY clause or be used in an aggregate function
            AT: 17
        "#]],
    );
    check(
        "SELECT carrier FROM flights WHERE count(*) > 1",
        expect![[r#"
            ERROR 42803: aggregate functions are not allowed in WHERE
            HINT: Use HAVING.
        "#]],
    );
    check(
        "SELECT carrier FROM flights GROUP BY carrier HAVING dep_delay > 1",
        expect![[r#"
            ERROR 42803: column "flights.dep_delay" must appear in the GROUP BY clause or be used in an aggregate function
            AT: 53
        "#]],
    );
    check(
        "SELECT sum(count(*)) FROM flights",
        expect![[r#"
        ERROR 42803: aggregate function calls cannot be nested
        HINT: Compute the inner one in a subquery.
    "#]],
    );
    check(
        "SELECT dep_delay + count(*) FROM flights",
        expect![[r#"
        ERROR 42803: column "flights.dep_delay" must appear in the GROUP BY clause or be used in an aggregate function
        AT: 8
    "#]],
    );
}

#[test]
fn ambiguous_columns() {
    check(
        "SELECT carrier FROM flights, airlines",
        expect![[r#"
        ERROR 42702: column reference "carrier" is ambiguous
        HINT: Put the relation's name before it: relation.column.
        AT: 8
    "#]],
    );
}

#[test]
fn types_that_do_not_exist() {
    check(
        "SELECT 1::foo",
        expect![[r#"
        ERROR 42704: type "foo" does not exist
        HINT: The types are boolean, smallint, integer, bigint, real, double precision, numeric, text, varchar, char, bytea, date, time, timestamp, timestamptz, interval.
    "#]],
    );
    check(
        "SELECT CAST('x' AS json)",
        expect![[r#"
        ERROR 0A000: type json is not available yet
        HINT: Use text, and cast in your queries.
    "#]],
    );
    check(
        "SELECT 1::intger",
        expect![[r#"
        ERROR 42704: type "intger" does not exist
        HINT: Perhaps you meant "integer".
    "#]],
    );
}

#[test]
fn parameters_that_do_not_exist() {
    check(
        "SELECT $0",
        expect![[r#"
        ERROR 42P02: there is no parameter $0
        HINT: Parameters are $1, $2, ….
    "#]],
    );
    check(
        "SELECT $1, $3",
        expect![[r#"
        ERROR 42P18: could not determine data type of parameter $2
        HINT: Use it in the statement, or declare its type.
    "#]],
    );
}

#[test]
fn windows_are_checked() {
    check(
        "SELECT 1 FROM TUMBLE(flights, ts)",
        expect![[r#"
        ERROR 42883: wrong arguments for TUMBLE
        HINT: Use TUMBLE(relation, column, INTERVAL 'size' [, INTERVAL 'offset']).
    "#]],
    );
    check(
        "SELECT 1 FROM TUMBLE(flights, nope, INTERVAL '1 hour')",
        expect![[r#"
            ERROR 42703: column "nope" does not exist
            HINT: The columns here are ts, carrier, tailnum, origin, dest, dep_delay.
            AT: 31
        "#]],
    );
    check(
        "SELECT 1 FROM TUMBLE(flights, carrier, INTERVAL '1 hour')",
        expect![[r#"
            ERROR 42804: the event time of TUMBLE must be timestamp or timestamptz, column "carrier" is text
            HINT: Cast it in a subquery: FROM TUMBLE((SELECT *, carrier::timestamp AS t FROM …), t, …).
        "#]],
    );
    check(
        "SELECT 1 FROM TUMBLE(flights, ts, INTERVAL '1 month')",
        expect![[r#"
            ERROR 0A000: the size of TUMBLE cannot have months or years: they have no fixed length
            HINT: Use days, hours, minutes or seconds, as in INTERVAL '30 days'.
        "#]],
    );
    check(
        "SELECT 1 FROM TUMBLE(flights, ts, INTERVAL '0 seconds')",
        expect![[r#"
            ERROR 22023: the size of TUMBLE must be greater than zero
        "#]],
    );
    check(
        "SELECT 1 FROM TUMBLE(flights, ts, INTERVAL '-1 seconds')",
        expect![[r#"
            ERROR 22023: the size of TUMBLE must be greater than zero
        "#]],
    );
    check(
        "SELECT 1 FROM TUMBLE(flights, ts, 5)",
        expect![[r#"
        ERROR 42804: the size of TUMBLE must be type interval, not type bigint
        HINT: Write it as INTERVAL '1 hour'.
    "#]],
    );
    check(
        "SELECT 1 FROM TUMBLE(flights, ts, dep_delay)",
        expect![[r#"
        ERROR 22023: the size of TUMBLE must be constant
        HINT: Write it as INTERVAL '1 hour'.
    "#]],
    );
    check(
        "SELECT 1 FROM TUMBLE(nope, ts, INTERVAL '1 hour')",
        expect![[r#"
            ERROR 42P01: relation "nope" does not exist
            HINT: SHOW STREAMS, SHOW TABLES and SHOW VIEWS list what there is.
            AT: 22
        "#]],
    );
    check(
        "SELECT 1 FROM HOP(flights, ts, INTERVAL '1 hour')",
        expect![[r#"
            ERROR 42883: wrong arguments for HOP
            HINT: Use HOP(relation, column, INTERVAL 'slide', INTERVAL 'size' [, INTERVAL 'offset']).
        "#]],
    );
    check(
        "SELECT 1 FROM HOP(flights, ts, INTERVAL '1 microsecond', INTERVAL '1 day')",
        expect![[r#"
            ERROR 54000: each row would fall into 86400000000 windows, the most is 10000
            HINT: Use a longer slide or a shorter size.
        "#]],
    );
    check(
        "SELECT 1 FROM SESSION(flights, ts, INTERVAL '1 hour')",
        expect![[r#"
            ERROR 0A000: SESSION windows are not available yet
            HINT: Use TUMBLE or HOP, or compute the sessions in a query with window functions.
        "#]],
    );
    check(
        "SELECT 1 FROM CUMULATE(flights, ts, INTERVAL '1 hour', INTERVAL '1 day')",
        expect![[r#"
            ERROR 0A000: CUMULATE windows are not available yet
            HINT: Use HOP, or TUMBLE with the step as its size and sum over the windows when selecting.
        "#]],
    );
    check(
        "SELECT window_start FROM TUMBLE((SELECT *, ts AS window_start FROM flights), ts, INTERVAL '1 hour')",
        expect![[r#"
            ERROR 42701: the relation already has a column "window_start"
            HINT: Rename it first: FROM TUMBLE((SELECT …, window_start AS other FROM …), …).
        "#]],
    );
    check(
        "SELECT 1 FROM TUMBLE(flights, ts + INTERVAL '1 hour', INTERVAL '1 hour')",
        expect![[r#"
            ERROR 42804: the second argument of TUMBLE must be a column
            HINT: Use TUMBLE(relation, column, INTERVAL 'size' [, INTERVAL 'offset']).
        "#]],
    );
    check(
        "SELECT 1 FROM TUMBLE(flights, ts, $1)",
        expect![[r#"
        ERROR 22023: the size of TUMBLE must be constant
        HINT: Write it as INTERVAL '1 hour'.
    "#]],
    );
    check(
        "SELECT 1 FROM TUMBLE(planes, seen, INTERVAL '1 day')",
        expect![[r#"
            ERROR 42804: the event time of TUMBLE must be timestamp or timestamptz, column "seen" is date
            HINT: Cast it in a subquery: FROM TUMBLE((SELECT *, seen::timestamp AS t FROM …), t, …).
        "#]],
    );
}

#[test]
fn late_rows_need_a_stream_with_a_watermark() {
    check(
        "SELECT 1 FROM summit_late(weather)",
        expect![[r#"
        ERROR 55000: stream "weather" has no watermark, so none of its rows is late
        HINT: Declare one: CREATE STREAM … (…, WATERMARK FOR column AS column - INTERVAL '…').
    "#]],
    );
    check(
        "SELECT 1 FROM summit_late(airlines)",
        expect![[r#"
        ERROR 42809: "airlines" is not a stream
        HINT: Only streams have late rows: summit_late(stream).
    "#]],
    );
    check(
        "SELECT 1 FROM summit_late(late)",
        expect![[r#"
        ERROR 42809: summit_late needs a stream
        HINT: Only streams have late rows: summit_late(stream).
    "#]],
    );
    check(
        "SELECT 1 FROM summit_late()",
        expect![[r#"
        ERROR 42883: wrong arguments for summit_late
        HINT: Use summit_late(stream).
    "#]],
    );
    check(
        "SELECT 1 FROM summit_late(nope)",
        expect![[r#"
        ERROR 42P01: relation "nope" does not exist
        HINT: SHOW STREAMS, SHOW TABLES and SHOW VIEWS list what there is.
    "#]],
    );
}

#[test]
fn unsupported_clauses() {
    check(
        "SELECT 1 FROM flights FETCH FIRST 3 ROWS ONLY",
        expect![[r#"
        ?column? integer
    "#]],
    );
    check(
        "SELECT 1 FROM flights FOR UPDATE",
        expect![[r#"
        ERROR 0A000: FOR UPDATE and FOR SHARE are not available: reads take no locks
        HINT: Leave it out; a SELECT reads one consistent state.
    "#]],
    );
    check(
        "SELECT carrier FROM flights FETCH FIRST 2 ROWS WITH TIES",
        expect![[r#"
            ERROR 0A000: FETCH FIRST with PERCENT or WITH TIES is not available
            HINT: Use LIMIT, or rank() in a subquery.
        "#]],
    );
    check(
        "SELECT carrier INTO x FROM flights",
        expect![[r#"
        ERROR 0A000: SELECT INTO is not available
        HINT: Create the table, then INSERT INTO … SELECT; or create a materialized view.
    "#]],
    );
}
