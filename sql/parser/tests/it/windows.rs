//! Windows in both spellings.

use expect_test::expect;
use summit_parser::{Statement, parse, parse_query};

use crate::check;

fn query(sql: &str) -> String {
    parse_query(sql).map_or_else(|error| crate::error_line(&error), |query| query.to_string())
}

#[test]
fn a_window_after_its_relation_is_the_table_function() {
    for (written, read) in [
        (
            "FROM s WINDOW TUMBLE (ts, INTERVAL '1 hour')",
            "FROM TUMBLE(s, ts, INTERVAL '1 hour')",
        ),
        (
            "from s window tumble(ts, interval '1 hour')",
            "FROM tumble(s, ts, INTERVAL '1 hour')",
        ),
        (
            "FROM s a WINDOW HOP (ts, INTERVAL '5 minutes', INTERVAL '1 hour')",
            "FROM HOP(s, ts, INTERVAL '5 minutes', INTERVAL '1 hour') AS a",
        ),
        (
            "FROM s AS a WINDOW TUMBLE (ts, INTERVAL '1 hour')",
            "FROM TUMBLE(s, ts, INTERVAL '1 hour') AS a",
        ),
        (
            "FROM s WINDOW TUMBLE (ts, INTERVAL '1 hour') AS w",
            "FROM TUMBLE(s, ts, INTERVAL '1 hour') AS w",
        ),
        (
            "FROM s WINDOW TUMBLE (ts, INTERVAL '1 hour') w",
            "FROM TUMBLE(s, ts, INTERVAL '1 hour') w",
        ),
        (
            "FROM s WINDOW CUMULATE (ts, INTERVAL '1 hour', INTERVAL '1 day')",
            "FROM CUMULATE(s, ts, INTERVAL '1 hour', INTERVAL '1 day')",
        ),
        (
            "FROM s WINDOW SESSION (ts, INTERVAL '6 hours')",
            "FROM SESSION(s, ts, INTERVAL '6 hours')",
        ),
        (
            "FROM public.\"Odd Name\" WINDOW TUMBLE (ts, INTERVAL '1 hour')",
            "FROM TUMBLE(public.\"Odd Name\", ts, INTERVAL '1 hour')",
        ),
        (
            "FROM public.s \"A\" WINDOW TUMBLE (ts, INTERVAL '1 hour')",
            "FROM TUMBLE(public.s, ts, INTERVAL '1 hour') AS \"A\"",
        ),
        (
            "FROM a, s WINDOW TUMBLE (ts, INTERVAL '1 hour')",
            "FROM a, TUMBLE(s, ts, INTERVAL '1 hour')",
        ),
        (
            "FROM a JOIN s x WINDOW TUMBLE (ts, INTERVAL '1 hour') ON a.k = x.k",
            "FROM a JOIN TUMBLE(s, ts, INTERVAL '1 hour') AS x ON a.k = x.k",
        ),
        (
            "FROM s WINDOW TUMBLE (ts, INTERVAL '1 hour') JOIN b USING (k)",
            "FROM TUMBLE(s, ts, INTERVAL '1 hour') JOIN b USING(k)",
        ),
        (
            "FROM (SELECT * FROM s) q WINDOW TUMBLE (ts, INTERVAL '1 hour')",
            "FROM TUMBLE((SELECT * FROM s), ts, INTERVAL '1 hour') AS q",
        ),
        (
            "FROM (SELECT * FROM s WINDOW TUMBLE (ts, INTERVAL '1 hour')) q",
            "FROM (SELECT * FROM TUMBLE(s, ts, INTERVAL '1 hour')) q",
        ),
        ("FROM s WINDOW TUMBLE ()", "FROM TUMBLE(s)"),
    ] {
        assert_eq!(
            query(&format!("SELECT * {written}")),
            format!("SELECT * {read}"),
            "{written}"
        );
    }
}

#[test]
fn windows_stand_in_ctes_subqueries_and_views() {
    check(
        "WITH w AS (SELECT k FROM s WINDOW TUMBLE (ts, INTERVAL '1 hour')) SELECT * FROM w WHERE k IN (SELECT k FROM t x WINDOW HOP (ts, INTERVAL '1' MINUTE, INTERVAL '1' HOUR))",
        expect![[r#"
            WITH w AS (SELECT k FROM TUMBLE(s, ts, INTERVAL '1 hour')) SELECT * FROM w WHERE k IN (SELECT k FROM HOP(t, ts, INTERVAL '1' MINUTE, INTERVAL '1' HOUR) AS x)
        "#]],
    );
    check(
        "CREATE MATERIALIZED VIEW hourly AS
         SELECT origin, window_start, count(*) AS flights, avg(dep_delay) AS delay
         FROM flights WINDOW TUMBLE (ts, INTERVAL '1 hour')
         GROUP BY origin, window_start, window_end
         EMIT ON WINDOW CLOSE;",
        expect![[r#"
            materialized view hourly if_not_exists=false or_replace=false columns=() with () emit=OnWindowClose as SELECT origin, window_start, count(*) AS flights, avg(dep_delay) AS delay FROM TUMBLE(flights, ts, INTERVAL '1 hour') GROUP BY origin, window_start, window_end
        "#]],
    );
}

#[test]
fn named_windows_stay_what_they_are() {
    check(
        "SELECT sum(x) OVER w, rank() OVER tumble FROM s WINDOW w AS (PARTITION BY k ORDER BY ts), tumble AS (ORDER BY ts)",
        expect![[r#"
            SELECT sum(x) OVER w, rank() OVER tumble FROM s WINDOW w AS (PARTITION BY k ORDER BY ts), tumble AS (ORDER BY ts)
        "#]],
    );
    check(
        "SELECT sum(x) OVER w FROM s WINDOW TUMBLE (ts, INTERVAL '1 hour') WINDOW w AS (ORDER BY ts)",
        expect![[r#"
            SELECT sum(x) OVER w FROM TUMBLE(s, ts, INTERVAL '1 hour') WINDOW w AS (ORDER BY ts)
        "#]],
    );
}

#[test]
fn partition_by_becomes_a_named_argument() {
    for (written, read) in [
        (
            "SESSION(flights PARTITION BY tailnum, ts, INTERVAL '6 hours')",
            "SESSION(flights, ts, INTERVAL '6 hours', partition_by => tailnum)",
        ),
        (
            "session (flights PARTITION BY (tailnum, carrier), ts, INTERVAL '6 hours') AS x",
            "session(flights, ts, INTERVAL '6 hours', partition_by => (tailnum, carrier)) AS x",
        ),
        (
            "flights f WINDOW SESSION (PARTITION BY tailnum, ts, INTERVAL '6 hours')",
            "SESSION(flights, ts, INTERVAL '6 hours', partition_by => tailnum) AS f",
        ),
    ] {
        assert_eq!(
            query(&format!("SELECT * FROM {written}")),
            format!("SELECT * FROM {read}"),
            "{written}"
        );
    }
}

#[test]
fn without_an_alias_none_is_made_up() {
    let read = parse_query("SELECT * FROM s WINDOW TUMBLE (ts, INTERVAL '1 hour')").unwrap();
    let function = parse_query("SELECT * FROM TUMBLE(s, ts, INTERVAL '1 hour')").unwrap();
    assert_eq!(read, function);
    assert!(!format!("{read:?}").contains("alias: Some"));
}

#[test]
fn what_is_printed_reads_as_the_same_query() {
    for sql in [
        "SELECT * FROM public.\"S\" x WINDOW TUMBLE (ts, INTERVAL '1 hour') WHERE x.a > 1",
        "SELECT * FROM SESSION(flights PARTITION BY (a, b), ts, INTERVAL '6 hours')",
        "SELECT * FROM (SELECT 1 AS ts) q WINDOW HOP (ts, INTERVAL '1 hour', INTERVAL '2 hours')",
    ] {
        let once = parse_query(sql).unwrap();
        let twice = parse_query(&once.to_string()).unwrap();
        assert_eq!(once.to_string(), twice.to_string());
    }
}

#[test]
fn errors_in_a_window_point_into_the_original_text() {
    check(
        "SELECT * FROM flügé x WINDOW TUMBLE (ts, INTERVAL) WHERE",
        expect![[r#"
        42601 @57: syntax error at end of input · Expected an expression.
    "#]],
    );
    check(
        "SELECT * FROM s WINDOW TUMBLE (ts, INTERVAL '1 hour') WHERE",
        expect![[r#"
        42601 @60: syntax error at end of input · Expected an expression.
    "#]],
    );
    check(
        "SELECT * FROM s WINDOW TUMBLE (ts, 1 2)",
        expect![[r#"
            42601 @38: syntax error at or near "2" · Expected ")".
        "#]],
    );
    check(
        "SELECT * FROM s AS a WINDOW TUMBLE (ts, INTERVAL '1 hour') AS b",
        expect![[r#"
        42601 @60: syntax error at or near "AS"
    "#]],
    );
    check(
        "SELECT a WINDOW TUMBLE (ts, INTERVAL '1 hour')",
        expect![[r#"
        42601 @10: syntax error at or near "WINDOW" · A window follows a relation in FROM: FROM s WINDOW TUMBLE (ts, INTERVAL '1 hour').
    "#]],
    );
    check(
        "SELECT * FROM s WHERE a WINDOW TUMBLE (ts, INTERVAL '1 hour')",
        expect![[r#"
        42601 @25: syntax error at or near "WINDOW" · A window follows a relation in FROM: FROM s WINDOW TUMBLE (ts, INTERVAL '1 hour').
    "#]],
    );
    check(
        "SELECT * FROM SESSION(s PARTITION BY, ts)",
        expect![[r#"
        42601 @37: syntax error at or near "," · Expected a column after PARTITION BY.
    "#]],
    );
}

#[test]
fn a_window_can_be_inserted_from() {
    let statements =
        parse("INSERT INTO t SELECT a FROM s WINDOW TUMBLE (ts, INTERVAL '1 hour')").unwrap();
    assert!(
        matches!(&statements[0].statement, Statement::Sql(insert) if insert.to_string().contains("TUMBLE(s, ts,"))
    );
}
