//! Whatever the text, the parser answers: no panic, no overflow, no long wait.

use rand::prelude::*;
use rand::rngs::StdRng;
use summit_parser::{ParseError, parse, relations};

const PIECES: [&str; 96] = [
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP",
    "BY",
    "ORDER",
    "LIMIT",
    "WITH",
    "AS",
    "ON",
    "JOIN",
    "LEFT",
    "USING",
    "UNION",
    "ALL",
    "INSERT",
    "INTO",
    "VALUES",
    "UPDATE",
    "SET",
    "DELETE",
    "CREATE",
    "STREAM",
    "TABLE",
    "MATERIALIZED",
    "VIEW",
    "DROP",
    "IF",
    "NOT",
    "EXISTS",
    "OR",
    "REPLACE",
    "WATERMARK",
    "FOR",
    "PARTITION",
    "EMIT",
    "CHANGES",
    "WINDOW",
    "CLOSE",
    "TUMBLE",
    "HOP",
    "SESSION",
    "CUMULATE",
    "INTERVAL",
    "SUBSCRIBE",
    "TO",
    "OF",
    "LSN",
    "UP",
    "COPY",
    "STDIN",
    "STDOUT",
    "CSV",
    "HEADER",
    "EXPLAIN",
    "SHOW",
    "DECLARE",
    "CURSOR",
    "FETCH",
    "BACKUP",
    "VERIFY",
    "IN",
    "CASE",
    "WHEN",
    "THEN",
    "END",
    "AND",
    "IS",
    "NULL",
    "BETWEEN",
    "LIKE",
    "CAST",
    "a",
    "\"B\"",
    "s",
    "'x'",
    "'é'",
    "1",
    "2.5",
    "$1",
    "(",
    ")",
    ",",
    ";",
    ".",
    "*",
    "=",
    "+",
    "-",
    "::",
    "[",
    "]",
    "->>",
    "=>",
    "'",
    "/*",
];

const WHOLE: [&str; 8] = [
    "CREATE STREAM flights (ts TIMESTAMPTZ NOT NULL, k TEXT, WATERMARK FOR ts AS ts - INTERVAL '1 hour') PARTITION BY (k) WITH (partitions = 6)",
    "CREATE MATERIALIZED VIEW v (a, b) AS SELECT k, count(*) FROM s x WINDOW TUMBLE (ts, INTERVAL '1 hour') GROUP BY k EMIT ON WINDOW CLOSE",
    "SUBSCRIBE TO (SELECT * FROM v WHERE a > 1) WITH (snapshot = false, progress) AS OF LSN 1 UP TO LSN 9",
    "COPY (SUBSCRIBE TO hourly) TO STDOUT WITH (FORMAT csv, HEADER)",
    "WITH c AS (SELECT a, sum(b) OVER w FROM t WINDOW w AS (ORDER BY a)) SELECT * FROM c JOIN (SELECT 1) d ON true WHERE a IN (SELECT 2)",
    "SELECT * FROM SESSION(f PARTITION BY (a, b), ts, INTERVAL '6 hours') AS s, LATERAL (SELECT 1) l",
    "DECLARE c CURSOR FOR SUBSCRIBE TO v; FETCH 100 FROM c WITH (timeout = '1s')",
    "EXPLAIN CREATE MATERIALIZED VIEW v AS SELECT CASE WHEN a THEN 'ü' ELSE $1::text END FROM t",
];

/// What must hold of any answer.
fn judge(sql: &str) {
    match parse(sql) {
        Ok(statements) => {
            for statement in statements {
                let from: String = sql.chars().skip(statement.offset).collect();
                assert!(from.starts_with(&statement.text), "{sql}");
                if let summit_parser::Statement::Sql(inner) = &statement.statement {
                    let _ = inner.to_string();
                    if let summit_parser::ast::Statement::Query(query) = inner.as_ref() {
                        let _ = relations(query);
                    }
                }
            }
        }
        Err(ParseError {
            message,
            position,
            sqlstate,
            ..
        }) => {
            assert!(
                !message.is_empty() && !message.contains('\n'),
                "{sql}: {message}"
            );
            assert!(
                !message.contains("Expected:") && !message.contains("Line:"),
                "{sql}: {message}"
            );
            assert!(
                ["42601", "0A000", "54001", "22023"].contains(&sqlstate),
                "{sql}: {sqlstate}"
            );
            let characters = sql.chars().count();
            assert!(
                position.is_some_and(|position| (1..=characters + 1).contains(&position)),
                "{sql}: {position:?}"
            );
        }
    }
}

#[test]
fn token_soup_never_panics() {
    let seed = 0x5eed;
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..4_000 {
        let count = random.random_range(1..30);
        let soup: Vec<&str> = (0..count)
            .map(|_| *PIECES.choose(&mut random).unwrap())
            .collect();
        judge(&soup.join(" "));
    }
}

#[test]
fn damaged_statements_never_panic() {
    let seed = 0xdada;
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..4_000 {
        let whole = WHOLE.choose(&mut random).unwrap();
        let mut words: Vec<&str> = whole.split_inclusive([' ', '(', ',']).collect();
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..words.len());
            match random.random_range(0..4) {
                0 => drop(words.remove(at)),
                1 => words.insert(at, PIECES.choose(&mut random).unwrap()),
                2 => words[at] = PIECES.choose(&mut random).unwrap(),
                _ => words.truncate(at),
            }
            if words.is_empty() {
                break;
            }
        }
        judge(&words.concat());
    }
}

#[test]
fn any_characters_never_panic() {
    let seed = 0xc4a2;
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let characters: Vec<char> = "aS'\"$\\/*-;()[]{}é日🚀\n\r\t\0 .,:=<>|&#@!%^~`?_01eExXuUbBnN"
        .chars()
        .collect();
    for _ in 0..8_000 {
        let count = random.random_range(1..40);
        let soup: String = (0..count)
            .map(|_| *characters.choose(&mut random).unwrap())
            .collect();
        judge(&soup);
    }
}

#[test]
fn repeated_pieces_neither_overflow_nor_take_long() {
    for first in PIECES {
        for second in ["", "(", ")", ",", "a", "1", "SELECT", "FROM", "NOT", "["] {
            for start in ["", "SELECT ", "SELECT * FROM "] {
                judge(&format!(
                    "{start}{}",
                    format!("{first} {second} ").repeat(60)
                ));
            }
        }
    }
}
