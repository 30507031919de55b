//! What a read sees: its own writes, and one position of the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rand::Rng;

use crate::support::pg::{connect, rows, run};
use crate::support::random::seeded;
use crate::support::server::TestServer;

const COUNTED: &str = "CREATE STREAM s (k INT);
    CREATE MATERIALIZED VIEW m AS SELECT k % 3 AS g, count(*) AS n FROM s GROUP BY k % 3;
    CREATE MATERIALIZED VIEW total AS SELECT sum(n) AS n FROM m;";

#[tokio::test]
async fn a_session_reads_its_own_writes_in_views_at_once() {
    let server = TestServer::start();
    let client = connect(&server).await;
    run(&client, COUNTED).await;
    let insert = client.prepare("INSERT INTO s VALUES ($1)").await.unwrap();
    let read = client.prepare("SELECT n FROM total").await.unwrap();
    for k in 0..200i32 {
        client.execute(&insert, &[&k]).await.unwrap();
        let row = client.query_one(&read, &[]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), i64::from(k) + 1);
    }
    server.stop();
}

#[tokio::test]
async fn a_strict_session_reads_what_others_were_told_is_written() {
    let server = TestServer::start();
    let (writer, reader) = (connect(&server).await, connect(&server).await);
    run(&writer, COUNTED).await;
    run(&reader, "SET read_consistency = strict").await;
    let insert = writer.prepare("INSERT INTO s VALUES ($1)").await.unwrap();
    let read = reader.prepare("SELECT n FROM total").await.unwrap();
    for k in 0..200i32 {
        writer.execute(&insert, &[&k]).await.unwrap();
        let row = reader.query_one(&read, &[]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), i64::from(k) + 1);
    }
    server.stop();
}

/// Money moves between accounts of a table, and each transfer is also an event of a stream.
/// Views over them are read together: whatever position the read is at, nothing is lost.
#[tokio::test]
async fn one_select_over_several_views_never_sees_half_of_a_transfer() {
    const ACCOUNTS: i64 = 8;
    const TRANSFERS: usize = 150;
    let server = Arc::new(TestServer::start());
    let client = connect(&server).await;
    run(
        &client,
        "CREATE TABLE accounts (id INT PRIMARY KEY, balance BIGINT NOT NULL);
         CREATE STREAM transfers (source INT, target INT, amount BIGINT);
         CREATE MATERIALIZED VIEW even AS SELECT coalesce(sum(balance), 0) AS total FROM accounts WHERE id % 2 = 0;
         CREATE MATERIALIZED VIEW odd AS SELECT coalesce(sum(balance), 0) AS total FROM accounts WHERE id % 2 = 1;
         CREATE MATERIALIZED VIEW moved AS SELECT count(*) AS transfers, coalesce(sum(amount), 0) AS amount FROM transfers;
         CREATE TABLE done (id INT PRIMARY KEY, done BIGINT NOT NULL);
         CREATE MATERIALIZED VIEW sent AS SELECT coalesce(sum(done), 0) AS transfers FROM done;",
    )
    .await;
    for id in 0..ACCOUNTS {
        run(
            &client,
            &format!("INSERT INTO accounts VALUES ({id}, 1000)"),
        )
        .await;
    }
    run(&client, "INSERT INTO done VALUES (0, 0)").await;
    let finished = Arc::new(AtomicBool::new(false));
    let mut random = seeded("transfers");
    let writer = {
        let (server, finished) = (Arc::clone(&server), Arc::clone(&finished));
        async move {
            let client = connect(&server).await;
            for _ in 0..TRANSFERS {
                let (source, step) = (
                    random.random_range(0..ACCOUNTS),
                    random.random_range(1..ACCOUNTS),
                );
                let (target, amount) = ((source + step) % ACCOUNTS, random.random_range(1..100));
                run(
                    &client,
                    &format!(
                        "BEGIN;
                         UPDATE accounts SET balance = balance - {amount} WHERE id = {source};
                         UPDATE accounts SET balance = balance + {amount} WHERE id = {target};
                         INSERT INTO transfers VALUES ({source}, {target}, {amount});
                         UPDATE done SET done = done + 1 WHERE id = 0;
                         COMMIT"
                    ),
                )
                .await;
            }
            finished.store(true, Ordering::Release);
        }
    };
    let reader = {
        let (server, finished) = (Arc::clone(&server), Arc::clone(&finished));
        async move {
            let client = connect(&server).await;
            let (mut reads, mut last) = (0, 0i64);
            while !finished.load(Ordering::Acquire) {
                let row = client
                    .query_one(
                        "SELECT CAST(even.total + odd.total AS BIGINT), CAST(sent.transfers AS BIGINT), moved.transfers,
                                CAST((SELECT sum(balance) FROM accounts) AS BIGINT)
                         FROM even, odd, sent, moved",
                        &[],
                    )
                    .await
                    .unwrap();
                let [total, sent, moved, accounts] = [0, 1, 2, 3].map(|at| row.get::<_, i64>(at));
                assert_eq!(total, ACCOUNTS * 1000, "read {reads}");
                assert_eq!(accounts, ACCOUNTS * 1000, "read {reads}");
                assert_eq!(sent, moved, "read {reads}");
                assert!(moved >= last, "a session never reads backwards");
                last = moved;
                reads += 1;
            }
            reads
        }
    };
    let (writer, reader) = (tokio::spawn(writer), tokio::spawn(reader));
    writer.await.unwrap();
    let reads = reader.await.unwrap();
    assert!(
        reads > 10,
        "only {reads} reads while {TRANSFERS} transfers were made"
    );
    run(&client, "SET read_consistency = strict").await;
    assert_eq!(
        rows(&client, "SELECT transfers FROM moved").await,
        [TRANSFERS.to_string()]
    );
    drop(client);
    Arc::into_inner(server).expect("the tasks ended").stop();
}
