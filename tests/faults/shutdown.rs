//! SIGTERM while work is going on.

use std::time::Duration;

use super::writers::{SCHEMA, Writer, check};
use crate::support::pg::{connect, connect_to, rows, run};
use crate::support::server::TestServer;

#[tokio::test]
async fn sigterm_under_load_ends_cleanly_and_keeps_what_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let server = TestServer::start_in(&data_dir);
    let client = connect(&server).await;
    run(&client, SCHEMA).await;
    // things that would go on for ever
    let subscriber = connect(&server).await;
    let subscription =
        tokio::spawn(async move { subscriber.simple_query("SUBSCRIBE TO total").await });
    let busy = connect(&server).await;
    let query = tokio::spawn(async move { busy.simple_query(crate::clients::LONG_QUERY).await });
    let open = connect(&server).await;
    run(&open, "BEGIN; INSERT INTO marks VALUES (99, 1, 1)").await;
    let writers: Vec<Writer> = (0..4)
        .map(|id| Writer::start(server.pg_addr(), id, 0))
        .collect();
    tokio::time::timeout(Duration::from_secs(30), async {
        while rows(&client, "SELECT coalesce(min(n), 0) FROM latest").await[0]
            .parse::<i32>()
            .unwrap()
            < 5
        {}
    })
    .await
    .expect("the writers write");
    let address = server.pg_addr();
    // blocks this thread's runtime, which the writers need in order to see the end
    let stopped = tokio::task::spawn_blocking(move || server.stop());
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.push((writer.id, writer.acknowledged().await));
    }
    stopped.await.unwrap();
    assert!(subscription.await.unwrap().is_err());
    assert!(query.await.unwrap().is_err());
    assert!(
        connect_to(address).await.is_err(),
        "nobody listens any more"
    );

    let server = TestServer::start_in(&data_dir);
    let client = connect(&server).await;
    check(&client, &acknowledged).await;
    assert_eq!(
        rows(&client, "SELECT count(*) FROM marks WHERE writer = 99").await,
        ["0"]
    );
    server.stop();
}

#[test]
fn sigint_and_an_idle_server_end_cleanly_too() {
    let mut server = TestServer::start();
    server.signal("INT");
    let status = server.wait(Duration::from_secs(20));
    assert!(status.success(), "{status}");
}
