//! COPY in both directions.

use bytes::Bytes;
use futures::{SinkExt, TryStreamExt};
use tokio_postgres::Client;
use tokio_postgres::error::DbError;

use crate::support::pg::{connect, db_error, refused, rows, run};
use crate::support::server::TestServer;

async fn copy_in(client: &Client, sql: &str, data: &[&str]) -> Result<u64, DbError> {
    let sink = client
        .copy_in(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    tokio::pin!(sink);
    for part in data {
        let sent = sink.send(Bytes::copy_from_slice(part.as_bytes())).await;
        if sent.is_err() {
            break;
        }
    }
    sink.finish().await.map_err(|error| db_error(&error))
}

async fn copy_out(client: &Client, sql: &str) -> String {
    let stream = client
        .copy_out(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let parts: Vec<Bytes> = stream.try_collect().await.unwrap();
    String::from_utf8(parts.concat()).unwrap()
}

const TABLE: &str =
    "CREATE TABLE t (k INT PRIMARY KEY, v TEXT, x DOUBLE PRECISION, at TIMESTAMPTZ)";

#[tokio::test]
async fn text_comes_in_wherever_it_is_cut() {
    let server = TestServer::start();
    let client = connect(&server).await;
    run(&client, TABLE).await;
    // cut in a line, in an escape and in a character
    let count = copy_in(
        &client,
        "COPY t FROM STDIN",
        &[
            "1\ta\\",
            "tb\t1.5\t2024-05-01 12:00:00+02\n2\t\\N",
            "\t\\N\t\\N\n3\t\u{e4}\\\\\\n\tNaN",
            "\t\\N\n",
        ],
    )
    .await
    .unwrap();
    assert_eq!(count, 3);
    assert_eq!(
        rows(&client, "SELECT * FROM t ORDER BY k").await,
        [
            "1|a\tb|1.5|2024-05-01 10:00:00+00",
            "2|NULL|NULL|NULL",
            "3|\u{e4}\\\n|NaN|NULL"
        ]
    );
    let out = copy_out(&client, "COPY t TO STDOUT").await;
    let mut lines: Vec<&str> = out.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "1\ta\\tb\t1.5\t2024-05-01 10:00:00+00",
            "2\t\\N\t\\N\t\\N",
            "3\t\u{e4}\\\\\\n\tNaN\t\\N"
        ]
    );
    server.stop();
}

#[tokio::test]
async fn csv_comes_in_with_quotes_headers_and_named_columns() {
    let server = TestServer::start();
    let client = connect(&server).await;
    run(&client, TABLE).await;
    let count = copy_in(
        &client,
        "COPY t (v, k) FROM STDIN WITH (FORMAT csv, HEADER true, DELIMITER ';', NULL 'nil')",
        &["v;k\n\"a;\"\"b\"\"\nc\";1\nnil;2\n", "\"nil\";3\r\n;4\n"],
    )
    .await
    .unwrap();
    assert_eq!(count, 4);
    assert_eq!(
        rows(&client, "SELECT k, v FROM t ORDER BY k").await,
        ["1|a;\"b\"\nc", "2|NULL", "3|nil", "4|"]
    );
    let out = copy_out(
        &client,
        "COPY (SELECT k, v FROM t WHERE k < 3 ORDER BY k) TO STDOUT (FORMAT csv, HEADER)",
    )
    .await;
    assert_eq!(out, "k,v\n1,\"a;\"\"b\"\"\nc\"\n2,\n");
    server.stop();
}

#[tokio::test]
async fn a_malformed_row_names_its_line_and_column_and_nothing_is_kept() {
    let server = TestServer::start();
    let client = connect(&server).await;
    run(&client, TABLE).await;
    run(&client, "CREATE STREAM s (k INT NOT NULL, v TEXT)").await;
    let cases = [
        (
            "COPY t FROM STDIN",
            "1\ta\t1\t\\N\n2\tb\tmuch\t\\N\n",
            "22P02",
            "COPY t, line 2, column x: \"much\"",
        ),
        (
            "COPY t FROM STDIN",
            "1\ta\t1\t\\N\n2\tb\n",
            "22P04",
            "COPY t, line 2",
        ),
        (
            "COPY t FROM STDIN",
            "1\ta\t1\t\\N\t9\n",
            "22P04",
            "COPY t, line 1",
        ),
        (
            "COPY t FROM STDIN",
            "1\ta\t1\tyesterday-ish\n",
            "22007",
            "COPY t, line 1, column at: \"yesterday-ish\"",
        ),
        (
            "COPY s FROM STDIN (FORMAT csv)",
            "1,a\n2,b\n3000000000,c\n",
            "22003",
            "COPY s, line 3, column k: \"3000000000\"",
        ),
        (
            "COPY s FROM STDIN (FORMAT csv)",
            "1,a\n2,\"b\n",
            "22P04",
            "COPY s, line 2",
        ),
        ("COPY s FROM STDIN", "1\ta\n\\N\tb\n", "23502", ""),
        (
            "COPY t FROM STDIN",
            "5\ta\t1\t\\N\n5\tb\t1\t\\N\n",
            "23505",
            "",
        ),
    ];
    let mut wrong = Vec::new();
    for (sql, data, code, context) in cases {
        match copy_in(&client, sql, &[data]).await {
            Ok(count) => wrong.push(format!("{sql} {data:?}: took {count} rows")),
            Err(error) => {
                let where_ = error.where_().unwrap_or_default();
                if error.code().code() != code || !where_.starts_with(context) {
                    wrong.push(format!(
                        "{sql} {data:?}\n  wanted {code} {context}\n  got    {} {where_} ({})",
                        error.code().code(),
                        error.message()
                    ));
                }
            }
        }
        let counts = rows(
            &client,
            "SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM s)",
        )
        .await;
        if counts != ["0|0"] {
            wrong.push(format!("{sql} {data:?}: kept {counts:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let error = copy_in(&client, "COPY s FROM STDIN", &["1\ta\n\\N\tb\n"])
        .await
        .unwrap_err();
    assert_eq!(
        error.detail(),
        Some("Row 2 of the data contains (null, b).")
    );
    let error = refused(&client, "COPY nothere TO STDOUT").await;
    assert_eq!(error.code().code(), "42P01");
    server.stop();
}

#[tokio::test]
async fn a_large_copy_is_one_transaction_and_reaches_the_views() {
    let server = TestServer::start();
    let client = connect(&server).await;
    run(
        &client,
        "CREATE STREAM s (k INT, x BIGINT);
         CREATE MATERIALIZED VIEW m AS SELECT k, count(*) AS n, sum(x) AS x FROM s GROUP BY k",
    )
    .await;
    let before = rows(&client, "SELECT summit_lsn()").await;
    let data: String = (0..50_000).map(|i| format!("{}\t{i}\n", i % 10)).collect();
    assert_eq!(
        copy_in(&client, "COPY s FROM STDIN", &[&data])
            .await
            .unwrap(),
        50_000
    );
    assert_eq!(
        rows(&client, "SELECT count(*), sum(n), sum(x) FROM m").await,
        ["10|50000|1249975000"]
    );
    let after = rows(&client, "SELECT summit_lsn()").await;
    assert_eq!(
        after[0].parse::<i64>().unwrap(),
        before[0].parse::<i64>().unwrap() + 1
    );
    // a copy that the client gives up
    {
        let sink = client.copy_in("COPY s FROM STDIN").await.unwrap();
        tokio::pin!(sink);
        sink.send(Bytes::from_static(b"1\t1\n")).await.unwrap();
    }
    assert_eq!(rows(&client, "SELECT count(*) FROM s").await, ["50000"]);
    server.stop();
}
