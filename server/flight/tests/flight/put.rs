//! `DoPut`.

use super::fake::{events, events_schema};
use super::{start, status_of};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, NullArray, RecordBatch, StringArray};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::IpcWriteOptions;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use arrow_flight::{FlightClient, FlightData, FlightDescriptor, PutResult};
use futures::channel::mpsc;
use futures::{SinkExt, Stream, StreamExt, TryStreamExt, stream};
use tonic::Code;

fn messages(
    path: &[&str],
    batches: impl Stream<Item = Result<RecordBatch, FlightError>> + Send + 'static,
) -> impl Stream<Item = Result<FlightData, FlightError>> + Send + 'static {
    let path = path.iter().map(|name| (*name).to_owned()).collect();
    FlightDataEncoderBuilder::new()
        .with_schema(events_schema())
        .with_flight_descriptor(Some(FlightDescriptor::new_path(path)))
        .with_max_flight_data_size(usize::MAX)
        .build(batches)
}

async fn put(
    client: &mut FlightClient,
    path: &[&str],
    batches: Vec<RecordBatch>,
) -> Result<Vec<PutResult>, FlightError> {
    let batches = stream::iter(batches.into_iter().map(Ok));
    client
        .do_put(messages(path, batches))
        .await?
        .try_collect()
        .await
}

async fn put_columns(
    client: &mut FlightClient,
    columns: Vec<(&str, ArrayRef)>,
) -> Result<Vec<PutResult>, FlightError> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let messages = FlightDataEncoderBuilder::new()
        .with_flight_descriptor(Some(FlightDescriptor::new_path(vec!["events".to_owned()])))
        .build(stream::iter([Ok(batch)]));
    client.do_put(messages).await?.try_collect().await
}

fn acknowledged(results: &[PutResult]) -> u64 {
    results
        .iter()
        .map(|result| {
            let text = std::str::from_utf8(&result.app_metadata).unwrap();
            let rows = text
                .strip_prefix("{\"rows\":")
                .and_then(|text| text.strip_suffix('}'));
            rows.unwrap().parse::<u64>().unwrap()
        })
        .sum()
}

#[tokio::test]
async fn rows_are_appended_to_the_relation_that_the_path_names() {
    let server = start().await;
    let mut client = server.client().await;
    for path in [vec!["events"], vec!["public", "events"]] {
        let results = put(&mut client, &path, vec![events(0..10), events(10..25)])
            .await
            .unwrap();
        assert_eq!(acknowledged(&results), 25);
        let appended = std::mem::take(&mut *server.fake.appended.lock());
        let rows: usize = appended
            .iter()
            .flat_map(|(_, b)| b)
            .map(RecordBatch::num_rows)
            .sum();
        assert_eq!(rows, 25);
        assert!(appended.iter().all(|(relation, _)| *relation == path));
    }
}

#[tokio::test]
async fn a_client_that_waits_for_each_acknowledgement_gets_it() {
    let server = start().await;
    let mut client = server.client().await;
    let (mut send, receive) = mpsc::channel(1);
    send.send(Ok(events(0..5))).await.unwrap();
    let mut results = client.do_put(messages(&["events"], receive)).await.unwrap();
    assert_eq!(acknowledged(&[results.next().await.unwrap().unwrap()]), 5);
    assert_eq!(server.fake.appended.lock().len(), 1);
    send.send(Ok(events(5..7))).await.unwrap();
    assert_eq!(acknowledged(&[results.next().await.unwrap().unwrap()]), 2);
    drop(send);
    assert!(results.next().await.is_none());
}

#[tokio::test]
async fn a_large_put_is_several_transactions_of_bounded_size() {
    let server = start().await;
    let mut client = server.client().await;
    // one message of some 12 MB: more than a client's own limit, as pyarrow sends it
    let results = put(&mut client, &["events"], vec![events(0..200_000)])
        .await
        .unwrap();
    assert_eq!(acknowledged(&results), 200_000);
    assert!(results.len() >= 4, "{}", results.len());
    for (_, batches) in server.fake.appended.lock().iter() {
        assert!(batches.iter().map(RecordBatch::num_rows).sum::<usize>() <= 65_536);
    }
}

#[tokio::test]
async fn columns_that_do_not_fit_are_refused_by_name_before_anything_is_kept() {
    let server = start().await;
    let mut client = server.client().await;
    let id = || Arc::new(Int64Array::from(vec![1])) as ArrayRef;
    for (columns, text) in [
        (
            vec![("id", id()), ("nam", id())],
            "column \"nam\" of relation \"events\" does not exist",
        ),
        (
            vec![
                ("id", id()),
                ("at", Arc::new(BooleanArray::from(vec![true])) as ArrayRef),
            ],
            "column \"at\" of relation \"events\" has type Timestamp",
        ),
        (
            vec![("id", id()), ("id", id())],
            "column \"id\" is sent twice",
        ),
    ] {
        let status = status_of(put_columns(&mut client, columns).await.unwrap_err());
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        assert!(status.message().contains(text), "{status:?}");
        assert!(status.message().contains("HINT: "), "{status:?}");
    }
    assert!(server.fake.appended.lock().is_empty());
    // fewer columns, and types that cast, are the session's to judge
    let name = Arc::new(StringArray::from(vec!["x"])) as ArrayRef;
    let results = put_columns(&mut client, vec![("name", name), ("id", id())])
        .await
        .unwrap();
    assert_eq!(acknowledged(&results), 1);
}

#[tokio::test]
async fn a_failed_group_tells_what_was_kept_before_it() {
    let server = start().await;
    let mut client = server.client().await;
    let (mut send, receive) = mpsc::channel(1);
    send.send(Ok(events(0..5))).await.unwrap();
    let mut results = client.do_put(messages(&["events"], receive)).await.unwrap();
    assert!(results.next().await.unwrap().is_ok());
    send.send(Ok(events(-3..0))).await.unwrap();
    let status = status_of(results.next().await.unwrap().unwrap_err());
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(
        status.message().contains("negative id (SQLSTATE 23502)"),
        "{status:?}"
    );
    assert!(
        status
            .message()
            .contains("The first 5 rows of this call are kept"),
        "{status:?}"
    );
}

#[tokio::test]
async fn puts_that_name_no_relation_are_refused() {
    let server = start().await;
    let mut client = server.client().await;
    let status = status_of(
        put(&mut client, &["missing"], vec![events(0..1)])
            .await
            .unwrap_err(),
    );
    assert_eq!(status.code(), Code::NotFound);
    let status = status_of(put(&mut client, &[], vec![events(0..1)]).await.unwrap_err());
    assert!(
        status.message().contains("[schema, relation]"),
        "{status:?}"
    );
    let status = status_of(put(&mut client, &["missing"], vec![]).await.unwrap_err());
    assert_eq!(status.code(), Code::NotFound, "an empty put too");
    let no_descriptor = FlightDataEncoderBuilder::new().build(stream::iter([Ok(events(0..1))]));
    let results: Result<Vec<_>, _> = match client.do_put(no_descriptor).await {
        Ok(results) => results.try_collect().await,
        Err(error) => Err(error),
    };
    assert!(
        status_of(results.unwrap_err())
            .message()
            .contains("no descriptor")
    );
}

#[tokio::test]
async fn small_messages_that_stand_for_very_much_are_refused() {
    let server = start().await;
    let mut client = server.client().await;
    let nulls = Arc::new(NullArray::new(1 << 40)) as ArrayRef;
    let status = status_of(
        put_columns(&mut client, vec![("id", nulls)])
            .await
            .unwrap_err(),
    );
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("smaller batches"), "{status:?}");
    let options = IpcWriteOptions::default()
        .try_with_compression(Some(CompressionType::LZ4_FRAME))
        .unwrap();
    let compressed = FlightDataEncoderBuilder::new()
        .with_flight_descriptor(Some(FlightDescriptor::new_path(vec!["events".to_owned()])))
        .with_options(options)
        .build(stream::iter([Ok(events(0..10))]));
    let results: Result<Vec<_>, _> = client.do_put(compressed).await.unwrap().try_collect().await;
    let status = status_of(results.unwrap_err());
    assert!(status.message().contains("uncompressed"), "{status:?}");
    assert!(server.fake.appended.lock().is_empty());
}

#[tokio::test]
async fn bytes_that_are_no_rows_are_refused_and_the_server_goes_on() {
    let server = start().await;
    let mut client = server.client().await;
    let good: Vec<FlightData> = messages(&["events"], stream::iter([Ok(events(0..50))]))
        .try_collect()
        .await
        .unwrap();
    for seed in 0..200usize {
        let mut broken = good.clone();
        // each seed flips one byte of the schema's or the batch's header
        let message = seed % 2;
        let mut header = broken[message].data_header.to_vec();
        let at = (seed * 31) % header.len();
        header[at] ^= 1 << (seed % 8);
        broken[message].data_header = header.into();
        if let Ok(results) = client
            .do_put(stream::iter(broken.into_iter().map(Ok)))
            .await
        {
            let results: Result<Vec<_>, _> = results.try_collect().await;
            if let Err(error) = results {
                let code = status_of(error).code();
                assert!(
                    matches!(code, Code::InvalidArgument | Code::NotFound),
                    "{seed}: {code}"
                );
            }
        }
    }
    let results = put(&mut client, &["events"], vec![events(0..3)])
        .await
        .unwrap();
    assert_eq!(acknowledged(&results), 3);
}
