//! CREATE: the relations that come of it.

use expect_test::{Expect, expect};

use super::database::Database;

fn check(sql: &str, expected: Expect) {
    expected.assert_eq(&Database::new().created(sql));
}

#[test]
fn a_stream_has_columns_a_watermark_and_partitions() {
    check(
        "CREATE STREAM s (a INT NOT NULL, t TIMESTAMP, WATERMARK FOR t AS t) PARTITION BY (a) WITH (partitions = 3)",
        expect![""],
    );
    check(
        "CREATE STREAM s (a VARCHAR(5), b NUMERIC(10,2), c TEXT[], d INTERVAL)",
        expect![""],
    );
    check(
        "CREATE STREAM s (t TIMESTAMPTZ, WATERMARK FOR t AS t - INTERVAL '1 day 2 hours 0.5 seconds')",
        expect![""],
    );
}

#[test]
fn a_stream_that_cannot_be_is_refused() {
    check("CREATE STREAM s (a INT, a INT)", expect![""]);
    check("CREATE STREAM s (a INT PRIMARY KEY)", expect![""]);
    check("CREATE STREAM s (a INT DEFAULT 5)", expect![""]);
    check("CREATE STREAM s (a FOO)", expect![""]);
    check("CREATE STREAM s (a INT, WATERMARK FOR a AS a)", expect![""]);
    check("CREATE STREAM s (a INT, WATERMARK FOR b AS b)", expect![""]);
    check(
        "CREATE STREAM s (t TIMESTAMP, WATERMARK FOR t AS t + INTERVAL '1 hour')",
        expect![""],
    );
    check(
        "CREATE STREAM s (t TIMESTAMP, WATERMARK FOR t AS t - INTERVAL '1 month')",
        expect![""],
    );
    check(
        "CREATE STREAM s (t TIMESTAMP, WATERMARK FOR t AS t - INTERVAL '-1 hour')",
        expect![""],
    );
    check("CREATE STREAM s (a INT) PARTITION BY (b)", expect![""]);
    check("CREATE STREAM s (a INT) WITH (partitions = 0)", expect![""]);
    check(
        "CREATE STREAM s (a INT) WITH (retention = '7 days')",
        expect![""],
    );
    check("CREATE STREAM s (a INT) WITH (partition = 3)", expect![""]);
    check("CREATE STREAM summit.s (a INT)", expect![""]);
    check("CREATE STREAM other.s (a INT)", expect![""]);
}

#[test]
fn a_table_has_a_primary_key() {
    check(
        "CREATE TABLE t (a INT PRIMARY KEY, b TEXT NOT NULL)",
        expect![""],
    );
    check(
        "CREATE TABLE t (a INT, b TEXT, PRIMARY KEY (b, a))",
        expect![""],
    );
}

#[test]
fn a_table_that_cannot_be_is_refused() {
    check("CREATE TABLE t (a INT)", expect![""]);
    check(
        "CREATE TABLE t (a INT PRIMARY KEY, b INT PRIMARY KEY)",
        expect![""],
    );
    check(
        "CREATE TABLE t (a INT PRIMARY KEY, PRIMARY KEY (a))",
        expect![""],
    );
    check("CREATE TABLE t (a INT, PRIMARY KEY (b))", expect![""]);
    check("CREATE TABLE t (a INT, PRIMARY KEY (a, a))", expect![""]);
    check(
        "CREATE TABLE t (a INT PRIMARY KEY, b INT UNIQUE)",
        expect![""],
    );
    check(
        "CREATE TABLE t (a INT PRIMARY KEY, b INT CHECK (b > 0))",
        expect![""],
    );
    check(
        "CREATE TABLE t (a INT PRIMARY KEY, b INT REFERENCES airlines)",
        expect![""],
    );
    check(
        "CREATE TABLE t (a INT PRIMARY KEY, b INT DEFAULT 1)",
        expect![""],
    );
    check(
        "CREATE TABLE t (a INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
        expect![""],
    );
    check("CREATE TABLE t (a SERIAL PRIMARY KEY)", expect![""]);
    check("CREATE TABLE t (a JSONB PRIMARY KEY)", expect![""]);
    check("CREATE TABLE t AS SELECT 1", expect![""]);
    check("CREATE TEMP TABLE t (a INT PRIMARY KEY)", expect![""]);
    check(
        "CREATE TABLE t (a INT PRIMARY KEY, UNIQUE (a))",
        expect![""],
    );
    check(
        "CREATE TABLE t (a INT PRIMARY KEY, CHECK (a > 0))",
        expect![""],
    );
}

#[test]
fn a_view_keeps_its_query_and_what_it_names() {
    check(
        "CREATE VIEW v AS SELECT carrier, count(*) FROM late GROUP BY carrier",
        expect![""],
    );
    check(
        "CREATE VIEW v (x, y) AS SELECT carrier, name FROM airlines ORDER BY 2",
        expect![""],
    );
    check(
        "CREATE MATERIALIZED VIEW v (k, total) AS SELECT carrier, count(*) FROM flights GROUP BY carrier",
        expect![""],
    );
    check(
        "CREATE MATERIALIZED VIEW v AS WITH airlines AS (SELECT carrier AS c FROM flights) SELECT DISTINCT c FROM airlines",
        expect![""],
    );
    check(
        "CREATE MATERIALIZED VIEW v AS SELECT window_start, count(*) AS n FROM flights WINDOW TUMBLE (ts, INTERVAL '1 hour') GROUP BY window_start",
        expect![""],
    );
}

#[test]
fn a_view_that_cannot_be_is_refused() {
    check("CREATE VIEW v AS SELECT 1, 2", expect![""]);
    check(
        "CREATE VIEW v AS SELECT a.carrier, b.carrier FROM airlines a, airlines b",
        expect![""],
    );
    check("CREATE VIEW v (x) AS SELECT 1 AS a, 2 AS b", expect![""]);
    check("CREATE VIEW v (x, x) AS SELECT 1, 2", expect![""]);
    check("CREATE VIEW v AS SELECT $1", expect![""]);
    check("CREATE VIEW v AS SELECT carier FROM flights", expect![""]);
    check(
        "CREATE VIEW v AS SELECT * FROM summit_late(flights)",
        expect![""],
    );
    check(
        "CREATE MATERIALIZED VIEW v AS SELECT carrier, carrier FROM flights",
        expect![""],
    );
    check(
        "CREATE MATERIALIZED VIEW v AS SELECT origin, count(*) AS n FROM flights GROUP BY origin EMIT ON WINDOW CLOSE",
        expect![""],
    );
    check(
        "CREATE MATERIALIZED VIEW v WITH (foo = 1) AS SELECT carrier FROM flights",
        expect![""],
    );
    check(
        "CREATE MATERIALIZED VIEW summit.v AS SELECT carrier FROM flights",
        expect![""],
    );
    check(
        "CREATE MATERIALIZED VIEW v AS SELECT carrier FROM flights LIMIT 3",
        expect![""],
    );
}
