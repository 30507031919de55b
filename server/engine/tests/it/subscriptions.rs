//! SUBSCRIBE: a snapshot, then every change once and in order; ends; bounds.

use futures::StreamExt;

use crate::bag::rows_of;
use crate::database::{Client, Database};
use crate::follower::Follower;

async fn prepare(client: &mut Client) {
    client.run("CREATE STREAM s (id INT, k TEXT)").await;
    client
        .run("CREATE TABLE t (id INT PRIMARY KEY, a INT)")
        .await;
    client
        .run("CREATE MATERIALIZED VIEW v AS SELECT k, count(*) AS c FROM s GROUP BY k")
        .await;
    client.run("INSERT INTO s VALUES (1, 'a'), (2, 'b')").await;
}

async fn follows(follower: &mut Follower, client: &mut Client, sql: &str) {
    let lsn = client.number("SELECT summit_lsn()").await;
    follower.reach(lsn).await;
    let bag = client.bag(sql).await;
    assert_eq!(bag.difference(&follower.bag()), None, "{sql}");
}

#[tokio::test]
async fn a_subscriber_has_what_a_reader_sees() {
    let database = Database::new().await;
    let mut client = database.client();
    prepare(&mut client).await;
    let what = [
        "s",
        "t",
        "v",
        "(SELECT t.a, v.c FROM t JOIN v ON t.a = v.c)",
    ];
    let reads = [
        "SELECT * FROM s",
        "SELECT * FROM t",
        "SELECT * FROM v",
        "SELECT t.a, v.c FROM t JOIN v ON t.a = v.c",
    ];
    let mut followers = Vec::new();
    for what in what {
        followers.push(Follower::open(&mut client, what).await);
    }
    for round in 0..12 {
        client
            .run(&format!(
                "INSERT INTO s VALUES ({round}, 'a'), ({round}, 'c')"
            ))
            .await;
        client
            .run(&format!("INSERT INTO t VALUES ({round}, {round})"))
            .await;
        client.run("UPDATE t SET a = a + 1 WHERE id % 2 = 0").await;
        client.run("DELETE FROM t WHERE a = 4").await;
        if round % 4 == 3 {
            for (follower, read) in followers.iter_mut().zip(reads) {
                follows(follower, &mut client, read).await;
            }
        }
    }
}

#[tokio::test]
async fn without_a_snapshot_only_changes_come() {
    let database = Database::new().await;
    let mut client = database.client();
    prepare(&mut client).await;
    let rows = client
        .subscribe("SUBSCRIBE TO v WITH (snapshot = false)")
        .await
        .expect("it opens");
    let mut batches = rows.batches;
    client.run("INSERT INTO s VALUES (3, 'b')").await;
    let lsn = client.number("SELECT summit_lsn()").await;
    let mut changes = Vec::new();
    while changes.len() < 2 {
        let batch = batches.next().await.expect("changes").expect("no error");
        changes.extend(rows_of(&[batch]).iter().map(|row| format!("{row:?}")));
    }
    changes.sort();
    assert_eq!(
        changes,
        [format!("[{lsn}, -1, b, 1]"), format!("[{lsn}, 1, b, 2]")]
    );
}

#[tokio::test]
async fn up_to_ends_after_the_last_change() {
    let database = Database::new().await;
    let mut client = database.client();
    prepare(&mut client).await;
    let now = client.number("SELECT summit_lsn()").await;
    let rows = client
        .subscribe(&format!("SUBSCRIBE TO s UP TO LSN {}", now + 2))
        .await
        .expect("it opens");
    for id in 10..15 {
        client
            .run(&format!("INSERT INTO s VALUES ({id}, 'x')"))
            .await;
    }
    let mut follower = Follower::of("s", rows);
    assert_eq!(follower.end().await, None);
    assert_eq!(follower.at(), now + 2);
    let bag = client.bag("SELECT * FROM s WHERE id < 12").await;
    assert_eq!(bag.difference(&follower.bag()), None);
    assert_eq!(bag.len(), 4);

    let now = client.number("SELECT summit_lsn()").await;
    let sql = format!("SUBSCRIBE TO s UP TO LSN {now}");
    let mut follower = Follower::of("s", client.subscribe(&sql).await.expect("it opens"));
    assert_eq!(follower.end().await, None);
    assert_eq!(follower.bag().len(), 7);
    let error = client
        .error(&format!("SUBSCRIBE TO s UP TO LSN {}", now - 1))
        .await;
    assert_eq!(error.code.0, "22023", "{error:?}");
}

#[tokio::test]
async fn dropping_what_it_reads_ends_a_subscription() {
    let database = Database::new().await;
    let mut client = database.client();
    prepare(&mut client).await;
    let mut on_view = Follower::open(&mut client, "v").await;
    let mut on_stream = Follower::open(&mut client, "(SELECT k FROM s)").await;
    let mut on_table = Follower::open(&mut client, "t").await;
    client.run("DROP STREAM s CASCADE").await;
    for follower in [&mut on_view, &mut on_stream] {
        let error = follower.end().await.expect("it is gone");
        assert_eq!(error.code.0, "42P01", "{error:?}");
    }
    client.run("INSERT INTO t VALUES (1, 1)").await;
    follows(&mut on_table, &mut client, "SELECT * FROM t").await;
}

#[tokio::test]
async fn a_subscription_that_nobody_reads_any_more_is_freed() {
    let database = Database::new().await;
    let mut client = database.client();
    prepare(&mut client).await;
    // Far more than there may be at once.
    for _ in 0..1100 {
        let rows = client.subscribe("SUBSCRIBE TO v").await.expect("a place");
        drop(rows);
    }
}

#[tokio::test]
async fn a_subscriber_that_falls_behind_is_told_so() {
    let database = Database::new().await;
    let mut client = database.client();
    prepare(&mut client).await;
    let slow = client
        .subscribe("SUBSCRIBE TO s WITH (snapshot = false)")
        .await
        .expect("it opens");
    let mut slow = Follower::of("s", slow);
    let mut fast = Follower::open(&mut client, "v").await;
    // 5 times 16 MB of text, which waits for the slow one.
    for id in 0..5 {
        client
            .run(&format!(
                "INSERT INTO s SELECT {id}, repeat('x', 65536) FROM generate_series(1, 256) AS g (i)"
            ))
            .await;
    }
    follows(&mut fast, &mut client, "SELECT * FROM v").await;
    let error = slow.end().await.expect("an error");
    assert_eq!(error.code.0, "53400", "{error:?}");
    assert!(error.hint.is_some(), "{error:?}");
}

#[tokio::test]
async fn shutting_down_ends_subscriptions() {
    let mut database = Database::new().await;
    let mut client = database.client();
    prepare(&mut client).await;
    let mut follower = Follower::open(&mut client, "v").await;
    database.restart(crate::database::Stop::Shutdown).await;
    let error = follower.end().await.expect("an error");
    assert_eq!(error.code.0, "57P01", "{error:?}");
}
