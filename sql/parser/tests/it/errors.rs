//! Errors: PostgreSQL's words, the place, what to do.

use expect_test::expect;
use summit_parser::{DEPTH_MAX, INPUT_BYTES_MAX, NESTING_MAX, parse, parse_query, relations};

use crate::check;

#[test]
fn a_syntax_error_names_the_token_and_its_place() {
    check(
        "SELECT * FORM t",
        expect![[r#"
        42601 @15: syntax error at or near "t" · Perhaps you meant FROM.
    "#]],
    );
    check(
        "SELECT 1 +",
        expect![[r#"
        42601 @11: syntax error at end of input · Expected an expression.
    "#]],
    );
    check(
        "SELECT * FROM t WHERE",
        expect![[r#"
        42601 @22: syntax error at end of input · Expected an expression.
    "#]],
    );
    check(
        "SELECT * FROM t WHERE a = 'x' ORDER a",
        expect![[r#"
        42601 @31: syntax error at or near "ORDER"
    "#]],
    );
    check(
        "SELECT a b c",
        expect![[r#"
        42601 @12: syntax error at or near "c"
    "#]],
    );
    check(
        "SELECT * FROM",
        expect![[r#"
        42601 @14: syntax error at end of input · Expected a name.
    "#]],
    );
    check(
        "SELECT * FROM; SELECT 1",
        expect![[r#"
        42601 @14: syntax error at or near ";" · Expected a name.
    "#]],
    );
    check(
        "SELECT 1; SELECT 'é', 2 3 ü",
        expect![[r#"
        42601 @25: syntax error at or near "3"
    "#]],
    );
    check(
        "INSERT INTO t VALUES (1",
        expect![[r#"
        42601 @24: syntax error at end of input · The parenthesis opened at character 22 is never closed.
    "#]],
    );
    check(
        "INSERT t VALUES (1)",
        expect![[r#"
        INSERT t VALUES (1)
    "#]],
    );
    check(
        "UPDATE t a = 1",
        expect![[r#"
        42601 @12: syntax error at or near "=" · Expected SET.
    "#]],
    );
    check(
        "SELECT (1 + 2",
        expect![[r#"
        42601 @14: syntax error at end of input · The parenthesis opened at character 8 is never closed.
    "#]],
    );
    check(
        "SELECT (1 + 2))",
        expect![[r#"
        42601 @15: syntax error at or near ")" · This closing parenthesis has no opening one.
    "#]],
    );
    check(
        "SELECT count(* FROM t",
        expect![[r#"
        42601 @16: syntax error at or near "FROM" · The parenthesis opened at character 13 is never closed.
    "#]],
    );
    check(
        "SELECT * FROM t GRUOP BY a",
        expect![[r#"
        42601 @23: syntax error at or near "BY" · Perhaps you meant GROUP.
    "#]],
    );
    check(
        "SELECT * FROM t WHRE a = 1",
        expect![[r#"
        42601 @22: syntax error at or near "a" · Perhaps you meant WHERE.
    "#]],
    );
    check(
        "CREATE TABLE t (a INT b TEXT)",
        expect![[r#"
        42601 @23: syntax error at or near "b" · Expected ',' or ')' after column definition.
    "#]],
    );
    check(
        "CREATE TABEL t (a INT)",
        expect![[r#"
        42601 @8: syntax error at or near "TABEL" · Perhaps you meant TABLE.
    "#]],
    );
    check(
        "DROP STREEM t",
        expect![[r#"
        42601 @6: syntax error at or near "STREEM" · Perhaps you meant STREAM.
    "#]],
    );
    check(
        "SELECT * FROM t LIMIT 5 5",
        expect![[r#"
        42601 @25: syntax error at or near "5"
    "#]],
    );
    check(
        "FOO",
        expect![[r#"
        42601 @1: syntax error at or near "FOO"
    "#]],
    );
    check(
        "1",
        expect![[r#"
        42601 @1: syntax error at or near "1"
    "#]],
    );
    check(
        ")",
        expect![[r#"
        42601 @1: syntax error at or near ")" · This closing parenthesis has no opening one.
    "#]],
    );
    check(
        "SELECT 1 } 2",
        expect![[r#"
        42601 @10: syntax error at or near "}"
    "#]],
    );
}

#[test]
fn a_misspelt_first_word_gets_a_suggestion() {
    for (sql, word) in [
        ("SELCT 1", "SELECT"),
        ("slect 1", "SELECT"),
        ("INSRT INTO t VALUES (1)", "INSERT"),
        ("CRAETE TABLE t (a INT)", "CREATE"),
        ("SUBCRIBE TO v", "SUBSCRIBE"),
        ("EXPLIAN SELECT 1", "EXPLAIN"),
        ("DELTE FROM t", "DELETE"),
    ] {
        let error = parse(sql).unwrap_err();
        assert_eq!(error.position, Some(1), "{sql}");
        assert_eq!(error.sqlstate, "42601");
        assert_eq!(
            error.hint,
            Some(format!("Perhaps you meant {word}.")),
            "{sql}"
        );
    }
}

#[test]
fn an_error_inside_a_subquery_is_found_there() {
    check(
        "SELECT * FROM (SELECT a b c FROM t) x",
        expect![[r#"
        42601 @27: syntax error at or near "c"
    "#]],
    );
    check(
        "SELECT * FROM (SELECT a FROM) x",
        expect![[r#"
        42601 @29: syntax error at or near ")" · Expected a name.
    "#]],
    );
    check(
        "SELECT * FROM (SELECT a FROM t WHERE) x JOIN (SELECT 1) y ON true",
        expect![[r#"
        42601 @37: syntax error at or near ")" · Expected an expression.
    "#]],
    );
    check(
        "SELECT (SELECT a FROM (SELECT 1 2) z) FROM t",
        expect![[r#"
        42601 @33: syntax error at or near "2"
    "#]],
    );
    check(
        "SELECT * FROM (SELECT a FROM t",
        expect![[r#"
        42601 @31: syntax error at end of input · The parenthesis opened at character 15 is never closed.
    "#]],
    );
    check(
        "WITH c AS (SELECT FROM WHERE) SELECT * FROM c",
        expect![[r#"
        WITH c AS (SELECT FROM WHERE) SELECT * FROM c
    "#]],
    );
}

#[test]
fn unfinished_constants_and_comments_are_named() {
    check(
        "SELECT 'abc",
        expect![[r#"
        42601 @8: unterminated quoted string at or near "'abc"
    "#]],
    );
    check(
        "SELECT 'é', E'abc",
        expect![[r#"
        42601 @13: unterminated quoted string at or near "E'abc"
    "#]],
    );
    check(
        "SELECT \"abc",
        expect![[r#"
        42601 @8: unterminated quoted identifier at or near ""abc"
    "#]],
    );
    check(
        "SELECT 1 /* abc",
        expect![[r#"
        42601 @10: unterminated /* comment at or near "/* abc"
    "#]],
    );
    check(
        "SELECT 1, $x$ abc $$",
        expect![[r#"
        42601 @11: unterminated dollar-quoted string at or near "$x$ abc $$"
    "#]],
    );
}

#[test]
fn what_others_have_names_what_to_use_here() {
    check(
        "CREATE SOURCE s WITH (connector = 'kafka')",
        expect![[r#"
        0A000 @1: CREATE SOURCE is not supported · Use CREATE STREAM and append with INSERT, COPY, a Kafka producer or Arrow Flight.
    "#]],
    );
    check(
        "CREATE SINK s FROM v",
        expect![[r#"
        0A000 @1: CREATE SINK is not supported · Every view's changes can be read with SUBSCRIBE, Arrow Flight or a Kafka consumer.
    "#]],
    );
    check(
        "CREATE CONNECTION c TO KAFKA",
        expect![[r#"
        0A000 @1: CREATE CONNECTION is not supported · Use CREATE STREAM and append with INSERT, COPY, a Kafka producer or Arrow Flight.
    "#]],
    );
    check(
        "ALTER MATERIALIZED VIEW v RENAME TO w",
        expect![[r#"
        0A000 @1: ALTER MATERIALIZED VIEW is not supported · Use DROP MATERIALIZED VIEW and CREATE MATERIALIZED VIEW.
    "#]],
    );
    check(
        "REFRESH MATERIALIZED VIEW v",
        expect![[r#"
        0A000 @1: REFRESH MATERIALIZED VIEW is not supported · It needs no refresh: a materialized view is always up to date.
    "#]],
    );
    check(
        "CREATE OR REPLACE STREAM s (a INT)",
        expect![[r#"
        0A000 @1: CREATE OR REPLACE STREAM is not supported · Use DROP STREAM and CREATE STREAM.
    "#]],
    );
    check(
        "SELECT * FROM t MATCH_RECOGNIZE (PARTITION BY a ORDER BY b PATTERN (A B) DEFINE A AS a > 1)",
        expect![[r#"
        0A000 @17: MATCH_RECOGNIZE is not supported · Join the stream with itself on a range of time.
    "#]],
    );
    check(
        "SELECT * FROM s JOIN t FOR SYSTEM_TIME AS OF s.ts ON s.k = t.k",
        expect![[r#"
        0A000 @24: FOR SYSTEM_TIME AS OF is not supported · Join with the relation itself: its present rows are used.
    "#]],
    );
    check(
        "SELECT * FROM v AS OF LSN 5",
        expect![[r#"
        0A000 @17: AS OF LSN is not supported in a query · Use SUBSCRIBE … AS OF LSN n.
    "#]],
    );
    check(
        "SELECT * FROM TABLE(TUMBLE(TABLE s, DESCRIPTOR(ts), INTERVAL '1' HOUR))",
        expect![[r#"
        0A000 @37: DESCRIPTOR is not supported · Name the relation and its column: TUMBLE(s, ts, INTERVAL '1 hour').
    "#]],
    );
    check(
        "DO $$ BEGIN END $$",
        expect![[r#"
        0A000 @1: DO is not supported · Send the statements one by one.
    "#]],
    );
}

#[test]
fn deep_statements_are_refused_not_a_stack_overflow() {
    let deep = [
        format!("SELECT {}1{}", "(".repeat(10_000), ")".repeat(10_000)),
        format!(
            "SELECT * FROM {}t{}",
            "(".repeat(10_000),
            ")".repeat(10_000)
        ),
        format!("SELECT {}", "(SELECT ".repeat(10_000)),
        format!("SELECT 1{}", " + 1".repeat(100_000)),
        format!("SELECT a{}", " AND a".repeat(100_000)),
        format!(
            "SELECT {}1{}",
            "(".repeat(30),
            format!("{})", " + 1".repeat(30)).repeat(30)
        ),
        format!("SELECT 1{}", "::int".repeat(100_000)),
        format!("SELECT {}1", "- ".repeat(100_000)),
        format!("SELECT {}1", "NOT ".repeat(100_000)),
        format!("SELECT {}", "CASE WHEN ".repeat(10_000)),
        format!("SELECT {}", "ARRAY[".repeat(10_000)),
        format!("SELECT {}1{}", "f(".repeat(10_000), ")".repeat(10_000)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(10_000)),
        format!("SELECT a{}", " IS DISTINCT FROM b".repeat(10_000)),
        format!("SELECT a{}", " + set".repeat(10_000)),
        format!("SELECT a{}", " OPERATOR(pg_catalog.+) set".repeat(10_000)),
        format!("CREATE TABLE t (a INT{})", "[]".repeat(100_000)),
        format!("SELECT a{}", "[1]".repeat(100_000)),
    ];
    assert_eq!(
        parse(&format!("SELECT {}", "interval ".repeat(100_000)))
            .unwrap_err()
            .sqlstate,
        "42601"
    );
    for sql in deep {
        let error = parse(&sql).unwrap_err();
        assert_eq!(error.sqlstate, "54001", "{} … {error:?}", &sql[..40]);
        assert!(error.hint.is_some() && error.position.is_some());
    }
}

#[test]
fn long_but_flat_statements_are_read() {
    let values = vec!["(1, 'x', -2, a.b)"; 10_000].join(", ");
    assert!(parse(&format!("INSERT INTO t VALUES {values}")).is_ok());
    let list = vec!["1"; 50_000].join(", ");
    assert!(parse(&format!("SELECT * FROM t WHERE a IN ({list})")).is_ok());
    let conditions = vec!["a = 1"; 300].join(" AND ");
    assert!(parse(&format!("SELECT * FROM t WHERE {conditions}")).is_ok());
    let cases = vec!["WHEN a = 1 THEN 2"; 5_000].join(" ");
    assert!(parse(&format!("SELECT CASE {cases} END FROM t")).is_ok());
    assert!(parse(&format!("SELECT {}1{}", "f(1, ".repeat(50), ")".repeat(50))).is_ok());
    assert!(
        parse(&format!(
            "SELECT * FROM {}t{}",
            "(SELECT * FROM ".repeat(30),
            ") x".repeat(30)
        ))
        .is_ok()
    );
}

#[test]
fn the_deepest_trees_that_are_read_can_be_copied_printed_and_dropped() {
    let subqueries = DEPTH_MAX / 9 - 1;
    let deepest = [
        format!("SELECT 1{}", " + 1".repeat(DEPTH_MAX)),
        format!(
            "SELECT * FROM t WHERE a = 0{}",
            " OR a = 1".repeat(DEPTH_MAX - 2)
        ),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(DEPTH_MAX / 4)),
        format!("SELECT 1{}", "::int".repeat(DEPTH_MAX)),
        format!(
            "SELECT {}1{}",
            "(".repeat(NESTING_MAX - 1),
            ")".repeat(NESTING_MAX - 1)
        ),
        format!(
            "SELECT {}1{}",
            "(SELECT ".repeat(subqueries),
            ")".repeat(subqueries)
        ),
        format!(
            "SELECT * FROM {}t{}",
            "(SELECT * FROM ".repeat(subqueries),
            ") x".repeat(subqueries)
        ),
        format!("SELECT {}1{}", "(".repeat(60), " + 1 + 1 + 1)".repeat(60)),
    ];
    for sql in deepest {
        let query = parse_query(&sql).unwrap_or_else(|error| panic!("{error:?} in {}", &sql[..40]));
        let copy = query.clone();
        assert_eq!(copy, query);
        let _ = relations(&query);
        assert_eq!(parse_query(&copy.to_string()), Ok(query));
    }
}

#[test]
fn an_input_past_the_limit_is_refused() {
    let error = parse(&" ".repeat(INPUT_BYTES_MAX + 1)).unwrap_err();
    assert_eq!(error.sqlstate, "54000");
    assert!(parse(&" ".repeat(INPUT_BYTES_MAX)).is_ok());
}
