//! Handshake, cancel requests, shutdown and limits.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::fake::{start, start_with};
use crate::raw::{Raw, V3_0, field, kinds, message, query, startup};

#[tokio::test]
async fn encryption_is_declined_and_the_connection_kept() {
    let running = start().await;
    let mut raw = Raw::open(running.address).await;
    for code in [80_877_104_u32, 80_877_103] {
        raw.send(&[[8_u32.to_be_bytes(), code.to_be_bytes()].concat()])
            .await;
        assert_eq!(raw.socket.read_u8().await.expect("an answer"), b'N');
    }
    raw.send(&[startup(V3_0, &[("user", "summit"), ("database", "summit")])])
        .await;
    assert_eq!(kinds(&raw.until_ready().await), "RKSSSSZ");
}

#[tokio::test]
async fn startup_reports_settings_with_those_the_client_asked_for() {
    let running = start().await;
    let mut raw = Raw::open(running.address).await;
    let options = "-c TimeZone=+02:00 --work-mem=4MB";
    raw.send(&[startup(
        V3_0,
        &[
            ("user", "summit"),
            ("application_name", "it"),
            ("options", options),
        ],
    )])
    .await;
    let told: Vec<String> = raw
        .until_ready()
        .await
        .iter()
        .filter(|(kind, _)| *kind == 'S')
        .map(|(_, body)| String::from_utf8_lossy(body).replace('\0', "|"))
        .collect();
    assert_eq!(
        told,
        [
            "server_version|15.0|",
            "client_encoding|UTF8|",
            "application_name|it|",
            "TimeZone|+02:00|"
        ]
    );
}

#[tokio::test]
async fn newer_protocols_are_negotiated_down() {
    let running = start().await;
    let mut raw = Raw::open(running.address).await;
    let wanted = [("user", "summit"), ("_pq_.fancy", "1")];
    raw.send(&[startup(V3_0 | 9999, &wanted)]).await;
    let answers = raw.until_ready().await;
    assert_eq!(kinds(&answers), "vRKSSSSZ");
    assert_eq!(answers[0].1[..8], [0, 3, 0, 2, 0, 0, 0, 1]);
    assert_eq!(&answers[0].1[8..], b"_pq_.fancy\0");
    // process number and a long key
    assert_eq!(answers[2].1.len(), 4 + 32);
}

#[tokio::test]
async fn wrong_databases_users_and_protocols_are_refused() {
    let running = start().await;
    type Case<'a> = (u32, &'a [(&'a str, &'a str)], &'a str, &'a str);
    let cases: [Case<'_>; 5] = [
        (
            V3_0,
            &[("user", "summit"), ("database", "x")],
            "3D000",
            "database \"x\" does not exist",
        ),
        (
            V3_0,
            &[("user", "nobody")],
            "28000",
            "role \"nobody\" does not exist",
        ),
        (
            V3_0,
            &[],
            "28000",
            "no PostgreSQL user name specified in startup packet",
        ),
        (
            V3_0,
            &[("user", "summit"), ("replication", "true")],
            "0A000",
            "replication connections are not supported",
        ),
        (
            2 << 16,
            &[],
            "0A000",
            "unsupported frontend protocol 2.0: server supports 3.0 to 3.2",
        ),
    ];
    for (version, parameters, code, text) in cases {
        let mut raw = Raw::open(running.address).await;
        raw.send(&[startup(version, parameters)]).await;
        let answer = raw.next().await;
        assert_eq!(answer.0, 'E');
        assert_eq!(field(&answer, 'S').as_deref(), Some("FATAL"));
        assert_eq!(field(&answer, 'C').as_deref(), Some(code));
        assert_eq!(field(&answer, 'M').as_deref(), Some(text));
        assert!(raw.try_next().await.is_none());
    }
}

#[tokio::test]
async fn garbage_never_takes_the_server_down() {
    let running = start().await;
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0; 8],
        &[0xff; 64],
        &[0, 0, 0, 12, 4, 0xd2, 0x16, 0x2e, 0, 0, 0, 0],
    ] {
        let mut raw = Raw::open(running.address).await;
        raw.send(&[garbage.to_vec()]).await;
        raw.socket.shutdown().await.expect("half closed");
        while raw.try_next().await.is_some() {}
    }
    // malformed messages within a session
    for garbage in [
        message('B', &[b"p"]),
        message('P', &[b"a\0b\0\0\x05"]),
        message('D', &[b"X\0"]),
        message('E', &[]),
    ] {
        let mut raw = Raw::session(running.address).await;
        raw.send(&[garbage, message('S', &[])]).await;
        let answers = raw.until_ready().await;
        assert_eq!(kinds(&answers), "EZ");
        assert_eq!(field(&answers[0], 'C').as_deref(), Some("08P01"));
    }
    let mut raw = Raw::session(running.address).await;
    raw.send(&[message('?', &[b"what"])]).await;
    assert_eq!(field(&raw.next().await, 'S').as_deref(), Some("FATAL"));
    assert!(raw.try_next().await.is_none());
}

#[tokio::test]
async fn a_cancel_request_ends_a_live_stream_and_gets_no_answer() {
    let running = start().await;
    for statement in ["live", "hang"] {
        let mut raw = Raw::session(running.address).await;
        raw.send(&[query(statement)]).await;
        if statement == "live" {
            assert_eq!(
                kinds(&[raw.next().await, raw.next().await, raw.next().await]),
                "TDD"
            );
        } else {
            while !running.seen.calls().contains(&"hang".to_owned()) {
                tokio::task::yield_now().await;
            }
        }
        let cancel = |key: &[u8]| {
            let mut packet = (12 + key.len() as u32).to_be_bytes().to_vec();
            packet.extend(80_877_102_u32.to_be_bytes());
            packet.extend(raw.process.to_be_bytes());
            packet.extend(key);
            packet
        };
        let wrong: Vec<u8> = raw.key.iter().map(|byte| !byte).collect();
        for key in [wrong, raw.key.clone()] {
            let packet = cancel(&key);
            let mut other = Raw::open(running.address).await;
            other.send(&[packet]).await;
            assert!(other.try_next().await.is_none());
        }
        let answers = raw.until_ready().await;
        assert_eq!(kinds(&answers), "EZ");
        assert_eq!(field(&answers[0], 'C').as_deref(), Some("57014"));
        raw.send(&[query("insert")]).await;
        assert_eq!(kinds(&raw.until_ready().await), "CZ");
    }
}

#[tokio::test]
async fn a_client_that_vanishes_ends_what_runs_for_it() {
    let running = start().await;
    for statement in ["live", "hang"] {
        let mut raw = Raw::session(running.address).await;
        raw.send(&[query(statement)]).await;
        if statement == "live" {
            assert_eq!(raw.next().await.0, 'T');
        }
        while !running.seen.calls().contains(&statement.to_owned()) {
            tokio::task::yield_now().await;
        }
        drop(raw);
        running.seen.stream_ended.notified().await;
    }
}

#[tokio::test]
async fn shutdown_ends_idle_and_busy_sessions() {
    let running = start().await;
    let mut idle = Raw::session(running.address).await;
    let mut busy = Raw::session(running.address).await;
    busy.send(&[query("live")]).await;
    assert_eq!(busy.next().await.0, 'T');
    running.shutdown.cancel();
    for raw in [&mut idle, &mut busy] {
        let answers = raw.until('E').await;
        let last = answers.last().expect("an error");
        assert_eq!(field(last, 'S').as_deref(), Some("FATAL"));
        assert_eq!(field(last, 'C').as_deref(), Some("57P01"));
        assert!(raw.try_next().await.is_none());
    }
    running.task.await.expect("serve ends");
}

#[tokio::test]
async fn one_session_too_many_is_refused_until_another_ends() {
    let running = start_with(|options| options.sessions_max = 1).await;
    let first = Raw::session(running.address).await;
    let packet = startup(V3_0, &[("user", "summit")]);
    let mut second = Raw::open(running.address).await;
    second.send(std::slice::from_ref(&packet)).await;
    assert_eq!(field(&second.next().await, 'C').as_deref(), Some("53300"));
    drop(first);
    loop {
        let mut third = Raw::open(running.address).await;
        third.send(std::slice::from_ref(&packet)).await;
        if third.next().await.0 == 'R' {
            break;
        }
    }
}

#[tokio::test]
async fn sizes_are_bounded() {
    let running = start_with(|options| {
        options.message_bytes_max = 2000;
        options.statement_bytes_max = 1000;
    })
    .await;
    let mut raw = Raw::session(running.address).await;
    raw.send(&[query(&" ".repeat(1500))]).await;
    let answers = raw.until_ready().await;
    assert_eq!(field(&answers[0], 'C').as_deref(), Some("54000"));
    raw.send(&[query(&" ".repeat(3000))]).await;
    let answer = raw.next().await;
    assert_eq!(field(&answer, 'S').as_deref(), Some("FATAL"));
    assert_eq!(field(&answer, 'C').as_deref(), Some("54000"));
}
