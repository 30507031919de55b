//! SUBSCRIBE: a snapshot, then every change with its LSN.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use futures::StreamExt;
use tokio::time::timeout;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage, SimpleQueryStream};

use crate::support::pg::{connect, db_error, line, refused, rows, run, value};
use crate::support::server::TestServer;

const CHANGE_WAIT_MAX: Duration = Duration::from_secs(30);

/// A subscription in the simple protocol.
struct Subscription(Pin<Box<SimpleQueryStream>>);

impl Subscription {
    async fn to(client: &Client, sql: &str) -> Self {
        Subscription(Box::pin(client.simple_query_raw(sql).await.unwrap()))
    }

    /// The next rows as text.
    async fn next(&mut self, count: usize) -> Vec<String> {
        let mut found = Vec::new();
        while found.len() < count {
            match timeout(CHANGE_WAIT_MAX, self.0.next()).await {
                Ok(Some(Ok(SimpleQueryMessage::Row(row)))) => found.push(line(&row)),
                Ok(Some(Ok(SimpleQueryMessage::RowDescription(_)))) => {}
                other => panic!("{count} changes wanted, {found:?} and then {other:?}"),
            }
        }
        found
    }

    /// The next rows without their LSNs, sorted, and these LSNs.
    async fn next_changes(&mut self, count: usize) -> (Vec<i64>, Vec<String>) {
        let mut lsns = Vec::new();
        let mut changes = Vec::new();
        for row in self.next(count).await {
            let (lsn, change) = row.split_once('|').expect("two columns and more");
            lsns.push(lsn.parse().expect("an LSN"));
            changes.push(change.to_owned());
        }
        changes.sort();
        lsns.dedup();
        (lsns, changes)
    }
}

async fn last_lsn(client: &Client) -> i64 {
    value(client, "SELECT summit_lsn()").await.parse().unwrap()
}

#[tokio::test]
async fn a_snapshot_comes_first_and_then_each_change_with_its_lsn() {
    let server = TestServer::start();
    let (writer, reader) = (connect(&server).await, connect(&server).await);
    run(
        &writer,
        "CREATE STREAM s (k TEXT, x INT);
         CREATE TABLE names (k TEXT PRIMARY KEY, name TEXT);
         CREATE MATERIALIZED VIEW m AS SELECT names.name, count(*) AS n, sum(x) AS x FROM s JOIN names ON names.k = s.k GROUP BY names.name;
         INSERT INTO names VALUES ('a', 'Ann'), ('b', 'Bob');
         INSERT INTO s VALUES ('a', 1), ('a', 2), ('b', 3);",
    )
    .await;
    run(&reader, "SET read_consistency = strict").await;
    let began = last_lsn(&writer).await;
    let mut changes = Subscription::to(&reader, "SUBSCRIBE TO m").await;
    let (lsns, snapshot) = changes.next_changes(2).await;
    assert_eq!(snapshot, ["1|Ann|2|3", "1|Bob|1|3"]);
    assert_eq!(lsns, [began]);

    run(&writer, "INSERT INTO s VALUES ('a', 10)").await;
    let (lsns, change) = changes.next_changes(2).await;
    assert_eq!(change, ["-1|Ann|2|3", "1|Ann|3|13"]);
    assert_eq!(lsns, [last_lsn(&writer).await]);

    // a change of a table, and two changes of one transaction
    run(&writer, "UPDATE names SET name = 'Bea' WHERE k = 'b'").await;
    let (lsns, change) = changes.next_changes(2).await;
    assert_eq!(change, ["-1|Bob|1|3", "1|Bea|1|3"]);
    assert_eq!(lsns, [last_lsn(&writer).await]);
    run(
        &writer,
        "BEGIN; DELETE FROM names WHERE k = 'b'; INSERT INTO s VALUES ('a', 0), ('b', 7); COMMIT",
    )
    .await;
    let (lsns, change) = changes.next_changes(3).await;
    assert_eq!(change, ["-1|Ann|3|13", "-1|Bea|1|3", "1|Ann|4|13"]);
    assert_eq!(lsns, [last_lsn(&writer).await]);
    // what does not change the view says nothing: the next rows are of the insert after it
    run(&writer, "INSERT INTO s VALUES ('nobody', 1)").await;
    run(&writer, "INSERT INTO names VALUES ('nobody', 'Nobody')").await;
    let (lsns, change) = changes.next_changes(1).await;
    assert_eq!(
        (lsns, change),
        (
            vec![last_lsn(&writer).await],
            vec!["1|Nobody|1|1".to_owned()]
        )
    );
    server.stop();
}

/// What a subscriber who adds the changes up has.
#[derive(Default)]
struct Copy {
    rows: BTreeMap<String, i64>,
    lsn: i64,
}

impl Copy {
    fn apply(&mut self, change: &str) {
        let mut parts = change.splitn(3, '|');
        let lsn: i64 = parts.next().unwrap().parse().unwrap();
        let diff: i64 = parts.next().unwrap().parse().unwrap();
        let row = parts.next().unwrap().to_owned();
        assert!(
            lsn >= self.lsn,
            "LSNs never go back: {change} after {}",
            self.lsn
        );
        self.lsn = lsn;
        *self.rows.entry(row).or_default() += diff;
        self.rows.retain(|_, count| *count != 0);
    }

    fn sorted(&self) -> Vec<String> {
        assert!(
            self.rows.values().all(|count| *count == 1),
            "{:?}",
            self.rows
        );
        self.rows.keys().cloned().collect()
    }
}

#[tokio::test]
async fn the_changes_add_up_to_the_view() {
    let server = TestServer::start();
    let (writer, reader) = (connect(&server).await, connect(&server).await);
    run(
        &writer,
        "CREATE STREAM s (k INT, x INT);
         CREATE MATERIALIZED VIEW m AS SELECT k, count(*) AS n, sum(x) AS x FROM s GROUP BY k;
         INSERT INTO s VALUES (0, 0)",
    )
    .await;
    run(&reader, "SET read_consistency = strict").await;
    let mut changes = Subscription::to(&reader, "SUBSCRIBE TO m").await;
    let mut copy = Copy::default();
    copy.apply(&changes.next(1).await[0]);
    for k in 1..60 {
        run(&writer, &format!("INSERT INTO s VALUES ({}, {k})", k % 4)).await;
        for change in changes.next(if k < 4 { 1 } else { 2 }).await {
            copy.apply(&change);
        }
        let mut view = rows(&writer, "SELECT * FROM m").await;
        view.sort();
        assert_eq!(copy.sorted(), view);
        assert_eq!(copy.lsn, last_lsn(&writer).await);
    }
    server.stop();
}

#[tokio::test]
async fn streams_tables_and_queries_can_be_subscribed_to() {
    let server = TestServer::start();
    let writer = connect(&server).await;
    run(&writer, "CREATE STREAM s (k INT); CREATE TABLE t (k INT PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'a')").await;
    run(&writer, "INSERT INTO s VALUES (1)").await;
    let clients = [
        connect(&server).await,
        connect(&server).await,
        connect(&server).await,
        connect(&server).await,
    ];
    for client in &clients {
        run(client, "SET read_consistency = strict").await;
    }
    let mut stream = Subscription::to(&clients[0], "SUBSCRIBE s").await;
    assert_eq!(stream.next_changes(1).await.1, ["1|1"]);
    let mut table = Subscription::to(&clients[1], "SUBSCRIBE TO t").await;
    assert_eq!(table.next_changes(1).await.1, ["1|1|a"]);
    let mut query = Subscription::to(
        &clients[2],
        "SUBSCRIBE (SELECT upper(v) AS v FROM t WHERE k > 1)",
    )
    .await;
    let mut later = Subscription::to(&clients[3], "SUBSCRIBE TO t WITH (snapshot = false)").await;

    run(&writer, "INSERT INTO s VALUES (2), (2)").await;
    assert_eq!(stream.next_changes(2).await.1, ["1|2", "1|2"]);
    // a subscription that begins with no snapshot shows nothing when it begins: write until
    // it tells of a change
    run(&writer, "INSERT INTO t VALUES (2, 'b')").await;
    assert_eq!(table.next_changes(1).await.1, ["1|2|b"]);
    assert_eq!(query.next_changes(1).await.1, ["1|B"]);
    assert_eq!(later.next_changes(1).await.1, ["1|2|b"]);
    run(&writer, "UPDATE t SET v = 'c' WHERE k = 2").await;
    assert_eq!(table.next_changes(2).await.1, ["-1|2|b", "1|2|c"]);
    assert_eq!(query.next_changes(2).await.1, ["-1|B", "1|C"]);
    assert_eq!(later.next_changes(2).await.1, ["-1|2|b", "1|2|c"]);
    server.stop();
}

#[tokio::test]
async fn the_extended_protocol_gives_changes_as_they_come() {
    let server = TestServer::start();
    let (writer, reader) = (connect(&server).await, connect(&server).await);
    run(
        &writer,
        "CREATE TABLE t (k INT PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'a')",
    )
    .await;
    run(&reader, "SET read_consistency = strict").await;
    let statement = reader.prepare("SUBSCRIBE TO t").await.unwrap();
    let names: Vec<&str> = statement
        .columns()
        .iter()
        .map(|column| column.name())
        .collect();
    assert_eq!(names, ["lsn", "diff", "k", "v"]);
    let none: [&(dyn tokio_postgres::types::ToSql + Sync); 0] = [];
    let mut changes = Box::pin(reader.query_raw(&statement, none).await.unwrap());
    let first = timeout(CHANGE_WAIT_MAX, changes.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(
        (
            first.get::<_, i64>(1),
            first.get::<_, i32>(2),
            first.get::<_, &str>(3)
        ),
        (1, 1, "a")
    );
    run(&writer, "DELETE FROM t").await;
    let second = timeout(CHANGE_WAIT_MAX, changes.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(second.get::<_, i64>(0), last_lsn(&writer).await);
    assert_eq!(
        (
            second.get::<_, i64>(1),
            second.get::<_, i32>(2),
            second.get::<_, &str>(3)
        ),
        (-1, 1, "a")
    );
    server.stop();
}

#[tokio::test]
async fn a_subscription_can_be_cancelled_and_the_session_goes_on() {
    let server = TestServer::start();
    let client = connect(&server).await;
    run(
        &client,
        "CREATE TABLE t (k INT PRIMARY KEY); INSERT INTO t VALUES (1)",
    )
    .await;
    let mut changes = Subscription::to(&client, "SUBSCRIBE TO t").await;
    changes.next(1).await;
    client.cancel_token().cancel_query(NoTls).await.unwrap();
    let end = timeout(CHANGE_WAIT_MAX, changes.0.next())
        .await
        .expect("it ends");
    let error = db_error(&end.expect("an end").expect_err("an error"));
    assert_eq!(error.code().code(), "57014", "{error:?}");
    assert_eq!(rows(&client, "SELECT k FROM t").await, ["1"]);
    server.stop();
}

#[tokio::test]
async fn a_dropped_relation_ends_its_subscriptions_with_an_error() {
    let server = TestServer::start();
    let (writer, reader) = (connect(&server).await, connect(&server).await);
    run(
        &writer,
        "CREATE TABLE t (k INT PRIMARY KEY); INSERT INTO t VALUES (1)",
    )
    .await;
    run(&reader, "SET read_consistency = strict").await;
    let mut changes = Subscription::to(&reader, "SUBSCRIBE TO t").await;
    changes.next(1).await;
    run(&writer, "DROP TABLE t").await;
    let end = timeout(CHANGE_WAIT_MAX, changes.0.next())
        .await
        .expect("it ends");
    let error = db_error(&end.expect("an end").expect_err("an error"));
    assert!(error.message().contains("dropped"), "{error:?}");
    let error = refused(&reader, "SUBSCRIBE TO t").await;
    assert_eq!(error.code().code(), "42P01");
    server.stop();
}
