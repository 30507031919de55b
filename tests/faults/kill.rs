//! kill -9 in the middle of writing.

use std::time::Duration;

use rand::Rng;

use super::writers::{SCHEMA, Writer, check};
use crate::support::pg::{connect, rows, run};
use crate::support::random::seeded;
use crate::support::server::TestServer;

const ROUNDS: usize = 5;
const WRITERS: i32 = 4;

#[tokio::test]
async fn every_acknowledged_row_is_there_once_after_kill_9() {
    let mut random = seeded("kill -9");
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let server = TestServer::start_in(&data_dir);
    run(&connect(&server).await, SCHEMA).await;
    server.kill();
    let mut last: Vec<(i32, i32)> = (0..WRITERS).map(|id| (id, 0)).collect();
    for round in 0..ROUNDS {
        let server = TestServer::start_in(&data_dir);
        let mut writers = Vec::new();
        for &(id, n) in &last {
            // a writer that was cut before its first row begins anew
            if n == 0 {
                run(
                    &connect(&server).await,
                    &format!("DELETE FROM latest WHERE writer = {id}"),
                )
                .await;
            }
            writers.push(Writer::start(server.pg_addr(), id, n));
        }
        let time = Duration::from_millis(random.random_range(30..600));
        println!("round {round}: killed after {time:?}");
        tokio::time::sleep(time).await;
        server.kill();
        let mut acknowledged = Vec::new();
        for writer in writers {
            acknowledged.push((writer.id, writer.acknowledged().await));
        }
        let server = TestServer::start_in(&data_dir);
        let client = connect(&server).await;
        last = check(&client, &acknowledged).await;
        println!("round {round}: acknowledged {acknowledged:?}, there {last:?}");
        // sometimes the next round begins with another kill -9, sometimes with a stop
        if random.random_bool(0.5) {
            server.kill();
        } else {
            server.stop();
        }
    }
    assert!(
        last.iter().any(|(_, n)| *n > 20),
        "too little was written: {last:?}"
    );
}

#[tokio::test]
async fn positions_go_on_after_kill_9_and_are_never_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let mut seen = 0i64;
    for round in 0..3 {
        let server = TestServer::start_in(&data_dir);
        let client = connect(&server).await;
        if round == 0 {
            run(&client, "CREATE STREAM s (k INT) WITH (partitions = 1)").await;
        }
        let lsn: i64 = rows(&client, "SELECT summit_lsn()").await[0]
            .parse()
            .unwrap();
        assert!(lsn >= seen, "{lsn} after {seen}");
        run(&client, "INSERT INTO s VALUES (1)").await;
        seen = rows(&client, "SELECT summit_lsn()").await[0]
            .parse()
            .unwrap();
        assert!(seen > lsn);
        assert_eq!(
            rows(
                &client,
                "SELECT start_offset, end_offset FROM summit.partitions"
            )
            .await,
            [format!("0|{}", round + 1)]
        );
        server.kill();
    }
}
