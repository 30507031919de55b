//! What was acknowledged is there after a restart, whatever way the engine ended.

use std::path::Path;

use tempfile::TempDir;

use crate::database::{Client, Database, Stop, open};
use summit_session::{Server, SessionOptions};

async fn fill(client: &mut Client) {
    client
        .run("CREATE STREAM s (id INT, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '1 minute')")
        .await;
    client
        .run("CREATE TABLE t (id INT PRIMARY KEY, a INT)")
        .await;
    client
        .run("CREATE MATERIALIZED VIEW v AS SELECT t.a, count(*) AS c FROM s JOIN t ON t.id = s.id GROUP BY t.a")
        .await;
    client
        .run("INSERT INTO s VALUES (1, '2024-01-01 10:00:00'), (2, '2024-01-01 10:10:00')")
        .await;
    client
        .run("INSERT INTO s VALUES (1, '2024-01-01 10:00:00')")
        .await;
    client
        .run("INSERT INTO t VALUES (1, 7), (2, 7), (3, 8)")
        .await;
    client.run("UPDATE t SET a = 9 WHERE id = 2").await;
    client.run("DELETE FROM t WHERE id = 3").await;
}

async fn filled(client: &mut Client) {
    assert_eq!(client.lines("SELECT id FROM s").await, ["1", "2"]);
    assert_eq!(client.lines("SELECT id FROM summit_late(s)").await, ["1"]);
    assert_eq!(client.lines("SELECT * FROM t").await, ["1|7", "2|9"]);
    assert_eq!(client.lines("SELECT * FROM v").await, ["7|1", "9|1"]);
}

#[tokio::test]
async fn a_restart_changes_nothing() {
    let mut database = Database::new().await;
    let mut client = database.client();
    fill(&mut client).await;
    for stop in [Stop::Shutdown, Stop::Crash, Stop::Crash, Stop::Shutdown] {
        filled(&mut client).await;
        let lsn = client.number("SELECT summit_lsn()").await;
        drop(client);
        database.restart(stop).await;
        client = database.client();
        assert_eq!(client.number("SELECT summit_lsn()").await, lsn);
    }
    // Late is what is behind the watermark from before.
    client
        .run("INSERT INTO s VALUES (5, '2024-01-01 10:08:59')")
        .await;
    assert_eq!(client.number("SELECT count(*) FROM s").await, 2);
    assert_eq!(
        client.number("SELECT count(*) FROM summit_late(s)").await,
        2
    );
}

#[tokio::test]
async fn a_copy_of_the_files_of_a_running_database_has_all_that_was_acknowledged() {
    let database = Database::new().await;
    let mut client = database.client();
    fill(&mut client).await;
    let copied = TempDir::new().expect("a directory");
    copy(database.path(), copied.path());
    // What comes after the copy is not in it.
    client.run("INSERT INTO t VALUES (4, 4)").await;
    let engine = open(copied.path()).await.expect("the copy opens");
    let options = SessionOptions {
        user: "summit".to_owned(),
        database: "summit".to_owned(),
        peer: "test".to_owned(),
        settings: Vec::new(),
    };
    let session = engine.session(options).expect("a session");
    filled(&mut Client { session }).await;
    engine.shutdown().await;
}

#[tokio::test]
async fn an_open_transaction_is_gone_after_a_restart() {
    let mut database = Database::new().await;
    let mut client = database.client();
    fill(&mut client).await;
    client
        .run("BEGIN; DELETE FROM t; INSERT INTO t VALUES (8, 8)")
        .await;
    assert_eq!(client.lines("SELECT * FROM t").await, ["8|8"]);
    drop(client);
    database.restart(Stop::Shutdown).await;
    filled(&mut database.client()).await;
}

/// It could otherwise write into the files of the engine that has them now.
#[tokio::test]
async fn a_session_of_an_engine_that_is_gone_writes_nothing() {
    let mut database = Database::new().await;
    let mut client = database.client();
    fill(&mut client).await;
    database.restart(Stop::Crash).await;
    let error = client.error("INSERT INTO t VALUES (5, 5)").await;
    assert_eq!(error.code.0, "57P01", "{error:?}");
    let mut now = database.client();
    now.run("INSERT INTO s VALUES (8, '2024-01-01 11:00:00')")
        .await;
    drop((client, now));
    database.restart(Stop::Crash).await;
    let mut client = database.client();
    assert_eq!(client.lines("SELECT id FROM s").await, ["1", "2", "8"]);
    assert_eq!(client.lines("SELECT * FROM t").await, ["1|7", "2|9"]);
}

#[expect(clippy::disallowed_methods, reason = "an image of the disk at a crash")]
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            std::fs::create_dir_all(&target).expect("a directory");
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("a copy");
        }
    }
}
