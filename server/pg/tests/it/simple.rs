//! The simple query protocol.

use tokio_postgres::SimpleQueryMessage;

use crate::fake::start;
use crate::raw::{Raw, field, kinds, query, tag};

#[tokio::test]
async fn several_statements_are_one_transaction_with_one_ready() {
    let running = start().await;
    let mut raw = Raw::session(running.address).await;
    raw.send(&[query("insert; numbers 2; insert;")]).await;
    let answers = raw.until_ready().await;
    assert_eq!(kinds(&answers), "CTDDCCZ");
    assert_eq!(tag(&answers[0]), "INSERT 0 1");
    assert_eq!(tag(&answers[4]), "SELECT 2");
    assert_eq!(answers[6].1, b"I");
    assert_eq!(
        running.seen.calls(),
        [
            "BEGIN IMPLICIT",
            "insert",
            "numbers 2",
            "insert",
            "END IMPLICIT false"
        ]
    );
}

#[tokio::test]
async fn one_statement_commits_by_itself() {
    let running = start().await;
    let mut raw = Raw::session(running.address).await;
    raw.send(&[query("insert")]).await;
    assert_eq!(kinds(&raw.until_ready().await), "CZ");
    assert_eq!(running.seen.calls(), ["insert"]);
}

#[tokio::test]
async fn an_error_stops_the_rest_and_its_position_is_in_the_whole_text() {
    let running = start().await;
    let mut raw = Raw::session(running.address).await;
    raw.send(&[query("insert;  fail; insert")]).await;
    let answers = raw.until_ready().await;
    assert_eq!(kinds(&answers), "CEZ");
    assert_eq!(field(&answers[1], 'C').as_deref(), Some("22012"));
    assert_eq!(field(&answers[1], 'V').as_deref(), Some("ERROR"));
    assert_eq!(field(&answers[1], 'H').as_deref(), Some("do not"));
    assert_eq!(field(&answers[1], 'P').as_deref(), Some("12"));
    assert!(running.seen.calls().ends_with(&[
        "fail".into(),
        "FAIL".into(),
        "END IMPLICIT true".into(),
        "FAIL".into()
    ]));

    raw.send(&[query("insert; !!")]).await;
    let answers = raw.until_ready().await;
    assert_eq!(kinds(&answers), "EZ");
    assert_eq!(field(&answers[0], 'P').as_deref(), Some("9"));
}

#[tokio::test]
async fn empty_queries_say_so() {
    let running = start().await;
    let mut raw = Raw::session(running.address).await;
    raw.send(&[query(""), query(" ; ;")]).await;
    assert_eq!(kinds(&raw.until_ready().await), "IZ");
    assert_eq!(kinds(&raw.until_ready().await), "IZ");
}

#[tokio::test]
async fn the_transaction_status_follows_the_session() {
    let running = start().await;
    let mut raw = Raw::session(running.address).await;
    for (statement, answers, status) in [
        ("begin", "CZ", b"T"),
        ("fail", "EZ", b"E"),
        ("insert", "EZ", b"E"),
        ("rollback", "CZ", b"I"),
        ("begin", "CZ", b"T"),
        ("failstream", "TDDDEZ", b"E"),
        ("rollback", "CZ", b"I"),
        ("begin", "CZ", b"T"),
        ("!!", "EZ", b"E"),
    ] {
        raw.send(&[query(statement)]).await;
        let got = raw.until_ready().await;
        assert_eq!(kinds(&got), answers, "{statement}");
        assert_eq!(got.last().expect("ready").1, status, "{statement}");
    }
}

#[tokio::test]
async fn notices_come_before_the_tag_and_changed_settings_before_ready() {
    let running = start().await;
    let mut raw = Raw::session(running.address).await;
    raw.send(&[query("notice")]).await;
    assert_eq!(kinds(&raw.until_ready().await), "NCZ");
    raw.send(&[query("set TimeZone Asia/Tokyo; insert")]).await;
    let answers = raw.until_ready().await;
    assert_eq!(kinds(&answers), "CCSZ");
    assert_eq!(answers[2].1, b"TimeZone\0Asia/Tokyo\0");
    raw.send(&[query("insert")]).await;
    assert_eq!(kinds(&raw.until_ready().await), "CZ");
}

#[tokio::test]
async fn live_rows_arrive_while_the_stream_runs() {
    let running = start().await;
    let mut raw = Raw::session(running.address).await;
    raw.send(&[query("live")]).await;
    let answers = [raw.next().await, raw.next().await, raw.next().await];
    assert_eq!(kinds(&answers), "TDD");
}

#[tokio::test]
async fn large_results_arrive_whole() {
    let running = start().await;
    let client = running.client().await;
    let messages = client.simple_query("numbers 50000").await.expect("rows");
    let rows: Vec<i64> = messages
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).and_then(|text| text.parse().ok()),
            _ => None,
        })
        .collect();
    assert_eq!(rows, (1..=50_000).collect::<Vec<_>>());
    assert!(matches!(
        messages.last(),
        Some(SimpleQueryMessage::CommandComplete(50_000))
    ));
}

#[tokio::test]
async fn parameters_without_values_are_refused() {
    let running = start().await;
    let mut raw = Raw::session(running.address).await;
    raw.send(&[query("echo int8")]).await;
    let answers = raw.until_ready().await;
    assert_eq!(kinds(&answers), "EZ");
    assert_eq!(field(&answers[0], 'C').as_deref(), Some("42P02"));
}
