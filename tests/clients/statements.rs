//! Statements, transactions, cancel.

use std::time::{Duration, Instant};

use tokio_postgres::{NoTls, SimpleQueryMessage};

use crate::support::pg::{connect, db_error, refused, rows, run, value};
use crate::support::server::TestServer;

/// A query that nobody waits for.
pub const LONG_QUERY: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT count(*) FROM n";

#[tokio::test]
async fn every_kind_of_statement_answers_its_command_tag() {
    let server = TestServer::start();
    let client = connect(&server).await;
    // the driver shows the tag's number; what it is for, the next queries show
    let counted = [
        (
            "CREATE STREAM s (ts TIMESTAMPTZ NOT NULL, k TEXT, x INT, WATERMARK FOR ts AS ts - INTERVAL '1 hour') PARTITION BY (k)",
            0,
        ),
        ("CREATE TABLE t (k TEXT PRIMARY KEY, name TEXT)", 0),
        (
            "CREATE MATERIALIZED VIEW m AS SELECT k, count(*) AS n, sum(x) AS x FROM s GROUP BY k",
            0,
        ),
        (
            "CREATE MATERIALIZED VIEW named AS SELECT t.name, m.n, m.x FROM m JOIN t ON t.k = m.k",
            0,
        ),
        ("CREATE VIEW big AS SELECT * FROM named WHERE x > 5", 0),
        (
            "CREATE MATERIALIZED VIEW tumbled AS SELECT window_start, count(*) AS n FROM s WINDOW TUMBLE (ts, INTERVAL '1 hour') GROUP BY window_start, window_end",
            0,
        ),
        (
            "CREATE MATERIALIZED VIEW hopped AS SELECT window_start, count(*) AS n FROM HOP(s, ts, INTERVAL '30 minutes', INTERVAL '1 hour') GROUP BY window_start, window_end",
            0,
        ),
        (
            "INSERT INTO t VALUES ('a', 'Ann'), ('b', 'Bob'), ('c', 'Cid')",
            3,
        ),
        (
            "INSERT INTO s VALUES ('2024-05-01 10:10:00+00', 'a', 1), ('2024-05-01 10:40:00+00', 'b', 9)",
            2,
        ),
        (
            "INSERT INTO s SELECT ts + INTERVAL '1 hour', k, x FROM s",
            2,
        ),
        ("UPDATE t SET name = upper(name) WHERE k <> 'c'", 2),
        ("DELETE FROM t WHERE k = 'c'", 1),
    ];
    for (sql, wanted) in counted {
        let messages = client
            .simple_query(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let [SimpleQueryMessage::CommandComplete(count)] = messages.as_slice() else {
            panic!("{sql}: {messages:?}");
        };
        assert_eq!(*count, wanted, "{sql}");
    }
    assert_eq!(
        rows(&client, "SELECT * FROM named ORDER BY name").await,
        ["ANN|2|2", "BOB|2|18"]
    );
    assert_eq!(rows(&client, "SELECT name FROM big").await, ["BOB"]);
    assert_eq!(
        rows(&client, "SELECT * FROM tumbled ORDER BY 1").await,
        ["2024-05-01 10:00:00+00|2", "2024-05-01 11:00:00+00|2"]
    );
    assert_eq!(
        rows(&client, "SELECT * FROM hopped ORDER BY 1").await,
        [
            "2024-05-01 09:30:00+00|1",
            "2024-05-01 10:00:00+00|2",
            "2024-05-01 10:30:00+00|2",
            "2024-05-01 11:00:00+00|2",
            "2024-05-01 11:30:00+00|1",
        ]
    );
    let plan = rows(&client, "EXPLAIN MATERIALIZED VIEW named")
        .await
        .join("\n")
        .to_lowercase();
    assert!(plan.contains("join"), "{plan}");
    let plan = rows(
        &client,
        "EXPLAIN CREATE MATERIALIZED VIEW x AS SELECT k, count(*) FROM s GROUP BY k",
    )
    .await;
    assert!(
        plan.join("\n").to_lowercase().contains("aggregate"),
        "{plan:?}"
    );
    assert_eq!(rows(&client, "SHOW TABLES").await, ["t|2"]);
    assert_eq!(rows(&client, "SHOW STREAMS").await.len(), 1);
    assert_eq!(rows(&client, "SHOW VIEWS").await.len(), 5);
    assert!(rows(&client, "SHOW ALL").await.len() > 20);
    run(
        &client,
        "DROP VIEW big; DROP MATERIALIZED VIEW named; DROP MATERIALIZED VIEW m",
    )
    .await;
    run(&client, "DROP MATERIALIZED VIEW tumbled; DROP MATERIALIZED VIEW hopped; DROP STREAM s; DROP TABLE t").await;
    assert_eq!(rows(&client, "SHOW TABLES").await.len(), 0);
    server.stop();
}

#[tokio::test]
async fn a_transaction_is_one_entry_of_the_log_or_nothing() {
    let server = TestServer::start();
    let mut client = connect(&server).await;
    let other = connect(&server).await;
    run(
        &client,
        "CREATE TABLE t (k INT PRIMARY KEY, v INT); CREATE STREAM s (k INT)",
    )
    .await;
    let before: i64 = value(&client, "SELECT summit_lsn()").await.parse().unwrap();
    let transaction = client.transaction().await.unwrap();
    for k in 0..10i32 {
        transaction
            .execute("INSERT INTO t VALUES ($1, $2)", &[&k, &(k * k)])
            .await
            .unwrap();
        transaction
            .execute("INSERT INTO s VALUES ($1)", &[&k])
            .await
            .unwrap();
    }
    assert_eq!(
        transaction
            .query_one("SELECT sum(v) FROM t", &[])
            .await
            .unwrap()
            .get::<_, i64>(0),
        285
    );
    assert_eq!(rows(&other, "SELECT count(*) FROM t").await, ["0"]);
    transaction.commit().await.unwrap();
    run(&other, "SET read_consistency = strict").await;
    assert_eq!(
        rows(
            &other,
            "SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM s)"
        )
        .await,
        ["10|10"]
    );
    let after: i64 = value(&client, "SELECT summit_lsn()").await.parse().unwrap();
    assert_eq!(after, before + 1);

    let transaction = client.transaction().await.unwrap();
    transaction.execute("DELETE FROM t", &[]).await.unwrap();
    transaction
        .execute("INSERT INTO s VALUES (99)", &[])
        .await
        .unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(
        rows(
            &client,
            "SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM s)"
        )
        .await,
        ["10|10"]
    );

    // a client that goes away in a transaction leaves nothing
    let gone = connect(&server).await;
    run(&gone, "BEGIN; INSERT INTO t VALUES (77, 0)").await;
    drop(gone);
    assert_eq!(
        rows(&client, "SELECT count(*) FROM t WHERE k = 77").await,
        ["0"]
    );

    // several statements in one text are one transaction
    let error = refused(
        &client,
        "INSERT INTO t VALUES (50, 0); INSERT INTO t VALUES (50, 1)",
    )
    .await;
    assert_eq!(error.code().code(), "23505");
    assert_eq!(
        rows(&client, "SELECT count(*) FROM t WHERE k = 50").await,
        ["0"]
    );
    server.stop();
}

#[tokio::test]
async fn the_first_of_two_transactions_on_one_row_wins() {
    let server = TestServer::start();
    let (first, second) = (connect(&server).await, connect(&server).await);
    run(
        &first,
        "CREATE TABLE t (k INT PRIMARY KEY, v INT); INSERT INTO t VALUES (1, 0)",
    )
    .await;
    run(&second, "SET read_consistency = strict").await;
    run(&first, "BEGIN; UPDATE t SET v = v + 1 WHERE k = 1").await;
    run(&second, "BEGIN; UPDATE t SET v = v + 10 WHERE k = 1").await;
    run(&first, "COMMIT").await;
    let error = refused(&second, "COMMIT").await;
    assert_eq!(error.code().code(), "40001", "{error:?}");
    assert_eq!(rows(&second, "SELECT v FROM t").await, ["1"]);
    server.stop();
}

#[tokio::test]
async fn a_long_query_can_be_cancelled_and_the_session_goes_on() {
    let server = TestServer::start();
    let client = connect(&server).await;
    let token = client.cancel_token();
    let query = client.simple_query(LONG_QUERY);
    tokio::pin!(query);
    let began = Instant::now();
    let error = loop {
        tokio::select! {
            outcome = &mut query => break outcome.expect_err("it was cancelled"),
            // a cancel that comes before the query has begun does nothing, so ask again
            () = tokio::time::sleep(Duration::from_millis(50)) => token.cancel_query(NoTls).await.unwrap(),
        }
        assert!(began.elapsed() < Duration::from_secs(30), "not cancelled");
    };
    let error = db_error(&error);
    assert_eq!(error.code().code(), "57014", "{error:?}");
    assert_eq!(error.message(), "canceling statement due to user request");
    assert_eq!(rows(&client, "SELECT 1").await, ["1"]);
    server.stop();
}

#[tokio::test]
async fn a_query_that_never_yields_stops_nobody_else() {
    let server = TestServer::start();
    let busy = connect(&server).await;
    run(&busy, "SET statement_timeout = '300ms'").await;
    let endless = "SELECT count(*) FROM generate_series(1, 20000) a(x), generate_series(1, 40000) b(y) WHERE x * y % 7 = 3";
    let error = busy.simple_query(endless).await.unwrap_err();
    let error = db_error(&error);
    assert_eq!(error.code().code(), "57014", "{error:?}");
    // it may still compute; others do not notice
    let other = connect(&server).await;
    let answer = tokio::time::timeout(Duration::from_secs(5), rows(&other, "SELECT 1")).await;
    assert_eq!(answer.expect("another session is answered"), ["1"]);
    server.stop();
}
