//! Statements of our own, and of sqlparser's through us.

use expect_test::expect;
use summit_parser::{Statement, parse};

use crate::check;

#[test]
fn create_stream_has_columns_watermark_partitions_and_options() {
    check(
        "CREATE STREAM flights (
           ts TIMESTAMPTZ NOT NULL, carrier TEXT, tailnum TEXT, origin TEXT, dest TEXT, dep_delay INT,
           WATERMARK FOR ts AS ts - INTERVAL '1 hour'
         ) PARTITION BY (origin) WITH (partitions = 6, retention = '7 days');",
        expect![[r#"
            stream flights if_not_exists=false [ts TIMESTAMPTZ NOT NULL; carrier TEXT; tailnum TEXT; origin TEXT; dest TEXT; dep_delay INT] watermark=Some("ts AS ts - INTERVAL '1 hour'") partition_by=(origin) with (partitions=6, retention='7 days')
        "#]],
    );
    check(
        "create stream if not exists public.s (a int, watermark text, b double precision default 1.5)",
        expect![[r#"
        stream public.s if_not_exists=true [a INT; watermark TEXT; b DOUBLE PRECISION DEFAULT 1.5] watermark=None partition_by=() with ()
    "#]],
    );
    check(
        "CREATE STREAM s (WATERMARK FOR ts AS ts, ts TIMESTAMP) WITH (retention = INTERVAL '1 day', x.y = -1, z = forever, w = true) PARTITION BY a, b",
        expect![[r#"
        stream s if_not_exists=false [ts TIMESTAMP] watermark=Some("ts AS ts") partition_by=(a, b) with (retention='1 day', x.y=-1, z='forever', w=true)
    "#]],
    );
    check(
        "CREATE STREAM s (a INT, WATERMARK FOR a AS a, WATERMARK FOR a AS a)",
        expect![[r#"
        42601 @47: a stream can have only one watermark
    "#]],
    );
    check(
        "CREATE STREAM s (a INT, PRIMARY KEY (a))",
        expect![[r#"
        0A000 @25: PRIMARY KEY is not supported on a stream · A stream keeps every row that is appended. Use CREATE TABLE for rows with a key.
    "#]],
    );
    check(
        "CREATE STREAM s (a INT PRIMARY KEY)",
        expect![[r#"
        stream s if_not_exists=false [a INT PRIMARY KEY] watermark=None partition_by=() with ()
    "#]],
    );
    check(
        "CREATE STREAM s",
        expect![[r#"
            42601 @16: syntax error at end of input · Expected "(".
        "#]],
    );
    check(
        "CREATE STREAM s (a INT",
        expect![[r#"
        42601 @23: syntax error at end of input · The parenthesis opened at character 17 is never closed.
    "#]],
    );
    check(
        "CREATE STREAM s (a INT,)",
        expect![[r#"
        42601 @24: syntax error at or near ")" · Expected a name.
    "#]],
    );
    check(
        "CREATE STREAM s (a INT) WITH (partitions)",
        expect![[r#"
            42601 @41: syntax error at or near ")" · Expected "=".
        "#]],
    );
    check(
        "CREATE STREAM s (a INT) WITH (partitions = 1, PARTITIONS = 2)",
        expect![[r#"
        42601 @47: option "partitions" is given more than once
    "#]],
    );
    check(
        "CREATE STREAM s AS SELECT 1",
        expect![[r#"
        0A000 @17: CREATE STREAM … AS is not supported · Use CREATE MATERIALIZED VIEW … AS.
    "#]],
    );
    check(
        "CREATE TABLE s (a INT, WATERMARK FOR a AS a)",
        expect![[r#"
        0A000 @24: a table has no watermark · Use CREATE STREAM for events with a time.
    "#]],
    );
}

#[test]
fn create_materialized_view_in_all_its_forms() {
    check(
        "CREATE MATERIALIZED VIEW v AS SELECT 1",
        expect![[r#"
        materialized view v if_not_exists=false or_replace=false columns=() with () emit=Changes as SELECT 1
    "#]],
    );
    check(
        "CREATE OR REPLACE MATERIALIZED VIEW IF NOT EXISTS a.v (x, \"Y\") WITH (lag = '1s') AS SELECT 1, 2 EMIT CHANGES",
        expect![[r#"
        materialized view a.v if_not_exists=true or_replace=true columns=(x, "Y") with (lag='1s') emit=Changes as SELECT 1, 2
    "#]],
    );
    check(
        "CREATE MATERIALIZED VIEW v AS SELECT * FROM s EMIT CHANGES",
        expect![[r#"
        materialized view v if_not_exists=false or_replace=false columns=() with () emit=Changes as SELECT * FROM s
    "#]],
    );
    check(
        "CREATE MATERIALIZED VIEW v AS SELECT * FROM s GROUP BY a EMIT ON WINDOW CLOSE",
        expect![[r#"
        materialized view v if_not_exists=false or_replace=false columns=() with () emit=OnWindowClose as SELECT * FROM s GROUP BY a
    "#]],
    );
    check(
        "CREATE MATERIALIZED VIEW v AS WITH c AS (SELECT 1) SELECT * FROM c UNION ALL SELECT 2 WITH DATA",
        expect![[r#"
        materialized view v if_not_exists=false or_replace=false columns=() with () emit=Changes as WITH c AS (SELECT 1) SELECT * FROM c UNION ALL SELECT 2
    "#]],
    );
    check(
        "CREATE MATERIALIZED VIEW v AS SELECT 1 WITH NO DATA",
        expect![[r#"
        0A000 @40: a materialized view without data is not supported · A view is kept up to date from its creation on; leave out WITH NO DATA.
    "#]],
    );
    check(
        "CREATE MATERIALIZED VIEW v SELECT 1",
        expect![[r#"
        42601 @28: syntax error at or near "SELECT" · Expected AS.
    "#]],
    );
    check(
        "CREATE MATERIALIZED VIEW v AS SELECT * FROM s EMIT FINAL",
        expect![[r#"
        0A000 @47: EMIT FINAL is not supported · Use EMIT ON WINDOW CLOSE.
    "#]],
    );
    check(
        "CREATE MATERIALIZED VIEW v AS SELECT * FROM s WHERE a b EMIT CHANGES",
        expect![[r#"
        42601 @55: syntax error at or near "b"
    "#]],
    );
    check(
        "CREATE MATERIALIZED VIEW v AS TABLE t",
        expect![[r#"
        materialized view v if_not_exists=false or_replace=false columns=() with () emit=Changes as SELECT * FROM t
    "#]],
    );
}

#[test]
fn emit_elsewhere_says_where_it_belongs() {
    check(
        "SELECT * FROM s EMIT CHANGES",
        expect![[r#"
        42601 @17: syntax error at or near "EMIT" · EMIT CHANGES and EMIT ON WINDOW CLOSE end a CREATE MATERIALIZED VIEW. To follow a query's changes, write SUBSCRIBE (SELECT …).
    "#]],
    );
    check(
        "SELECT a FROM s GROUP BY a EMIT ON WINDOW CLOSE",
        expect![[r#"
        42601 @28: syntax error at or near "EMIT" · EMIT CHANGES and EMIT ON WINDOW CLOSE end a CREATE MATERIALIZED VIEW. To follow a query's changes, write SUBSCRIBE (SELECT …).
    "#]],
    );
    check(
        "CREATE VIEW v AS SELECT * FROM s EMIT CHANGES",
        expect![[r#"
        42601 @34: syntax error at or near "EMIT" · EMIT CHANGES and EMIT ON WINDOW CLOSE end a CREATE MATERIALIZED VIEW. To follow a query's changes, write SUBSCRIBE (SELECT …).
    "#]],
    );
    check(
        "CREATE MATERIALIZED VIEW v AS SELECT * FROM (SELECT * FROM s EMIT CHANGES) x",
        expect![[r#"
        42601 @62: syntax error at or near "EMIT" · EMIT CHANGES and EMIT ON WINDOW CLOSE end a CREATE MATERIALIZED VIEW. To follow a query's changes, write SUBSCRIBE (SELECT …).
    "#]],
    );
    check(
        "CREATE MATERIALIZED VIEW v AS SELECT * FROM s EMIT CHANGES WHERE a > 1",
        expect![[r#"
        42601 @47: syntax error at or near "EMIT" · EMIT CHANGES and EMIT ON WINDOW CLOSE end a CREATE MATERIALIZED VIEW. To follow a query's changes, write SUBSCRIBE (SELECT …).
    "#]],
    );
    check(
        "SUBSCRIBE (SELECT * FROM s) EMIT CHANGES",
        expect![[r#"
        42601 @29: syntax error at or near "EMIT" · EMIT CHANGES and EMIT ON WINDOW CLOSE end a CREATE MATERIALIZED VIEW. To follow a query's changes, write SUBSCRIBE (SELECT …).
    "#]],
    );
    check(
        "SELECT emit changes",
        expect![[r#"
        SELECT emit AS changes
    "#]],
    );
    check(
        "SELECT emit FROM emit emit",
        expect![[r#"
        SELECT emit FROM emit emit
    "#]],
    );
}

#[test]
fn subscribe_with_all_its_options() {
    check(
        "SUBSCRIBE TO hourly",
        expect![[r#"
        subscribe Some("hourly") (SELECT * FROM hourly) snapshot=true progress=false as_of=None up_to=None
    "#]],
    );
    check(
        "subscribe hourly",
        expect![[r#"
        subscribe Some("hourly") (SELECT * FROM hourly) snapshot=true progress=false as_of=None up_to=None
    "#]],
    );
    check(
        "SUBSCRIBE TO public.\"Hourly\" WITH (snapshot = false, progress = true) AS OF LSN 5 UP TO LSN 18446744073709551615",
        expect![[r#"
        subscribe Some("public.\"Hourly\"") (SELECT * FROM public."Hourly") snapshot=false progress=true as_of=Some(5) up_to=Some(18446744073709551615)
    "#]],
    );
    check(
        "SUBSCRIBE (SELECT a FROM s WINDOW TUMBLE (ts, INTERVAL '1 hour')) WITH (progress)",
        expect![[r#"
        subscribe None (SELECT a FROM TUMBLE(s, ts, INTERVAL '1 hour')) snapshot=true progress=true as_of=None up_to=None
    "#]],
    );
    check(
        "SUBSCRIBE TO (WITH c AS (SELECT 1) SELECT * FROM c) UP TO LSN 7",
        expect![[r#"
        subscribe None (WITH c AS (SELECT 1) SELECT * FROM c) snapshot=true progress=false as_of=None up_to=Some(7)
    "#]],
    );
    check(
        "SUBSCRIBE TO v WITH (SNAPSHOT 'off')",
        expect![[r#"
            42601 @31: syntax error at or near "'off'" · Expected ")".
        "#]],
    );
    check(
        "SUBSCRIBE TO v WITH (snapshot = 'off', progress = on)",
        expect![[r#"
        subscribe Some("v") (SELECT * FROM v) snapshot=false progress=true as_of=None up_to=None
    "#]],
    );
    check(
        "SUBSCRIBE TO v WITH (progres)",
        expect![[r#"
        22023 @22: unrecognized option "progres" · Perhaps you meant progress.
    "#]],
    );
    check(
        "SUBSCRIBE TO v WITH (snapshot = maybe)",
        expect![[r#"
        22023 @22: snapshot requires a Boolean value
    "#]],
    );
    check(
        "SUBSCRIBE TO v AS OF 5",
        expect![[r#"
        42601 @22: syntax error at or near "5" · Expected LSN.
    "#]],
    );
    check(
        "SUBSCRIBE TO v AS OF LSN 18446744073709551616",
        expect![[r#"
        22023 @26: "18446744073709551616" is not an LSN · An LSN is a whole number of 64 bits.
    "#]],
    );
    check(
        "SUBSCRIBE TO v AS OF LSN 5 UP TO LSN 4",
        expect![[r#"
        22023 @28: UP TO LSN 4 lies before AS OF LSN 5
    "#]],
    );
    check(
        "SUBSCRIBE SELECT 1",
        expect![[r#"
        42601 @11: syntax error at or near "SELECT" · Put the query in parentheses: SUBSCRIBE (SELECT …).
    "#]],
    );
    check(
        "SUBSCRIBE",
        expect![[r#"
        42601 @10: syntax error at end of input · Expected a relation or a query in parentheses.
    "#]],
    );
    check(
        "SUBSCRIBE TO v WITH",
        expect![[r#"
            42601 @20: syntax error at end of input · Expected "(".
        "#]],
    );
    check(
        "SUBSCRIBE TO v v",
        expect![[r#"
        42601 @16: syntax error at or near "v"
    "#]],
    );
}

#[test]
fn explain_show_and_drop() {
    check(
        "EXPLAIN VIEW v; EXPLAIN MATERIALIZED VIEW public.v; EXPLAIN CREATE MATERIALIZED VIEW v;
         EXPLAIN CREATE MATERIALIZED VIEW v AS SELECT 1 EMIT CHANGES; EXPLAIN SELECT 1; EXPLAIN ANALYZE SELECT 1;
         EXPLAIN (VERBOSE, FORMAT json) SELECT 1",
        expect![[r#"
            explain view v
            explain view public.v
            explain view v
            explain materialized view v if_not_exists=false or_replace=false columns=() with () emit=Changes as SELECT 1
            EXPLAIN SELECT 1
            EXPLAIN ANALYZE SELECT 1
            EXPLAIN (VERBOSE, FORMAT json) SELECT 1
        "#]],
    );
    check(
        "EXPLAIN",
        expect![[r#"
        42601 @8: syntax error at end of input
    "#]],
    );
    check(
        "EXPLAIN SELECT FROM WHERE",
        expect![[r#"
        EXPLAIN SELECT FROM WHERE
    "#]],
    );
    check(
        "EXPLAIN SELCT 1",
        expect![[r#"
        42601 @9: syntax error at or near "SELCT" · Perhaps you meant SELECT.
    "#]],
    );
    check(
        "EXPLAIN t",
        expect![[r#"
        42601 @9: syntax error at or near "t"
    "#]],
    );
    check(
        "EXPLAIN SUBSCRIBE TO v",
        expect![[r#"
        0A000 @9: this form of EXPLAIN is not supported · Use EXPLAIN SELECT …, EXPLAIN CREATE MATERIALIZED VIEW … AS … or EXPLAIN VIEW name.
    "#]],
    );
    check(
        "EXPLAIN ANALYZE MATERIALIZED VIEW v",
        expect![[r#"
        0A000 @17: this form of EXPLAIN is not supported · Use EXPLAIN SELECT …, EXPLAIN CREATE MATERIALIZED VIEW … AS … or EXPLAIN VIEW name.
    "#]],
    );
    check(
        "EXPLAIN ANALYZE CREATE MATERIALIZED VIEW v AS SELECT 1",
        expect![[r#"
        0A000 @1: EXPLAIN of a materialized view takes no options · Use EXPLAIN CREATE MATERIALIZED VIEW … AS ….
    "#]],
    );
    check(
        "SHOW STREAMS; show tables; SHOW VIEWS; SHOW MATERIALIZED VIEWS; SHOW ALL; SHOW search_path; SHOW TIME ZONE;
         SHOW transaction_isolation; SHOW TRANSACTION ISOLATION LEVEL; SHOW BACKUPS IN 'file:///b'",
        expect![[r#"
            Show(Streams)
            Show(Tables)
            Show(Views)
            Show(Views)
            SHOW ALL
            SHOW search_path
            SHOW TIME ZONE
            SHOW transaction_isolation
            SHOW TRANSACTION ISOLATION LEVEL
            ShowBackups { url: "file:///b" }
        "#]],
    );
    check(
        "DROP STREAM s; DROP STREAM IF EXISTS a.s, t CASCADE; DROP STREAM s RESTRICT; DROP TABLE IF EXISTS t;
         DROP MATERIALIZED VIEW v; DROP VIEW v CASCADE",
        expect![[r#"
            drop stream s if_exists=false cascade=false
            drop stream a.s, t if_exists=true cascade=true
            drop stream s if_exists=false cascade=false
            DROP TABLE IF EXISTS t
            DROP MATERIALIZED VIEW v
            DROP VIEW v CASCADE
        "#]],
    );
}

#[test]
fn backups_in_sql() {
    check(
        "BACKUP INTO 's3://bucket/prefix'; BACKUP INTO 'file:///b' WITH (label = 'nightly');
         VERIFY BACKUP IN 'file:///b'; VERIFY BACKUP '42' IN 'file:///b'",
        expect![[r#"
            Backup { url: "s3://bucket/prefix", label: None }
            Backup { url: "file:///b", label: Some("nightly") }
            VerifyBackup { id: None, url: "file:///b" }
            VerifyBackup { id: Some("42"), url: "file:///b" }
        "#]],
    );
    check(
        "BACKUP INTO x",
        expect![[r#"
        42601 @13: syntax error at or near "x" · Expected a URL in quotes.
    "#]],
    );
    check(
        "BACKUP INTO 'x' WITH (lable = 'y')",
        expect![[r#"
        22023 @23: unrecognized option "lable" · Perhaps you meant label.
    "#]],
    );
    check(
        "VERIFY BACKUP 'x'",
        expect![[r#"
        42601 @18: syntax error at end of input · Expected IN.
    "#]],
    );
}

#[test]
fn cursors() {
    check(
        "DECLARE c CURSOR FOR SELECT 1; DECLARE c CURSOR FOR SUBSCRIBE TO hourly WITH (progress);
         DECLARE c BINARY NO SCROLL CURSOR WITH HOLD FOR SUBSCRIBE (SELECT 1) AS OF LSN 3;
         FETCH 100 FROM c; FETCH c; FETCH ALL IN c; FETCH FORWARD FROM c; FETCH FORWARD 5 IN c; FETCH NEXT c; FETCH next;
         FETCH BACKWARD -3 FROM c; FETCH 10 FROM c WITH (timeout = '1s'); FETCH ALL c WITH (TIMEOUT = 1); CLOSE c; CLOSE ALL",
        expect![[r#"
            DECLARE c CURSOR FOR SELECT 1
            declare c CURSOR for subscribe Some("hourly") (SELECT * FROM hourly) snapshot=true progress=true as_of=None up_to=None
            declare c BINARY NO SCROLL CURSOR WITH HOLD for subscribe None (SELECT 1) snapshot=true progress=false as_of=Some(3) up_to=None
            FETCH 100 FROM c
            FETCH NEXT FROM c
            FETCH ALL IN c
            FETCH FORWARD FROM c
            FETCH FORWARD 5 IN c
            FETCH NEXT FROM c
            FETCH NEXT FROM next
            FETCH BACKWARD -3 FROM c
            FETCH 10 FROM c with (timeout='1s')
            FETCH ALL FROM c with (timeout=1)
            CLOSE c
            CLOSE ALL
        "#]],
    );
    check(
        "FETCH",
        expect![[r#"
        42601 @6: syntax error at end of input · Expected a name.
    "#]],
    );
    check(
        "FETCH 1 FROM",
        expect![[r#"
        42601 @13: syntax error at end of input · Expected a name.
    "#]],
    );
    check(
        "DECLARE c CURSER FOR SUBSCRIBE TO v",
        expect![[r#"
        42601 @11: syntax error at or near "CURSER" · Expected CURSOR.
    "#]],
    );
    check(
        "MOVE 5 FROM c",
        expect![[r#"
        0A000 @1: MOVE is not supported · Use FETCH and leave out what it gives.
    "#]],
    );
}

#[test]
fn postgresql_statements_pass_through() {
    check(
        "BEGIN; START TRANSACTION READ ONLY; BEGIN ISOLATION LEVEL SERIALIZABLE; COMMIT; END; ROLLBACK; ABORT;
         SAVEPOINT a; ROLLBACK TO SAVEPOINT a; RELEASE a; SET x = 1; SET x TO 'y'; SET LOCAL x = 1; RESET ALL; RESET x;
         SET TIME ZONE 'UTC'; SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED; DISCARD ALL;
         PREPARE p AS SELECT $1; EXECUTE p(1); DEALLOCATE p; DEALLOCATE ALL; LISTEN c; NOTIFY c; UNLISTEN *;
         TABLE t; (TABLE t) UNION ALL TABLE u; VALUES (1, 2), (3, 4); WITH a AS (SELECT 1) SELECT * FROM a;
         INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = excluded.b RETURNING *;
         UPDATE t SET a = 1 WHERE b = 2; DELETE FROM t USING u WHERE t.a = u.a; TRUNCATE t;
         CREATE TABLE t (a TEXT PRIMARY KEY, b INT NOT NULL); CREATE TABLE IF NOT EXISTS t AS SELECT 1; CREATE VIEW v AS SELECT 1;
         ALTER TABLE t ADD COLUMN c INT; GRANT SELECT ON t TO u; COMMENT ON TABLE t IS 'x'",
        expect![[r#"
            BEGIN
            START TRANSACTION READ ONLY
            BEGIN ISOLATION LEVEL SERIALIZABLE
            COMMIT
            END
            ROLLBACK
            ROLLBACK
            SAVEPOINT a
            ROLLBACK TO SAVEPOINT a
            RELEASE SAVEPOINT a
            SET x = 1
            SET x = 'y'
            SET LOCAL x = 1
            RESET ALL
            RESET x
            SET TIME ZONE 'UTC'
            SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED
            DISCARD ALL
            PREPARE p AS SELECT $1
            EXECUTE p(1)
            DEALLOCATE p
            DEALLOCATE ALL
            LISTEN c
            NOTIFY c
            UNLISTEN *
            SELECT * FROM t
            (SELECT * FROM t) UNION ALL SELECT * FROM u
            VALUES (1, 2), (3, 4)
            WITH a AS (SELECT 1) SELECT * FROM a
            INSERT INTO t (a) VALUES (1) ON CONFLICT(a) DO UPDATE SET b = excluded.b RETURNING *
            UPDATE t SET a = 1 WHERE b = 2
            DELETE FROM t USING u WHERE t.a = u.a
            TRUNCATE t
            CREATE TABLE t (a TEXT PRIMARY KEY, b INT NOT NULL)
            CREATE TABLE IF NOT EXISTS t AS SELECT 1
            CREATE VIEW v AS SELECT 1
            ALTER TABLE t ADD COLUMN c INT
            GRANT SELECT ON t TO u
            COMMENT ON TABLE t IS 'x'
        "#]],
    );
}

#[test]
fn lexical_forms_of_postgresql() {
    check(
        r#"SELECT $1::int4, E'a\tb\'c', 'it''s', $$x;y$$, $t$a$$b$t$, "Q""q", 1_000, 0x1F, 1e3, .5, U&'\0061', B'101', X'1F'"#,
        expect![[r#"
            SELECT $1::INT4, E'a\tb\'c', 'it''s', $$x;y$$, $t$a$$b$t$, "Q""q", 1_000, X'1F', 1e3, .5, U&'a', B'101', X'1F'
        "#]],
    );
    check(
        "SELECT 'a'\n  'b', 'c' -- x\n 'd'",
        expect![[r#"
        SELECT 'ab', 'cd'
    "#]],
    );
    check(
        "SELECT -- one; not two\n 1 /* ; /* nested ; */ */ + 2",
        expect![[r#"
        SELECT 1 + 2
    "#]],
    );
    check(
        "SELECT a->>'k', b @> '{1}', c ~* 'x', d IS DISTINCT FROM e, ARRAY[1,2][1], (x).y, f(a => 1), count(*) FILTER (WHERE a), x AT TIME ZONE 'UTC', CAST(a AS numeric(10,2)), interval '1' day, date '2013-01-01', json '{}'",
        expect![[r#"
            SELECT a ->> 'k', b @> '{1}', c ~* 'x', d IS DISTINCT FROM e, ARRAY[1, 2][1], (x).y, f(a => 1), count(*) FILTER (WHERE a), x AT TIME ZONE 'UTC', CAST(a AS NUMERIC(10,2)), INTERVAL '1' DAY, DATE '2013-01-01', JSON '{}'
        "#]],
    );
}

#[test]
fn statements_carry_their_own_text_and_offset() {
    let sql =
        ";; /* é */ SELECT 'ü;' ; -- nothing\n ; INSERT INTO t VALUES (1)\n-- end\n;\n  SHOW ALL  ";
    let parsed = parse(sql).unwrap();
    let texts: Vec<(usize, &str)> = parsed
        .iter()
        .map(|statement| (statement.offset, statement.text.as_str()))
        .collect();
    assert_eq!(
        texts,
        [
            (11, "SELECT 'ü;'"),
            (39, "INSERT INTO t VALUES (1)"),
            (75, "SHOW ALL")
        ]
    );
    for statement in &parsed {
        let from: String = sql.chars().skip(statement.offset).collect();
        assert!(from.starts_with(&statement.text));
    }
}

#[test]
fn white_space_and_comments_are_one_empty_statement() {
    for sql in ["", "  \n", ";", ";;", "-- x", "/* x */ ; -- y"] {
        let parsed = parse(sql).unwrap();
        assert_eq!(parsed.len(), 1, "{sql:?}");
        assert_eq!(parsed[0].statement, Statement::Empty);
        assert_eq!((parsed[0].text.as_str(), parsed[0].offset), ("", 0));
    }
}
