//! The Rust Flight client: append, read, and see it over PostgreSQL's wire.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::{FlightClient, FlightDescriptor, Ticket};
use futures::{StreamExt, TryStreamExt, stream};
use tonic::transport::Endpoint;

use crate::support::pg::{connect, rows, run};
use crate::support::server::TestServer;

async fn flight(server: &TestServer) -> FlightClient {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.flight_addr())).unwrap();
    FlightClient::new(endpoint.connect().await.unwrap())
}

async fn get(client: &mut FlightClient, sql: &str) -> Vec<RecordBatch> {
    let batches = client.do_get(Ticket::new(sql.to_owned())).await;
    batches
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"))
        .try_collect()
        .await
        .unwrap()
}

fn batch(from: i64, to: i64) -> RecordBatch {
    let numbers: ArrayRef = Arc::new((from..to).collect::<Int64Array>());
    let names: ArrayRef = Arc::new(
        (from..to)
            .map(|at| Some(format!("k{}", at % 3)))
            .collect::<StringArray>(),
    );
    RecordBatch::try_from_iter([("x", numbers), ("k", names)]).unwrap()
}

#[tokio::test]
async fn batches_that_are_put_are_read_back_and_reach_views() {
    let server = TestServer::start();
    let client = connect(&server).await;
    run(
        &client,
        "CREATE STREAM s (k TEXT, x BIGINT) PARTITION BY (k);
         CREATE MATERIALIZED VIEW m AS SELECT k, count(*) AS n, sum(x) AS x FROM s GROUP BY k;
         SET read_consistency = strict",
    )
    .await;
    let mut flight = flight(&server).await;
    let batches = [batch(0, 1000), batch(1000, 1003), batch(1003, 3000)];
    let data = FlightDataEncoderBuilder::new()
        .with_flight_descriptor(Some(FlightDescriptor::new_path(vec!["s".to_owned()])))
        .build(stream::iter(batches.map(Ok)));
    let acknowledged: Vec<_> = flight
        .do_put(data)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    let total: u64 = acknowledged
        .iter()
        .map(|result| {
            let said: serde_json::Value = serde_json::from_slice(&result.app_metadata).unwrap();
            said["rows"].as_u64().unwrap()
        })
        .sum();
    assert_eq!(total, 3000);
    assert_eq!(
        rows(&client, "SELECT * FROM m ORDER BY k").await,
        ["k0|1000|1498500", "k1|1000|1499500", "k2|1000|1500500"]
    );
    let found = get(&mut flight, "SELECT x, k FROM s ORDER BY x").await;
    assert_eq!(
        arrow::compute::concat_batches(&found[0].schema(), &found)
            .unwrap()
            .columns(),
        batch(0, 3000).columns()
    );
    // the other way: written over PostgreSQL's wire, read over Flight
    run(&client, "INSERT INTO s VALUES ('new', 7)").await;
    let found = get(&mut flight, "SELECT n, x FROM m WHERE k = 'new'").await;
    assert_eq!(found.iter().map(RecordBatch::num_rows).sum::<usize>(), 1);
    server.stop();
}

#[tokio::test]
async fn a_call_that_the_client_leaves_ends_its_statement() {
    let server = TestServer::start();
    let client = connect(&server).await;
    run(
        &client,
        "CREATE TABLE t (k INT PRIMARY KEY); INSERT INTO t VALUES (1)",
    )
    .await;
    let mut flight = flight(&server).await;
    let mut changes = flight.do_get(Ticket::new("SUBSCRIBE TO t")).await.unwrap();
    let first = changes.next().await.unwrap().unwrap();
    assert_eq!(first.num_columns(), 3);
    drop(changes);
    drop(flight);
    // it holds nothing up: the server stops at once, without a warning
    server.stop();
}
