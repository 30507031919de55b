//! `DoGet`.

use super::{start, start_with, status_of};
use std::sync::atomic::Ordering;
use std::time::Duration;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Int64Type};
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::{FlightClient, Ticket};
use futures::{StreamExt, TryStreamExt};
use summit_flight::FlightOptions;
use tonic::Code;

async fn get(client: &mut FlightClient, sql: &str) -> Result<Vec<RecordBatch>, FlightError> {
    client
        .do_get(Ticket::new(sql.to_owned()))
        .await?
        .try_collect()
        .await
}

#[tokio::test]
async fn a_ticket_s_rows_come_in_plain_types() {
    let server = start().await;
    let batches = get(&mut server.client().await, "events").await.unwrap();
    let all = concat_batches(&batches[0].schema(), &batches).unwrap();
    assert_eq!(batches.len(), 2, "an empty batch is no message");
    assert_eq!(all.schema().field(1).data_type(), &DataType::Utf8);
    assert_eq!(
        all.column(0).as_primitive::<Int64Type>().values(),
        &[0, 1, 2, 3, 4]
    );
    assert_eq!(
        all.column(1).as_string::<i32>().value(4),
        "a name that is not short 4"
    );
    assert_eq!(*server.fake.users.lock(), ["summit"]);
}

#[tokio::test]
async fn no_rows_still_have_a_schema() {
    let server = start().await;
    let mut client = server.client().await;
    let mut rows = client.do_get(Ticket::new("nothing")).await.unwrap();
    assert!(rows.next().await.is_none());
    assert_eq!(rows.schema().unwrap().fields().len(), 3);
}

#[tokio::test]
async fn a_statement_without_rows_answers_its_tag() {
    let server = start().await;
    let batches = get(&mut server.client().await, "insert").await.unwrap();
    assert_eq!(batches.len(), 1);
    assert_eq!(batches[0].schema().field(0).name(), "tag");
    assert_eq!(
        batches[0].column(0).as_string::<i32>().value(0),
        "INSERT 0 3"
    );
}

#[tokio::test]
async fn a_large_result_comes_in_messages_that_any_client_takes() {
    let server = start().await;
    let mut client = server.client().await;
    // the client's own limit is 4 MiB
    let batches = get(&mut client, "large").await.unwrap();
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    assert_eq!(rows, 10_000);
    assert!(
        batches.len() >= 8 && batches.len() < 40,
        "{}",
        batches.len()
    );
    let last = batches.last().unwrap();
    assert_eq!(
        last.column(0)
            .as_string::<i32>()
            .value(last.num_rows() - 1)
            .len(),
        400_000
    );
    // on the wire
    let mut raw = FlightServiceClient::new(server.channel().await);
    let mut messages = raw.do_get(Ticket::new("large")).await.unwrap().into_inner();
    while let Some(message) = messages.message().await.unwrap() {
        assert!(
            message.data_body.len() <= (2 << 20) + 4096,
            "{}",
            message.data_body.len()
        );
    }
}

#[tokio::test]
async fn errors_carry_their_sqlstate_and_the_way_out() {
    let server = start().await;
    let mut client = server.client().await;
    for (sql, code, sqlstate, text) in [
        ("missing", Code::NotFound, Some("42P01"), "SHOW ALL"),
        (
            "syntax",
            Code::InvalidArgument,
            Some("42601"),
            "at character 3",
        ),
        (
            "late error",
            Code::InvalidArgument,
            Some("22012"),
            "division by zero",
        ),
        ("$1", Code::InvalidArgument, Some("42P02"), "no parameters"),
        ("copy", Code::InvalidArgument, None, "DoPut"),
        ("  ", Code::InvalidArgument, None, "no statement"),
        (
            "events; events",
            Code::InvalidArgument,
            None,
            "2 statements",
        ),
        (
            "\u{a}2type.googleapis.com/arrow.flight.protocol.sql.CommandStatementQuery",
            Code::Unimplemented,
            None,
            "not Flight SQL",
        ),
    ] {
        let status = status_of(get(&mut client, sql).await.unwrap_err());
        assert_eq!(status.code(), code, "{sql}: {status:?}");
        assert!(status.message().contains(text), "{sql}: {status:?}");
        let found = status
            .metadata()
            .get("summit-sqlstate")
            .map(|value| value.to_str().unwrap());
        assert_eq!(found, sqlstate, "{sql}");
    }
    let ticket = Ticket::new(vec![0xff, 0xfe]);
    let status = status_of(client.do_get(ticket).await.unwrap_err());
    assert!(status.message().contains("not UTF-8"));
}

#[tokio::test]
async fn an_endless_stream_does_not_run_ahead_and_ends_when_the_call_is_dropped() {
    let server = start().await;
    let mut client = server.client().await;
    let mut rows = client.do_get(Ticket::new("subscribe")).await.unwrap();
    for _ in 0..3 {
        assert_eq!(rows.next().await.unwrap().unwrap().num_rows(), 1000);
    }
    // a thousand rows are some 50 KB; windows and buffers hold a few MB at most
    let made = server.fake.made.load(Ordering::SeqCst);
    assert!(made < 1000, "{made}");
    drop(rows);
    server.fake.cancelled.notified().await;
}

#[tokio::test]
async fn a_statement_that_has_not_answered_yet_ends_when_the_call_is_dropped() {
    let server = start().await;
    let mut client = server.client().await;
    let call = client.do_get(Ticket::new("wait"));
    let made = &server.fake.made;
    tokio::select! {
        _ = call => panic!("it waits"),
        () = async { while made.load(Ordering::SeqCst) == 0 { tokio::task::yield_now().await } } => {}
    }
    server.fake.cancelled.notified().await;
}

#[tokio::test]
async fn shutdown_ends_a_subscription_with_its_reason() {
    let server = start().await;
    let mut client = server.client().await;
    let mut rows = client
        .do_get(Ticket::new("subscribe quietly"))
        .await
        .unwrap();
    assert!(rows.next().await.unwrap().is_ok());
    server.shutdown.cancel();
    let status = status_of(rows.next().await.unwrap().unwrap_err());
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.metadata().get("summit-sqlstate").unwrap(), "57P01");
    drop((rows, client));
    server.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_session_that_must_end_ends_its_streams() {
    let server = start().await;
    let mut client = server.client().await;
    let mut rows = client
        .do_get(Ticket::new("subscribe quietly"))
        .await
        .unwrap();
    assert!(rows.next().await.unwrap().is_ok());
    server.fake.ended.cancel();
    let status = status_of(rows.next().await.unwrap().unwrap_err());
    assert_eq!(status.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_statement_that_outlasts_the_grace_of_a_shutdown_is_ended() {
    let server = start_with(FlightOptions {
        shutdown_grace: Duration::from_millis(50),
    })
    .await;
    let mut client = server.client().await;
    let made = &server.fake.made;
    let (answer, ()) = tokio::join!(client.do_get(Ticket::new("wait")), async {
        while made.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        server.shutdown.cancel();
    });
    let status = status_of(answer.unwrap_err());
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    server.fake.cancelled.notified().await;
    drop(client);
    server.served.await.unwrap().unwrap();
}
