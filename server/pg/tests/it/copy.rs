//! COPY in both directions.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Float64Type, Int32Type};
use futures::{SinkExt, StreamExt, TryStreamExt};

use crate::fake::{Running, copy_schema, start, start_with};
use crate::raw::*;

fn rows(running: &Running) -> Vec<(Option<i32>, Option<String>, Option<f64>)> {
    let batches: Vec<RecordBatch> = running
        .seen
        .copied
        .lock()
        .expect("the lock")
        .drain(..)
        .collect();
    let batch = concat_batches(&copy_schema(), &batches).expect("one schema");
    let (a, b, c) = (
        batch.column(0).as_primitive::<Int32Type>(),
        batch.column(1).as_string::<i32>(),
        batch.column(2).as_primitive::<Float64Type>(),
    );
    (0..batch.num_rows())
        .map(|row| {
            (
                a.is_valid(row).then(|| a.value(row)),
                b.is_valid(row).then(|| b.value(row).to_owned()),
                c.is_valid(row).then(|| c.value(row)),
            )
        })
        .collect()
}

/// Sends data for a COPY cut into pieces; answers what the server says after CopyInResponse.
async fn copy(running: &Running, statement: &str, data: &[u8], piece: usize) -> Vec<Answer> {
    let mut raw = Raw::session(running.address).await;
    raw.send(&[query(statement)]).await;
    assert_eq!(raw.next().await.0, 'G');
    for piece in data.chunks(piece) {
        raw.send(&[message('d', &[piece])]).await;
    }
    raw.send(&[message('c', &[])]).await;
    let answers = raw.until_ready().await;
    // the session is usable afterwards
    raw.send(&[query("insert")]).await;
    assert_eq!(kinds(&raw.until_ready().await), "CZ");
    answers
}

#[tokio::test]
async fn text_rows_arrive_however_they_are_cut() {
    let running = start().await;
    let data = b"1\tone\t1.5\n2\t\\N\t\\N\r\n3\ttab\\there\\\\ \\101\\x42\tNaN\n\\.\nignored";
    for piece in [1, 2, 7, 1000] {
        let answers = copy(&running, "copyin text", data, piece).await;
        assert_eq!(tag(&answers[0]), "COPY 3", "{piece}");
        let rows = rows(&running);
        assert_eq!(rows[0], (Some(1), Some("one".into()), Some(1.5)));
        assert_eq!(rows[1], (Some(2), None, None));
        assert_eq!(rows[2].1.as_deref(), Some("tab\there\\ AB"));
        assert!(rows[2].2.expect("a value").is_nan());
    }
}

#[tokio::test]
async fn csv_quotes_nulls_headers_and_line_ends_in_values() {
    let running = start().await;
    let data = b"a,b,c\n1,\"say \"\"hi\"\",\nthere\",2\r\n2,,\n3,\"\",-Infinity\n4,pl\"ai\"n,1e3";
    for piece in [1, 3, 1000] {
        let answers = copy(&running, "copyin csv header", data, piece).await;
        assert_eq!(tag(&answers[0]), "COPY 4", "{piece}");
        assert_eq!(
            rows(&running),
            [
                (Some(1), Some("say \"hi\",\nthere".into()), Some(2.0)),
                (Some(2), None, None),
                (Some(3), Some(String::new()), Some(f64::NEG_INFINITY)),
                (Some(4), Some("plain".into()), Some(1000.0)),
            ]
        );
    }
}

#[tokio::test]
async fn a_malformed_row_names_its_line_and_column_and_nothing_is_kept() {
    let running = start().await;
    let cases: [(&str, &[u8], &str, &str, &str); 7] = [
        (
            "copyin text",
            b"1\tx\t1\n2\ty\t2\nz\ty\t3\n",
            "22P02",
            "invalid input syntax for type integer: \"z\"",
            "COPY t, line 3, column a: \"z\"",
        ),
        (
            "copyin csv header",
            b"a,b,c\n1,\"x\n\",1\n2,y,q\n",
            "22P02",
            "invalid input syntax for type double precision: \"q\"",
            "COPY t, line 4, column c: \"q\"",
        ),
        (
            "copyin text",
            b"1\tx\t1\t4\n",
            "22P04",
            "extra data after last expected column",
            "COPY t, line 1: \"1\tx\t1\t4\"",
        ),
        (
            "copyin text",
            b"1\tx\n",
            "22P04",
            "missing data for column \"c\"",
            "COPY t, line 1: \"1\tx\"",
        ),
        (
            "copyin text",
            b"99999999999\tx\t1\n",
            "22003",
            "value \"99999999999\" is out of range for type integer",
            "COPY t, line 1, column a: \"99999999999\"",
        ),
        (
            "copyin csv",
            b"1,\"x",
            "22P04",
            "unterminated CSV quoted field",
            "COPY t, line 1: \"1,\"x\"",
        ),
        (
            "copyin text",
            b"1\t\xff\t1\n",
            "22021",
            "invalid byte sequence for encoding \"UTF8\": 0xff",
            "COPY t, line 1",
        ),
    ];
    for (statement, data, code, text, context) in cases {
        let answers = copy(&running, statement, data, 4).await;
        assert_eq!(kinds(&answers), "EZ", "{text}");
        assert_eq!(field(&answers[0], 'C').as_deref(), Some(code), "{text}");
        assert_eq!(field(&answers[0], 'M').as_deref(), Some(text));
        assert_eq!(field(&answers[0], 'W').as_deref(), Some(context));
        assert_eq!(field(&answers[0], 'D').as_deref(), Some(context));
        assert!(running.seen.copied.lock().expect("the lock").is_empty());
    }
    assert!(running.seen.calls().contains(&"FAIL".to_owned()));
}

#[tokio::test]
async fn a_copy_that_the_client_gives_up_fails() {
    let running = start().await;
    let mut raw = Raw::session(running.address).await;
    raw.send(&[
        query("copyin text"),
        message('d', &[b"1\tx\t1\n"]),
        message('f', &[b"had enough\0"]),
    ])
    .await;
    let answers = raw.until_ready().await;
    assert_eq!(kinds(&answers), "GEZ");
    assert_eq!(field(&answers[1], 'C').as_deref(), Some("57014"));
    assert_eq!(
        field(&answers[1], 'M').as_deref(),
        Some("COPY from stdin failed: had enough")
    );
    raw.send(&[query("copyin text"), query("insert")]).await;
    assert_eq!(kinds(&raw.until_ready().await), "GEZ");
    assert!(running.seen.copied.lock().expect("the lock").is_empty());
}

#[tokio::test]
async fn a_copy_beyond_the_limit_is_refused() {
    let running = start_with(|options| options.copy_bytes_max = 10).await;
    let answers = copy(&running, "copyin text", b"1\tx\t1\n2\ty\t2\n", 100).await;
    assert_eq!(field(&answers[0], 'C').as_deref(), Some("54000"));
}

#[tokio::test]
async fn a_copy_that_waits_for_its_client_can_be_cancelled() {
    let running = start().await;
    let mut raw = Raw::session(running.address).await;
    raw.send(&[query("copyin text")]).await;
    assert_eq!(raw.next().await.0, 'G');
    let packet = [
        &16_u32.to_be_bytes()[..],
        &80_877_102_u32.to_be_bytes(),
        &raw.process.to_be_bytes(),
        &raw.key,
    ]
    .concat();
    Raw::open(running.address).await.send(&[packet]).await;
    let answers = raw.until_ready().await;
    assert_eq!(field(&answers[0], 'C').as_deref(), Some("57014"));
}

#[tokio::test]
async fn a_driver_copies_in_text_and_binary() {
    let running = start().await;
    let client = running.client().await;
    let mut sink = Box::pin(
        client
            .copy_in::<_, bytes::Bytes>("copyin text")
            .await
            .expect("a sink"),
    );
    sink.send(bytes::Bytes::from_static(b"1\ta\t1\n"))
        .await
        .expect("sent");
    assert_eq!(sink.as_mut().finish().await.expect("copied"), 1);

    use tokio_postgres::types::Type;
    let sink = client.copy_in("copyin binary").await.expect("a sink");
    let mut writer = Box::pin(tokio_postgres::binary_copy::BinaryCopyInWriter::new(
        sink,
        &[Type::INT4, Type::TEXT, Type::FLOAT8],
    ));
    for n in 0..20_000_i32 {
        writer
            .as_mut()
            .write(&[&n, &None::<&str>, &f64::from(n)])
            .await
            .expect("written");
    }
    assert_eq!(writer.as_mut().finish().await.expect("copied"), 20_000);
    let rows = rows(&running);
    assert_eq!(rows.len(), 20_001);
    assert_eq!(rows[20_000], (Some(19_999), None, Some(19_999.0)));
}

#[tokio::test]
async fn broken_binary_data_is_refused() {
    let running = start().await;
    let header = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
    let row = |body: &[u8]| [&header[..], body].concat();
    for (data, code) in [
        (b"1,2,3\n".to_vec(), "22P04"),
        (row(&[0, 2, 0, 0]), "22P04"),
        (row(&[0, 3, 0, 0, 0, 4, 0]), "22P04"),
        (
            row(&[
                0, 3, 0, 0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            ]),
            "22P03",
        ),
        (row(&[0xff, 0xff, 1]), "22P04"),
    ] {
        let answers = copy(&running, "copyin binary", &data, 3).await;
        assert_eq!(field(&answers[0], 'C').as_deref(), Some(code), "{data:?}");
    }
}

#[tokio::test]
async fn copy_out_escapes_and_quotes() {
    let running = start().await;
    let client = running.client().await;
    for (statement, expected) in [
        ("copyout text", "1\ta,\"b\"\n2\ttab\\there\n3\t\\N\n4\t\n"),
        (
            "copyout csv header",
            "a,b\n1,\"a,\"\"b\"\"\"\n2,tab\there\n3,\n4,\"\"\n",
        ),
    ] {
        let stream = client.copy_out(statement).await.expect("a stream");
        let pieces: Vec<bytes::Bytes> = stream.try_collect().await.expect("data");
        assert_eq!(String::from_utf8(pieces.concat()).expect("text"), expected);
    }
    use tokio_postgres::types::Type;
    let stream = client.copy_out("copyout binary").await.expect("a stream");
    let rows: Vec<_> =
        tokio_postgres::binary_copy::BinaryCopyOutStream::new(stream, &[Type::INT8, Type::TEXT])
            .map(|row| {
                let row = row.expect("a row");
                (row.get::<i64>(0), row.get::<Option<String>>(1))
            })
            .collect()
            .await;
    assert_eq!(rows[0], (1, Some("a,\"b\"".to_owned())));
    assert_eq!(rows[2], (3, None));
}
