//! Parameters and results of every type, in binary, over tokio-postgres.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use tokio_postgres::types::Type;

use crate::support::pg::{connect, rows, run};
use crate::support::server::TestServer;

const KINDS: &str = "CREATE TABLE kinds (
    id INT PRIMARY KEY, small SMALLINT, big BIGINT, r REAL, d DOUBLE PRECISION, n NUMERIC(12,3),
    t TEXT, v VARCHAR(10), b BOOLEAN, day DATE, at TIMESTAMP, tz TIMESTAMPTZ, bytes BYTEA)";

fn utc(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text)
        .unwrap()
        .with_timezone(&Utc)
}

#[tokio::test]
async fn values_of_every_type_go_in_as_parameters_and_come_back() {
    let server = TestServer::start();
    let client = connect(&server).await;
    run(&client, KINDS).await;
    let insert = client
        .prepare(
            "INSERT INTO kinds VALUES ($1, $2, $3, $4, $5, CAST($6::text AS NUMERIC(12,3)), $7, $8, $9, $10, $11, $12, $13)",
        )
        .await
        .unwrap();
    assert_eq!(
        insert.params(),
        [
            Type::INT4,
            Type::INT2,
            Type::INT8,
            Type::FLOAT4,
            Type::FLOAT8,
            Type::TEXT,
            Type::TEXT,
            // a parameter has no length, so VARCHAR is TEXT
            Type::TEXT,
            Type::BOOL,
            Type::DATE,
            Type::TIMESTAMP,
            Type::TIMESTAMPTZ,
            Type::BYTEA,
        ]
    );
    let day = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
    let at: NaiveDateTime = day.and_hms_micro_opt(12, 34, 56, 789_012).unwrap();
    let tz = utc("1969-12-31T23:59:59.999999Z");
    let text = "it's \u{1f985} \\ \"quoted\"\n";
    let count = client
        .execute(
            &insert,
            &[
                &1i32,
                &-32768i16,
                &i64::MAX,
                &1.5f32,
                &f64::MIN_POSITIVE,
                &"-123456789.125",
                &text,
                &"äöüäöüäöüä",
                &true,
                &day,
                &at,
                &tz,
                &vec![0u8, 255, 92],
            ],
        )
        .await
        .unwrap();
    assert_eq!(count, 1);
    let row = client
        .query_one("SELECT * FROM kinds WHERE id = $1", &[&1i32])
        .await
        .unwrap();
    assert_eq!(row.get::<_, i16>("small"), -32768);
    assert_eq!(row.get::<_, i64>("big"), i64::MAX);
    assert_eq!(row.get::<_, f32>("r"), 1.5);
    assert_eq!(row.get::<_, f64>("d"), f64::MIN_POSITIVE);
    assert_eq!(row.get::<_, &str>("t"), text);
    assert_eq!(row.get::<_, &str>("v"), "äöüäöüäöüä");
    assert!(row.get::<_, bool>("b"));
    assert_eq!(row.get::<_, NaiveDate>("day"), day);
    assert_eq!(row.get::<_, NaiveDateTime>("at"), at);
    assert_eq!(row.get::<_, DateTime<Utc>>("tz"), tz);
    assert_eq!(row.get::<_, Vec<u8>>("bytes"), [0, 255, 92]);
    assert_eq!(
        rows(&client, "SELECT n, tz, at, bytes, b FROM kinds").await,
        ["-123456789.125|1969-12-31 23:59:59.999999+00|2024-02-29 12:34:56.789012|\\x00ff5c|t"]
    );
    server.stop();
}

#[tokio::test]
async fn null_goes_in_and_comes_back_for_every_type() {
    let server = TestServer::start();
    let client = connect(&server).await;
    run(&client, KINDS).await;
    client
        .execute(
            "INSERT INTO kinds VALUES ($1, $2, $3, $4, $5, CAST($6::text AS NUMERIC(12,3)), $7, $8, $9, $10, $11, $12, $13)",
            &[
                &7i32,
                &None::<i16>,
                &None::<i64>,
                &None::<f32>,
                &None::<f64>,
                &None::<&str>,
                &None::<&str>,
                &None::<&str>,
                &None::<bool>,
                &None::<NaiveDate>,
                &None::<NaiveDateTime>,
                &None::<DateTime<Utc>>,
                &None::<Vec<u8>>,
            ],
        )
        .await
        .unwrap();
    let row = client.query_one("SELECT * FROM kinds", &[]).await.unwrap();
    assert_eq!(row.get::<_, i32>(0), 7);
    assert_eq!(row.get::<_, Option<i16>>(1), None);
    assert_eq!(row.get::<_, Option<f64>>(4), None);
    assert_eq!(row.get::<_, Option<String>>(6), None);
    assert_eq!(row.get::<_, Option<bool>>(8), None);
    assert_eq!(row.get::<_, Option<DateTime<Utc>>>(11), None);
    assert_eq!(row.get::<_, Option<Vec<u8>>>(12), None);
    server.stop();
}

#[tokio::test]
async fn parameters_work_in_every_statement_that_takes_values() {
    let server = TestServer::start();
    let client = connect(&server).await;
    run(
        &client,
        "CREATE TABLE t (k INT PRIMARY KEY, v TEXT, at TIMESTAMPTZ);
         CREATE STREAM s (ts TIMESTAMPTZ NOT NULL, k INT, x DOUBLE PRECISION, WATERMARK FOR ts AS ts - INTERVAL '1 hour');
         CREATE MATERIALIZED VIEW m AS SELECT k, count(*) AS n, sum(x) AS x FROM s GROUP BY k;",
    )
    .await;
    // one statement, prepared once and used again
    let insert = client
        .prepare("INSERT INTO s (ts, k, x) VALUES ($1, $2, $3)")
        .await
        .unwrap();
    let ts = utc("2024-05-01T00:00:00Z");
    for k in 0..30i32 {
        let count = client
            .execute(&insert, &[&ts, &(k % 3), &f64::from(k)])
            .await
            .unwrap();
        assert_eq!(count, 1);
    }
    let read = client
        .prepare("SELECT n, x FROM m WHERE k = $1")
        .await
        .unwrap();
    for (k, x) in [(0i32, 135.0f64), (1, 145.0), (2, 155.0)] {
        let row = client.query_one(&read, &[&k]).await.unwrap();
        assert_eq!((row.get::<_, i64>(0), row.get::<_, f64>(1)), (10, x));
    }
    let many = client
        .execute(
            "INSERT INTO t VALUES ($1, $2, $3), ($4, $5, $6)",
            &[&1i32, &"a", &ts, &2i32, &"b", &ts],
        )
        .await
        .unwrap();
    assert_eq!(many, 2);
    let updated = client
        .execute(
            "UPDATE t SET v = $1 WHERE k = $2 AND at <= $3",
            &[&"z", &1i32, &ts],
        )
        .await
        .unwrap();
    assert_eq!(updated, 1);
    let found = client
        .query(
            "SELECT k FROM t WHERE v IN ($1, $2) AND k BETWEEN $3 AND $4 ORDER BY k LIMIT 5",
            &[&"z", &"b", &0i32, &9i32],
        )
        .await
        .unwrap();
    assert_eq!(
        found.iter().map(|row| row.get(0)).collect::<Vec<i32>>(),
        [1, 2]
    );
    let deleted = client
        .execute("DELETE FROM t WHERE k = $1", &[&2i32])
        .await
        .unwrap();
    assert_eq!(deleted, 1);
    assert_eq!(
        client
            .execute("DELETE FROM t WHERE k = $1", &[&2i32])
            .await
            .unwrap(),
        0
    );
    let joined = client
        .query_one(
            "SELECT t.v, m.n FROM t JOIN m ON m.k = t.k WHERE m.n > $1 AND t.v LIKE $2",
            &[&5i64, &"z%"],
        )
        .await
        .unwrap();
    assert_eq!(
        (joined.get::<_, &str>(0), joined.get::<_, i64>(1)),
        ("z", 10)
    );
    // a value of the wrong type for the client is an error of the client, not of the server
    assert!(
        client
            .execute("INSERT INTO t (k) VALUES ($1)", &[&"text"])
            .await
            .is_err()
    );
    assert_eq!(rows(&client, "SELECT count(*) FROM t").await, ["1"]);
    server.stop();
}

#[tokio::test]
async fn a_prepared_statement_survives_a_change_of_what_it_reads() {
    let server = TestServer::start();
    let client = connect(&server).await;
    run(
        &client,
        "CREATE TABLE t (k INT PRIMARY KEY); INSERT INTO t VALUES (1)",
    )
    .await;
    let read = client.prepare("SELECT k FROM t").await.unwrap();
    assert_eq!(client.query(&read, &[]).await.unwrap().len(), 1);
    run(
        &client,
        "DROP TABLE t; CREATE TABLE t (k INT PRIMARY KEY); INSERT INTO t VALUES (1), (2)",
    )
    .await;
    assert_eq!(client.query(&read, &[]).await.unwrap().len(), 2);
    run(&client, "DROP TABLE t; CREATE TABLE t (k TEXT PRIMARY KEY)").await;
    let error = client.query(&read, &[]).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "0A000", "{error:?}");
    server.stop();
}

#[tokio::test]
async fn portals_give_rows_in_parts_inside_a_transaction() {
    let server = TestServer::start();
    let mut client = connect(&server).await;
    run(&client, "CREATE TABLE t (k INT PRIMARY KEY)").await;
    let values: Vec<String> = (0..1000).map(|k| format!("({k})")).collect();
    run(
        &client,
        &format!("INSERT INTO t VALUES {}", values.join(",")),
    )
    .await;
    let transaction = client.transaction().await.unwrap();
    let portal = transaction
        .bind("SELECT k FROM t WHERE k >= $1 ORDER BY k", &[&100i32])
        .await
        .unwrap();
    let other = transaction
        .bind("SELECT count(*) FROM t", &[])
        .await
        .unwrap();
    let mut seen = Vec::new();
    loop {
        let part = transaction.query_portal(&portal, 128).await.unwrap();
        if seen.is_empty() {
            // two portals at a time
            let count = transaction.query_portal(&other, 0).await.unwrap();
            assert_eq!(count[0].get::<_, i64>(0), 1000);
        }
        assert!(part.len() <= 128);
        if part.is_empty() {
            break;
        }
        seen.extend(part.iter().map(|row| row.get::<_, i32>(0)));
    }
    assert_eq!(seen, (100..1000).collect::<Vec<i32>>());
    transaction.commit().await.unwrap();
    server.stop();
}
