//! Errors in PostgreSQL's words.

use expect_test::{Expect, expect};

use super::database::Database;

fn check(sql: &str, expected: Expect) {
    expected.assert_eq(&Database::new().query(sql));
}

#[test]
fn unknown_columns_are_named_with_a_near_one() {
    check("SELECT carier FROM flights", expect![""]);
    check("SELECT flights.foo FROM flights", expect![""]);
    check("SELECT f.carrier FROM flights", expect![""]);
    check("SELECT x", expect![""]);
    check(
        "SELECT
  carrier,
  orign
FROM flights",
        expect![""],
    );
    check(
        "SELECT carrier FROM flights WHERE dep_dely > 3",
        expect![""],
    );
    check("SELECT count(*) FROM flights GROUP BY orgin", expect![""]);
    check("SELECT carrier FROM flights ORDER BY nothing", expect![""]);
}

#[test]
fn unknown_relations_are_named_with_a_near_one() {
    check("SELECT 1 FROM flight", expect![""]);
    check("SELECT 1 FROM views", expect![""]);
    check("SELECT 1 FROM other.flights", expect![""]);
    check("SELECT 1 FROM a.b.c.d", expect![""]);
    check("SELECT 1 FROM nothing_like_it", expect![""]);
}

#[test]
fn unknown_functions_and_operators() {
    check("SELECT uper(carrier) FROM flights", expect![""]);
    check("SELECT frobnicate(1, 2)", expect![""]);
    check("SELECT abs('a', 'b')", expect![""]);
    check("SELECT sqrt(true)", expect![""]);
    check("SELECT carrier + 1 FROM flights", expect![""]);
    check("SELECT carrier = dep_delay FROM flights", expect![""]);
    check("SELECT ts = dep_delay FROM flights", expect![""]);
    check("SELECT true + 1", expect![""]);
    check("SELECT 1 FROM frobnicate(3)", expect![""]);
    check("SELECT sum(carrier) FROM flights", expect![""]);
    check("SELECT carrier AND true FROM flights", expect![""]);
    check("SELECT 1 WHERE 1", expect![""]);
    check("SELECT 1 WHERE carrier FROM flights", expect![""]);
}

#[test]
fn grouping_errors() {
    check("SELECT carrier, count(*) FROM flights", expect![""]);
    check(
        "SELECT carrier, origin, count(*) FROM flights GROUP BY carrier",
        expect![""],
    );
    check(
        "SELECT carrier FROM flights WHERE count(*) > 1",
        expect![""],
    );
    check(
        "SELECT carrier FROM flights GROUP BY carrier HAVING dep_delay > 1",
        expect![""],
    );
    check("SELECT sum(count(*)) FROM flights", expect![""]);
    check("SELECT dep_delay + count(*) FROM flights", expect![""]);
}

#[test]
fn ambiguous_columns() {
    check("SELECT carrier FROM flights, airlines", expect![""]);
}

#[test]
fn types_that_do_not_exist() {
    check("SELECT 1::foo", expect![""]);
    check("SELECT CAST('x' AS json)", expect![""]);
    check("SELECT 1::intger", expect![""]);
}

#[test]
fn parameters_that_do_not_exist() {
    check("SELECT $0", expect![""]);
    check("SELECT $1, $3", expect![""]);
}

#[test]
fn windows_are_checked() {
    check("SELECT 1 FROM TUMBLE(flights, ts)", expect![""]);
    check(
        "SELECT 1 FROM TUMBLE(flights, nope, INTERVAL '1 hour')",
        expect![""],
    );
    check(
        "SELECT 1 FROM TUMBLE(flights, carrier, INTERVAL '1 hour')",
        expect![""],
    );
    check(
        "SELECT 1 FROM TUMBLE(flights, ts, INTERVAL '1 month')",
        expect![""],
    );
    check(
        "SELECT 1 FROM TUMBLE(flights, ts, INTERVAL '0 seconds')",
        expect![""],
    );
    check(
        "SELECT 1 FROM TUMBLE(flights, ts, INTERVAL '-1 seconds')",
        expect![""],
    );
    check("SELECT 1 FROM TUMBLE(flights, ts, 5)", expect![""]);
    check("SELECT 1 FROM TUMBLE(flights, ts, dep_delay)", expect![""]);
    check(
        "SELECT 1 FROM TUMBLE(nope, ts, INTERVAL '1 hour')",
        expect![""],
    );
    check(
        "SELECT 1 FROM HOP(flights, ts, INTERVAL '1 hour')",
        expect![""],
    );
    check(
        "SELECT 1 FROM HOP(flights, ts, INTERVAL '1 microsecond', INTERVAL '1 day')",
        expect![""],
    );
    check(
        "SELECT 1 FROM SESSION(flights, ts, INTERVAL '1 hour')",
        expect![""],
    );
    check(
        "SELECT 1 FROM CUMULATE(flights, ts, INTERVAL '1 hour', INTERVAL '1 day')",
        expect![""],
    );
    check(
        "SELECT window_start FROM TUMBLE((SELECT *, ts AS window_start FROM flights), ts, INTERVAL '1 hour')",
        expect![""],
    );
    check(
        "SELECT 1 FROM TUMBLE(flights, ts + INTERVAL '1 hour', INTERVAL '1 hour')",
        expect![""],
    );
    check("SELECT 1 FROM TUMBLE(flights, ts, $1)", expect![""]);
    check(
        "SELECT 1 FROM TUMBLE(planes, seen, INTERVAL '1 day')",
        expect![""],
    );
}

#[test]
fn late_rows_need_a_stream_with_a_watermark() {
    check("SELECT 1 FROM summit_late(weather)", expect![""]);
    check("SELECT 1 FROM summit_late(airlines)", expect![""]);
    check("SELECT 1 FROM summit_late(late)", expect![""]);
    check("SELECT 1 FROM summit_late()", expect![""]);
    check("SELECT 1 FROM summit_late(nope)", expect![""]);
}

#[test]
fn unsupported_clauses() {
    check("SELECT 1 FROM flights FETCH FIRST 3 ROWS ONLY", expect![""]);
    check("SELECT 1 FROM flights FOR UPDATE", expect![""]);
    check(
        "SELECT carrier FROM flights FETCH FIRST 2 ROWS WITH TIES",
        expect![""],
    );
    check("SELECT carrier INTO x FROM flights", expect![""]);
}
