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
        expect![[r#"
            s (a integer NOT NULL, t timestamp without time zone)
            Stream { partitions: 3, partition_by: [0], watermark: Some(Watermark { column: 1, delay_micros: 0 }) }
        "#]],
    );
    check(
        "CREATE STREAM s (a VARCHAR(5), b NUMERIC(10,2), c TEXT[], d INTERVAL)",
        expect![[r#"
            s (a character varying(5), b numeric(10,2), c text[], d interval)
            Stream { partitions: 1, partition_by: [], watermark: None }
        "#]],
    );
    check(
        "CREATE STREAM s (t TIMESTAMPTZ, WATERMARK FOR t AS t - INTERVAL '1 day 2 hours 0.5 seconds')",
        expect![[r#"
            s (t timestamp with time zone)
            Stream { partitions: 1, partition_by: [], watermark: Some(Watermark { column: 0, delay_micros: 93600500000 }) }
        "#]],
    );
}

#[test]
fn a_stream_that_cannot_be_is_refused() {
    check(
        "CREATE STREAM s (a INT, a INT)",
        expect![[r#"
        ERROR 42701: column "a" specified more than once
        HINT: Give one of them another name.
    "#]],
    );
    check(
        "CREATE STREAM s (a INT PRIMARY KEY)",
        expect![[r#"
        ERROR 0A000: streams have no primary key: their rows are never updated
        HINT: Use CREATE TABLE for rows that change.
    "#]],
    );
    check(
        "CREATE STREAM s (a INT DEFAULT 5)",
        expect![[r#"
        ERROR 0A000: DEFAULT is not available yet
        HINT: Give the value in each INSERT; a column that is left out is NULL.
    "#]],
    );
    check(
        "CREATE STREAM s (a FOO)",
        expect![[r#"
        ERROR 42704: type "foo" does not exist
        HINT: The types are boolean, smallint, integer, bigint, real, double precision, numeric, text, varchar, char, bytea, date, time, timestamp, timestamptz, interval.
    "#]],
    );
    check(
        "CREATE STREAM s (a INT, WATERMARK FOR a AS a)",
        expect![[r#"
        ERROR 42804: a watermark needs a column of type timestamp or timestamptz, column "a" is integer
    "#]],
    );
    check(
        "CREATE STREAM s (a INT, WATERMARK FOR b AS b)",
        expect![[r#"
        ERROR 42703: column "b" named in WATERMARK FOR does not exist
        HINT: The columns are a.
    "#]],
    );
    check(
        "CREATE STREAM s (t TIMESTAMP, WATERMARK FOR t AS t + INTERVAL '1 hour')",
        expect![[r#"
            ERROR 0A000: watermark "t + INTERVAL '1 hour'" is not available
            HINT: Write it as t or as t - INTERVAL '5 seconds'.
        "#]],
    );
    check(
        "CREATE STREAM s (t TIMESTAMP, WATERMARK FOR t AS t - INTERVAL '1 month')",
        expect![[r#"
            ERROR 0A000: the delay of a watermark cannot have months or years: they have no fixed length
            HINT: Use days, hours, minutes or seconds, as in INTERVAL '30 days'.
        "#]],
    );
    check(
        "CREATE STREAM s (t TIMESTAMP, WATERMARK FOR t AS t - INTERVAL '-1 hour')",
        expect![[r#"
            ERROR 22023: the delay of a watermark must not be negative
        "#]],
    );
    check(
        "CREATE STREAM s (a INT) PARTITION BY (b)",
        expect![[r#"
        ERROR 42703: column "b" named in PARTITION BY does not exist
        HINT: The columns are a.
    "#]],
    );
    check(
        "CREATE STREAM s (a INT) WITH (partitions = 0)",
        expect![[r#"
        ERROR 22023: invalid value for parameter "partitions": 0
        HINT: A number from 1 to 1024.
    "#]],
    );
    check(
        "CREATE STREAM s (a INT) WITH (retention = '7 days')",
        expect![[r#"
            ERROR 0A000: retention per stream is not available yet
            HINT: Leave it out: rows are kept until the stream is dropped.
        "#]],
    );
    check(
        "CREATE STREAM s (a INT) WITH (partition = 3)",
        expect![[r#"
        ERROR 22023: unrecognized parameter "partition"
        HINT: Perhaps you meant "partitions".
    "#]],
    );
    check(
        "CREATE STREAM summit.s (a INT)",
        expect![[r#"
        ERROR 42501: permission denied for schema summit
        HINT: It holds the system's own relations; make yours in schema public.
    "#]],
    );
    check(
        "CREATE STREAM other.s (a INT)",
        expect![[r#"
        ERROR 3F000: schema "other" does not exist
        HINT: The schema for your relations is public.
    "#]],
    );
}

#[test]
fn a_table_has_a_primary_key() {
    check(
        "CREATE TABLE t (a INT PRIMARY KEY, b TEXT NOT NULL)",
        expect![[r#"
            t (a integer NOT NULL, b text NOT NULL)
            Table { primary_key: [0] }
        "#]],
    );
    check(
        "CREATE TABLE t (a INT, b TEXT, PRIMARY KEY (b, a))",
        expect![[r#"
            t (a integer NOT NULL, b text NOT NULL)
            Table { primary_key: [1, 0] }
        "#]],
    );
}

#[test]
fn a_table_that_cannot_be_is_refused() {
    check(
        "CREATE TABLE t (a INT)",
        expect![[r#"
        ERROR 0A000: table "t" needs a primary key
        HINT: Name its key: PRIMARY KEY (column, …). For rows that only come and never change, use CREATE STREAM.
    "#]],
    );
    check(
        "CREATE TABLE t (a INT PRIMARY KEY, b INT PRIMARY KEY)",
        expect![[r#"
            ERROR 42P16: multiple primary keys for table "t" are not allowed
            HINT: A key of several columns is written PRIMARY KEY (a, b) after them.
        "#]],
    );
    check(
        "CREATE TABLE t (a INT PRIMARY KEY, PRIMARY KEY (a))",
        expect![[r#"
            ERROR 42P16: multiple primary keys for table "t" are not allowed
            HINT: A key of several columns is written PRIMARY KEY (a, b) after them.
        "#]],
    );
    check(
        "CREATE TABLE t (a INT, PRIMARY KEY (b))",
        expect![[r#"
        ERROR 42703: column "b" named in key does not exist
        HINT: The columns are a.
    "#]],
    );
    check(
        "CREATE TABLE t (a INT, PRIMARY KEY (a, a))",
        expect![[r#"
        ERROR 42701: column "a" appears twice in primary key constraint
    "#]],
    );
    check(
        "CREATE TABLE t (a INT PRIMARY KEY, b INT UNIQUE)",
        expect![[r#"
            ERROR 0A000: UNIQUE is not available yet
            HINT: The primary key is unique; make the column part of it.
        "#]],
    );
    check(
        "CREATE TABLE t (a INT PRIMARY KEY, b INT CHECK (b > 0))",
        expect![[r#"
            ERROR 0A000: CHECK is not available yet
            HINT: Check the rows before you insert them.
        "#]],
    );
    check(
        "CREATE TABLE t (a INT PRIMARY KEY, b INT REFERENCES airlines)",
        expect![[r#"
            ERROR 0A000: REFERENCES is not available yet
            HINT: Leave it out; joins need no foreign key.
        "#]],
    );
    check(
        "CREATE TABLE t (a INT PRIMARY KEY, b INT DEFAULT 1)",
        expect![[r#"
            ERROR 0A000: DEFAULT is not available yet
            HINT: Give the value in each INSERT; a column that is left out is NULL.
        "#]],
    );
    check(
        "CREATE TABLE t (a INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
        expect![[r#"
            ERROR 0A000: GENERATED is not available yet
            HINT: Give the values yourself, or compute them in a view.
        "#]],
    );
    check(
        "CREATE TABLE t (a SERIAL PRIMARY KEY)",
        expect![[r#"
        ERROR 0A000: type serial is not available yet
        HINT: Use integer or bigint and give the values yourself.
    "#]],
    );
    check(
        "CREATE TABLE t (a JSONB PRIMARY KEY)",
        expect![[r#"
        ERROR 0A000: type jsonb is not available yet
        HINT: Use text, and cast in your queries.
    "#]],
    );
    check(
        "CREATE TABLE t AS SELECT 1",
        expect![[r#"
        ERROR 0A000: not available: CREATE TABLE … AS
        HINT: Create the table, then INSERT INTO … SELECT; or create a materialized view.
    "#]],
    );
    check(
        "CREATE TEMP TABLE t (a INT PRIMARY KEY)",
        expect![[r#"
        ERROR 0A000: not available: temporary tables
        HINT: Leave TEMPORARY out, and drop the table when it is done.
    "#]],
    );
    check(
        "CREATE TABLE t (a INT PRIMARY KEY, UNIQUE (a))",
        expect![[r#"
            ERROR 0A000: UNIQUE is not available yet
            HINT: The primary key is unique; make the columns part of it.
        "#]],
    );
    check(
        "CREATE TABLE t (a INT PRIMARY KEY, CHECK (a > 0))",
        expect![[r#"
            ERROR 0A000: CHECK is not available yet
            HINT: Check the rows before you insert them.
        "#]],
    );
}

#[test]
fn a_view_keeps_its_query_and_what_it_names() {
    check(
        "CREATE VIEW v AS SELECT carrier, count(*) FROM late GROUP BY carrier",
        expect![[r#"
            v (carrier text, count bigint NOT NULL)
            View { query: "SELECT carrier, count(*) FROM late GROUP BY carrier" }
            reads: late
        "#]],
    );
    check(
        "CREATE VIEW v (x, y) AS SELECT carrier, name FROM airlines ORDER BY 2",
        expect![[r#"
            v (x character varying(10) NOT NULL, y text)
            View { query: "SELECT * FROM (SELECT carrier, name FROM airlines ORDER BY 2) AS named (\"x\", \"y\")" }
            reads: airlines
        "#]],
    );
    check(
        "CREATE MATERIALIZED VIEW v (k, total) AS SELECT carrier, count(*) FROM flights GROUP BY carrier",
        expect![[r#"
            v (k text, total bigint NOT NULL)
            MaterializedView { query: "SELECT * FROM (SELECT carrier, count(*) FROM flights GROUP BY carrier) AS named (\"k\", \"total\")" }
            reads: flights
        "#]],
    );
    check(
        "CREATE MATERIALIZED VIEW v AS WITH airlines AS (SELECT carrier AS c FROM flights) SELECT DISTINCT c FROM airlines",
        expect![[r#"
            v (c text)
            MaterializedView { query: "WITH airlines AS (SELECT carrier AS c FROM flights) SELECT DISTINCT c FROM airlines" }
            reads: flights
        "#]],
    );
    check(
        "CREATE MATERIALIZED VIEW v AS SELECT window_start, count(*) AS n FROM flights WINDOW TUMBLE (ts, INTERVAL '1 hour') GROUP BY window_start",
        expect![[r#"
            v (window_start timestamp with time zone NOT NULL, n bigint NOT NULL)
            MaterializedView { query: "SELECT window_start, count(*) AS n FROM TUMBLE(flights, ts, INTERVAL '1 hour') GROUP BY window_start" }
            reads: flights
        "#]],
    );
}

#[test]
fn a_view_that_cannot_be_is_refused() {
    check(
        "CREATE VIEW v AS SELECT 1, 2",
        expect![[r#"
        ERROR 42701: column "?column?" specified more than once
        HINT: Give one of them another name.
    "#]],
    );
    check(
        "CREATE VIEW v AS SELECT a.carrier, b.carrier FROM airlines a, airlines b",
        expect![[r#"
            ERROR 42701: column "carrier" specified more than once
            HINT: Give one of them another name.
        "#]],
    );
    check(
        "CREATE VIEW v (x) AS SELECT 1 AS a, 2 AS b",
        expect![[r#"
        v (x integer NOT NULL, b integer NOT NULL)
        View { query: "SELECT * FROM (SELECT 1 AS a, 2 AS b) AS named (\"x\", \"b\")" }
    "#]],
    );
    check(
        "CREATE VIEW v (x, x) AS SELECT 1, 2",
        expect![[r#"
        ERROR 42701: column "x" specified more than once
        HINT: Give one of them another name.
    "#]],
    );
    check(
        "CREATE VIEW v AS SELECT $1",
        expect![[r#"
        ERROR 42P02: a view's query cannot have parameters
        HINT: Write the values into the query.
    "#]],
    );
    check(
        "CREATE VIEW v AS SELECT carier FROM flights",
        expect![[r#"
        ERROR 42703: column "carier" does not exist
        HINT: Perhaps you meant to reference the column "flights.carrier".
        AT: 25
    "#]],
    );
    check(
        "CREATE VIEW v AS SELECT * FROM summit_late(flights)",
        expect![[r#"
            ERROR 0A000: a view cannot read summit_late(flights)
            HINT: Select from it directly.
        "#]],
    );
    check(
        "CREATE MATERIALIZED VIEW v AS SELECT carrier, carrier FROM flights",
        expect![[r#"
            ERROR 42701: column "carrier" specified more than once
            HINT: Give one of them another name.
        "#]],
    );
    check(
        "CREATE MATERIALIZED VIEW v AS SELECT origin, count(*) AS n FROM flights GROUP BY origin EMIT ON WINDOW CLOSE",
        expect![[r#"
            ERROR 0A000: EMIT ON WINDOW CLOSE is not available yet
            HINT: Leave it out: the view then shows each window as it fills.
        "#]],
    );
    check(
        "CREATE MATERIALIZED VIEW v WITH (foo = 1) AS SELECT carrier FROM flights",
        expect![[r#"
            ERROR 22023: unrecognized parameter "foo"
            HINT: There are no parameters here: leave WITH out.
        "#]],
    );
    check(
        "CREATE MATERIALIZED VIEW summit.v AS SELECT carrier FROM flights",
        expect![[r#"
            ERROR 42501: permission denied for schema summit
            HINT: It holds the system's own relations; make yours in schema public.
        "#]],
    );
    check(
        "CREATE MATERIALIZED VIEW v AS SELECT carrier FROM flights LIMIT 3",
        expect![[r#"
            ERROR 0A000: a materialized view cannot have LIMIT or OFFSET yet
            HINT: Leave it out, and limit the rows when you select from the view.
        "#]],
    );
}
