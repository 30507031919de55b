//! The extended query protocol.

use tokio_postgres::types::Type;

use crate::fake::start;
use crate::raw::*;

fn micros(seconds: i64) -> i64 {
    seconds * 1_000_000
}

#[tokio::test]
async fn a_driver_gets_back_every_type_that_it_sent() {
    let running = start().await;
    let client = running.client().await;
    let row = client
        .query_one(
            "echo bool int2 int4 int8 float4 float8 text bytea int8[] text[]",
            &[
                &true,
                &1_i16,
                &-2_i32,
                &i64::MIN,
                &1.5_f32,
                &f64::NAN,
                &"é",
                &b"\0\xff".to_vec(),
                &vec![Some(1_i64), None],
                &vec!["a", ""],
            ],
        )
        .await
        .expect("a row");
    assert!(row.get::<_, bool>(0));
    assert_eq!(row.get::<_, i16>(1), 1);
    assert_eq!(row.get::<_, i32>(2), -2);
    assert_eq!(row.get::<_, i64>(3), i64::MIN);
    assert_eq!(row.get::<_, f32>(4), 1.5);
    assert!(row.get::<_, f64>(5).is_nan());
    assert_eq!(row.get::<_, &str>(6), "é");
    assert_eq!(row.get::<_, Vec<u8>>(7), b"\0\xff");
    assert_eq!(row.get::<_, Vec<Option<i64>>>(8), [Some(1), None]);
    assert_eq!(row.get::<_, Vec<String>>(9), ["a", ""]);
    let statement = client.prepare("insert").await.expect("prepared");
    assert!(statement.columns().is_empty());
    assert_eq!(client.execute(&statement, &[]).await.expect("a count"), 1);
}

#[tokio::test]
async fn times_are_microseconds_since_2000_whatever_the_unit() {
    use tokio_postgres::types::{FromSql, ToSql};
    let running = start().await;
    let client = running.client().await;
    #[derive(Debug, PartialEq)]
    struct Raw8(i64);
    impl ToSql for Raw8 {
        fn to_sql(
            &self,
            _: &Type,
            out: &mut tokio_postgres::types::private::BytesMut,
        ) -> Result<tokio_postgres::types::IsNull, Box<dyn std::error::Error + Sync + Send>>
        {
            out.extend_from_slice(&self.0.to_be_bytes());
            Ok(tokio_postgres::types::IsNull::No)
        }
        fn accepts(_: &Type) -> bool {
            true
        }
        tokio_postgres::types::to_sql_checked!();
    }
    impl<'a> FromSql<'a> for Raw8 {
        fn from_sql(
            _: &Type,
            raw: &'a [u8],
        ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
            Ok(Raw8(i64::from_be_bytes(raw.try_into()?)))
        }
        fn accepts(_: &Type) -> bool {
            true
        }
    }
    let row = client
        .query_one(
            "echo timestamp timestamptz time timestampns",
            &[
                &Raw8(micros(1)),
                &Raw8(micros(-5)),
                &Raw8(micros(60)),
                &Raw8(-1),
            ],
        )
        .await
        .expect("a row");
    assert_eq!(row.columns()[1].type_(), &Type::TIMESTAMPTZ);
    assert_eq!(row.get::<_, Raw8>(0), Raw8(micros(1)));
    assert_eq!(row.get::<_, Raw8>(1), Raw8(micros(-5)));
    assert_eq!(row.get::<_, Raw8>(2), Raw8(micros(60)));
    assert_eq!(row.get::<_, Raw8>(3), Raw8(-1));
}

#[tokio::test]
async fn declared_types_decide_how_parameters_are_read() {
    let running = start().await;
    let mut raw = Raw::session(running.address).await;
    // int2 binary, varchar text, numeric binary 12.5, for an int8, a timestamp and a numeric
    let numeric = [0, 2, 0, 0, 0, 0, 0, 1, 0, 12, 0x13, 0x88];
    raw.send(&[
        parse("", "echo int8 timestamp numeric", &[21, 1043, 1700]),
        bind(
            "",
            "",
            &[1, 0, 1],
            &[
                Some(&7_i16.to_be_bytes()),
                Some(b"2013-01-01T10:00:00Z"),
                Some(&numeric),
            ],
            &[],
        ),
        describe('S', ""),
        execute("", 0),
        sync(),
    ])
    .await;
    let answers = raw.until_ready().await;
    assert_eq!(kinds(&answers), "12tTDCZ");
    assert_eq!(
        answers[2].1,
        [
            &[0, 3][..],
            &21_u32.to_be_bytes(),
            &1043_u32.to_be_bytes(),
            &1700_u32.to_be_bytes()
        ]
        .concat()
    );
    let texts: Vec<String> = values(&answers[4])
        .into_iter()
        .map(|v| String::from_utf8(v.expect("a value")).expect("text"))
        .collect();
    assert_eq!(texts, ["7", "2013-01-01 10:00:00", "12.50"]);

    // what the session is told of declared types
    raw.send(&[
        parse("", "typed", &[23, 0, 1184, 1007]),
        bind(
            "",
            "",
            &[],
            &[
                Some(b"1"),
                Some(b"x"),
                Some(b"2020-01-01 00:00:00+01"),
                Some(b"{1,NULL}"),
            ],
            &[1],
        ),
        describe('P', ""),
        execute("", 0),
        sync(),
    ])
    .await;
    let answers = raw.until_ready().await;
    assert_eq!(kinds(&answers), "12TDCZ");
    let row = values(&answers[3]);
    assert_eq!(row[0].as_deref(), Some(&1_i32.to_be_bytes()[..]));
    assert_eq!(
        row[2].as_deref(),
        Some(&631_148_400_000_000_i64.to_be_bytes()[..])
    );
}

#[tokio::test]
async fn wrong_numbers_of_formats_and_parameters_are_refused() {
    let running = start().await;
    let mut raw = Raw::session(running.address).await;
    let one: &[Option<&[u8]>] = &[Some(b"1")];
    for bind in [
        bind("", "", &[], &[], &[]),
        bind("", "", &[0, 0], one, &[]),
        bind("", "", &[], one, &[0, 0, 0]),
    ] {
        raw.send(&[parse("", "echo int8", &[]), bind, execute("", 0), sync()])
            .await;
        let answers = raw.until_ready().await;
        assert_eq!(kinds(&answers), "1EZ");
        assert_eq!(field(&answers[1], 'C').as_deref(), Some("08P01"));
    }
    raw.send(&[
        parse("", "echo int4", &[]),
        bind("", "", &[], &[Some(b"99999999999")], &[]),
        sync(),
    ])
    .await;
    let answers = raw.until_ready().await;
    assert_eq!(
        field(&answers[1], 'M').as_deref(),
        Some("value \"99999999999\" is out of range for type integer")
    );
    assert_eq!(field(&answers[1], 'C').as_deref(), Some("22003"));
}

#[tokio::test]
async fn an_error_skips_to_sync() {
    let running = start().await;
    let mut raw = Raw::session(running.address).await;
    raw.send(&[
        parse("", "insert", &[]),
        bind("", "nothing", &[], &[], &[]),
        execute("", 0),
        query("insert"),
        sync(),
        parse("a", "insert", &[]),
        sync(),
    ])
    .await;
    let answers = raw.until_ready().await;
    assert_eq!(kinds(&answers), "1EZ");
    assert_eq!(field(&answers[1], 'C').as_deref(), Some("26000"));
    assert_eq!(kinds(&raw.until_ready().await), "1Z");
    raw.send(&[parse("a", "insert", &[]), sync()]).await;
    assert_eq!(
        field(&raw.until_ready().await[0], 'C').as_deref(),
        Some("42P05")
    );
    raw.send(&[parse("b", "insert; insert", &[]), sync()]).await;
    assert_eq!(
        field(&raw.until_ready().await[0], 'C').as_deref(),
        Some("42601")
    );
}

#[tokio::test]
async fn a_portal_is_resumed_after_flush_without_sync() {
    let running = start().await;
    let mut raw = Raw::session(running.address).await;
    raw.send(&[
        parse("", "numbers 5", &[]),
        bind("C", "", &[], &[], &[]),
        describe('P', "C"),
        execute("C", 2),
        flush(),
    ])
    .await;
    assert_eq!(kinds(&raw.until('s').await), "12TDDs");
    raw.send(&[execute("C", 3), flush()]).await;
    assert_eq!(kinds(&raw.until('s').await), "DDDs");
    raw.send(&[execute("C", 1), flush()]).await;
    assert_eq!(tag(&raw.next().await), "SELECT 0");
    raw.send(&[
        execute("C", 0),
        close('P', "C"),
        close('P', "never"),
        sync(),
    ])
    .await;
    assert_eq!(kinds(&raw.until_ready().await), "C33Z");
}

#[tokio::test]
async fn portals_outlive_sync_only_inside_a_transaction() {
    let running = start().await;
    let mut raw = Raw::session(running.address).await;
    let open = |name: &str| {
        [
            parse("", "numbers 3", &[]),
            bind(name, "", &[], &[], &[]),
            execute(name, 1),
            sync(),
        ]
        .concat()
    };
    raw.send(
        &[open("p"), execute("p", 1), sync()]
            .concat()
            .chunks(7)
            .map(<[u8]>::to_vec)
            .collect::<Vec<_>>(),
    )
    .await;
    assert_eq!(kinds(&raw.until_ready().await), "12DsZ");
    let answers = raw.until_ready().await;
    assert_eq!(field(&answers[0], 'C').as_deref(), Some("34000"));

    raw.send(&[
        parse("", "begin", &[]),
        bind("", "", &[], &[], &[]),
        execute("", 1),
        open("p"),
        open("q"),
    ])
    .await;
    assert_eq!(kinds(&raw.until_ready().await), "12C12DsZ");
    assert_eq!(kinds(&raw.until_ready().await), "12DsZ");
    raw.send(&[execute("p", 0), execute("q", 1), sync()]).await;
    let answers = raw.until_ready().await;
    assert_eq!(kinds(&answers), "DDCDsZ");
    assert_eq!(tag(&answers[2]), "SELECT 2");
    raw.send(&[query("commit")]).await;
    raw.until_ready().await;
    raw.send(&[execute("q", 1), sync()]).await;
    assert_eq!(kinds(&raw.until_ready().await), "EZ");
}

#[tokio::test]
async fn a_pipeline_is_one_transaction_and_a_lone_statement_is_not() {
    let running = start().await;
    let mut raw = Raw::session(running.address).await;
    let run = [
        parse("", "insert", &[]),
        bind("", "", &[], &[], &[]),
        execute("", 0),
    ]
    .concat();
    raw.send(&[run.clone(), run.clone(), sync()]).await;
    assert_eq!(kinds(&raw.until_ready().await), "12C12CZ");
    assert_eq!(
        running.seen.calls(),
        ["BEGIN IMPLICIT", "insert", "insert", "END IMPLICIT false"]
    );
    raw.send(&[run.clone(), sync()]).await;
    raw.until_ready().await;
    assert_eq!(running.seen.calls()[4..], ["insert"]);
    let fail = [
        parse("", "fail", &[]),
        bind("", "", &[], &[], &[]),
        execute("", 0),
    ]
    .concat();
    raw.send(&[run, fail, sync()]).await;
    assert_eq!(kinds(&raw.until_ready().await), "12C12EZ");
    assert_eq!(
        running.seen.calls()[5..],
        [
            "BEGIN IMPLICIT",
            "insert",
            "fail",
            "FAIL",
            "END IMPLICIT true"
        ]
    );
}

#[tokio::test]
async fn empty_statements_and_those_without_rows_are_described_as_such() {
    let running = start().await;
    let mut raw = Raw::session(running.address).await;
    raw.send(&[
        parse("", "", &[]),
        describe('S', ""),
        bind("", "", &[], &[], &[]),
        describe('P', ""),
        execute("", 0),
        sync(),
    ])
    .await;
    assert_eq!(kinds(&raw.until_ready().await), "1tn2nIZ");
    raw.send(&[
        parse("", "insert", &[]),
        bind("", "", &[], &[], &[]),
        execute("", 0),
        execute("", 0),
        sync(),
    ])
    .await;
    let answers = raw.until_ready().await;
    assert_eq!(kinds(&answers), "12CEZ");
    assert_eq!(field(&answers[3], 'C').as_deref(), Some("55000"));
}

#[tokio::test]
async fn formats_are_chosen_per_column() {
    let running = start().await;
    let mut raw = Raw::session(running.address).await;
    raw.send(&[
        parse("", "echo int4 int4", &[]),
        bind("", "", &[0], &[Some(b"1"), Some(b"2")], &[0, 1]),
        execute("", 0),
        sync(),
    ])
    .await;
    let answers = raw.until_ready().await;
    assert_eq!(
        values(&answers[2]),
        [Some(b"1".to_vec()), Some(2_i32.to_be_bytes().to_vec())]
    );
}

#[tokio::test]
async fn statements_of_the_protocol_are_deallocated_from_sql() {
    let running = start().await;
    let mut raw = Raw::session(running.address).await;
    raw.send(&[
        parse("_pg3_0", "insert", &[]),
        parse("Other", "insert", &[]),
        parse("third", "insert", &[]),
        sync(),
        query("DEALLOCATE _pg3_0"),
        query("deallocate prepare \"Other\""),
        query("deallocate never"),
        query("discard"),
    ])
    .await;
    assert_eq!(kinds(&raw.until_ready().await), "111Z");
    for expected in ["CZ", "CZ", "EZ", "CZ"] {
        assert_eq!(kinds(&raw.until_ready().await), expected);
    }
    for name in ["_pg3_0", "Other", "third"] {
        raw.send(&[describe('S', name), sync()]).await;
        let answers = raw.until_ready().await;
        assert_eq!(field(&answers[0], 'C').as_deref(), Some("26000"), "{name}");
    }
}
