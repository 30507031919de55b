//! Errors carry PostgreSQL's SQLSTATE, position and hint.

use tokio_postgres::error::ErrorPosition;

use crate::support::pg::{connect, db_error, refused, rows, run};
use crate::support::server::TestServer;

#[tokio::test]
async fn errors_have_the_sqlstates_of_postgresql() {
    let server = TestServer::start();
    let client = connect(&server).await;
    run(
        &client,
        "CREATE TABLE airlines (carrier TEXT PRIMARY KEY, name TEXT NOT NULL, fleet INT);
         INSERT INTO airlines VALUES ('UA', 'United', 700);
         CREATE STREAM s (a INT, b TEXT);",
    )
    .await;
    let cases = [
        ("SELECT * FORM airlines", "42601", "syntax error at or near"),
        ("SELECT", "42601", "syntax error"),
        (
            "SELECT nmae FROM airlines",
            "42703",
            "column \"nmae\" does not exist",
        ),
        (
            "INSERT INTO airlines (carrier, nmae) VALUES ('a', 'b')",
            "42703",
            "column \"nmae\" of relation \"airlines\" does not exist",
        ),
        (
            "SELECT * FROM airline",
            "42P01",
            "relation \"airline\" does not exist",
        ),
        (
            "DROP TABLE airline",
            "42P01",
            "table \"airline\" does not exist",
        ),
        (
            "CREATE TABLE w (a txt PRIMARY KEY)",
            "42704",
            "type \"txt\" does not exist",
        ),
        (
            "SET read_consistancy = strict",
            "42704",
            "unrecognized configuration parameter \"read_consistancy\"",
        ),
        (
            "SHOW read_consistancy",
            "42704",
            "unrecognized configuration parameter \"read_consistancy\"",
        ),
        (
            "SET read_consistency = sloppy",
            "22023",
            "invalid value for parameter \"read_consistency\": \"sloppy\"",
        ),
        (
            "INSERT INTO airlines VALUES ('UA', 'x', 1)",
            "23505",
            "duplicate key value violates unique constraint \"airlines_pkey\"",
        ),
        (
            "INSERT INTO airlines (carrier) VALUES ('ZZ')",
            "23502",
            "null value in column \"name\" of relation \"airlines\" violates not-null constraint",
        ),
        (
            "INSERT INTO airlines VALUES ('ZZ', 'z', 'many')",
            "22P02",
            "invalid input syntax for type integer: \"many\"",
        ),
        ("SELECT 1 / 0", "22012", "division by zero"),
        (
            "SELECT a / 0 FROM (VALUES (1)) AS v(a)",
            "22012",
            "division by zero",
        ),
        ("SELECT nofunc(1)", "42883", "function nofunc"),
        (
            "CREATE TABLE airlines (k INT PRIMARY KEY)",
            "42P07",
            "relation \"airlines\" already exists",
        ),
        ("UPDATE s SET a = 1", "42809", "s"),
        (
            "DROP STREAM airlines",
            "42809",
            "\"airlines\" is not a stream",
        ),
        (
            "CREATE MATERIALIZED VIEW m AS SELECT a FROM s ORDER BY a LIMIT 3",
            "0A000",
            "LIMIT",
        ),
        ("CREATE INDEX i ON airlines (name)", "0A000", ""),
        ("ROLLBACK TO SAVEPOINT x", "0A000", ""),
        (
            "INSERT INTO airlines VALUES ('ZZ', 'z', 3000000000)",
            "22003",
            "integer out of range",
        ),
        (
            "SELECT carrier, count(*) FROM airlines",
            "42803",
            "must appear in the GROUP BY clause",
        ),
        (
            "SELECT name FROM airlines a, airlines b",
            "42702",
            "column reference \"name\" is ambiguous",
        ),
        ("BACKUP INTO 'ftp://x/y'", "22023", ""),
    ];
    let mut wrong = Vec::new();
    for (sql, code, message) in cases {
        let error = refused(&client, sql).await;
        if error.code().code() != code || !error.message().contains(message) {
            wrong.push(format!(
                "{sql}\n  wanted {code} {message}\n  got    {} {}",
                error.code().code(),
                error.message()
            ));
        }
        // the same in the extended protocol
        let extended = match client.prepare(sql).await {
            Err(error) => Err(error),
            Ok(statement) => client.query(&statement, &[]).await,
        };
        match extended {
            Err(extended) => {
                let extended = db_error(&extended);
                if (extended.code(), extended.message()) != (error.code(), error.message()) {
                    wrong.push(format!(
                        "{sql}\n  simple {error:?}\n  extended {extended:?}"
                    ));
                }
            }
            Ok(_) => wrong.push(format!("{sql}\n  no error in the extended protocol")),
        }
        // a session goes on after an error
        assert_eq!(rows(&client, "SELECT 1").await, ["1"], "after {sql}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    server.stop();
}

#[tokio::test]
async fn a_syntax_error_names_its_position_in_characters() {
    let server = TestServer::start();
    let client = connect(&server).await;
    let at = |position: Option<&ErrorPosition>| match position {
        Some(ErrorPosition::Original(at)) => *at,
        other => panic!("{other:?}"),
    };
    let error = refused(&client, "SELECT 'ä', 2 FORM t").await;
    assert_eq!(at(error.position()), 20, "{error:?}");
    // in a text of several statements, from the start of the text
    let error = refused(&client, "SELECT 1; SELECT 2 FORM t").await;
    assert_eq!(at(error.position()), 25, "{error:?}");
    let error = refused(&client, "SELECT 1;\n SELECT x FROM (VALUES (1)) AS v(a)").await;
    assert_eq!(at(error.position()), 19, "{error:?}");
    server.stop();
}

#[tokio::test]
async fn misspelt_names_get_a_hint_that_names_the_right_one() {
    let server = TestServer::start();
    let client = connect(&server).await;
    run(
        &client,
        "CREATE TABLE airlines (carrier TEXT PRIMARY KEY, name TEXT)",
    )
    .await;
    let cases = [
        ("SELECT carier FROM airlines", "carrier"),
        ("SELECT * FROM airlinse", "airlines"),
        ("CREATE TABLE t (a TIMESTMP PRIMARY KEY)", "timestamp"),
        ("SET read_consistancy = 'strict'", "read_consistency"),
        ("CREATE STREM s (a INT)", "STREAM"),
    ];
    for (sql, wanted) in cases {
        let error = refused(&client, sql).await;
        let hint = error.hint().unwrap_or_default().to_lowercase();
        assert!(hint.contains(&wanted.to_lowercase()), "{sql}: {error:?}");
    }
    server.stop();
}

#[tokio::test]
async fn a_statement_timeout_ends_what_takes_longer() {
    let server = TestServer::start();
    let client = connect(&server).await;
    run(&client, "SET statement_timeout = '100ms'").await;
    let error = refused(&client, super::statements::LONG_QUERY).await;
    assert_eq!(error.code().code(), "57014", "{error:?}");
    assert_eq!(
        error.message(),
        "canceling statement due to statement timeout"
    );
    assert_eq!(rows(&client, "SELECT 1").await, ["1"]);
    server.stop();
}
