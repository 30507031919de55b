//! Clients that write until the server goes away, and remember what was acknowledged.

use std::net::SocketAddr;

use tokio::task::JoinHandle;
use tokio_postgres::Client;

use crate::support::pg::{connect_to, rows, run};

/// What the writers write to: a stream, a table, and views over both.
pub const SCHEMA: &str = "
    CREATE STREAM events (writer INT, n INT, x BIGINT) PARTITION BY (writer) WITH (partitions = 3);
    CREATE TABLE marks (writer INT, n INT, x BIGINT, PRIMARY KEY (writer, n));
    CREATE TABLE latest (writer INT PRIMARY KEY, n INT NOT NULL);
    CREATE MATERIALIZED VIEW per_writer AS
        SELECT writer, count(*) AS rows, sum(x) AS x, max(n) AS n FROM events GROUP BY writer;
    CREATE MATERIALIZED VIEW joined AS
        SELECT e.writer, count(*) AS rows, sum(m.x) AS x
        FROM events e JOIN marks m ON m.writer = e.writer AND m.n = e.n GROUP BY e.writer;
    CREATE MATERIALIZED VIEW behind AS
        SELECT p.writer FROM per_writer p JOIN latest l ON l.writer = p.writer WHERE l.n <> p.n;
    CREATE MATERIALIZED VIEW total AS SELECT sum(rows) AS rows, sum(x) AS x FROM per_writer;
";

/// A writer: in each transaction it adds row `n` to the stream and to the table, and notes it
/// in `latest`.
pub struct Writer {
    pub id: i32,
    task: JoinHandle<i32>,
}

impl Writer {
    /// Begins to write after row `last`.
    pub fn start(address: SocketAddr, id: i32, last: i32) -> Self {
        Writer {
            id,
            task: tokio::spawn(write(address, id, last)),
        }
    }

    /// Waits for its end, and gives the last row that was acknowledged.
    pub async fn acknowledged(self) -> i32 {
        self.task.await.expect("a writer does not panic")
    }
}

async fn write(address: SocketAddr, id: i32, last: i32) -> i32 {
    let mut acknowledged = last;
    let Ok(client) = connect_to(address).await else {
        return last;
    };
    if last == 0 {
        let first = client
            .execute("INSERT INTO latest VALUES ($1, 0)", &[&id])
            .await;
        if first.is_err() {
            return last;
        }
    }
    for n in last + 1.. {
        let x = (i64::from(n) * 7919) % 1000;
        let sql = format!(
            "BEGIN;
             INSERT INTO events VALUES ({id}, {n}, {x});
             INSERT INTO marks VALUES ({id}, {n}, {x});
             UPDATE latest SET n = {n} WHERE writer = {id};
             COMMIT"
        );
        match client.batch_execute(&sql).await {
            Ok(()) => acknowledged = n,
            Err(error) => {
                // the server went away, or said that it does; everything else is wrong
                let code = error.code().map(|code| code.code().to_owned());
                let gone = code.as_deref().is_none_or(|code| code.starts_with("57P"));
                assert!(gone, "writer {id}, row {n}: {error:?}");
                break;
            }
        }
    }
    acknowledged
}

/// Checks that every acknowledged row is there once, that at most the row that was on its way
/// came in addition, that stream and table agree, and that views equal their queries.
/// Gives each writer's last row.
pub async fn check(client: &Client, acknowledged: &[(i32, i32)]) -> Vec<(i32, i32)> {
    run(client, "SET read_consistency = strict").await;
    let mut last = Vec::new();
    for &(writer, n) in acknowledged {
        let found = rows(
            client,
            &format!("SELECT count(*), count(DISTINCT n), coalesce(min(n), 1), coalesce(max(n), 0) FROM events WHERE writer = {writer}"),
        )
        .await
        .remove(0);
        let numbers: Vec<i32> = found
            .split('|')
            .map(|number| number.parse().unwrap())
            .collect();
        let reached = numbers[3];
        assert!(
            reached == n || reached == n + 1,
            "writer {writer} was told of {n} rows, and {reached} are there"
        );
        assert_eq!(
            numbers,
            [reached, reached, 1, reached],
            "writer {writer}: each row once"
        );
        last.push((writer, reached));
    }
    let equal = [
        (
            "SELECT writer, n, x FROM events ORDER BY 1, 2",
            "SELECT writer, n, x FROM marks ORDER BY 1, 2",
        ),
        (
            "SELECT writer, n FROM latest WHERE n > 0 ORDER BY 1",
            "SELECT writer, max(n) FROM events GROUP BY 1 ORDER BY 1",
        ),
        (
            "SELECT writer, rows, x, n FROM per_writer ORDER BY 1",
            "SELECT writer, count(*), sum(x), max(n) FROM events GROUP BY 1 ORDER BY 1",
        ),
        (
            "SELECT writer, rows, x FROM joined ORDER BY 1",
            "SELECT writer, count(*), sum(x) FROM marks GROUP BY 1 ORDER BY 1",
        ),
        ("SELECT count(*) FROM behind", "SELECT 0"),
        (
            "SELECT rows, x FROM total",
            "SELECT count(*), sum(x) FROM marks",
        ),
    ];
    for (one, other) in equal {
        assert_eq!(rows(client, one).await, rows(client, other).await, "{one}");
    }
    last
}
